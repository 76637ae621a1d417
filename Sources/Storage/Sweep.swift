import Delegation

/// What has expired.
extension Store {
    /// Removes what nobody can use any more, a few rows of each kind at a time.
    /// - Returns: how many rows went; as many as the limit means that more may be left.
    public func sweep(now: Int64, limit: Int) async throws -> Int {
        try await write { db in
            let count = Value.integer(Int64(limit))
            return try Self.sweepSignIn(db, now, count) + Self.sweepGrants(db, now, count) + Self.sweepUsage(db, now, count)
                + Self.sweepWebhooks(db, now, count)
        }
    }

    private static let day: Int64 = 86_400
    /// For longer than the window in which they count.
    private static let attemptsAreKeptFor: Int64 = 3600

    private static func sweepSignIn(_ db: Change, _ now: Int64, _ count: Value) throws -> Int {
        var removed = try db.run(
            "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires_at <= $1 LIMIT $2)", [.integer(now), count])
        removed += try db.run(
            "DELETE FROM sign_in_attempts WHERE id IN (SELECT id FROM sign_in_attempts WHERE at <= $1 LIMIT $2)",
            [.integer(now - attemptsAreKeptFor), count])
        removed += try db.run(
            "DELETE FROM authorization_requests WHERE hash IN (SELECT hash FROM authorization_requests WHERE expires_at <= $1 LIMIT $2)",
            [.integer(now), count])
        removed += try db.run(
            "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE expires_at <= $1 LIMIT $2)", [.integer(now), count])
        removed += try db.run(
            "DELETE FROM invitation_mails WHERE hash IN (SELECT hash FROM invitation_mails WHERE at <= $1 LIMIT $2)",
            [.integer(now - day), count])
        return removed
    }

    private static func sweepGrants(_ db: Change, _ now: Int64, _ count: Value) throws -> Int {
        // A used code is kept for as long as its replay should end what it gave.
        var removed = try db.run(
            "DELETE FROM authorization_codes WHERE hash IN (SELECT hash FROM authorization_codes WHERE expires_at <= $1 LIMIT $2)",
            [.integer(now - day), count])
        removed += try db.run(
            """
            DELETE FROM revoked_tokens WHERE (family_id, token_id) IN
                (SELECT family_id, token_id FROM revoked_tokens WHERE expires_at <= $1 LIMIT $2)
            """, [.integer(now), count])
        removed += try db.run(
            "DELETE FROM client_assertions WHERE hash IN (SELECT hash FROM client_assertions WHERE expires_at <= $1 LIMIT $2)",
            [.integer(now), count])
        removed += try db.run(
            "DELETE FROM token_families WHERE id IN (SELECT id FROM token_families WHERE idle_expires_at <= $1 LIMIT $2)",
            [.integer(now - day), count])
        removed += try db.run(
            "DELETE FROM token_families WHERE id IN (SELECT id FROM token_families WHERE revoked_at <= $1 LIMIT $2)",
            [.integer(now - day), count])
        // The events tell what was; nothing of an authorization that ended or expired is asked for again.
        removed += try db.run(
            "DELETE FROM authorizations WHERE id IN (SELECT id FROM authorizations WHERE ended_at <= $1 LIMIT $2)",
            [.integer(now - 30 * day), count])
        removed += try db.run(
            "DELETE FROM authorizations WHERE id IN (SELECT id FROM authorizations WHERE expires_at <= $1 LIMIT $2)",
            [.integer(now - 30 * day), count])
        return removed
    }

    private static func sweepUsage(_ db: Change, _ now: Int64, _ count: Value) throws -> Int {
        let firstDay = ClientUsage.firstDay(of: ClientUsage.longest, now: now)
        var removed = try db.run(
            """
            DELETE FROM client_usage WHERE (client_id, day, kind, label) IN
                (SELECT client_id, day, kind, label FROM client_usage WHERE day < $1 LIMIT $2)
            """, [.integer(firstDay), count])
        removed += try db.run(
            """
            DELETE FROM client_usage_hours WHERE (client_id, hour) IN
                (SELECT client_id, hour FROM client_usage_hours WHERE hour < $1 LIMIT $2)
            """, [.integer(now / 3600 - 25), count])
        return removed
    }

    private static func sweepWebhooks(_ db: Change, _ now: Int64, _ count: Value) throws -> Int {
        let removed = try db.run(
            "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE created_at <= $1 LIMIT $2)",
            [.integer(now - 30 * day), count])
        return try removed
            + db.run(
                "UPDATE webhooks SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= $1", [.integer(now)])
    }
}
