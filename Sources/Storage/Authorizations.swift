import Delegation
import OAuth

/// An authorization with all that its user's list shows of it.
public struct GrantedAuthorization: Sendable, Equatable {
    public var authorization: Authorization
    public let client: Client
    /// The account that owns the client.
    public let owner: Account
    /// At least the accounts of the authorization that still exist.
    public var accounts: [Account]
    /// Those that were not ended.
    public var families: [TokenFamily]
}

/// Seeing, narrowing and ending what was granted.
extension Store {
    /// The kind of the event that tells of another choice of resources.
    static let resourcesChanged = "authorization.resources_changed"

    /// The authorizations of a user that are in force, the newest first.
    public func authorizations(userID: Identifier, now: Int64) async throws -> [GrantedAuthorization] {
        try await read { db in
            try db.rows(
                """
                SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
                FROM authorizations WHERE user_id = $1 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                ORDER BY created_at DESC, id
                """, [Value(userID), .integer(now)]
            ).compactMap { try db.granted($0) }
        }
    }

    /// One of them; nil where it is another user's, has ended or expired.
    public func authorization(_ id: Identifier, userID: Identifier, now: Int64) async throws -> GrantedAuthorization? {
        try await read { db in
            try db.rows(
                """
                SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
                FROM authorizations WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
                """, [Value(id), Value(userID), .integer(now)]
            ).first.flatMap { try db.granted($0) }
        }
    }

    /// What a consent page starts from.
    public struct ConsentState: Sendable, Equatable {
        /// Every account where the user has a place.
        public let memberships: [Membership]
        /// What the app policies of those accounts come to for the client and the user.
        public let policies: [ClientPolicy]
        /// What the user granted the client before, and the decisions that it is made of.
        public let existing: Authorization?
        public let consents: [Consent]
    }

    /// What a consent page starts from, in one read.
    public func consentState(userID: Identifier, client: Client) async throws -> ConsentState {
        try await read { db in
            let row = try db.rows(
                """
                SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
                FROM authorizations WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL
                """, [Value(userID), Value(client.id)]
            ).first
            let existing = try row.flatMap { try db.authorization($0) }
            return ConsentState(
                memberships: try db.memberships(userID), policies: try db.policies(userID: userID, client: client, scopes: client.scopes),
                existing: existing, consents: try existing.map { try db.consents($0.id) } ?? [])
        }
    }

