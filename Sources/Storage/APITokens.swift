import Delegation
import OAuth

/// API tokens. Nothing in memory depends on them: each request with one reads it anew.
extension Store {
    /// A token and where its owner is, as one reading of storage saw them.
    public struct PresentedToken: Sendable {
        public let token: APIToken
        /// nil: an account owns it.
        public let user: User?
        public let memberships: [Membership]
    }

    public func createAPIToken(_ token: APIToken, hash: [UInt8], actor: Actor, now: Int64) async throws {
        try await write { db in
            try db.run(
                """
                INSERT INTO api_tokens (id, user_id, account_id, name, hash, status, policies, allowed_addresses, denied_addresses,
                    not_before, expires_at, created_at, modified_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                """,
                [
                    Value(token.id), Value(token.owner.userID), Value(token.owner.accountID), .text(token.name), .blob(hash),
                    .text(token.statusColumn), .text(token.policiesColumn), .text(token.allowedColumn), .text(token.deniedColumn),
                    Value(token.notBefore), Value(token.expiresAt), .integer(token.createdAt), .integer(token.modifiedAt),
                ])
            try db.record(token, "created", actor, at: now)
        }
    }

    /// The token whose text has this SHA-256. One that an account owns may do there what its policies say.
    public func apiToken(hash: [UInt8]) async throws -> PresentedToken? {
        try await read { db in
            let row = try db.rows(
                """
                SELECT t.id, t.user_id, t.account_id, t.name, t.status, t.policies, t.allowed_addresses, t.denied_addresses, t.not_before,
                    t.expires_at, t.created_at, t.modified_at, t.last_used_at, t.last_used_address,
                    u.id, u.email, u.name, u.disabled_at, u.created_at, a.id, a.reference, a.name, a.suspended_at, a.created_at
                FROM api_tokens t LEFT JOIN users u ON u.id = t.user_id LEFT JOIN accounts a ON a.id = t.account_id WHERE t.hash = $1
                """, [.blob(hash)]
            ).first
            guard let row, let token = APIToken(row) else { return nil }
            if let user = User(row[14..<19]) {
                return PresentedToken(token: token, user: user, memberships: try db.memberships(user.id))
            }
            guard let account = Account(Array(row[19...])) else { return nil }
            let everything = Role(id: token.id, name: "API token", permissions: ["*"])
            return PresentedToken(
                token: token, user: nil, memberships: [Membership(account: account, userID: token.id, roles: [everything])])
        }
    }

    /// The newest first.
    public func apiTokens(of owner: APIToken.Owner) async throws -> [APIToken] {
        try await read { db in
            try db.rows(
                """
                SELECT id, user_id, account_id, name, status, policies, allowed_addresses, denied_addresses, not_before, expires_at,
                    created_at, modified_at, last_used_at, last_used_address
                FROM api_tokens WHERE user_id = $1 OR account_id = $2 ORDER BY created_at DESC, id
                """, [Value(owner.userID), Value(owner.accountID)]
            ).compactMap { APIToken($0) }
        }
    }

    /// The token, where this owner has it.
    public func apiToken(_ id: Identifier, of owner: APIToken.Owner) async throws -> APIToken? {
        try await read { db in
            try db.rows(
                """
                SELECT id, user_id, account_id, name, status, policies, allowed_addresses, denied_addresses, not_before, expires_at,
                    created_at, modified_at, last_used_at, last_used_address
                FROM api_tokens WHERE id = $1 AND (user_id = $2 OR account_id = $3)
                """, [Value(id), Value(owner.userID), Value(owner.accountID)]
            ).first.flatMap { APIToken($0) }
        }
    }

