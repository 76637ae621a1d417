import OAuth
import Testing

@testable import Delegation

@Suite("Lifetimes")
struct LifetimesTests {
    let lifetimes = Lifetimes()

    @Test("A family ends with its absolute lifetime or when the user said, the earlier")
    func familyEnd() {
        #expect(lifetimes.familyEnd(startingAt: 1000, grantEndsAt: nil) == 1000 + 365 * 86_400)
        #expect(lifetimes.familyEnd(startingAt: 1000, grantEndsAt: 4600) == 4600)
        #expect(lifetimes.familyEnd(startingAt: 1000, grantEndsAt: 1000 + 366 * 86_400) == 1000 + 365 * 86_400)
    }

    @Test("Idle time never outlives the family")
    func idleEnd() {
        #expect(lifetimes.idleEnd(usedAt: 1000, familyEndsAt: .max) == 1000 + 30 * 86_400)
        #expect(lifetimes.idleEnd(usedAt: 1000, familyEndsAt: 2000) == 2000)
    }

    @Test(
        "expires_in never exceeds what is left of the family, or of what a policy gives",
        arguments: [(100_000, 1800), (2800, 1800), (1600, 600), (1000, 0), (900, 0)])
    func access(end: Int64, expected: Int64) {
        #expect(lifetimes.accessLifetime(familyEndsAt: end, policyEndsAt: nil, now: 1000) == expected)
        #expect(lifetimes.accessLifetime(familyEndsAt: 100_000, policyEndsAt: end, now: 1000) == expected)
    }

    @Test("The defaults are safe in production")
    func defaults() {
        #expect(lifetimes == Lifetimes(code: 60, access: 1800, refreshIdle: 2_592_000, refreshAbsolute: 31_536_000, refreshGrace: 60))
        #expect(lifetimes.problems(isProduction: true) == [])
    }

    @Test("A demo may go below production's minimums, a server may not")
    func minimums() {
        let short = Lifetimes(code: 1, access: 2, refreshIdle: 3, refreshAbsolute: 4, refreshGrace: 0)
        #expect(short.problems(isProduction: false) == [])
        #expect(
            short.problems(isProduction: true) == [
                "The code lifetime is 1 seconds; it must be from 10 to 600.",
                "The access token lifetime is 2 seconds; it must be from 60 to 86400.",
                "The idle lifetime of refresh tokens is 3 seconds; it must be from 3600 to 31536000.",
                "The absolute lifetime of refresh tokens is 4 seconds; it must be from 3600 to 315360000.",
            ])
        #expect(Lifetimes(access: 60).problems(isProduction: true) == [])
        #expect(Lifetimes(access: 59).problems(isProduction: true).count == 1)
        #expect(Lifetimes(access: 86_401).problems(isProduction: false).count == 1)
        #expect(Lifetimes(refreshGrace: -1).problems(isProduction: false).count == 1)
    }

    @Test("Values that contradict each other are named")
    func contradictions() {
        #expect(Lifetimes(access: 7200, refreshIdle: 3600).problems(isProduction: true).count == 1)
        #expect(Lifetimes(refreshIdle: 86_400, refreshAbsolute: 3600).problems(isProduction: true).count == 1)
    }
}

@Suite("scope at refresh")
struct RefreshScopeTests {
    var family: TokenFamily {
        var family = Fixture.family(scopes: ["a", "b", "c"])
        family.scopes = ["a", "b"]
        return family
    }

    @Test(
        "RFC 6749 §6: less than the family holds, never more than it ever had",
        arguments: [(nil, ["a", "b"]), (["a"], ["a"]), (["a", "c"], ["a"]), (["c"], []), (["a", "b", "c"], ["a", "b"])]
            as [(ScopeSet?, ScopeSet)])
    func selection(requested: ScopeSet?, expected: ScopeSet) throws {
        #expect(try RefreshScope.selection(requested, family: family) == expected)
    }

    @Test("OpenID Connect Core §5.4: address and phone are ignored; offline_access stays while a refresh token comes")
    func protocolScopes() throws {
        var family = family
        family.originalScopes = ["a", "offline_access"]
        family.scopes = ["a", "offline_access"]
        #expect(try RefreshScope.selection(["a", "address", "phone"], family: family) == ["a", "offline_access"])
    }

    @Test("One that the family never had is refused")
    func neverHad() {
        #expect(throws: TokenError.self) { try RefreshScope.selection(["a", "d"], family: family) }
    }
}

@Suite("RFC 3339 times")
struct TimestampTests {
    @Test(
        "Epoch seconds in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (59, "1970-01-01T00:00:59Z"), (86_399, "1970-01-01T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"), (1_709_164_800, "2024-02-29T00:00:00Z"), (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_525_509, "2026-11-24T13:05:09Z"), (4_107_542_400, "2100-03-01T00:00:00Z"), (4_107_456_000, "2100-02-28T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"), (-86_400, "1969-12-31T00:00:00Z"),
        ])
    func text(seconds: Int64, expected: String) {
        #expect(Timestamp.text(seconds) == expected)
    }
}
