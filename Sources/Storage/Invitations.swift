import Delegation
import OAuth

/// Somebody who was asked to join an account and has not answered yet.
public struct Invitation: Sendable, Equatable {
    /// The member's too, once it is accepted.
    public let id: Identifier
    public let accountID: Identifier
    /// Lowercased.
    public let email: String
    public var roles: [Role]
    /// Epoch seconds.
    public let createdAt: Int64
    public let expiresAt: Int64

    public init(id: Identifier, accountID: Identifier, email: String, roles: [Role], createdAt: Int64, expiresAt: Int64) {
        self.id = id
        self.accountID = accountID
        self.email = email
        self.roles = roles
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// Invitations. Events name their id and nobody's address.
extension Store {
    public enum InviteOutcome: Sendable, Equatable {
        /// The id is an earlier one's where the same person was asked before; its link stops.
        case invited(Identifier)
        case member
        /// The earlier invitation is another one than the caller looked at.
        case changed
        /// So many invitations of the account wait that no further one is made.
        case full
        /// So many mails went to this address, or came from this inviter, that another has to wait; in seconds.
        case tooOften(retryAfter: Int64)
    }

    /// How many invitations of an account may wait at once.
    public static let mostInvitations: Int64 = 50
    /// How many mails go to one address in a day, whoever asks, and how many one inviter sends.
    public static let mostMailsToOne: Int64 = 5
    public static let mostMailsFromOne: Int64 = 200

    /// - Parameters:
    ///   - before: the invitation of the same person to the same account that the caller knows of and may replace.
    ///   - hash: SHA-256 of the secret in the link.
    public func invite(
        _ invitation: Invitation, replacing before: Invitation?, hash: [UInt8], actor: Actor, now: Int64
    ) async throws -> InviteOutcome {
        try await write { db in
            let member = try db.rows(
                "SELECT 1 FROM members m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 AND u.email = $2",
                [Value(invitation.accountID), .text(invitation.email)])
            if !member.isEmpty { return .member }
            if try db.invitation(to: invitation.accountID, email: invitation.email, now: now) != before { return .changed }
            if before == nil, try db.countInvitations(invitation.accountID, now: now) >= Self.mostInvitations { return .full }
            // A token of the account's own stands for the account, however many of them there are.
            let inviter = (actor.userID ?? invitation.accountID).description
            if let wait = try db.waitForMail(to: invitation.email, from: inviter, now: now) { return .tooOften(retryAfter: wait) }
            let rows = try db.rows(
                """
                INSERT INTO invitations (id, account_id, email, role_ids, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (account_id, email) DO UPDATE SET role_ids = excluded.role_ids, hash = excluded.hash,
                    created_at = excluded.created_at, expires_at = excluded.expires_at
                RETURNING id
                """,
                [
                    Value(invitation.id), Value(invitation.accountID), .text(invitation.email), .text(invitation.roles.idColumn),
                    .blob(hash), .integer(invitation.createdAt), .integer(invitation.expiresAt),
                ])
            let id = rows.first?[0].identifier ?? invitation.id
            // The address is kept as a hash, for a day: it is asked for and never shown.
            try db.run(
                "INSERT INTO invitation_mails (hash, recipient, inviter, at) VALUES ($1, $2, $3, $4)",
                [.blob(hash), .blob(Credential.hash(invitation.email)), .text(inviter), .integer(now)])
            try db.record(invitation: id, "created", accountID: invitation.accountID, actor, at: now)
            return .invited(id)
        }
    }

    /// The invitation of that address to that account, where it can still be accepted.
    public func invitation(to accountID: Identifier, email: String, now: Int64) async throws -> Invitation? {
        try await read { db in try db.invitation(to: accountID, email: email, now: now) }
    }

    /// Those that can still be accepted, by email.
    public func invitations(accountID: Identifier, now: Int64) async throws -> [Invitation] {
        try await read { db in
            let roles = try db.everyRole()
            return try db.rows(
                """
                SELECT id, account_id, email, role_ids, created_at, expires_at FROM invitations
                WHERE account_id = $1 AND expires_at > $2 ORDER BY email
                """, [Value(accountID), .integer(now)]
            ).compactMap { Invitation($0, roles) }
        }
    }

    /// The invitation behind a link, its account, and the user who has that address already.
    public func invitation(hash: [UInt8], now: Int64) async throws -> (invitation: Invitation, account: Account, user: User?)? {
        try await read { db in
            let row = try db.rows(
                """
                SELECT i.id, i.account_id, i.email, i.role_ids, i.created_at, i.expires_at, a.id, a.reference, a.name, a.suspended_at,
                    a.created_at, u.id, u.email, u.name, u.disabled_at, u.created_at
                FROM invitations i JOIN accounts a ON a.id = i.account_id LEFT JOIN users u ON u.email = i.email
                WHERE i.hash = $1 AND i.expires_at > $2
                """, [.blob(hash), .integer(now)]
            ).first
            guard let row, let invitation = Invitation(row, try db.everyRole()), let account = Account(Array(row[6..<11])) else {
                return nil
            }
            return (invitation, account, User(row[11...]))
        }
    }

    /// - Parameter invitation: as it was read when it was decided who may do this.
    public func setInvitationRoles(_ invitation: Invitation, roles: [Role], actor: Actor, now: Int64) async throws -> MemberChange {
        try await write { db in
            if let hindrance = try db.hindrance(invitation) { return hindrance }
            try db.run("UPDATE invitations SET role_ids = $1 WHERE id = $2", [.text(roles.idColumn), Value(invitation.id)])
            try db.record(invitation: invitation.id, "changed", accountID: invitation.accountID, actor, at: now)
            return .done
        }
    }

    /// - Parameter invitation: as it was read when it was decided who may do this.
    public func withdrawInvitation(_ invitation: Invitation, actor: Actor, now: Int64) async throws -> MemberChange {
        try await write { db in
            if let hindrance = try db.hindrance(invitation) { return hindrance }
            try db.run("DELETE FROM invitations WHERE id = $1", [Value(invitation.id)])
            try db.record(invitation: invitation.id, "withdrawn", accountID: invitation.accountID, actor, at: now)
            return .done
        }
    }

    public enum Acceptance: Sendable, Equatable {
        case accepted
        /// It was accepted, withdrawn or is too old.
        case gone
        /// The address is another user's than the one who accepts.
        case otherUser
    }

    /// Whoever accepts an invitation: a user who is signed in, or somebody new, known by the link to have the address.
    public enum Invitee: Sendable {
        case user(Identifier)
        case new(id: Identifier, name: String, passwordHash: String)

        var id: Identifier {
            switch self {
            case .user(let id), .new(let id, _, _): id
            }
        }
    }

    public func acceptInvitation(hash: [UInt8], by invitee: Invitee, address: String, now: Int64) async throws -> Acceptance {
        try await write { db in
            let row = try db.rows(
                "SELECT id, account_id, email, role_ids, created_at, expires_at FROM invitations WHERE hash = $1 AND expires_at > $2",
                [.blob(hash), .integer(now)]
            ).first
            guard let row, let invitation = Invitation(row, try db.everyRole()) else { return .gone }
            let actor = Actor(userID: invitee.id, address: address)
            let known = try db.rows("SELECT id FROM users WHERE email = $1", [.text(invitation.email)]).first?[0].identifier
            switch invitee {
            case .user(let id): if known != id { return .otherUser }
            case .new(let id, let name, let passwordHash):
                if known != nil { return .otherUser }
                try db.run(
                    "INSERT INTO users (id, email, name, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)",
                    [Value(id), .text(invitation.email), .text(name), .text(passwordHash), .integer(now)])
                try db.record(NewEvent(kind: "user.created", userID: id), actor, at: now)
            }
            try db.run("DELETE FROM invitations WHERE id = $1", [Value(invitation.id)])
            try db.record(invitation: invitation.id, "accepted", accountID: invitation.accountID, actor, at: now)
            let isMember = try db.rows(
                "SELECT 1 FROM members WHERE account_id = $1 AND user_id = $2", [Value(invitation.accountID), Value(invitee.id)])
            // Whoever became a member in another way meanwhile keeps the roles that they have.
            if !isMember.isEmpty { return .accepted }
            try db.setMember(
                invitation.id, userID: invitee.id, accountID: invitation.accountID, roleIDs: invitation.roles.map(\.id), now: now)
            try db.record(NewEvent(kind: "member.added", userID: invitee.id, accountID: invitation.accountID), actor, at: now)
            return .accepted
        }
    }
}

extension Change {
    fileprivate mutating func record(
        invitation id: Identifier, _ verb: String, accountID: Identifier, _ actor: Actor, at now: Int64
    ) throws {
        let event = NewEvent(
            kind: "invitation." + verb, accountID: accountID, details: ["invitation_id": .string(id.description)])
        try record(event, actor, at: now)
    }

    fileprivate func everyRole() throws -> [Identifier: Role] { try transaction.everyRole() }

    fileprivate func invitation(to accountID: Identifier, email: String, now: Int64) throws -> Invitation? {
        try transaction.invitation(to: accountID, email: email, now: now)
    }

    /// nil: it is there with the roles that it was read with.
    fileprivate func hindrance(_ invitation: Invitation) throws -> Store.MemberChange? {
        let row = try rows(
            "SELECT id, account_id, email, role_ids, created_at, expires_at FROM invitations WHERE id = $1", [Value(invitation.id)]
        ).first
        guard let row, let stored = Invitation(row, try everyRole()) else { return .unknown }
        return Set(stored.roles.map(\.id)) == Set(invitation.roles.map(\.id)) ? nil : .changed
    }

    fileprivate func countInvitations(_ accountID: Identifier, now: Int64) throws -> Int64 {
        try rows(
            "SELECT COUNT(*) FROM invitations WHERE account_id = $1 AND expires_at > $2", [Value(accountID), .integer(now)]
        ).first?[0].integer ?? 0
    }

    /// Seconds until the oldest mail of the last day counts no more, where there are too many.
    fileprivate func waitForMail(to email: String, from inviter: String, now: Int64) throws -> Int64? {
        let day: Int64 = 86_400
        let toOne = try rows(
            "SELECT COUNT(*), MIN(at) FROM invitation_mails WHERE recipient = $1 AND at > $2",
            [.blob(Credential.hash(email)), .integer(now - day)]
        ).first
        let fromOne = try rows(
            "SELECT COUNT(*), MIN(at) FROM invitation_mails WHERE inviter = $1 AND at > $2", [.text(inviter), .integer(now - day)]
        ).first
        for (row, most) in [(toOne, Store.mostMailsToOne), (fromOne, Store.mostMailsFromOne)] {
            if let count = row?[0].integer, let oldest = row?[1].integer, count >= most { return max(1, oldest + day - now) }
        }
        return nil
    }
}

extension Transaction {
    fileprivate func invitation(to accountID: Identifier, email: String, now: Int64) throws -> Invitation? {
        let row = try rows(
            """
            SELECT id, account_id, email, role_ids, created_at, expires_at FROM invitations
            WHERE account_id = $1 AND email = $2 AND expires_at > $3
            """, [Value(accountID), .text(email), .integer(now)]
        ).first
        return try row.flatMap { Invitation($0, try everyRole()) }
    }

    fileprivate func everyRole() throws -> [Identifier: Role] {
        let roles = try rows("SELECT id, name, permissions FROM roles", []).compactMap { Role($0[...]) }
        return Dictionary(roles.map { ($0.id, $0) }) { first, _ in first }
    }
}

extension [Role] {
    fileprivate var idColumn: String { map(\.id.description).joined(separator: " ") }
}

extension Invitation {
    /// id, account_id, email, role_ids, created_at, expires_at
    fileprivate init?(_ row: Row, _ known: [Identifier: Role]) {
        guard let id = row[0].identifier, let accountID = row[1].identifier, let email = row[2].text, let ids = row[3].text,
            let createdAt = row[4].integer, let expiresAt = row[5].integer
        else { return nil }
        let roles = ids.split(separator: " ").compactMap { Identifier($0) }.compactMap { known[$0] }
        self.init(
            id: id, accountID: accountID, email: email, roles: roles.sorted { $0.name < $1.name }, createdAt: createdAt,
            expiresAt: expiresAt)
    }
}
