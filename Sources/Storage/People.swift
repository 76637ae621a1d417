import Delegation
import OAuth

/// Accounts, users, members and roles.
extension Store {
    /// What became of something new.
    public enum Creation: Sendable, Equatable {
        case created
        /// Its unique name belongs to another, or what it refers to is not there.
        case conflict
    }

    // MARK: Accounts

    public func createAccount(_ account: Account, actor: Actor, now: Int64) async throws -> Creation {
        try await write { db in
            let count = try db.run(
                """
                INSERT INTO accounts (id, reference, name, suspended_at, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
                """,
                [
                    Value(account.id), Value(account.reference), .text(account.name), account.isSuspended ? .integer(now) : .null,
                    .integer(account.createdAt),
                ])
            if count == 0 { return .conflict }
            try db.record(NewEvent(kind: "account.created", accountID: account.id), actor, at: now)
            return .created
        }
    }

    /// Makes an account together with its first member.
    public func createAccount(_ account: Account, ownerID: Identifier, roleID: Identifier, actor: Actor, now: Int64) async throws {
        try await write { db in
            try db.run(
                "INSERT INTO accounts (id, name, created_at) VALUES ($1, $2, $3)",
                [Value(account.id), .text(account.name), .integer(account.createdAt)])
            try db.record(NewEvent(kind: "account.created", accountID: account.id), actor, at: now)
            try db.setMember(nil, userID: ownerID, accountID: account.id, roleIDs: [roleID], now: now)
            try db.record(NewEvent(kind: "member.added", userID: ownerID, accountID: account.id), actor, at: now)
        }
    }

