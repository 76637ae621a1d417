import Delegation
import OAuth

/// From the outbox to what resource servers are told.
extension Store {
    /// A change and whom it concerns.
    public struct ConcernedChange: Sendable, Equatable {
        public let change: FeedChange
        /// The audiences of the tokens that it can concern; nil: any.
        public let audiences: Set<String>?
        /// What an authorization was narrowed to.
        public let scopes: [String]?

        /// Whether it can concern tokens of an audience.
        /// - Parameter now: epoch seconds. Of what happened long ago the tokens may have been swept, and it is told rather too often.
        public func concerns(_ audience: String, now: Int64) -> Bool {
            guard let audiences else { return true }
            if audiences.isEmpty { return change.at < now - Self.sweepable }
            return audiences.contains { ResourceIdentifier.matches($0, audience) }
        }

        /// Seconds. What ended is kept for a day.
        private static let sweepable: Int64 = 12 * 3600
    }

    /// A stretch of the outbox.
    public struct FeedPage: Sendable, Equatable {
        /// Ascending.
        public let changes: [ConcernedChange]
        /// Everything up to it was looked at.
        public let sequence: Int64
        public let isMoreWaiting: Bool
    }

    /// The changes behind a sequence.
    /// - Parameter limit: how many events are looked at.
    public func feed(after sequence: Int64, limit: Int) async throws -> FeedPage {
        try await read { db in
            let rows = try db.rows(
                """
                SELECT sequence, at, kind, user_id, client_id, installation_id, authorization_id, details
                FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2
                """, [.integer(sequence), .integer(Int64(limit))])
            return FeedPage(
                changes: try rows.compactMap { try db.concernedChange($0) }, sequence: rows.last?[0].integer ?? sequence,
                isMoreWaiting: rows.count == limit)
        }
    }

    /// The first and the last sequence that the outbox has; 0 where it is empty.
    public func outboxBounds() async throws -> (oldest: Int64, newest: Int64) {
        try await read { db in
            let row = try db.rows("SELECT COALESCE(MIN(sequence), 0), COALESCE(MAX(sequence), 0) FROM events", []).first
            return (row?[0].integer ?? 0, row?[1].integer ?? 0)
        }
    }
}

extension Transaction {
    /// sequence, at, kind, user_id, client_id, installation_id, authorization_id, details
    fileprivate func concernedChange(_ row: Row) throws -> Store.ConcernedChange? {
        guard let sequence = row[0].integer, let at = row[1].integer, let kind = row[2].text,
            let reach = FeedChange.reach(
                kind: kind, user: row[3].identifier, client: row[4].identifier, installation: row[5].identifier)
        else { return nil }
        let change = FeedChange(sequence: sequence, at: at, kind: kind, reach: reach, authorization: row[6].text)
        let details = kind == "authorization.narrowed" ? row[7].text.flatMap { try? JSON(parsing: $0) } : nil
        return Store.ConcernedChange(
            change: change, audiences: try audiences(change, user: row[3], authorization: row[6]), scopes: details?["scopes"]?.stringsValue)
    }

    /// No token, no audience: an authorization without an installation, or a person who has connected nothing, concerns no resource
    /// server. What names nobody goes to all.
    private func audiences(_ change: FeedChange, user: Value, authorization: Value) throws -> Set<String>? {
        guard case .tokens(let concerns) = change.reach, concerns.user != nil else { return nil }
        let found =
            authorization == .null
            ? try rows(
                """
                SELECT DISTINCT f.audience FROM authorizations z JOIN token_families f ON f.authorization_id = z.id WHERE z.user_id = $1
                """, [user])
            : try rows("SELECT DISTINCT audience FROM token_families WHERE authorization_id = $1", [authorization])
        return Set(found.compactMap { $0[0].text })
    }
}