    /// Ends an authorization and all of its installations.
    /// - Returns: false where there is none in force.
    public func endAuthorization(_ id: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let row = try db.rows("SELECT user_id, client_id FROM authorizations WHERE id = $1 AND ended_at IS NULL", [Value(id)]).first
            guard let row else { return false }
            try db.end(id, userID: row[0].identifier, clientID: row[1].identifier, actor, at: now)
            return true
        }
    }

    /// Ends one installation of an authorization.
    public func endInstallation(_ id: Identifier, authorizationID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count = try db.run(
                "UPDATE token_families SET revoked_at = $1 WHERE installation_id = $2 AND authorization_id = $3 AND revoked_at IS NULL",
                [.integer(now), Value(id), Value(authorizationID)])
            if count == 0 { return false }
            try db.record("installation.ended", ofAuthorization: Value(authorizationID), installation: Value(id), actor, at: now)
            return true
        }
    }

    /// Ends a token family (RFC 7009 §2.1).
    public func endFamily(_ id: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let row = try db.rows(
                """
                UPDATE token_families SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL
                RETURNING authorization_id, installation_id
                """, [.integer(now), Value(id)]
            ).first
            guard let row else { return false }
            try db.record("installation.ended", ofAuthorization: row[0], installation: row[1], actor, at: now)
            return true
        }
    }

    /// Revokes one access token; its row is kept until the token would have expired anyway.
    public func revokeAccessToken(
        _ tokenID: UInt64, familyID: Identifier, expiresAt: Int64, actor: Actor, now: Int64
    ) async throws {
        try await write { db in
            let row = try db.rows(
                "SELECT authorization_id, installation_id FROM token_families WHERE id = $1", [Value(familyID)]
            ).first
            guard let row else { return }
            let count = try db.run(
                "INSERT INTO revoked_tokens (family_id, token_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [Value(familyID), .integer(Int64(bitPattern: tokenID)), .integer(expiresAt)])
            if count == 0 { return }
            try db.record("token.revoked", ofAuthorization: row[0], installation: row[1], actor, at: now)
        }
    }

    public enum NarrowOutcome: Sendable, Equatable {
        case narrowed
        /// What the authorization reaches is not what the change was made from.
        case changed
        /// No such authorization is in force.
        case unknown
        /// It is more than before, and whoever asks may take away alone.
        case wouldAdd
        /// It would name more than an authorization may.
        case tooManyResources
    }

    /// Takes scopes and accounts away, from the authorization and from every family of it. What is not held stays not held. Where that
    /// changes nothing, nobody is told of it.
    /// - Parameters:
    ///   - resources: what the user chose anew inside of the accounts; it may be more than before.
    ///   - shown: what the authorization reached when the user chose; nil: the choice holds whatever it reaches now.
    ///   - mayAdd: otherwise a choice of more than before changes nothing.
    public func narrow(
        _ id: Identifier, to scopes: ScopeSet, accountIDs: [Identifier], resources: [Identifier: ResourceChoice.Types] = [:],
        from shown: ResourceChoice? = nil, mayAdd: Bool = true, actor: Actor, now: Int64
    ) async throws -> NarrowOutcome {
        try await write { db in
            let row = try db.rows(
                """
                SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
                FROM authorizations WHERE id = $1 AND ended_at IS NULL
                """, [Value(id)]
            ).first
            guard let row, let before = try db.transaction.authorization(row) else { return .unknown }
            if let shown, shown != before.resources { return .changed }
            let kept = before.scopes.intersection(scopes)
            let accounts = before.accountIDs.filter(accountIDs.contains)
            let change = resources.filter { accounts.contains($0.key) }
            let chosen = before.resources.setting(change)
            if chosen.isTooMuch(after: before.resources) { return .tooManyResources }
            if !mayAdd, !before.resources.covers(chosen, in: before.accountIDs) { return .wouldAdd }
            try db.narrow(before, to: kept, accountIDs: accounts, resources: change)
            try db.recordResources(chosen, of: before, in: change, actor, at: now)
            if kept == before.scopes, accounts == before.accountIDs { return .narrowed }
            try db.record(
                NewEvent(
                    kind: "authorization.narrowed", clientID: before.clientID, userID: before.userID, authorizationID: id,
                    details: [
                        "scopes": JSON(kept.labels), "accounts": JSON(accounts.map(\.description)),
                        "scopes_before": JSON(before.scopes.labels), "accounts_before": JSON(before.accountIDs.map(\.description)),
                    ], accountIDs: before.accountIDs), actor, at: now)
            return .narrowed
        }
    }
}

