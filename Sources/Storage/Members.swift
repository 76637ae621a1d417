import Delegation
import OAuth

/// Who is in an account.
extension Store {
    /// Makes a user a member with exactly these roles, whether they were one before or not.
    /// - Returns: `.conflict` where the account, the user or a role is not there.
    public func addMember(
        userID: Identifier, accountID: Identifier, roleIDs: [Identifier], actor: Actor, now: Int64
    ) async throws -> Creation {
        try await write { db in
            let known = try db.rows(
                "SELECT 1 FROM accounts a, users u WHERE a.id = $1 AND u.id = $2", [Value(accountID), Value(userID)])
            if known.isEmpty { return .conflict }
            for role in roleIDs where try db.rows("SELECT 1 FROM roles WHERE id = $1", [Value(role)]).isEmpty { return .conflict }
            try db.setMember(nil, userID: userID, accountID: accountID, roleIDs: roleIDs, now: now)
            try db.record(NewEvent(kind: "member.added", userID: userID, accountID: accountID), actor, at: now)
            return .created
        }
    }

    public func memberships(userID: Identifier) async throws -> [Membership] {
        try await read { db in try db.memberships(userID) }
    }

    /// A member as an account's list has them: since when in epoch seconds.
    public typealias ListedMember = (id: Identifier, user: User, roles: [Role], since: Int64)

    /// The members of an account with their roles in it, by email.
    public func members(accountID: Identifier) async throws -> [ListedMember] {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT u.id, u.email, u.name, u.disabled_at, u.created_at, m.id, m.created_at, r.id, r.name, r.permissions
                FROM members m JOIN users u ON u.id = m.user_id
                LEFT JOIN member_roles mr ON mr.account_id = m.account_id AND mr.user_id = m.user_id
                LEFT JOIN roles r ON r.id = mr.role_id
                WHERE m.account_id = $1 ORDER BY u.email, r.name
                """, [Value(accountID)])
            var members: [ListedMember] = []
            for row in rows {
                guard let user = User(row), let id = row[5].identifier, let since = row[6].integer else { continue }
                if members.last?.id != id { members.append((id, user, [], since)) }
                if let role = Role(row[7...]) { members[members.count - 1].roles.append(role) }
            }
            return members
        }
    }

    /// What became of a change to a member.
    public enum MemberChange: Sendable, Equatable {
        case done
        case unknown
        /// Nobody would be left who may do everything in the account.
        case lastAdministrator
        /// The roles are others than the caller looked at.
        case changed
    }

    /// Gives a member exactly these roles.
    /// - Parameter before: the roles that the caller looked at when it was decided who may do this; nil: no matter which.
    public func setMemberRoles(
        userID: Identifier, accountID: Identifier, roles: [Role], before: [Role]? = nil, actor: Actor, now: Int64
    ) async throws -> MemberChange {
        try await write { db in
            let known = try db.rows("SELECT 1 FROM members WHERE account_id = $1 AND user_id = $2", [Value(accountID), Value(userID)])
            if known.isEmpty { return .unknown }
            if let before, try db.roleIDs(userID, accountID) != Set(before.map(\.id)) { return .changed }
            if !roles.contains(where: \.allowsEverything), try db.isLastAdministrator(userID, accountID) { return .lastAdministrator }
            try db.setMember(nil, userID: userID, accountID: accountID, roleIDs: roles.map(\.id), now: now)
            let event = NewEvent(
                kind: "member.changed", userID: userID, accountID: accountID, details: ["roles": JSON(roles.map(\.name))])
            try db.record(event, actor, at: now)
            return .done
        }
    }

    /// Takes somebody out of an account, and the account out of everything that they granted: whoever comes back later begins anew.
    /// - Parameter before: as for `setMemberRoles`.
    public func removeMember(
        userID: Identifier, accountID: Identifier, before: [Role]? = nil, actor: Actor, now: Int64
    ) async throws -> MemberChange {
        try await write { db in
            let known = try db.rows("SELECT 1 FROM members WHERE account_id = $1 AND user_id = $2", [Value(accountID), Value(userID)])
            if known.isEmpty { return .unknown }
            if let before, try db.roleIDs(userID, accountID) != Set(before.map(\.id)) { return .changed }
            if try db.isLastAdministrator(userID, accountID) { return .lastAdministrator }
            // While they are a member still: the account's log then shows who it was.
            try db.takeAccount(accountID, outOfAllOf: userID, actor, at: now)
            try db.run("DELETE FROM members WHERE account_id = $1 AND user_id = $2", [Value(accountID), Value(userID)])
            try db.record(NewEvent(kind: "member.removed", userID: userID, accountID: accountID), actor, at: now)
            return .done
        }
    }
}

extension Change {
    /// - Parameter id: the member's; one derived from user and account where it is nil. A member keeps the one they have.
    func setMember(_ id: Identifier?, userID: Identifier, accountID: Identifier, roleIDs: [Identifier], now: Int64) throws {
        let id = id ?? Identifier(bytes: Credential.hash("\(accountID) \(userID)").prefix(16))
        try run(
            "INSERT INTO members (id, account_id, user_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, user_id) DO NOTHING",
            [Value(id), Value(accountID), Value(userID), .integer(now)])
        try run("DELETE FROM member_roles WHERE account_id = $1 AND user_id = $2", [Value(accountID), Value(userID)])
        for role in Set(roleIDs) {
            try run(
                "INSERT INTO member_roles (account_id, user_id, role_id) VALUES ($1, $2, $3)",
                [Value(accountID), Value(userID), Value(role)])
        }
    }

    fileprivate func roleIDs(_ userID: Identifier, _ accountID: Identifier) throws -> Set<Identifier> {
        let rows = try rows(
            "SELECT role_id FROM member_roles WHERE account_id = $1 AND user_id = $2", [Value(accountID), Value(userID)])
        return Set(rows.compactMap { $0[0].identifier })
    }

    /// Whether of all members who can sign in this one alone may do everything.
    func isLastAdministrator(_ userID: Identifier, _ accountID: Identifier) throws -> Bool {
        let administrators = try rows(
            """
            SELECT DISTINCT mr.user_id FROM member_roles mr JOIN roles r ON r.id = mr.role_id JOIN users u ON u.id = mr.user_id
            WHERE mr.account_id = $1 AND (' ' || r.permissions || ' ') LIKE '% * %' AND (u.disabled_at IS NULL OR u.id = $2)
            """, [Value(accountID), Value(userID)])
        return administrators.map { $0[0].identifier } == [userID]
    }
}

extension Transaction {
    func memberships(_ userID: Identifier) throws -> [Membership] {
        let rows = try rows(
            """
            SELECT a.id, a.reference, a.name, a.suspended_at, a.created_at, m.id, r.id, r.name, r.permissions
            FROM members m JOIN accounts a ON a.id = m.account_id
            LEFT JOIN member_roles mr ON mr.account_id = m.account_id AND mr.user_id = m.user_id
            LEFT JOIN roles r ON r.id = mr.role_id
            WHERE m.user_id = $1 ORDER BY a.id, r.name
            """, [Value(userID)])
        var memberships: [Membership] = []
        for row in rows {
            guard let account = Account(row) else { continue }
            if memberships.last?.account.id != account.id {
                memberships.append(Membership(id: row[5].identifier, account: account, userID: userID, roles: []))
            }
            if let role = Role(row[6...]) { memberships[memberships.count - 1].roles.append(role) }
        }
        return memberships
    }
}
