import OAuth
import Testing

@testable import Delegation

@Suite("Narrowing an authorization")
struct NarrowingTests {
    let authorization = Fixture.authorization(scopes: ["dns.read", "dns.write", "email", "offline_access", "openid", "zone.read"])
    let client = Fixture.client()
    let acme = Fixture.acmeID.description
    let birch = Fixture.birchID.description

    @Test("What is named stays, with the connection itself")
    func stays() throws {
        let narrowing = try Narrowing(authorization, client: client, keepingScopes: ["dns.read", "zone.read"], keepingAccounts: [birch])
        #expect(narrowing.scopes == ["dns.read", "offline_access", "openid", "zone.read"])
        #expect(narrowing.accountIDs == [Fixture.birchID])
    }

    @Test("What is not mentioned at all stays whole")
    func untouched() throws {
        let byAccount = try Narrowing(authorization, client: client, keepingScopes: nil, keepingAccounts: [birch, acme, birch])
        #expect(byAccount.scopes == authorization.scopes)
        #expect(byAccount.accountIDs == [Fixture.acmeID, Fixture.birchID])
        let byScope = try Narrowing(authorization, client: client, keepingScopes: ["dns.read"], keepingAccounts: nil)
        #expect(byScope.accountIDs == authorization.accountIDs)
    }

    @Test("A thing not held is refused, and nothing grows")
    func notHeld() {
        #expect(throws: Narrowing.Problem.scopeNotHeld("zone.write")) {
            try Narrowing(authorization, client: client, keepingScopes: ["dns.read", "zone.write"], keepingAccounts: nil)
        }
        for stranger in [Fixture.pineID.description, "Acme", ""] {
            #expect(throws: Narrowing.Problem.accountNotHeld(stranger)) {
                try Narrowing(authorization, client: client, keepingScopes: nil, keepingAccounts: [acme, stranger])
            }
        }
    }

    @Test("A required scope and the last account go only with the whole authorization")
    func required() {
        #expect(throws: Narrowing.Problem.scopeRequired("dns.read")) {
            try Narrowing(authorization, client: client, keepingScopes: ["dns.write"], keepingAccounts: nil)
        }
        #expect(throws: Narrowing.Problem.noAccountLeft) {
            try Narrowing(authorization, client: client, keepingScopes: nil, keepingAccounts: [])
        }
        #expect(Narrowing.Problem.scopeRequired("dns.read").description.contains("revoke"))
        #expect(Narrowing.Problem.scopeRequired("dns.read").pointer == "/scopes")
        #expect(Narrowing.Problem.noAccountLeft.pointer == "/accounts")
    }

    @Test("An authorization without accounts can be narrowed too")
    func withoutAccounts() throws {
        let signIn = Fixture.authorization(scopes: ["email", "openid"], accounts: [])
        let narrowing = try Narrowing(signIn, client: client, keepingScopes: ["openid"], keepingAccounts: [])
        #expect(narrowing.scopes == ["openid"])
    }

    @Test("A family shrinks to what is left and never grows back")
    func families() throws {
        let narrowing = try Narrowing(authorization, client: client, keepingScopes: ["dns.read", "zone.read"], keepingAccounts: [birch])
        let family = narrowing.narrowed(
            Fixture.family(scopes: ["dns.read", "dns.write", "openid"], accounts: [Fixture.acmeID, Fixture.birchID]))
        #expect(family.scopes == ["dns.read", "openid"])
        #expect(family.accountIDs == [Fixture.birchID])
        #expect(family.originalScopes == ["dns.read", "dns.write", "openid"])
    }
}
