import Delegation
import OAuth

/// A member's wish that an administrator lets an app into an account.
public struct AppRequest: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable { case pending, approved, denied }

    public var id: Identifier
    public var accountID: Identifier
    public var userID: Identifier
    public var clientID: Identifier
    /// What the app is wanted for beyond what it requires.
    public var scopes: ScopeSet
    public var reason: String
    public var status: Status
    /// Epoch seconds.
    public var createdAt: Int64
    public var decidedAt: Int64?
    public var decidedBy: Identifier?
    /// What the administrator has to say about it.
    public var answer: String?

    public init(
        id: Identifier, accountID: Identifier, userID: Identifier, clientID: Identifier, scopes: ScopeSet, reason: String,
        status: Status = .pending, createdAt: Int64, decidedAt: Int64? = nil, decidedBy: Identifier? = nil, answer: String? = nil
    ) {
        self.id = id
        self.accountID = accountID
        self.userID = userID
        self.clientID = clientID
        self.scopes = scopes
        self.reason = reason
        self.status = status
        self.createdAt = createdAt
        self.decidedAt = decidedAt
        self.decidedBy = decidedBy
        self.answer = answer
    }
}

/// A request with what is shown of whoever it is about.
public struct NamedAppRequest: Sendable, Equatable {
    public let request: AppRequest
    public let user: User
    public let client: Client
    /// The account that owns the client.
    public let owner: Account
}

extension Store {
    /// Asks. A request of the same member for the same client that waits already is replaced by this one.
    /// - Returns: `.conflict` where the user is no member or the client is gone.
    public func makeAppRequest(_ request: AppRequest, actor: Actor, now: Int64) async throws -> Creation {
        try await write { db in
            let known = try db.rows(
                "SELECT 1 FROM members m, clients c WHERE m.account_id = $1 AND m.user_id = $2 AND c.id = $3",
                [Value(request.accountID), Value(request.userID), Value(request.clientID)])
            if known.isEmpty { return .conflict }
            try db.run(
                "DELETE FROM app_requests WHERE account_id = $1 AND user_id = $2 AND client_id = $3 AND status = 'pending'",
                [Value(request.accountID), Value(request.userID), Value(request.clientID)])
            try db.run(
                """
                INSERT INTO app_requests (id, account_id, user_id, client_id, scopes, reason, status, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7)
                """,
                [
                    Value(request.id), Value(request.accountID), Value(request.userID), Value(request.clientID),
                    .text(request.scopes.description), .text(request.reason), .integer(request.createdAt),
                ])
            try db.record(
                NewEvent(
                    kind: "app_request.made", clientID: request.clientID, userID: request.userID, accountID: request.accountID,
                    details: ["request": .string(request.id.description), "scopes": JSON(request.scopes.labels)]), actor, at: now)
            return .created
        }
    }

    /// The requests of an account's members, those that wait first, then the newest first.
    public func appRequests(
        accountID: Identifier, status: AppRequest.Status?, limit: Int, offset: Int
    ) async throws -> (requests: [NamedAppRequest], total: Int) {
        try await read { db in
            let status = status?.rawValue ?? ""
            let total = try db.rows(
                "SELECT COUNT(*) FROM app_requests WHERE account_id = $1 AND ($2 = '' OR status = $2)", [Value(accountID), .text(status)])
            let requests = try db.rows(
                """
                SELECT id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at, decided_by, answer
                FROM app_requests WHERE account_id = $1 AND ($2 = '' OR status = $2)
                ORDER BY CASE status WHEN 'pending' THEN 0 ELSE 1 END, created_at DESC, id LIMIT $3 OFFSET $4
                """, [Value(accountID), .text(status), .integer(Int64(limit)), .integer(Int64(offset))]
            ).compactMap { AppRequest($0) }
            return (try requests.compactMap { try db.named($0) }, Int(total.first?[0].integer ?? 0))
        }
    }

    /// One of them.
    public func appRequest(_ id: Identifier, accountID: Identifier) async throws -> NamedAppRequest? {
        try await read { db in try db.appRequest(id, accountID).flatMap { try db.named($0) } }
    }

    /// What a user asked for, the newest first.
    public func appRequests(userID: Identifier, limit: Int) async throws -> [NamedAppRequest] {
        try await read { db in
            try db.rows(
                """
                SELECT id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at, decided_by, answer
                FROM app_requests WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT $2
                """, [Value(userID), .integer(Int64(limit))]
            ).compactMap { try AppRequest($0).flatMap { try db.named($0) } }
        }
    }

