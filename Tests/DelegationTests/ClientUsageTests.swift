import Delegation
import OAuth
import Testing

@Suite("Usage of clients")
struct ClientUsageTests {
    private static let now: Int64 = 1_795_525_509

    private func usage(_ scopes: [ClientUsage.ScopeUse], firstCallOn: Int64? = 20_000) -> ClientUsage {
        ClientUsage(
            reach: .init(), callsLastDay: 0, counts: [], scopes: scopes, firstCallOn: firstCallOn,
            registered: ["dns.read", "dns.write", "openid"], length: 2, now: Self.now)
    }

    @Test("what is registered and was not used is never used; what is not registered any more is not advised about")
    func neverUsed() {
        let usage = usage([
            .init(label: "dns.read", asked: 3, granted: 3, used: 1, lastUsedOn: 20_000), .init(label: "zone.read", asked: 1, granted: 1),
            .init(label: "openid", asked: 4, granted: 4),
        ])
        #expect(usage.scopes.map(\.label) == ["dns.read", "dns.write", "zone.read"])
        #expect(usage.neverUsed == ["dns.write"])
    }

    @Test("without any call nothing is said of scopes")
    func nothingCalled() {
        #expect(usage([], firstCallOn: nil).neverUsed == [])
    }

    @Test("days are named in the answer, the oldest first")
    func json() {
        let json = usage([]).json
        #expect(json["days"]?.arrayValue?.compactMap { $0["date"]?.stringValue } == ["2026-11-23", "2026-11-24"])
        #expect(json["first_call_on"] == "2024-10-04")
    }

    @Test("every error of the token endpoint has a reason, and every reason has words")
    func reasons() {
        for code in TokenError.Code.allCases { #expect(UsageReason(code).rawValue == code.rawValue) }
        #expect(Set(UsageReason.allCases.map(\.words)).count == UsageReason.allCases.count)
    }
}