extension Change {
    func replaceConsents(of authorization: Identifier, with consents: [Consent]) throws {
        try run("DELETE FROM consents WHERE authorization_id = $1", [Value(authorization)])
        for (position, consent) in consents.enumerated() {
            try run(
                """
                INSERT INTO consents (authorization_id, position, scopes, accounts, expires_at, resources)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                [
                    Value(authorization), .integer(Int64(position)), .text(consent.scopes.description),
                    .text(consent.accountIDs.map(\.description).joined(separator: " ")), Value(consent.expiresAt),
                    .text(consent.resources.text),
                ])
        }
    }

    /// Leaves these of an authorization's scopes and accounts, to it, its families and its codes, and makes the user's new choice of
    /// resources theirs.
    func narrow(
        _ before: Authorization, to kept: ScopeSet, accountIDs accounts: [Identifier],
        resources change: [Identifier: ResourceChoice.Types] = [:]
    ) throws {
        func left(_ choice: ResourceChoice) -> ResourceChoice { choice.following(change, from: before.resources).kept(to: accounts) }
        try run("UPDATE authorizations SET scopes = $1 WHERE id = $2", [.text(kept.description), Value(before.id)])
        for account in before.accountIDs where !accounts.contains(account) {
            try run(
                "DELETE FROM authorization_accounts WHERE authorization_id = $1 AND account_id = $2", [Value(before.id), Value(account)])
        }
        let chosen = before.resources.setting(change)
        for account in change.keys {
            try run(
                "UPDATE authorization_accounts SET resources = $1 WHERE authorization_id = $2 AND account_id = $3",
                [.text(chosen.kept(to: [account]).text), Value(before.id), Value(account)])
        }
        for family in try transaction.families(of: before.id) {
            try run(
                "UPDATE token_families SET scopes = $1, accounts = $2, resources = $3 WHERE id = $4",
                [
                    .text(family.scopes.intersection(kept).description),
                    .text(family.accountIDs.filter(accounts.contains).map(\.description).joined(separator: " ")),
                    .text(left(family.resources).text), Value(family.id),
                ])
        }
        // What is left of each decision is bounded by the authorization as it was, and then follows the change as everything does.
        var remaining = before
        (remaining.scopes, remaining.accountIDs) = (kept, accounts)
        let consents = try transaction.consents(before.id).map { consent in
            var consent = consent.within(remaining)
            consent.resources = left(consent.resources)
            return consent
        }
        try replaceConsents(of: before.id, with: consents.filter { !$0.scopes.isEmpty })
        try narrowCodes(of: before.id, to: kept, accountIDs: accounts, left)
    }

    /// Each account where the choice changed hears of it; nothing said and all are the same.
    fileprivate mutating func recordResources(
        _ chosen: ResourceChoice, of before: Authorization, in change: [Identifier: ResourceChoice.Types], _ actor: Actor, at now: Int64
    ) throws {
        let changed = change.filter { account, types in
            types.contains { type, wanted in wanted != before.resources[account, type] ?? .all }
        }.keys.sorted()
        if changed.isEmpty { return }
        let reduced = changed.filter { !chosen.covers(before.resources, in: [$0]) }
        try record(
            NewEvent(
                kind: Store.resourcesChanged, clientID: before.clientID, userID: before.userID, authorizationID: before.id,
                details: [
                    "resources": chosen.kept(to: changed).counts, "resources_before": before.resources.kept(to: changed).counts,
                    "accounts_reduced": JSON(reduced.map(\.description)),
                ], accountIDs: changed, isOfNamedAccountsOnly: true), actor, at: now)
    }

    /// A code that waits to be used keeps what was chosen; it shrinks with its authorization, as a family does.
    fileprivate func narrowCodes(
        of authorization: Identifier, to scopes: ScopeSet, accountIDs: [Identifier], _ left: (ResourceChoice) -> ResourceChoice
    ) throws {
        let waiting = try rows(
            "SELECT hash, code FROM authorization_codes WHERE authorization_id = $1 AND used_at IS NULL", [Value(authorization)])
        for row in waiting {
            guard let json = row[1].text.flatMap({ try? JSON(parsing: $0) }), var code = AuthorizationCode(json: json) else { continue }
            code.scopes = code.scopes.intersection(scopes)
            code.accountIDs = code.accountIDs.filter(accountIDs.contains)
            code.resources = left(code.resources)
            try run("UPDATE authorization_codes SET code = $1 WHERE hash = $2", [.text(code.json.text), row[0]])
        }
    }

    /// An event of one installation, with the client and the user that it belongs to.
    mutating func record(
        _ kind: String, ofAuthorization authorization: Value, installation: Value, _ actor: Actor, at now: Int64
    ) throws {
        let row = try rows("SELECT client_id, user_id FROM authorizations WHERE id = $1", [authorization]).first
        try record(
            NewEvent(
                kind: kind, clientID: row?[0].identifier, userID: row?[1].identifier, authorizationID: authorization.identifier,
                installationID: installation.identifier), actor, at: now)
    }
}

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

    func client(_ id: Identifier) throws -> (Client, Account)? {
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
    func standing(of family: TokenFamily, _ authorization: Authorization) throws -> Standing? {
        guard let (client, owner) = try client(authorization.clientID),
            let user = try rows(
                "SELECT id, email, name, disabled_at, created_at FROM users WHERE id = $1", [Value(authorization.userID)]
            ).first.flatMap({ User($0) })
        else { return nil }
        return Standing(
            family: family, authorization: authorization, client: client, clientAccount: owner, user: user,
            memberships: try memberships(user.id),
            policies: try policies(userID: user.id, client: client, scopes: authorization.scopes))
    }
}

extension TokenFamily {
    init?(_ row: Row) {
        guard let id = row[0].identifier, let authorizationID = row[1].identifier, let installationID = row[2].identifier,
            let original = row[3].text, let scopes = row[4].text, let accounts = row[5].text, let generation = row[6].integer,
            let createdAt = row[7].integer, let expiresAt = row[8].integer, let idleExpiresAt = row[9].integer,
            let redirectURI = row[14].text, let userAgent = row[15].text, let authenticatedAt = row[16].integer,
            let audience = row[17].text, let resources = ResourceChoice(text: row[18].text ?? "")
        else { return nil }
        self.init(
            id: id, authorizationID: authorizationID, originalScopes: ScopeSet(stored: original), scopes: ScopeSet(stored: scopes),
            accountIDs: accounts.words.compactMap { Identifier($0) }, resources: resources,
            installationID: installationID, generation: generation, createdAt: createdAt, expiresAt: expiresAt,
            idleExpiresAt: idleExpiresAt, rotatedAt: row[10].integer,
            revokedAt: row[11].integer, lastUsedAt: row[12].integer, lastUsedAddress: row[13].text, redirectURI: redirectURI,
            userAgent: userAgent, authenticatedAt: authenticatedAt, audience: audience)
    }
}
