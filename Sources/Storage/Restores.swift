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

    /// Writes down that the database was restored, and ends what may have been ended since: what apps were granted, where people are
    /// signed in, what waits for them, and API tokens, which their owners can switch on again.
    /// - Parameter keepsAccess: leaves all of that as it was when the backup was made.
    public func noteRestore(keepsAccess: Bool, actor: Actor, now: Int64) async throws -> EndedAccess {
        let ended = keepsAccess ? EndedAccess(authorizations: 0, installations: 0, sessions: 0, apiTokens: 0) : try await endAccess(now)
        try await write { db in
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
        }
        return ended
    }

    /// Statement by statement: each may take minutes, and where it is cut short the next time ends what is left.
    private func endAccess(_ now: Int64) async throws -> EndedAccess {
        let authorizations = try await write { db in
            try db.run("UPDATE authorizations SET ended_at = $1 WHERE ended_at IS NULL", [.integer(now)])
        }
        let installations = try await write { db in
            try db.run("UPDATE token_families SET revoked_at = $1 WHERE revoked_at IS NULL", [.integer(now)])
        }
        let sessions = try await write { db in try db.run("DELETE FROM sessions", []) }
        let apiTokens = try await write { db in try db.run("UPDATE api_tokens SET status = 'disabled' WHERE status = 'active'", []) }
        _ = try await write { db in try db.run("DELETE FROM authorization_codes", []) }
        _ = try await write { db in try db.run("DELETE FROM authorization_requests", []) }
        _ = try await write { db in try db.run("DELETE FROM invitations", []) }
        return EndedAccess(authorizations: authorizations, installations: installations, sessions: sessions, apiTokens: apiTokens)
    }
}