    /// Changes what may be changed of a token, unless it was changed since it was read.
    /// - Parameter before: the token as it was read.
    /// - Returns: false where it is gone or another change came first.
    public func updateAPIToken(_ token: APIToken, before: APIToken, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count = try db.run(
                """
                UPDATE api_tokens SET name = $1, status = $2, policies = $3, allowed_addresses = $4, denied_addresses = $5,
                    not_before = $6, expires_at = $7, modified_at = $8
                WHERE id = $9 AND name = $10 AND status = $11 AND policies = $12 AND allowed_addresses = $13 AND denied_addresses = $14
                    AND COALESCE(not_before, -1) = $15 AND COALESCE(expires_at, -1) = $16
                """,
                [
                    .text(token.name), .text(token.statusColumn), .text(token.policiesColumn), .text(token.allowedColumn),
                    .text(token.deniedColumn), Value(token.notBefore), Value(token.expiresAt), .integer(now), Value(token.id),
                    .text(before.name), .text(before.statusColumn), .text(before.policiesColumn), .text(before.allowedColumn),
                    .text(before.deniedColumn), .integer(before.notBefore ?? -1), .integer(before.expiresAt ?? -1),
                ])
            if count == 0 { return false }
            try db.record(token, "updated", actor, at: now)
            return true
        }
    }

    /// Gives a token another value; the one before stops at once.
    /// - Parameter token: as it was read: a token whose policies were changed since is not rolled.
    /// - Returns: false where it is gone or was changed.
    public func rollAPIToken(_ token: APIToken, hash: [UInt8], actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count = try db.run(
                "UPDATE api_tokens SET hash = $1, modified_at = $2 WHERE id = $3 AND policies = $4",
                [.blob(hash), .integer(now), Value(token.id), .text(token.policiesColumn)])
            if count == 0 { return false }
            try db.record(token, "rolled", actor, at: now)
            return true
        }
    }

    /// - Returns: false where it is gone.
    public func deleteAPIToken(_ token: APIToken, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try db.run("DELETE FROM api_tokens WHERE id = $1", [Value(token.id)]) == 0 { return false }
            try db.record(token, "deleted", actor, at: now)
            return true
        }
    }
}

extension Change {
    fileprivate mutating func record(_ token: APIToken, _ verb: String, _ actor: Actor, at now: Int64) throws {
        let event = NewEvent(
            kind: "api_token." + verb, userID: token.owner.userID, accountID: token.owner.accountID,
            details: ["token_id": .string(token.id.description), "name": .string(token.name)])
        try record(event, actor, at: now)
    }
}

extension APIToken.Owner {
    fileprivate var userID: Identifier? { if case .user(let id) = self { id } else { nil } }
    fileprivate var accountID: Identifier? { if case .account(let id) = self { id } else { nil } }
}

extension APIToken {
    fileprivate var statusColumn: String { isDisabled ? "disabled" : "active" }
    fileprivate var policiesColumn: String { JSON.array(policies.map(\.stored)).text }
    fileprivate var allowedColumn: String { condition.allowed.map(\.description).joined(separator: " ") }
    fileprivate var deniedColumn: String { condition.denied.map(\.description).joined(separator: " ") }

    /// id, user_id, account_id, name, status, policies, allowed_addresses, denied_addresses, not_before, expires_at, created_at,
    /// modified_at, last_used_at, last_used_address. nil where a policy or an address cannot be read: such a token may do nothing.
    fileprivate init?(_ row: Row) {
        guard let id = row[0].identifier, let owner = row[1].identifier.map(Owner.user) ?? row[2].identifier.map(Owner.account),
            let name = row[3].text, let stored = row[5].text.flatMap({ try? JSON(parsing: $0) })?.arrayValue,
            let allowed = APIToken.ranges(row[6].text), let denied = APIToken.ranges(row[7].text), let createdAt = row[10].integer
        else { return nil }
        let policies = stored.compactMap(TokenPolicy.init(stored:))
        guard policies.count == stored.count else { return nil }
        self.init(
            id: id, owner: owner, name: name, isDisabled: row[4].text != "active", policies: policies,
            condition: AddressCondition(allowed: allowed, denied: denied), notBefore: row[8].integer, expiresAt: row[9].integer,
            createdAt: createdAt, modifiedAt: row[11].integer, lastUsedAt: row[12].integer, lastUsedAddress: row[13].text)
    }

    private static func ranges(_ text: String?) -> [AddressRange]? {
        guard let parts = text?.split(separator: " ") else { return nil }
        let ranges = parts.compactMap { AddressRange(String($0)) }
        return ranges.count == parts.count ? ranges : nil
    }
}

extension TokenPolicy {
    fileprivate var stored: JSON {
        [
            "id": .string(id.description), "effect": .string(effect.rawValue), "permissions": JSON(permissions),
            "places": JSON(places.map(\.stored).sorted()),
        ]
    }

    fileprivate init?(stored: JSON) {
        guard let id = stored["id"]?.stringValue.flatMap({ Identifier($0) }),
            let effect = stored["effect"]?.stringValue.flatMap(Effect.init),
            let permissions = stored["permissions"]?.stringsValue, let names = stored["places"]?.stringsValue
        else { return nil }
        let places = names.compactMap(Place.init(stored:))
        guard places.count == names.count else { return nil }
        self.init(id: id, effect: effect, permissions: permissions, places: Set(places))
    }
}

extension TokenPolicy.Place {
    fileprivate var stored: String {
        switch self {
        case .everywhere: "*"
        case .user: "user"
        case .account(let id): id.description
        }
    }

    fileprivate init?(stored: String) {
        switch stored {
        case "*": self = .everywhere
        case "user": self = .user
        default:
            guard let id = Identifier(stored) else { return nil }
            self = .account(id)
        }
    }
}
