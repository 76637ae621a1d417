import OAuth

@testable import Delegation

/// One user, Ada, with an administrator's role in Acme and a reader's in Birch; an app of the Pine account; a day in 2026.
enum Fixture {
    static let now: Int64 = 1_795_525_509
    static let acmeID = id(0xA)
    static let birchID = id(0xB)
    static let pineID = id(0xF)
    static let userID = id(0x10)
    static let clientID = id(0x20)

    static let administrator = Role(id: id(1), name: "Administrator", permissions: ["*"])
    static let reader = Role(id: id(2), name: "Reader", permissions: ["*.read"])

    static func id(_ low: UInt64) -> Identifier { Identifier(high: 0, low: low) }

    static func form(_ text: String) throws -> Parameters { try Parameters(text) }

    static func account(_ id: Identifier, _ name: String, reference: String? = nil, isSuspended: Bool = false) -> Account {
        Account(id: id, reference: reference, name: name, isSuspended: isSuspended, createdAt: 1)
    }

    static func membership(_ account: Account, _ roles: Role...) -> Membership {
        Membership(account: account, userID: userID, roles: roles)
    }

    static var acme: Membership { membership(account(acmeID, "Acme"), administrator) }
    static var birch: Membership { membership(account(birchID, "Birch"), reader) }

    static func client(
        visibility: Client.Visibility = .public, method: Client.AuthenticationMethod = .basic,
        grants: [Client.GrantType] = [.authorizationCode, .refreshToken],
        scopes: ScopeSet = ["dns.read", "dns.write", "zone.read", "zone.write"],
        optional: ScopeSet = ["dns.write", "zone.read", "zone.write"]
    ) -> Client {
        Client(
            id: clientID, accountID: pineID, name: "DNS Pilot", visibility: visibility, authenticationMethod: method,
            grantTypes: grants, redirectURIs: ["https://app.example/cb"], scopes: scopes, optionalScopes: optional, createdAt: 1,
            updatedAt: 1)
    }

    static func authorization(
        scopes: ScopeSet = ["dns.read", "dns.write", "offline_access", "openid"], accounts: [Identifier] = [acmeID, birchID],
        expiresAt: Int64? = nil, endedAt: Int64? = nil
    ) -> Authorization {
        Authorization(
            id: id(0x30), userID: userID, clientID: clientID, scopes: scopes, accountIDs: accounts, createdAt: now - 1000,
            expiresAt: expiresAt, endedAt: endedAt)
    }

    static func family(
        scopes: ScopeSet = ["dns.read", "dns.write", "offline_access", "openid"], accounts: [Identifier] = [acmeID, birchID]
    ) -> TokenFamily {
        TokenFamily(
            id: id(0x40), authorizationID: id(0x30), originalScopes: scopes, scopes: scopes, accountIDs: accounts,
            installationID: id(0x41), createdAt: now - 1000, expiresAt: now + 1000, idleExpiresAt: now + 500,
            redirectURI: "https://app.example/cb", userAgent: "Firefox", authenticatedAt: now - 1001, audience: "https://api.example")
    }

    static func standing(_ change: (inout Standing) -> Void = { _ in }) -> Standing {
        var standing = Standing(
            family: family(), authorization: authorization(), registration: .init(client(), of: account(pineID, "Pine")),
            person: .init(User(id: userID, email: "ada@acme.example", name: "Ada", createdAt: 1), memberships: [birch, acme]))
        change(&standing)
        return standing
    }

    static func authority(_ change: (inout Standing) -> Void = { _ in }) throws -> Authority {
        let standing = standing(change)
        return try Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: 7, now: now).get()
    }
}