    /// - Returns: false where there is no such account.
    public func renameAccount(_ id: Identifier, _ name: String, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try db.run("UPDATE accounts SET name = $1 WHERE id = $2", [.text(name), Value(id)]) == 0 { return false }
            try db.record(NewEvent(kind: "account.renamed", accountID: id, details: ["name": .string(name)]), actor, at: now)
            return true
        }
    }

    public func accounts() async throws -> [Account] {
        try await read { db in
            try db.rows("SELECT id, reference, name, suspended_at, created_at FROM accounts ORDER BY created_at, id", [])
                .compactMap { Account($0) }
        }
    }

    public func account(_ id: Identifier) async throws -> Account? {
        try await read { db in
            try db.rows("SELECT id, reference, name, suspended_at, created_at FROM accounts WHERE id = $1", [Value(id)])
                .first.flatMap { Account($0) }
        }
    }

    /// - Returns: false where there is no such account.
    public func setAccountSuspended(_ id: Identifier, _ isSuspended: Bool, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count =
                isSuspended
                ? try db.run("UPDATE accounts SET suspended_at = COALESCE(suspended_at, $1) WHERE id = $2", [.integer(now), Value(id)])
                : try db.run("UPDATE accounts SET suspended_at = NULL WHERE id = $1", [Value(id)])
            if count == 0 { return false }
            try db.record(NewEvent(kind: isSuspended ? "account.suspended" : "account.resumed", accountID: id), actor, at: now)
            return true
        }
    }

    // MARK: Users

    public func createUser(_ user: User, passwordHash: String, actor: Actor, now: Int64) async throws -> Creation {
        try await write { db in
            let count = try db.run(
                """
                INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
                """, [Value(user.id), .text(user.email), .text(user.name), .text(passwordHash), .integer(user.createdAt)])
            if count == 0 { return .conflict }
            try db.record(NewEvent(kind: "user.created", userID: user.id), actor, at: now)
            return .created
        }
    }

    public func users() async throws -> [User] {
        try await read { db in
            try db.rows("SELECT id, email, name, disabled_at, created_at FROM users ORDER BY email", []).compactMap { User($0) }
        }
    }

    public func user(email: String) async throws -> User? {
        try await read { db in
            try db.rows("SELECT id, email, name, disabled_at, created_at FROM users WHERE email = $1", [.text(email)])
                .first.flatMap { User($0) }
        }
    }

    /// A user with the stored form of the password.
    public func userForSignIn(email: String) async throws -> (user: User, passwordHash: String)? {
        try await read { db in
            let row = try db.rows(
                "SELECT id, email, name, disabled_at, created_at, password_hash FROM users WHERE email = $1", [.text(email)]
            ).first
            guard let row, let user = User(row), let hash = row[5].text else { return nil }
            return (user, hash)
        }
    }

    /// - Returns: false where there is no such user.
    public func setUserDisabled(_ id: Identifier, _ isDisabled: Bool, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count =
                isDisabled
                ? try db.run("UPDATE users SET disabled_at = COALESCE(disabled_at, $1) WHERE id = $2", [.integer(now), Value(id)])
                : try db.run("UPDATE users SET disabled_at = NULL WHERE id = $1", [Value(id)])
            if count == 0 { return false }
            if isDisabled { try db.run("DELETE FROM sessions WHERE user_id = $1", [Value(id)]) }
            try db.record(NewEvent(kind: isDisabled ? "user.disabled" : "user.enabled", userID: id), actor, at: now)
            return true
        }
    }

    /// Changes a password and ends every session but the one that asks for it.
    /// - Returns: false where there is no such user.
    public func setPassword(
        userID: Identifier, passwordHash: String, keepingSession kept: Identifier?, actor: Actor, now: Int64
    ) async throws -> Bool {
        try await write { db in
            let count = try db.run("UPDATE users SET password_hash = $1 WHERE id = $2", [.text(passwordHash), Value(userID)])
            if count == 0 { return false }
            try db.run(
                "DELETE FROM sessions WHERE user_id = $1 AND id <> $2", [Value(userID), .text(kept?.description ?? "")])
            try db.record(NewEvent(kind: "user.password_changed", userID: userID), actor, at: now)
            return true
        }
    }

    /// Ends everything that the user granted and forgets the rest; events keep the id alone.
    public func deleteUser(_ id: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let granted = try db.rows("SELECT id, client_id FROM authorizations WHERE user_id = $1 AND ended_at IS NULL", [Value(id)])
            for row in granted {
                guard let authorization = row[0].identifier else { continue }
                try db.end(authorization, userID: id, clientID: row[1].identifier, actor, at: now)
            }
            let memberships = try db.transaction.memberships(id)
            if try db.run("DELETE FROM users WHERE id = $1", [Value(id)]) == 0 { return false }
            try db.record(NewEvent(kind: "user.deleted", userID: id, accountIDs: memberships.map(\.account.id)), actor, at: now)
            return true
        }
    }

    // MARK: Roles and members

    /// Adds a role that every account has.
    public func createRole(_ role: Role, actor: Actor, now: Int64) async throws -> Creation {
        try await write { db in
            let count = try db.run(
                "INSERT INTO roles (id, name, permissions) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                [Value(role.id), .text(role.name), .text(role.permissions.joined(separator: " "))])
            if count == 0 { return .conflict }
            try db.record(NewEvent(kind: "role.created", details: ["name": .string(role.name)]), actor, at: now)
            return .created
        }
    }

    public func roles() async throws -> [Role] {
        try await read { db in
            try db.rows("SELECT id, name, permissions FROM roles WHERE account_id IS NULL ORDER BY name", []).compactMap { Role($0[...]) }
        }
    }
}

extension Account {
    /// id, reference, name, suspended_at, created_at
    init?(_ row: Row) {
        guard let id = row[0].identifier, let name = row[2].text, let createdAt = row[4].integer else { return nil }
        self.init(id: id, reference: row[1].text, name: name, isSuspended: row[3] != .null, createdAt: createdAt)
    }
}

extension User {
    /// id, email, name, disabled_at, created_at
    init?(_ row: some RandomAccessCollection<Value>) {
        let row = Array(row)
        guard let id = row[0].identifier, let email = row[1].text, let name = row[2].text, let createdAt = row[4].integer else {
            return nil
        }
        self.init(id: id, email: email, name: name, isDisabled: row[3] != .null, createdAt: createdAt)
    }
}

extension Role {
    /// id, name, permissions
    init?(_ row: ArraySlice<Value>) {
        let row = Array(row)
        guard let id = row[0].identifier, let name = row[1].text, let permissions = row[2].text else { return nil }
        self.init(id: id, name: name, permissions: permissions.words)
    }
}
