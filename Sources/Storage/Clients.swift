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
    /// - Parameters:
    ///   - secret: with the SHA-256 of its text; nil for a client without one.
    ///   - proof: of the host of its URL, where it has one.
    public func createClient(
        _ client: Client, secret: (id: Identifier, hash: [UInt8])?, proof: HostProof? = nil, actor: Actor, now: Int64
    ) async throws -> Creation {
        try await write { db in
            if try db.rows("SELECT 1 FROM accounts WHERE id = $1", [Value(client.accountID)]).isEmpty { return .conflict }
            let count = try db.run(
                """
                INSERT INTO clients (id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                    post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                    requires_pkce, is_platform_owned, created_at, updated_at, response_types, allowed_cors_origins, purposes, frozen_at,
                    promoted_at, jwks)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
                    $25, $26)
                ON CONFLICT DO NOTHING
                """, client.values)
            if count == 0 { return .conflict }
            if let secret { try db.addSecret(secret.id, hash: secret.hash, number: 1, of: client.id, at: now) }
            if let proof { try db.take(.start(proof), of: client.id) }
            try db.record(
                NewEvent(
                    kind: "client.created", clientID: client.id, accountID: client.accountID,
                    details: ["after": .object(client.registration)]), actor, at: now)
            return .created
        }
    }

    /// - Returns: false where there is no such client.
    public func updateClient(_ client: Client, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            guard let (before, _) = try db.transaction.client(client.id) else { return false }
            try db.update(before, to: client, actor, at: now)
            return true
        }
    }

    public func clients() async throws -> [Client] {
        try await read { db in
            try db.rows(
                """
                SELECT id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                    post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                    requires_pkce, is_platform_owned, created_at, updated_at, response_types, allowed_cors_origins, purposes, frozen_at,
                    promoted_at, jwks
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
                    requires_pkce, is_platform_owned, created_at, updated_at, response_types, allowed_cors_origins, purposes, frozen_at,
                    promoted_at, jwks
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
            let row = try db.rows(
                "UPDATE clients SET status = $1, updated_at = $2 WHERE id = $3 RETURNING account_id",
                [.text(status.rawValue), .integer(now), Value(id)]
            ).first
            guard let row else { return false }
            try db.record(
                NewEvent(kind: isSuspended ? "client.suspended" : "client.resumed", clientID: id, accountID: row[0].identifier), actor,
                at: now)
            return true
        }
    }

    /// Ends every authorization of the client and forgets it.
    /// - Parameter accountID: who must own it; nil: anybody.
    public func deleteClient(_ id: Identifier, of accountID: Identifier? = nil, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            guard let (client, _) = try db.transaction.client(id), accountID == nil || accountID == client.accountID else { return false }
            let granted = try db.rows("SELECT id, user_id FROM authorizations WHERE client_id = $1 AND ended_at IS NULL", [Value(id)])
            try db.endAll(granted, clientID: id, actor, at: now)
            try db.run("DELETE FROM clients WHERE id = $1", [Value(id)])
            try db.record(
                NewEvent(
                    kind: "client.deleted", clientID: id, accountID: client.accountID,
                    details: ["before": .object(client.registration)]), actor, at: now)
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
    var values: [Value] {
        [
            Value(id), Value(accountID), .text(name), .text(visibility.rawValue), .text(status.rawValue),
            .text(authenticationMethod.rawValue), .text(grantTypes.map(\.rawValue).joined(separator: " ")),
            .text(redirectURIs.joined(separator: " ")), .text(postLogoutRedirectURIs.joined(separator: " ")), .text(scopes.description),
            .text(optionalScopes.description), Value(clientURI), Value(logoURI), Value(policyURI), Value(tosURI),
            .text(idTokenAlgorithm.rawValue), Value(requiresPKCE), Value(isPlatformOwned), .integer(createdAt), .integer(updatedAt),
            .text(responseTypes.map(\.rawValue).joined(separator: " ")), .text(allowedCORSOrigins.joined(separator: " ")),
            .text(purposesJSON.text), Value(frozenAt), Value(promotedAt), Value(keys?.json.text),
        ]
    }

    init?(_ slice: ArraySlice<Value>) {
        let row = Array(slice)
        func words(_ index: Int) -> [String] { (row[index].text ?? "").words }
        guard let id = row[0].identifier, let accountID = row[1].identifier, let name = row[2].text,
            let visibility = row[3].text.flatMap(Visibility.init), let status = row[4].text.flatMap(Status.init),
            let method = row[5].text.flatMap(AuthenticationMethod.init), let algorithm = row[15].text.flatMap(SigningAlgorithm.init),
            let createdAt = row[18].integer, let updatedAt = row[19].integer
        else { return nil }
        self.init(
            id: id, accountID: accountID, name: name, visibility: visibility, status: status, authenticationMethod: method,
            grantTypes: words(6).compactMap(GrantType.init), responseTypes: words(20).compactMap(ResponseType.init),
            redirectURIs: words(7), postLogoutRedirectURIs: words(8), allowedCORSOrigins: words(21),
            scopes: ScopeSet(stored: row[9].text ?? ""), optionalScopes: ScopeSet(stored: row[10].text ?? ""),
            purposes: Self.purposes(row[22].text), clientURI: row[11].text, logoURI: row[12].text,
            policyURI: row[13].text, tosURI: row[14].text, keys: row[25].text.flatMap(ClientKeySet.init(stored:)),
            idTokenAlgorithm: algorithm, requiresPKCE: row[16].integer != 0,
            isPlatformOwned: row[17].integer == 1, frozenAt: row[23].integer, promotedAt: row[24].integer, createdAt: createdAt,
            updatedAt: updatedAt)
    }

    private static func purposes(_ stored: String?) -> [String: String] {
        guard let stored, stored != "{}", let object = try? JSON(parsing: stored).objectValue else { return [:] }
        return Dictionary(object.members.compactMap { name, value in value.stringValue.map { (name, $0) } }) { first, _ in first }
    }
}
