import Delegation
import OAuth

/// A protected API that may introspect every token.
public struct ResourceServerRecord: Sendable, Equatable {
    public let id: Identifier
    public let name: String
    /// The resource that its tokens are for (RFC 8707), where it is not the deployment's one.
    public let audience: String?
    /// SHA-256 of its secret.
    public let secretHash: [UInt8]
    /// Epoch seconds.
    public let createdAt: Int64

    public init(id: Identifier, name: String, audience: String? = nil, secretHash: [UInt8], createdAt: Int64) {
        self.id = id
        self.name = name
        self.audience = audience
        self.secretHash = secretHash
        self.createdAt = createdAt
    }
}

/// Clients, their secrets, and resource servers.
extension Store {
    /// - Parameter secretHash: SHA-256 of the first secret; nil for a client without one.
    public func createClient(
        _ client: Client, secret: (id: Identifier, hash: [UInt8])?, actor: Actor, now: Int64
    ) async throws -> Creation {
        try await write { db in
            if try db.rows("SELECT 1 FROM accounts WHERE id = $1", [Value(client.accountID)]).isEmpty { return .conflict }
            let count = try db.run(
                """
                INSERT INTO clients (id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                    post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                    requires_pkce, is_platform_owned, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)
                ON CONFLICT DO NOTHING
                """, client.values)
            if count == 0 { return .conflict }
            if let secret {
                try db.run(
                    "INSERT INTO client_secrets (id, client_id, hash, created_at) VALUES ($1, $2, $3, $4)",
                    [Value(secret.id), Value(client.id), .blob(secret.hash), .integer(now)])
            }
            try db.record(NewEvent(kind: "client.created", clientID: client.id, accountID: client.accountID), actor, at: now)
            return .created
        }
    }

    /// - Returns: false where there is no such client.
    public func updateClient(_ client: Client, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count = try db.run(
                """
                UPDATE clients SET account_id = $1, name = $2, visibility = $3, status = $4, authentication_method = $5, grant_types = $6,
                    redirect_uris = $7, post_logout_redirect_uris = $8, scopes = $9, optional_scopes = $10, client_uri = $11,
                    logo_uri = $12, policy_uri = $13, tos_uri = $14, id_token_algorithm = $15, requires_pkce = $16,
                    is_platform_owned = $17, created_at = $18, updated_at = $19
                WHERE id = $20
                """, client.values.dropFirst() + [Value(client.id)])
            if count == 0 { return false }
            try db.record(NewEvent(kind: "client.updated", clientID: client.id, accountID: client.accountID), actor, at: now)
            return true
        }
    }

    public func clients() async throws -> [Client] {
        try await read { db in
            try db.rows(
                """
                SELECT id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                    post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                    requires_pkce, is_platform_owned, created_at, updated_at
                FROM clients ORDER BY created_at, id
                """, []
            ).compactMap { Client($0[...]) }
        }
    }

    /// The clients that an account owns.
    public func clients(accountID: Identifier) async throws -> [Client] {
        try await read { db in
            try db.rows(
                """
                SELECT id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                    post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                    requires_pkce, is_platform_owned, created_at, updated_at
                FROM clients WHERE account_id = $1 ORDER BY created_at, id
                """, [Value(accountID)]
            ).compactMap { Client($0[...]) }
        }
    }

    /// A client with the account that owns it and the hashes of its secrets.
    public func clientForAuthentication(_ id: Identifier) async throws -> (client: Client, owner: Account, secretHashes: [[UInt8]])? {
        try await read { db in
            guard let (client, owner) = try db.client(id) else { return nil }
            let hashes = try db.rows("SELECT hash FROM client_secrets WHERE client_id = $1", [Value(id)]).compactMap(\.first?.blob)
            return (client, owner, hashes)
        }
    }

    public func setClientSuspended(_ id: Identifier, _ isSuspended: Bool, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let status: Client.Status = isSuspended ? .suspended : .active
            let count = try db.run(
                "UPDATE clients SET status = $1, updated_at = $2 WHERE id = $3", [.text(status.rawValue), .integer(now), Value(id)])
            if count == 0 { return false }
            try db.record(NewEvent(kind: isSuspended ? "client.suspended" : "client.resumed", clientID: id), actor, at: now)
            return true
        }
    }

    /// Ends every authorization of the client and forgets it.
    public func deleteClient(_ id: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let granted = try db.rows("SELECT id, user_id FROM authorizations WHERE client_id = $1 AND ended_at IS NULL", [Value(id)])
            for row in granted {
                guard let authorization = row[0].identifier else { continue }
                try db.end(authorization, userID: row[1].identifier, clientID: id, actor, at: now)
            }
            let deleted = try db.rows("DELETE FROM clients WHERE id = $1 RETURNING account_id, name", [Value(id)]).first
            guard let deleted else { return false }
            try db.record(
                NewEvent(
                    kind: "client.deleted", clientID: id, accountID: deleted[0].identifier, details: ["name": JSON(deleted[1].text)]),
                actor, at: now)
            return true
        }
    }

    // MARK: Resource servers

    public func createResourceServer(_ server: ResourceServerRecord, actor: Actor, now: Int64) async throws {
        try await write { db in
            try db.run(
                "INSERT INTO resource_servers (id, name, audience, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
                [
                    Value(server.id), .text(server.name), Value(server.audience), .blob(server.secretHash), .integer(server.createdAt),
                ])
            try db.record(NewEvent(kind: "resource_server.created", details: ["id": .string(server.id.description)]), actor, at: now)
        }
    }

    public func resourceServers() async throws -> [ResourceServerRecord] {
        try await read { db in
            try db.rows("SELECT id, name, audience, secret_hash, created_at FROM resource_servers ORDER BY created_at, id", [])
                .compactMap { ResourceServerRecord($0) }
        }
    }

    public func resourceServer(_ id: Identifier) async throws -> ResourceServerRecord? {
        try await read { db in
            try db.rows("SELECT id, name, audience, secret_hash, created_at FROM resource_servers WHERE id = $1", [Value(id)])
                .first.flatMap { ResourceServerRecord($0) }
        }
    }
}

