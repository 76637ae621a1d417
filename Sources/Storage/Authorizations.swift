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
