import Delegation
import OAuth

/// So many more of something that is counted of a client.
public struct UsageIncrement: Sendable, Equatable {
    public let clientID: Identifier
    /// Hours since 1970-01-01T00:00Z.
    public let hour: Int64
    public let kind: UsageKind
    public let label: String
    public let count: Int64

    public init(clientID: Identifier, hour: Int64, kind: UsageKind, label: String, count: Int64) {
        self.clientID = clientID
        self.hour = hour
        self.kind = kind
        self.label = label
        self.count = count
    }
}

/// How clients are used: counts by the UTC day, and of calls by the hour too.
extension Store {
    /// Adds to what is counted already. What concerns a client that is gone is dropped.
    public func recordUsage(_ increments: [UsageIncrement]) async throws {
        try await write { db in
            for increment in increments {
                let (client, count) = (Value(increment.clientID), Value.integer(increment.count))
                try db.run(
                    """
                    INSERT INTO client_usage (client_id, day, kind, label, count)
                    SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM clients WHERE id = $1)
                    ON CONFLICT (client_id, day, kind, label) DO UPDATE SET count = client_usage.count + excluded.count
                    """, [client, .integer(increment.hour / 24), .text(increment.kind.rawValue), .text(increment.label), count])
                guard increment.kind == .call else { continue }
                try db.run(
                    """
                    INSERT INTO client_usage_hours (client_id, hour, calls)
                    SELECT $1, $2, $3 WHERE EXISTS (SELECT 1 FROM clients WHERE id = $1)
                    ON CONFLICT (client_id, hour) DO UPDATE SET calls = client_usage_hours.calls + excluded.calls
                    """, [client, .integer(increment.hour), count])
            }
        }
    }

    /// - Parameters:
    ///   - registered: every scope that the client may ask for.
    ///   - length: of the window that ends today, in days.
    public func usage(of clientID: Identifier, registered: ScopeSet, length: Int, now: Int64) async throws -> ClientUsage {
        try await read { db in
            let first = Value.integer(ClientUsage.firstDay(of: length, now: now))
            let counts = try db.rows(
                """
                SELECT day, kind, label, count FROM client_usage
                WHERE client_id = $1 AND day >= $2 AND kind IN ('token', 'call', 'refusal')
                """, [Value(clientID), first]
            ).compactMap { ClientUsage.Count($0) }
            let scopes = try db.rows(
                """
                SELECT label, SUM(CASE WHEN kind = 'asked' AND day >= $1 THEN count ELSE 0 END),
                    SUM(CASE WHEN kind = 'granted' AND day >= $1 THEN count ELSE 0 END),
                    SUM(CASE WHEN kind = 'used' AND day >= $1 THEN count ELSE 0 END), MAX(CASE WHEN kind = 'used' THEN day END)
                FROM client_usage WHERE client_id = $2 AND kind IN ('asked', 'granted', 'used') GROUP BY label
                """, [first, Value(clientID)]
            ).compactMap { ClientUsage.ScopeUse($0) }
            let firstCall = try db.rows("SELECT MIN(day) FROM client_usage WHERE client_id = $1 AND kind = 'call'", [Value(clientID)])
            return ClientUsage(
                reach: try db.reach(of: clientID, now: now), callsLastDay: try db.callsLastDay(of: clientID, now: now), counts: counts,
                scopes: scopes, firstCallOn: firstCall.first?[0].integer, registered: registered, length: length, now: now)
        }
    }

    /// The calls of a client in the last 24 hours and in what has passed of the hour before them.
    public func callsLastDay(of clientID: Identifier, now: Int64) async throws -> Int64 {
        try await read { db in try db.callsLastDay(of: clientID, now: now) }
    }
}

extension Transaction {
    fileprivate func callsLastDay(of clientID: Identifier, now: Int64) throws -> Int64 {
        try rows(
            "SELECT COALESCE(SUM(calls), 0) FROM client_usage_hours WHERE client_id = $1 AND hour >= $2",
            [Value(clientID), .integer(now / 3600 - 24)]
        ).first?[0].integer ?? 0
    }

    fileprivate func reach(of clientID: Identifier, now: Int64) throws -> ClientUsage.Reach {
        let values: [Value] = [Value(clientID), .integer(now)]
        let granted = try rows(
            """
            SELECT COUNT(*), COUNT(DISTINCT user_id) FROM authorizations
            WHERE client_id = $1 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
            """, values
        ).first
        let accounts = try rows(
            """
            SELECT COUNT(DISTINCT g.account_id) FROM authorizations a JOIN authorization_accounts g ON g.authorization_id = a.id
            WHERE a.client_id = $1 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $2)
            """, values
        ).first
        let installations = try rows(
            """
            SELECT COUNT(*) FROM authorizations a JOIN token_families f ON f.authorization_id = a.id
            WHERE a.client_id = $1 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $2)
                AND f.revoked_at IS NULL AND f.expires_at > $2 AND f.idle_expires_at > $2
            """, values
        ).first
        return ClientUsage.Reach(
            authorizations: granted?[0].integer ?? 0, activeInstallations: installations?[0].integer ?? 0,
            users: granted?[1].integer ?? 0, accounts: accounts?[0].integer ?? 0)
    }
}

extension ClientUsage.Count {
    /// - Parameter row: day, kind, label, count
    fileprivate init?(_ row: Row) {
        guard let day = row[0].integer, let kind = row[1].text.flatMap(UsageKind.init), let label = row[2].text,
            let count = row[3].integer
        else { return nil }
        self.init(day: day, kind: kind, label: label, count: count)
    }
}

extension ClientUsage.ScopeUse {
    /// - Parameter row: label, asked, granted, used, the last day of use
    fileprivate init?(_ row: Row) {
        guard let label = row[0].text else { return nil }
        self.init(
            label: label, asked: row[1].integer ?? 0, granted: row[2].integer ?? 0, used: row[3].integer ?? 0, lastUsedOn: row[4].integer)
    }
}
