import OAuth

/// What was ended because nobody knows what was revoked since a backup was made.
public struct EndedAccess: Sendable, Equatable {
    public let authorizations: Int
    public let installations: Int
    public let sessions: Int
    public let apiTokens: Int

    public init(authorizations: Int, installations: Int, sessions: Int, apiTokens: Int) {
        self.authorizations = authorizations
        self.installations = installations
        self.sessions = sessions
        self.apiTokens = apiTokens
    }
}

extension Store {
    /// Lets the next event's sequence on PostgreSQL be as far beyond those that are there as `SQLiteBackup.skipSequences` does.
    public static func skipSequences(in database: any Database) async throws {
        try await database.run(
            """
            SELECT setval(pg_get_serial_sequence('events', 'sequence'), (SELECT COALESCE(MAX(sequence), 0) FROM events) + 1000000000)
            """)
    }

    /// Whether a restore of it was cut short; then what was revoked since the backup may be good.
    public static func isRestoreUnfinished(in database: any Database) async throws -> Bool {
        guard try await database.hasTable("restore_progress") else { return false }
        return try await database.read { db in try !db.rows("SELECT 1 FROM restore_progress", []).isEmpty }
    }

    /// Writes down that the database was restored, and ends what may have been ended since: what apps were granted, where people are
    /// signed in, what waits for them, and API tokens, which their owners can switch on again. Where it is cut short, the database stays
    /// marked, and the next time ends what is left and tells of all.
    /// - Parameter keepsAccess: leaves all of that as it was when the backup was made.
    public func noteRestore(keepsAccess: Bool, actor: Actor, now: Int64) async throws -> EndedAccess {
        if try await !database.hasTable("restore_progress") {
            try await database.run(
                """
                CREATE TABLE restore_progress (id BIGINT PRIMARY KEY, authorizations BIGINT NOT NULL,
                    installations BIGINT NOT NULL, sessions BIGINT NOT NULL, api_tokens BIGINT NOT NULL)
                """)
        }
        _ = try await write { db in
            try db.run(
                """
                INSERT INTO restore_progress (id, authorizations, installations, sessions, api_tokens) VALUES (1, 0, 0, 0, 0)
                ON CONFLICT (id) DO NOTHING
                """, [])
        }
        if !keepsAccess { try await endAccess(now) }
        let ended = try await write { db in
            let ended = try db.takeEndedAccess()
            try db.record(
                NewEvent(
                    kind: "database.restored",
                    details: [
                        "authorizations": .integer(Int64(ended.authorizations)), "installations": .integer(Int64(ended.installations)),
                        "sessions": .integer(Int64(ended.sessions)), "api_tokens": .integer(Int64(ended.apiTokens)),
                    ]), actor, at: now)
            // Whatever the outbox held when the backup was made was told before the restore.
            try db.run("UPDATE webhook_cursor SET sequence = (SELECT MAX(sequence) FROM events) WHERE id = 1", [])
            // The restore itself is still to be told.
            try db.run("UPDATE event_receivers SET sequence = (SELECT MAX(sequence) FROM events) - 1, leased_until = 0", [])
            return ended
        }
        try await database.run("DROP TABLE restore_progress")
        return ended
    }

    /// Statement by statement, each of which may take minutes: first what can do most by itself.
    private func endAccess(_ now: Int64) async throws {
        try await end(
            "UPDATE api_tokens SET status = 'disabled' WHERE status = 'active'", [],
            counted: "UPDATE restore_progress SET api_tokens = api_tokens + $1")
        try await end("DELETE FROM sessions", [], counted: "UPDATE restore_progress SET sessions = sessions + $1")
        try await end(
            "UPDATE authorizations SET ended_at = $1 WHERE ended_at IS NULL", [.integer(now)],
            counted: "UPDATE restore_progress SET authorizations = authorizations + $1")
        try await end(
            "UPDATE token_families SET revoked_at = $1 WHERE revoked_at IS NULL", [.integer(now)],
            counted: "UPDATE restore_progress SET installations = installations + $1")
        try await end("DELETE FROM authorization_codes", [])
        try await end("DELETE FROM authorization_requests", [])
        try await end("DELETE FROM invitations", [])
    }

    private func end(_ ending: StaticString, _ values: [Value], counted count: StaticString? = nil) async throws {
        try await write { db in
            // First a question: PostgreSQL's driver does a change again, which began as if it were one statement and has more of them.
            _ = try db.rows("SELECT id FROM restore_progress", [])
            let rows = try db.run(ending, values)
            if let count { try db.run(count, [.integer(Int64(rows))]) }
        }
    }
}

extension Change {
    /// How much was ended; from then on the restore is done.
    fileprivate func takeEndedAccess() throws -> EndedAccess {
        let row = try rows("DELETE FROM restore_progress RETURNING authorizations, installations, sessions, api_tokens", []).first
        func count(_ column: Int) -> Int { Int(row?[column].integer ?? 0) }
        return EndedAccess(authorizations: count(0), installations: count(1), sessions: count(2), apiTokens: count(3))
    }
}
