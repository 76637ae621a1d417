import Delegation
import OAuth

/// What an account does with the clients that it owns. A client of another account is as unknown as none.
extension Store {
    /// The oldest first.
    public func registeredClients(accountID: Identifier) async throws -> [RegisteredClient] {
        try await read { db in
            try db.rows("SELECT id FROM clients WHERE account_id = $1 ORDER BY created_at, id", [Value(accountID)])
                .compactMap { $0[0].identifier }.compactMap { try db.registeredClient($0, of: accountID) }
        }
    }

    public func registeredClient(_ id: Identifier, of accountID: Identifier) async throws -> RegisteredClient? {
        try await read { db in try db.registeredClient(id, of: accountID) }
    }

    public enum ClientChange: Sendable, Equatable {
        case changed(RegisteredClient)
        case refused(ClientRegistration.Problems)
        case unknown
    }

    /// Checks and commits a change in one transaction, so that of two at once neither undoes the other. A client that becomes private
    /// loses the authorizations of everybody who is no member of the account that owns it.
    public func changeClient(
        _ id: Identifier, of accountID: Identifier, actor: Actor, now: Int64,
        by check: @escaping @Sendable (RegisteredClient) throws(ClientRegistration.Problems) -> ClientRegistration.Change
    ) async throws -> ClientChange {
        try await write { db in
            guard let before = try db.transaction.registeredClient(id, of: accountID) else { return .unknown }
            let change: ClientRegistration.Change
            do throws(ClientRegistration.Problems) {
                change = try check(before)
            } catch {
                return .refused(error)
            }
            try db.update(before.client, to: change.client, actor, at: now)
            if case .start(let proof) = change.proof {
                try db.record(
                    NewEvent(
                        kind: "client.host_proof_started", clientID: id, accountID: accountID, details: ["host": .string(proof.host.name)]),
                    actor, at: now)
            }
            try db.take(change.proof, of: id)
            return try db.transaction.registeredClient(id, of: accountID).map { .changed($0) } ?? .unknown
        }
    }

    /// Freezes a client or thaws it; one that is so already stays as it is.
    public func setClientFrozen(
        _ id: Identifier, of accountID: Identifier, _ isFrozen: Bool, actor: Actor, now: Int64
    ) async throws -> RegisteredClient? {
        try await write { db in
            let count =
                isFrozen
                ? try db.run(
                    "UPDATE clients SET frozen_at = $1, updated_at = $1 WHERE id = $2 AND account_id = $3 AND frozen_at IS NULL",
                    [.integer(now), Value(id), Value(accountID)])
                : try db.run(
                    "UPDATE clients SET frozen_at = NULL, updated_at = $1 WHERE id = $2 AND account_id = $3 AND frozen_at IS NOT NULL",
                    [.integer(now), Value(id), Value(accountID)])
            if count > 0 {
                let kind = isFrozen ? "client.frozen" : "client.thawed"
                try db.record(NewEvent(kind: kind, clientID: id, accountID: accountID), actor, at: now)
            }
            return try db.transaction.registeredClient(id, of: accountID)
        }
    }

    // MARK: Secrets

    public enum SecretAddition: Sendable, Equatable {
        case added
        /// Two work already.
        case twoAlready
        /// The client is one that keeps no secret.
        case publicClient
        /// The client proves itself by its own key.
        case ownKeys
        case unknown
    }

    /// Gives a client another secret; the one before it goes on working.
    public func addClientSecret(
        _ secret: (id: Identifier, hash: [UInt8]), to id: Identifier, of accountID: Identifier, actor: Actor, now: Int64
    ) async throws -> SecretAddition {
        try await write { db in
            guard let registered = try db.transaction.registeredClient(id, of: accountID) else { return .unknown }
            if registered.client.isPublicClient { return .publicClient }
            if !registered.client.keepsSecret { return .ownKeys }
            if registered.secrets.count > 1 { return .twoAlready }
            let newest = try db.rows("SELECT COALESCE(MAX(number), 0) FROM client_secrets WHERE client_id = $1", [Value(id)]).first
            try db.addSecret(secret.id, hash: secret.hash, number: (newest?[0].integer ?? 0) + 1, of: id, at: now)
            try db.recordSecret("client.secret_added", secret.id, registered.client, actor, at: now)
            return .added
        }
    }

    public enum SecretRemoval: Sendable, Equatable {
        case removed
        /// It is the only one, or there is none.
        case noOlder
        case unknown
    }

    /// Takes the older of two secrets away.
    public func removeOlderClientSecret(
        of id: Identifier, of accountID: Identifier, actor: Actor, now: Int64
    ) async throws -> SecretRemoval {
        try await write { db in
            guard let registered = try db.transaction.registeredClient(id, of: accountID) else { return .unknown }
            guard registered.hasRotatedSecret, let older = registered.secrets.first else { return .noOlder }
            try db.run("DELETE FROM client_secrets WHERE id = $1", [Value(older.id)])
            try db.recordSecret("client.secret_removed", older.id, registered.client, actor, at: now)
            return .removed
        }
    }
}