extension ResourceServerRecord {
    init?(_ row: Row) {
        guard let id = row[0].identifier, let name = row[1].text, let hash = row[3].blob, let createdAt = row[4].integer else { return nil }
        self.init(id: id, name: name, audience: row[2].text, secretHash: hash, createdAt: createdAt)
    }
}

extension Client {
    /// In the order of the table's columns. URIs hold no spaces, so a list of them is a text.
    fileprivate var values: [Value] {
        [
            Value(id), Value(accountID), .text(name), .text(visibility.rawValue), .text(status.rawValue),
            .text(authenticationMethod.rawValue), .text(grantTypes.map(\.rawValue).joined(separator: " ")),
            .text(redirectURIs.joined(separator: " ")), .text(postLogoutRedirectURIs.joined(separator: " ")), .text(scopes.description),
            .text(optionalScopes.description), Value(clientURI), Value(logoURI), Value(policyURI), Value(tosURI),
            .text(idTokenAlgorithm.rawValue), Value(requiresPKCE), Value(isPlatformOwned), .integer(createdAt), .integer(updatedAt),
        ]
    }

    init?(_ slice: ArraySlice<Value>) {
        let row = Array(slice)
        func words(_ index: Int) -> [String] { (row[index].text ?? "").split(separator: " ").map(String.init) }
        guard let id = row[0].identifier, let accountID = row[1].identifier, let name = row[2].text,
            let visibility = row[3].text.flatMap(Visibility.init), let status = row[4].text.flatMap(Status.init),
            let method = row[5].text.flatMap(AuthenticationMethod.init), let algorithm = row[15].text.flatMap(SigningAlgorithm.init),
            let createdAt = row[18].integer, let updatedAt = row[19].integer
        else { return nil }
        self.init(
            id: id, accountID: accountID, name: name, visibility: visibility, status: status, authenticationMethod: method,
            grantTypes: words(6).compactMap(GrantType.init), redirectURIs: words(7), postLogoutRedirectURIs: words(8),
            scopes: ScopeSet(words(9)), optionalScopes: ScopeSet(words(10)), clientURI: row[11].text, logoURI: row[12].text,
            policyURI: row[13].text, tosURI: row[14].text, idTokenAlgorithm: algorithm, requiresPKCE: row[16].integer != 0,
            isPlatformOwned: row[17].integer == 1, createdAt: createdAt, updatedAt: updatedAt)
    }
}
