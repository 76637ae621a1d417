import OAuth
import Testing

@testable import Delegation

@Suite("What a token may do now")
struct AuthorityTests {
    @Test("Everything that is granted, per account as far as the role goes, ascending")
    func whole() throws {
        let authority = try Fixture.authority()
        #expect(authority.userID == Fixture.userID && authority.clientID == Fixture.clientID)
        #expect(authority.scopes == ["dns.read", "dns.write", "offline_access", "openid"])
        #expect(authority.heldScopes == authority.scopes)
        #expect(authority.accounts.map(\.id) == [Fixture.acmeID, Fixture.birchID])
        #expect(authority.accounts[0].scopes == authority.scopes)
        #expect(authority.accounts[1].scopes == ["dns.read", "offline_access", "openid"])
        #expect(
            try JSON(parsing: authority.authorizationDetails) == [
                ["type": "account", "identifier": .string(Fixture.acmeID.description)],
                ["type": "account", "identifier": .string(Fixture.birchID.description), "scope": "dns.read offline_access openid"],
            ])
    }

    @Test("A scope counts only where token, family and authorization all hold it")
    func intersection() throws {
        let standing = Fixture.standing {
            $0.family.scopes = ["a.read", "b.read", "c.read", "d.write"]
            $0.authorization.scopes = ["a.read", "c.read", "d.write", "e.read"]
        }
        let authority = try Authority.of(standing, tokenScopes: ["a.read", "b.read", "e.read"], tokenID: nil, now: Fixture.now).get()
        #expect(authority.scopes == ["a.read"])
        #expect(authority.accounts.map(\.scopes) == [["a.read"], ["a.read"]])
    }

    @Test("An account counts only where family and authorization hold it, it is not suspended and the user is a member")
    func accounts() throws {
        typealias Case = (what: String, left: [Identifier], change: (inout Standing) -> Void)
        let cases: [Case] = [
            ("family", [Fixture.acmeID], { $0.family.accountIDs = [Fixture.acmeID] }),
            ("authorization", [Fixture.birchID], { $0.authorization.accountIDs = [Fixture.birchID] }),
            ("suspended", [Fixture.acmeID], { $0.memberships[0].account.isSuspended = true }),
            ("member", [Fixture.birchID], { $0.memberships = [Fixture.birch] }),
            (
                "not granted", [Fixture.acmeID, Fixture.birchID],
                {
                    $0.memberships.append(Fixture.membership(Fixture.account(Fixture.id(0xC), "Cedar"), Fixture.administrator))
                }
            ),
        ]
        for entry in cases {
            #expect(try Fixture.authority(entry.change).accounts.map(\.id) == entry.left, "\(entry.what)")
        }
    }

    @Test("A scope that no role allows anywhere is not in force, but it is still held")
    func role() throws {
        let authority = try Fixture.authority { $0.memberships = [Fixture.birch] }
        #expect(authority.scopes == ["dns.read", "offline_access", "openid"])
        #expect(authority.heldScopes == ["dns.read", "dns.write", "offline_access", "openid"])
    }

    @Test("An account where the role allows nothing stays granted, with the protocol's scopes alone")
    func powerless() throws {
        let authority = try Fixture.authority { $0.memberships[0].roles = [] }
        #expect(authority.accounts[1].scopes == ["offline_access", "openid"])
        #expect(authority.scopes == authority.heldScopes)
    }

    @Test("With no account left, the token is still good for the protocol's own scopes")
    func noAccountLeft() throws {
        let authority = try Fixture.authority { $0.memberships = [] }
        #expect(authority.accounts.isEmpty)
        #expect(authority.scopes == ["offline_access", "openid"])
        #expect(try JSON(parsing: authority.authorizationDetails) == [])
    }

    @Test("The account's name is what the API calls it")
    func reference() throws {
        let authority = try Fixture.authority { $0.memberships[0].account.reference = "birch-co" }
        #expect(authority.accounts.map(\.nameInAPI) == [Fixture.acmeID.description, "birch-co"])
    }

    @Test("Anything that has ended, is suspended or disabled makes it inactive")
    func inactive() {
        typealias Case = (reason: Inactive, change: (inout Standing) -> Void)
        let cases: [Case] = [
            (.familyRevoked, { $0.family.revokedAt = 5 }),
            (.tokenRevoked, { $0.family.revokedTokenIDs = [3, 7] }),
            (.authorizationEnded, { $0.authorization.endedAt = 5 }),
            (.familyExpired, { $0.family.expiresAt = Fixture.now }),
            (.familyIdle, { $0.family.idleExpiresAt = Fixture.now }),
            (.authorizationExpired, { $0.authorization.expiresAt = Fixture.now }),
            (.clientSuspended, { $0.client.status = .suspended }),
            (.clientFrozen, { $0.client.frozenAt = 1 }),
            (.clientAccountSuspended, { $0.clientAccount.isSuspended = true }),
            (.userDisabled, { $0.user.isDisabled = true }),
            (.notMember, { $0.client.visibility = .private }),
        ]
        #expect(cases.map(\.reason).count == Inactive.allCases.count)
        for entry in cases {
            let standing = Fixture.standing(entry.change)
            let result = Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: 7, now: Fixture.now)
            #expect(result == .failure(entry.reason), "\(entry.reason)")
        }
    }

    @Test("One second before its end a token is good, and a revoked neighbour does not matter")
    func justInTime() throws {
        let authority = try Fixture.authority {
            $0.family.expiresAt = Fixture.now + 1
            $0.family.idleExpiresAt = Fixture.now + 1
            $0.authorization.expiresAt = Fixture.now + 1
            $0.family.revokedTokenIDs = [6, 8]
        }
        #expect(!authority.accounts.isEmpty)
    }

    @Test("A private client serves the members of the account that owns it")
    func privateClient() throws {
        let authority = try Fixture.authority {
            $0.client.visibility = .private
            $0.memberships.append(Fixture.membership(Fixture.account(Fixture.pineID, "Pine")))
        }
        #expect(authority.accounts.map(\.id) == [Fixture.acmeID, Fixture.birchID])
    }

    @Test("The reasons fit into error_description", arguments: Inactive.allCases)
    func texts(reason: Inactive) {
        // RFC 6749 §5.2: %x20-21 / %x23-5B / %x5D-7E.
        #expect(reason.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C })
    }
}