extension Change {
    /// Writes a client as it is now, with what follows from it; a client that is the same writes nothing.
    mutating func update(_ before: Client, to client: Client, _ actor: Actor, at now: Int64) throws {
        if before == client { return }
        try run(
            """
            UPDATE clients SET account_id = $1, name = $2, visibility = $3, status = $4, authentication_method = $5, grant_types = $6,
                redirect_uris = $7, post_logout_redirect_uris = $8, scopes = $9, optional_scopes = $10, client_uri = $11,
                logo_uri = $12, policy_uri = $13, tos_uri = $14, id_token_algorithm = $15, requires_pkce = $16,
                is_platform_owned = $17, created_at = $18, updated_at = $19, response_types = $20, allowed_cors_origins = $21,
                purposes = $22, frozen_at = $23, promoted_at = $24, jwks = $25
            WHERE id = $26
            """, client.values.dropFirst() + [Value(client.id)])
        let (old, new) = before.difference(to: client)
        try record(
            NewEvent(
                kind: "client.updated", clientID: client.id, accountID: client.accountID,
                details: ["before": .object(old), "after": .object(new)]), actor, at: now)
        if before.keepsSecret, !client.keepsSecret { try removeSecrets(of: client, actor, at: now) }
        if client.visibility == .private, before.visibility == .public { try endOutside(client, actor, at: now) }
    }

    func addSecret(_ id: Identifier, hash: [UInt8], number: Int64, of clientID: Identifier, at now: Int64) throws {
        try run(
            "INSERT INTO client_secrets (id, client_id, hash, number, created_at) VALUES ($1, $2, $3, $4, $5)",
            [Value(id), Value(clientID), .blob(hash), .integer(number), .integer(now)])
    }

    fileprivate mutating func recordSecret(_ kind: String, _ id: Identifier, _ client: Client, _ actor: Actor, at now: Int64) throws {
        try record(
            NewEvent(kind: kind, clientID: client.id, accountID: client.accountID, details: ["secret_id": .string(id.description)]), actor,
            at: now)
    }

    /// A client that has no secret any more must not be let in by one.
    private mutating func removeSecrets(of client: Client, _ actor: Actor, at now: Int64) throws {
        for row in try rows("DELETE FROM client_secrets WHERE client_id = $1 RETURNING id", [Value(client.id)]) {
            if let id = row[0].identifier { try recordSecret("client.secret_removed", id, client, actor, at: now) }
        }
    }

    private mutating func endOutside(_ client: Client, _ actor: Actor, at now: Int64) throws {
        let outside = try rows(
            """
            SELECT id, user_id FROM authorizations WHERE client_id = $1 AND ended_at IS NULL
                AND user_id NOT IN (SELECT user_id FROM members WHERE account_id = $2)
            """, [Value(client.id), Value(client.accountID)])
        try endAll(outside, clientID: client.id, actor, at: now)
    }

    /// - Parameter authorizations: id, user_id
    mutating func endAll(_ authorizations: [Row], clientID: Identifier, _ actor: Actor, at now: Int64) throws {
        for row in authorizations {
            guard let authorization = row[0].identifier else { continue }
            try end(authorization, userID: row[1].identifier, clientID: clientID, actor, at: now)
        }
    }

    /// Does what a change of the client's URL means for the proof of its host.
    func take(_ step: HostProof.Step, of clientID: Identifier) throws {
        switch step {
        case .keep: break
        case .forget: try run("DELETE FROM client_proofs WHERE client_id = $1", [Value(clientID)])
        case .start(let proof):
            try run(
                """
                INSERT INTO client_proofs (client_id, host, value, status, text, started_at, attempts, checked_at, next_check_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                ON CONFLICT (client_id) DO UPDATE SET host = excluded.host, value = excluded.value, status = excluded.status,
                    text = excluded.text, started_at = excluded.started_at, attempts = excluded.attempts,
                    checked_at = excluded.checked_at, next_check_at = excluded.next_check_at, claimed_until = NULL
                """, [Value(clientID)] + proof.values)
        }
    }
}

extension Transaction {
    func registeredClient(_ id: Identifier, of accountID: Identifier) throws -> RegisteredClient? {
        guard let (client, owner) = try client(id), owner.id == accountID else { return nil }
        let secrets = try rows(
            "SELECT id, created_at, last_used_at FROM client_secrets WHERE client_id = $1 ORDER BY number", [Value(id)])
        let proof = try rows(
            """
            SELECT host, value, status, text, started_at, attempts, checked_at, next_check_at FROM client_proofs WHERE client_id = $1
            """, [Value(id)])
        return RegisteredClient(
            client: client,
            secrets: secrets.compactMap { row in
                guard let id = row[0].identifier, let createdAt = row[1].integer else { return nil }
                return ClientSecret(id: id, createdAt: createdAt, lastUsedAt: row[2].integer)
            }, proof: proof.first.flatMap { HostProof($0[...]) })
    }
}
