import Delegation
import OAuth

/// Where a user is signed in.
public struct Session: Sendable, Equatable {
    /// The public name, for lists; the cookie's value is kept as a hash alone.
    public let id: Identifier
    public let userID: Identifier
    /// Epoch seconds, here and below.
    public let createdAt: Int64
    public let lastSeenAt: Int64
    public let expiresAt: Int64
    public let authenticatedAt: Int64
    public let address: String
    public let userAgent: String

    /// Seconds for which a session counts as just seen, so that a page costs no write.
    public static let touchInterval: Int64 = 60

    public init(
        id: Identifier, userID: Identifier, createdAt: Int64, lastSeenAt: Int64, expiresAt: Int64, authenticatedAt: Int64,
        address: String, userAgent: String
    ) {
        self.id = id
        self.userID = userID
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
        self.expiresAt = expiresAt
        self.authenticatedAt = authenticatedAt
        self.address = address
        self.userAgent = userAgent
    }
}

/// Sessions and the attempts to begin one.
extension Store {
    /// - Parameter replacing: the hash of the session before, which ends with it.
    public func createSession(_ session: Session, hash: [UInt8], replacing: [UInt8]?, actor: Actor, now: Int64) async throws {
        try await write { db in
            if let replacing { try db.run("DELETE FROM sessions WHERE hash = $1", [.blob(replacing)]) }
            try db.run(
                """
                INSERT INTO sessions (hash, id, user_id, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                [
                    .blob(hash), Value(session.id), Value(session.userID), .integer(session.createdAt), .integer(session.lastSeenAt),
                    .integer(session.expiresAt), .integer(session.authenticatedAt), .text(session.address), .text(session.userAgent),
                ])
            try db.record(NewEvent(kind: "session.created", userID: session.userID), actor, at: now)
        }
    }

    public func session(hash: [UInt8], now: Int64) async throws -> (session: Session, user: User)? {
        try await read { db in
            let row = try db.rows(
                """
                SELECT s.id, s.user_id, s.created_at, s.last_seen_at, s.expires_at, s.authenticated_at, s.address, s.user_agent,
                    u.id, u.email, u.name, u.disabled_at, u.created_at
                FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.hash = $1 AND s.expires_at > $2
                """, [.blob(hash), .integer(now)]
            ).first
            guard let row, let session = Session(row), let user = User(row[8...]) else { return nil }
            return (session, user)
        }
    }

    /// The newest first.
    public func sessions(userID: Identifier, now: Int64) async throws -> [Session] {
        try await read { db in
            try db.rows(
                """
                SELECT id, user_id, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent
                FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id
                """, [Value(userID), .integer(now)]
            ).compactMap { Session($0) }
        }
    }

    /// Remembers that a session is in use.
    public func touchSession(_ id: Identifier, now: Int64) async throws {
        try await write { db in
            _ = try db.run(
                "UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at <= $3",
                [.integer(now), Value(id), .integer(now - Session.touchInterval)])
        }
    }

    /// Ends one session of a user.
    /// - Returns: false where there is no such session.
    public func endSession(_ id: Identifier, userID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try db.run("DELETE FROM sessions WHERE id = $1 AND user_id = $2", [Value(id), Value(userID)]) == 0 { return false }
            try db.record(NewEvent(kind: "session.ended", userID: userID), actor, at: now)
            return true
        }
    }

    /// Ends every session of a user, or every one but one.
    /// - Returns: how many.
    @discardableResult
    public func endSessions(userID: Identifier, except kept: Identifier?, actor: Actor, now: Int64) async throws -> Int {
        try await write { db in
            let count =
                if let kept {
                    try db.run("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", [Value(userID), Value(kept)])
                } else {
                    try db.run("DELETE FROM sessions WHERE user_id = $1", [Value(userID)])
                }
            if count > 0 { try db.record(NewEvent(kind: "session.ended", userID: userID), actor, at: now) }
            return count
        }
    }

    // MARK: Attempts to sign in

    /// Whether a password may be looked at.
    public enum SignInReservation: Sendable, Equatable {
        case reserved
        /// Seconds until an attempt counts no more.
        case throttled(retryAfter: Int64)
        /// The attempts that are being checked right now decide whether there is room.
        case busy
    }

    /// Ten failures for a user and address, a hundred for an address, in fifteen minutes.
    private static let window: Int64 = 900
    private static let limitOfSubject: Int64 = 10
    private static let limitOfAddress: Int64 = 100
    /// An attempt whose process went away counts as nothing after so many seconds.
    private static let pendingFor: Int64 = 60

    /// Takes a place before a password is looked at, so that many guesses at once are not many looks.
    /// - Parameter subject: what stands for user and address together.
    public func reserveSignIn(_ id: Identifier, subject: [UInt8], address: String, now: Int64) async throws -> SignInReservation {
        try await write { db in
            func count(_ rows: [Row]) -> (failed: Int64, pending: Int64, oldest: Int64) {
                (rows.first?[0].integer ?? 0, rows.first?[1].integer ?? 0, rows.first?[2].integer ?? now)
            }
            let ofSubject = count(
                try db.rows(
                    """
                    SELECT COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0),
                        COALESCE(SUM(CASE WHEN state = 'pending' AND at > $1 THEN 1 ELSE 0 END), 0),
                        MIN(CASE WHEN state = 'failed' THEN at END)
                    FROM sign_in_attempts WHERE subject = $2 AND at > $3
                    """, [.integer(now - Self.pendingFor), .blob(subject), .integer(now - Self.window)]))
            let ofAddress = count(
                try db.rows(
                    """
                    SELECT COALESCE(SUM(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0),
                        COALESCE(SUM(CASE WHEN state = 'pending' AND at > $1 THEN 1 ELSE 0 END), 0),
                        MIN(CASE WHEN state = 'failed' THEN at END)
                    FROM sign_in_attempts WHERE address = $2 AND at > $3
                    """, [.integer(now - Self.pendingFor), .text(address), .integer(now - Self.window)]))
            if ofSubject.failed >= Self.limitOfSubject { return .throttled(retryAfter: ofSubject.oldest + Self.window - now) }
            if ofAddress.failed >= Self.limitOfAddress { return .throttled(retryAfter: ofAddress.oldest + Self.window - now) }
            if ofSubject.failed + ofSubject.pending >= Self.limitOfSubject { return .busy }
            if ofAddress.failed + ofAddress.pending >= Self.limitOfAddress { return .busy }
            try db.run(
                "INSERT INTO sign_in_attempts (id, subject, address, at, state) VALUES ($1, $2, $3, $4, 'pending')",
                [Value(id), .blob(subject), .text(address), .integer(now)])
            return .reserved
        }
    }

    /// Who was refused, where there is such a user, and why; the reason never tells what was typed.
    public struct RefusedSignIn: Sendable {
        let userID: Identifier
        let reason: String
        let actor: Actor

        public init(userID: Identifier, reason: String, actor: Actor) {
            self.userID = userID
            self.reason = reason
            self.actor = actor
        }
    }

    /// Says how an attempt ended: a failure counts from now on, a success is forgotten.
    public func settleSignIn(_ id: Identifier, failed: Bool, refused: RefusedSignIn? = nil, now: Int64) async throws {
        try await write { db in
            if let refused { try db.record(refused, at: now) }
            if failed {
                _ = try db.run("UPDATE sign_in_attempts SET state = 'failed', at = $1 WHERE id = $2", [.integer(now), Value(id)])
            } else {
                _ = try db.run("DELETE FROM sign_in_attempts WHERE id = $1", [Value(id)])
            }
        }
    }

    // MARK: Requests that wait for a person

    /// How many requests that wait, and how many bytes of them, one origin may have here; what is older goes for what is new. An
    /// origin may be the proxy of many people, so there is room for all of them, and a flood pushes out itself first.
    public static let mostRequests: Int64 = 1000
    public static let mostRequestBytes: Int64 = 8 * 1024 * 1024

    /// - Parameter origin: where the browser is, see `IPAddress.origin`.
    public func saveRequest(
        hash: [UInt8], browserHash: [UInt8], clientID: Identifier, request: JSON, origin: String, createdAt: Int64, expiresAt: Int64
    ) async throws {
        try await write { db in
            let text = request.text
            try db.makeRoom(for: Int64(text.utf8.count), from: origin)
            _ = try db.run(
                """
                INSERT INTO authorization_requests (hash, browser_hash, client_id, request, created_at, expires_at, origin, size)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """,
                [
                    .blob(hash), .blob(browserHash), Value(clientID), .text(text), .integer(createdAt), .integer(expiresAt),
                    .text(origin), .integer(Int64(text.utf8.count)),
                ])
        }
    }

    /// The request, where this browser began it and it still waits.
    public func request(hash: [UInt8], browserHash: [UInt8], now: Int64) async throws -> JSON? {
        try await read { db in
            try db.rows(
                "SELECT request FROM authorization_requests WHERE hash = $1 AND browser_hash = $2 AND expires_at > $3",
                [.blob(hash), .blob(browserHash), .integer(now)]
            ).first?[0].text.flatMap { try? JSON(parsing: $0) }
        }
    }

    /// Ends a request that its user declined.
    /// - Returns: false where it was decided before.
    public func declineRequest(
        hash: [UInt8], userID: Identifier, clientID: Identifier, actor: Actor, now: Int64
    ) async throws -> Bool {
        try await write { db in
            if try db.run("DELETE FROM authorization_requests WHERE hash = $1", [.blob(hash)]) == 0 { return false }
            try db.record(NewEvent(kind: "consent.declined", clientID: clientID, userID: userID), actor, at: now)
            return true
        }
    }
}

extension Change {
    /// Removes the oldest requests of an origin until one of this size fits. Those that have expired count until they are swept.
    fileprivate func makeRoom(for size: Int64, from origin: String) throws {
        let held = try rows("SELECT COUNT(*), COALESCE(SUM(size), 0) FROM authorization_requests WHERE origin = $1", [.text(origin)]).first
        guard var count = held?[0].integer, var bytes = held?[1].integer else { return }
        while count > 0, count >= Store.mostRequests || bytes + size > Store.mostRequestBytes {
            let oldest = try rows(
                "SELECT hash, size FROM authorization_requests WHERE origin = $1 ORDER BY created_at, size LIMIT 1", [.text(origin)]
            ).first
            guard let oldest else { return }
            try run("DELETE FROM authorization_requests WHERE hash = $1", [oldest[0]])
            count -= 1
            bytes -= oldest[1].integer ?? 0
        }
    }

    /// One event for a user, an address and a minute: guessing must not flood the log.
    fileprivate mutating func record(_ refused: Store.RefusedSignIn, at now: Int64) throws {
        let known = try rows(
            "SELECT 1 FROM events WHERE user_id = $1 AND at > $2 AND kind = 'sign_in.failed' AND address = $3 LIMIT 1",
            [Value(refused.userID), .integer(now - 60), .text(refused.actor.address)])
        guard known.isEmpty else { return }
        try record(
            NewEvent(kind: "sign_in.failed", userID: refused.userID, details: ["reason": .string(refused.reason)]), refused.actor, at: now)
    }
}

extension Session {
    init?(_ row: Row) {
        guard let id = row[0].identifier, let userID = row[1].identifier, let createdAt = row[2].integer, let seenAt = row[3].integer,
            let expiresAt = row[4].integer, let authenticatedAt = row[5].integer, let address = row[6].text, let agent = row[7].text
        else { return nil }
        self.init(
            id: id, userID: userID, createdAt: createdAt, lastSeenAt: seenAt, expiresAt: expiresAt, authenticatedAt: authenticatedAt,
            address: address, userAgent: agent)
    }
}