    public enum DecisionOutcome: Sendable, Equatable {
        case decided
        case unknown
        /// Somebody was faster.
        case alreadyDecided
    }

    /// Says yes: the approval takes the place of one for the same client and the same people.
    public func approveAppRequest(
        _ id: Identifier, with approval: AppApproval, answer: String?, actor: Actor, now: Int64
    ) async throws -> DecisionOutcome {
        try await write { db in
            let outcome = try db.decide(id, approval.accountID, .approved, answer, actor, at: now)
            guard outcome == .decided else { return outcome }
            try db.run(
                "DELETE FROM app_approvals WHERE account_id = $1 AND client_id = $2 AND COALESCE(user_id, '') = $3",
                [Value(approval.accountID), Value(approval.clientID), .text(approval.userID?.description ?? "")])
            try db.run(
                """
                INSERT INTO app_approvals (id, account_id, client_id, user_id, scopes, approved_at, approved_by)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    Value(approval.id), Value(approval.accountID), Value(approval.clientID), Value(approval.userID),
                    Value(approval.scopes?.description), .integer(approval.approvedAt), Value(approval.approvedBy),
                ])
            try db.record(
                NewEvent(
                    kind: "app_request.approved", clientID: approval.clientID, userID: approval.userID, accountID: approval.accountID,
                    details: [
                        "request": .string(id.description), "for": .string(approval.userID == nil ? "everyone" : "member"),
                        "scopes": approval.scopes.map { JSON($0.labels) } ?? .null,
                    ]), actor, at: now)
            return .decided
        }
    }

    /// Says no. What was approved before stays approved.
    public func denyAppRequest(
        _ id: Identifier, accountID: Identifier, answer: String?, actor: Actor, now: Int64
    ) async throws -> DecisionOutcome {
        try await write { db in
            let outcome = try db.decide(id, accountID, .denied, answer, actor, at: now)
            guard outcome == .decided, let request = try db.transaction.appRequest(id, accountID) else { return outcome }
            try db.record(
                NewEvent(
                    kind: "app_request.denied", clientID: request.clientID, userID: request.userID, accountID: accountID,
                    details: ["request": .string(id.description)]), actor, at: now)
            return .decided
        }
    }
}

extension Change {
    fileprivate func decide(
        _ id: Identifier, _ accountID: Identifier, _ status: AppRequest.Status, _ answer: String?, _ actor: Actor, at now: Int64
    ) throws -> Store.DecisionOutcome {
        let count = try run(
            """
            UPDATE app_requests SET status = $1, decided_at = $2, decided_by = $3, answer = $4
            WHERE id = $5 AND account_id = $6 AND status = 'pending'
            """, [.text(status.rawValue), .integer(now), Value(actor.userID), Value(answer), Value(id), Value(accountID)])
        if count > 0 { return .decided }
        return try transaction.appRequest(id, accountID) == nil ? .unknown : .alreadyDecided
    }
}

extension Transaction {
    fileprivate func appRequest(_ id: Identifier, _ accountID: Identifier) throws -> AppRequest? {
        try rows(
            """
            SELECT id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at, decided_by, answer
            FROM app_requests WHERE id = $1 AND account_id = $2
            """, [Value(id), Value(accountID)]
        ).first.flatMap { AppRequest($0) }
    }

    fileprivate func named(_ request: AppRequest) throws -> NamedAppRequest? {
        guard let (client, owner) = try client(request.clientID),
            let user = try rows("SELECT id, email, name, disabled_at, created_at FROM users WHERE id = $1", [Value(request.userID)])
                .first.flatMap({ User($0) })
        else { return nil }
        return NamedAppRequest(request: request, user: user, client: client, owner: owner)
    }
}

extension AppRequest {
    /// id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at, decided_by, answer
    fileprivate init?(_ row: Row) {
        guard let id = row[0].identifier, let accountID = row[1].identifier, let userID = row[2].identifier,
            let clientID = row[3].identifier, let scopes = row[4].text, let reason = row[5].text,
            let status = row[6].text.flatMap(Status.init), let createdAt = row[7].integer
        else { return nil }
        self.init(
            id: id, accountID: accountID, userID: userID, clientID: clientID, scopes: ScopeSet(stored: scopes), reason: reason,
            status: status, createdAt: createdAt, decidedAt: row[8].integer, decidedBy: row[9].identifier, answer: row[10].text)
    }
}
