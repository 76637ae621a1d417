import Delegation
import OAuth

/// Reading what was granted, down to everything that is known about one token family.
extension Transaction {
    /// The decisions that an authorization is made of, the oldest first.
    func consents(_ authorization: Identifier) throws -> [Consent] {
        try rows(
            "SELECT scopes, accounts, expires_at, resources FROM consents WHERE authorization_id = $1 ORDER BY position",
            [Value(authorization)]
        ).compactMap { row in
            // A decision that cannot be read is asked for again.
            guard let resources = ResourceChoice(text: row[3].text ?? "") else { return nil }
            return Consent(
                scopes: ScopeSet(stored: row[0].text ?? ""),
                accountIDs: (row[1].text ?? "").words.compactMap { Identifier($0) }, resources: resources,
                expiresAt: row[2].integer)
        }
    }

    /// id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
    func authorization(_ row: Row) throws -> Authorization? {
        guard let id = row[0].identifier, let userID = row[1].identifier, let clientID = row[2].identifier, let scopes = row[3].text,
            let createdAt = row[4].integer
        else { return nil }
        let accounts = try rows(
            "SELECT account_id, resources FROM authorization_accounts WHERE authorization_id = $1 ORDER BY account_id", [Value(id)])
        guard let resources = ResourceChoice(text: accounts.reduce(into: "") { $0 += $1[1].text ?? "" }) else { return nil }
        return Authorization(
            id: id, userID: userID, clientID: clientID, scopes: ScopeSet(stored: scopes),
            accountIDs: accounts.compactMap { $0[0].identifier },
            resources: resources, createdAt: createdAt, expiresAt: row[5].integer, lastUsedAt: row[6].integer, lastUsedAddress: row[7].text,
            endedAt: row[8].integer)
    }

    func granted(_ row: Row) throws -> GrantedAuthorization? {
        guard let authorization = try authorization(row), let (client, owner) = try client(authorization.clientID) else { return nil }
        let accounts = try rows(
            """
            SELECT a.id, a.reference, a.name, a.suspended_at, a.created_at FROM accounts a
            JOIN authorization_accounts g ON g.account_id = a.id WHERE g.authorization_id = $1 ORDER BY a.name
            """, [Value(authorization.id)])
        return GrantedAuthorization(
            authorization: authorization, client: client, owner: owner, accounts: accounts.compactMap { Account($0) },
            families: try families(of: authorization.id))
    }

    func client(_ id: Identifier) throws -> (client: Client, owner: Account)? {
        let row = try rows(
            """
            SELECT a.id, a.reference, a.name, a.suspended_at, a.created_at,
                c.id, c.account_id, c.name, c.visibility, c.status, c.authentication_method, c.grant_types, c.redirect_uris,
                c.post_logout_redirect_uris, c.scopes, c.optional_scopes, c.client_uri, c.logo_uri, c.policy_uri, c.tos_uri,
                c.id_token_algorithm, c.requires_pkce, c.is_platform_owned, c.created_at, c.updated_at, c.response_types,
                c.allowed_cors_origins, c.purposes, c.frozen_at, c.promoted_at, c.jwks
            FROM clients c JOIN accounts a ON a.id = c.account_id WHERE c.id = $1
            """, [Value(id)]
        ).first
        guard let row, let owner = Account(row), let client = Client(row[5...]) else { return nil }
        return (client, owner)
    }

    /// The families of an authorization that were not ended.
    func families(of authorization: Identifier) throws -> [TokenFamily] {
        try rows(
            """
            SELECT id, authorization_id, installation_id, original_scopes, scopes, accounts, generation, created_at, expires_at,
                idle_expires_at, rotated_at, revoked_at, last_used_at, last_used_address, redirect_uri, user_agent, authenticated_at,
                audience, resources
            FROM token_families WHERE authorization_id = $1 AND revoked_at IS NULL ORDER BY created_at DESC, id
            """, [Value(authorization)]
        ).compactMap { TokenFamily($0) }
    }

    /// Everything known about a family; nil where it or anything that it hangs on is gone.
    func standing(_ familyID: Identifier) throws -> Standing? {
        let row = try rows(
            """
            SELECT id, authorization_id, installation_id, original_scopes, scopes, accounts, generation, created_at, expires_at,
                idle_expires_at, rotated_at, revoked_at, last_used_at, last_used_address, redirect_uri, user_agent, authenticated_at,
                audience, resources
            FROM token_families WHERE id = $1
            """, [Value(familyID)]
        ).first
        guard let row, var family = TokenFamily(row) else { return nil }
        family.revokedTokenIDs = try rows("SELECT token_id FROM revoked_tokens WHERE family_id = $1", [Value(familyID)])
            .compactMap { $0[0].integer.map { UInt64(bitPattern: $0) } }
        guard let authorization = try authorization(family.authorizationID) else { return nil }
        return try standing(of: family, authorization)
    }

    /// An authorization, ended or not.
    func authorization(_ id: Identifier) throws -> Authorization? {
        let row = try rows(
            """
            SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
            FROM authorizations WHERE id = $1
            """, [Value(id)]
        ).first
        return try row.flatMap { try authorization($0) }
    }

    /// The same where the family and the authorization are at hand.
    func standing(
        of family: TokenFamily, _ authorization: Authorization, _ registration: Standing.Registration? = nil
    ) throws -> Standing? {
        let known = registration.flatMap { $0.client.id == authorization.clientID ? $0 : nil }
        guard let registration = try known ?? client(authorization.clientID).map({ Standing.Registration($0.client, of: $0.owner) }),
            let user = try rows(
                "SELECT id, email, name, disabled_at, created_at FROM users WHERE id = $1", [Value(authorization.userID)]
            ).first.flatMap({ User($0) })
        else { return nil }
        return Standing(
            family: family, authorization: authorization, registration: registration,
            person: Standing.Person(user, memberships: try memberships(user.id)),
            policies: try policies(userID: user.id, client: registration.client, scopes: authorization.scopes))
    }
}
