import Delegation
import OAuth

/// An authorization that reaches an account, with whose it is.
public struct MemberAuthorization: Sendable, Equatable {
    public let grant: GrantedAuthorization
    public let user: User
}

/// What members granted on one account: seen and ended by its administrators.
extension Store {
    /// Which of an account's authorizations are meant; all where nothing is named.
    public struct AuthorizationFilter: Sendable, Equatable {
        public var clientID: Identifier?
        public var userID: Identifier?

        public init(clientID: Identifier? = nil, userID: Identifier? = nil) {
            self.clientID = clientID
            self.userID = userID
        }
    }

    /// Those in force, by client and then by member, or the other way round.
    public func authorizations(
        accountID: Identifier, _ filter: AuthorizationFilter, byMember: Bool = false, limit: Int, offset: Int, now: Int64
    ) async throws -> (authorizations: [MemberAuthorization], total: Int) {
        try await read { db in
            let values: [Value] = [
                Value(accountID), .integer(now), .text(filter.clientID?.description ?? ""), .text(filter.userID?.description ?? ""),
            ]
            let total = try db.rows(
                """
                SELECT COUNT(*) FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id
                WHERE g.account_id = $1 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $2)
                    AND ($3 = '' OR a.client_id = $3) AND ($4 = '' OR a.user_id = $4)
                """, values)
            let rows = try db.rows(
                """
                SELECT a.id, a.user_id, a.client_id, a.scopes, a.created_at, a.expires_at, a.last_used_at, a.last_used_address, a.ended_at,
                    u.id, u.email, u.name, u.disabled_at, u.created_at
                FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id
                JOIN clients c ON c.id = a.client_id JOIN users u ON u.id = a.user_id
                WHERE g.account_id = $1 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $2)
                    AND ($3 = '' OR a.client_id = $3) AND ($4 = '' OR a.user_id = $4)
                ORDER BY CASE WHEN $5 = 1 THEN u.email ELSE c.name END, CASE WHEN $5 = 1 THEN c.name ELSE u.email END, c.id, a.id
                LIMIT $6 OFFSET $7
                """, values + [Value(byMember), .integer(Int64(limit)), .integer(Int64(offset))])
            return (try rows.compactMap { try db.memberAuthorization($0) }, Int(total.first?[0].integer ?? 0))
        }
    }

    /// One of them.
    public func authorization(_ id: Identifier, accountID: Identifier, now: Int64) async throws -> MemberAuthorization? {
        try await read { db in
            try db.rows(
                """
                SELECT a.id, a.user_id, a.client_id, a.scopes, a.created_at, a.expires_at, a.last_used_at, a.last_used_address, a.ended_at,
                    u.id, u.email, u.name, u.disabled_at, u.created_at
                FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id JOIN users u ON u.id = a.user_id
                WHERE g.account_id = $1 AND a.id = $2 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $3)
                """, [Value(accountID), Value(id), .integer(now)]
            ).first.flatMap { try db.memberAuthorization($0) }
        }
    }

    /// Takes an account out of one authorization; where it was the last, the authorization ends.
    /// - Returns: false where no authorization in force with that id reaches the account.
    public func takeAccount(_ accountID: Identifier, outOf id: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in try db.take(accountID, outOf: id, actor, at: now) }
    }

    /// The same for every authorization that the filter leaves.
    /// - Returns: how many there were.
    public func takeAccount(
        _ accountID: Identifier, outOf filter: AuthorizationFilter, actor: Actor, now: Int64
    ) async throws -> Int {
        try await write { db in
            let ids = try db.rows(
                """
                SELECT a.id FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id
                WHERE g.account_id = $1 AND a.ended_at IS NULL AND ($2 = '' OR a.client_id = $2) AND ($3 = '' OR a.user_id = $3)
                """, [Value(accountID), .text(filter.clientID?.description ?? ""), .text(filter.userID?.description ?? "")]
            ).compactMap { $0[0].identifier }
            var count = 0
            for id in ids where try db.take(accountID, outOf: id, actor, at: now) { count += 1 }
            return count
        }
    }
}

extension Change {
    /// Takes an account out of everything in force that a user granted.
    mutating func takeAccount(_ accountID: Identifier, outOfAllOf userID: Identifier, _ actor: Actor, at now: Int64) throws {
        let ids = try rows(
            """
            SELECT a.id FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id
            WHERE g.account_id = $1 AND a.ended_at IS NULL AND a.user_id = $2
            """, [Value(accountID), Value(userID)]
        ).compactMap { $0[0].identifier }
        for id in ids { _ = try take(accountID, outOf: id, actor, at: now) }
    }

    fileprivate mutating func take(_ accountID: Identifier, outOf id: Identifier, _ actor: Actor, at now: Int64) throws -> Bool {
        let row = try rows(
            """
            SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
            FROM authorizations WHERE id = $1 AND ended_at IS NULL
            """, [Value(id)]
        ).first
        guard let row, let before = try transaction.authorization(row), before.accountIDs.contains(accountID) else { return false }
        let left = before.accountIDs.filter { $0 != accountID }
        if left.isEmpty {
            try end(id, userID: before.userID, clientID: before.clientID, actor, at: now)
            return true
        }
        try narrow(before, to: before.scopes, accountIDs: left)
        try record(
            NewEvent(
                kind: "authorization.narrowed", clientID: before.clientID, userID: before.userID, accountID: accountID, authorizationID: id,
                details: ["scopes": JSON(before.scopes.labels), "accounts": JSON(left.map(\.description))]), actor, at: now)
        return true
    }
}

extension Transaction {
    fileprivate func memberAuthorization(_ row: Row) throws -> MemberAuthorization? {
        guard let grant = try granted(Array(row.prefix(9))), let user = User(row[9...]) else { return nil }
        return MemberAuthorization(grant: grant, user: user)
    }
}
