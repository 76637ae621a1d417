/// How much work waits.
public struct Backlog: Sendable, Equatable {
    /// Rows that have expired and are not removed yet; at most ten thousand of each kind are counted.
    public let expired: Int64
    /// Messages to webhooks that were not sent, or have to be sent again; at most a hundred thousand are counted.
    public let deliveries: Int64
}

extension Store {
    /// Counts along the indexes that the sweep and the webhooks use, and no further than anybody needs to know.
    public func backlog(now: Int64) async throws -> Backlog {
        let (aDayAgo, aMonthAgo) = (now - 86_400, now - 30 * 86_400)
        return try await read { db in
            let expired = try db.rows(
                """
                SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM sessions WHERE expires_at <= $1 LIMIT 10000) AS a)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM authorization_requests WHERE expires_at <= $1 LIMIT 10000) AS b)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM invitations WHERE expires_at <= $1 LIMIT 10000) AS c)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM revoked_tokens WHERE expires_at <= $1 LIMIT 10000) AS d)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM client_assertions WHERE expires_at <= $1 LIMIT 10000) AS e)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM authorization_codes WHERE expires_at <= $2 LIMIT 10000) AS f)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM token_families WHERE idle_expires_at <= $2 LIMIT 10000) AS g)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM token_families WHERE revoked_at <= $2 LIMIT 10000) AS h)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM authorizations WHERE ended_at <= $3 LIMIT 10000) AS i)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM authorizations WHERE expires_at <= $3 LIMIT 10000) AS j)
                    + (SELECT COUNT(*) FROM (SELECT 1 FROM webhook_deliveries WHERE created_at <= $3 LIMIT 10000) AS k)
                """, [.integer(now), .integer(aDayAgo), .integer(aMonthAgo)])
            let deliveries = try db.rows(
                "SELECT COUNT(*) FROM (SELECT 1 FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL LIMIT 100000) AS a", [])
            return Backlog(expired: expired.first?[0].integer ?? 0, deliveries: deliveries.first?[0].integer ?? 0)
        }
    }
}
