import Delegation
import OAuth
import Testing

@testable import ResourceServer

@Suite("What a token says")
struct TokenReadingTests {
    private let now: Int64 = 1_800_000_000
    private let issuer = "https://login.example.com"
    private let audience = "https://api.example.com"

    private var claims: JSONObject {
        [
            "iss": .string(issuer), "sub": "u1", "aud": .string(audience), "exp": .integer(now + 60), "iat": .integer(now - 5),
            "client_id": "c1", "scope": "dns.read dns.write", "installation": "i1",
            "authorization_details": [
                ["type": "account", "identifier": "a1"],
                ["type": "account", "identifier": "a2", "scope": "dns.read", "resources": ["zone": ["z1"]]],
            ],
        ]
    }

    private func reading(_ name: String, _ value: JSON?) -> TokenReading {
        var claims = JSONObject()
        for (each, old) in self.claims.members where each != name { claims[each] = old }
        if let value { claims[name] = value }
        return TokenReading(claims: claims, issuer: issuer, audience: audience, now: now)
    }

    @Test("the claims of a JWT become a caller")
    func caller() throws {
        guard case .active(let answer, let issuedAt) = reading("none", nil) else {
            Issue.record("not active")
            return
        }
        #expect(issuedAt == now - 5)
        #expect(answer.expiresAt == now + 60)
        #expect(answer.token == FeedChange.Concerns(user: "u1", client: "c1", installation: "i1"))
        let caller = answer.caller
        #expect(caller.accounts == ["a1", "a2"])
        #expect(caller.scope(in: "a1") == ["dns.read", "dns.write"])
        #expect(caller.scope(in: "a2") == ["dns.read"])
        #expect(caller.scope(in: "a3") == [])
        #expect(throws: Never.self) { try caller.require(["dns.write"], in: "a1") }
        #expect(throws: BearerRefusal.insufficientScope(["dns.write"])) { try caller.require(["dns.write"], in: "a2") }
        #expect(throws: BearerRefusal.wrongAccount) { try caller.require(["dns.read"], in: "a3") }
        #expect(throws: BearerRefusal.insufficientScope(["mail.read"])) { try caller.require(["mail.read"]) }
        #expect(throws: Never.self) { try caller.require(resource: "z1", of: "zone", in: "a2") }
        #expect(throws: BearerRefusal.wrongResource) { try caller.require(resource: "z2", of: "zone", in: "a2") }
        #expect(throws: Never.self) { try caller.require(resource: "z2", of: "zone", in: "a1") }
    }

    @Test(
        "a JWT of another issuer, for another API, expired or not good yet is refused (RFC 9068 §4)",
        arguments: [
            ("iss", JSON.string("https://evil.example.com")), ("iss", nil), ("aud", "https://other.example.com"), ("aud", nil),
            ("aud", ["https://other.example.com"]), ("exp", .integer(1_800_000_000)), ("exp", nil), ("exp", "1900000000"),
            ("nbf", .integer(1_800_000_001)),
        ] as [(String, JSON?)])
    func refused(name: String, value: JSON?) {
        guard case .inactive = reading(name, value) else {
            Issue.record("\(name) = \(String(describing: value)) was taken")
            return
        }
    }

    @Test(
        "a JWT that does not say enough is asked about",
        arguments: ["sub", "client_id", "scope", "installation", "authorization_details", "iat"])
    func incomplete(name: String) {
        #expect(reading(name, nil) == .incomplete)
    }

    private func introspected(_ changes: JSONObject) -> TokenReading? {
        var members = claims
        members["active"] = true
        members["token_type"] = "Bearer"
        for (name, value) in changes.members { members[name] = value }
        return TokenReading(introspection: .object(members), audience: audience, now: now)
    }

    @Test("introspection: active tokens for this API alone, and no refresh tokens (RFC 7662 §2.2)")
    func introspection() {
        guard case .active = introspected([:]) else {
            Issue.record("not active")
            return
        }
        for changes: JSONObject in [
            ["active": false], ["token_type": .null], ["aud": "https://other.example.com"], ["exp": .integer(now)],
        ] {
            guard case .inactive = introspected(changes) else {
                Issue.record("\(changes) was taken")
                return
            }
        }
        #expect(TokenReading(introspection: ["error": "x"], audience: audience, now: now) == nil)
        #expect(introspected(["sub": .null]) == nil)
    }
}

@Suite("Server-sent events")
struct ServerSentEventsTests {
    @Test("events are read however the stream is cut", arguments: [1, 2, 3, 7, 1000])
    func pieces(size: Int) throws {
        let text = "retry: 1000\nevent: hello\ndata: {}\n\n: 5\n\nevent: change\nid: 6\ndata: a\ndata:b\r\n\r\nid: 7\rdata\r\rdata: open"
        var reader = ServerSentEvents()
        var events: [ServerSentEvents.Event] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            events += try reader.read(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(
            events == [
                .init(name: "hello", id: nil, data: "{}"), .init(name: "change", id: "6", data: "a\nb"),
                .init(name: "message", id: "7", data: ""),
            ])
    }

    @Test("a line or an event without end is not gone along with")
    func tooLong() {
        var reader = ServerSentEvents()
        #expect(throws: ServerSentEvents.Problem.tooLong) {
            _ = try reader.read(Array(repeating: UInt8(ascii: "a"), count: ServerSentEvents.longest + 1))
        }
        reader = ServerSentEvents()
        let line = Array("data: \(String(repeating: "a", count: 1000))\n".utf8)
        #expect(throws: ServerSentEvents.Problem.tooLong) { for _ in 0..<100 { _ = try reader.read(line) } }
    }
}
