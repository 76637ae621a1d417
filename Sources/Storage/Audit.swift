import OAuth

/// Whose events are read.
public enum AuditScope: Sendable, Equatable {
    /// Those that an account sees.
    case account(Identifier)
    /// What a user did, and what was done to them.
    case user(Identifier)
    /// Every event there is: for the operator.
    case platform
}

/// Which of them; nil does not restrict.
public struct AuditFilter: Sendable, Equatable {
    public var sequence: Int64?
    /// A kind such as `client.updated`, or all that begin with a word, such as `client`.
    public var kind: String?
    public var actorID: Identifier?
    public var address: String?
    public var clientID: Identifier?
    /// Epoch seconds; events at that time count.
    public var since: Int64?
    /// Epoch seconds; events at that time do not.
    public var before: Int64?

    public init(
        sequence: Int64? = nil, kind: String? = nil, actorID: Identifier? = nil, address: String? = nil, clientID: Identifier? = nil,
        since: Int64? = nil, before: Int64? = nil
    ) {
        self.sequence = sequence
        self.kind = kind
        self.actorID = actorID
        self.address = address
        self.clientID = clientID
        self.since = since
        self.before = before
    }
}

/// Where a list of events goes on.
public struct AuditPosition: Sendable, Equatable {
    public let at: Int64
    public let sequence: Int64

    public init(at: Int64, sequence: Int64) {
        self.at = at
        self.sequence = sequence
    }
}

/// An event with the names of what it mentions, as far as they still exist.
public struct AuditEntry: Sendable, Equatable {
    public let event: Event
    /// Whether whoever reads it may learn who it was and from where.
    public let showsPerson: Bool
    public let actorEmail: String?
    public let actorTokenName: String?
    public let actorClientName: String?
    public let clientName: String?
    public let userEmail: String?

    public var position: AuditPosition { AuditPosition(at: event.at, sequence: event.sequence) }
}

extension Store {
    /// Events, the newest first or the oldest first.
    /// - Parameter position: the entry that the list goes on behind.
    public func audit(
        _ scope: AuditScope, _ filter: AuditFilter = AuditFilter(), isAscending: Bool = false, after position: AuditPosition? = nil,
        offset: Int = 0, limit: Int
    ) async throws -> [AuditEntry] {
        try await read { db in
            var selection = AuditSelection(scope: scope, filter: filter, isAscending: isAscending)
            selection.position = position ?? (isAscending ? AuditPosition(at: -1, sequence: -1) : AuditPosition(at: .max, sequence: .max))
            selection.offset = offset
            selection.limit = limit
            return try db.rows(selection.sql, selection.values).compactMap { row in
                try db.entry(row[0], showsPerson: row[1].integer == 1)
            }
        }
    }
}

extension Store {
    /// The clients that an account's log may speak of: its own, and those that its members authorized, by name.
    public func auditedClients(accountID: Identifier) async throws -> [(id: Identifier, name: String)] {
        try await read { db in
            try db.rows(
                """
                SELECT id, name FROM clients WHERE account_id = $1 OR id IN (
                    SELECT z.client_id FROM authorization_accounts g JOIN authorizations z ON z.id = g.authorization_id
                    WHERE g.account_id = $1)
                ORDER BY name, id LIMIT 500
                """, [Value(accountID)]
            ).compactMap { row in row[0].identifier.flatMap { id in row[1].text.map { (id, $0) } } }
        }
    }
}

extension Transaction {
    fileprivate func entry(_ sequence: Value, showsPerson: Bool) throws -> AuditEntry? {
        let row = try rows(
            """
            SELECT e.sequence, e.at, e.kind, e.actor_id, e.actor_token_id, e.actor_client_id, e.address, e.user_agent, e.client_id,
                e.user_id, e.account_id, e.authorization_id, e.installation_id, e.details,
                a.email, t.name, b.name, c.name, u.email
            FROM events e
            LEFT JOIN users a ON a.id = e.actor_id
            LEFT JOIN api_tokens t ON t.id = e.actor_token_id
            LEFT JOIN clients b ON b.id = e.actor_client_id
            LEFT JOIN clients c ON c.id = e.client_id
            LEFT JOIN users u ON u.id = e.user_id
            WHERE e.sequence = $1
            """, [sequence]
        ).first
        guard let row else { return nil }
        return AuditEntry(
            event: Event(row[..<14]), showsPerson: showsPerson, actorEmail: row[14].text, actorTokenName: row[15].text,
            actorClientName: row[16].text, clientName: row[17].text, userEmail: row[18].text)
    }
}

/// The statement that finds the sequences, and its values. A list that is restricted to something rare is read by the index
/// of that thing; every other by the time, so that neither sorts.
struct AuditSelection {
    let scope: AuditScope
    let filter: AuditFilter
    let isAscending: Bool
    var position = AuditPosition(at: 0, sequence: 0)
    var offset = 0
    var limit = 0

    var values: [Value] {
        // A kind by its beginning: everything from "client." up to "client/", the character behind the full stop.
        let kinds =
            filter.kind.map { $0.contains(".") ? ($0, $0 + " ") : ($0 + ".", $0 + "/") } ?? ("", "~")
        let values: [Value] = [
            .integer(position.at), .integer(position.sequence), .integer(filter.since ?? .min), .integer(filter.before ?? .max),
            .text(kinds.0), .text(kinds.1), .text(filter.actorID?.description ?? ""), .text(filter.address ?? ""),
            .text(filter.clientID?.description ?? ""), .integer(filter.sequence ?? 0), .integer(Int64(limit)), .integer(Int64(offset)),
        ]
        switch scope {
        case .account(let id), .user(let id): return [Value(id)] + values
        case .platform: return values
        }
    }

    var sql: StaticString {
        switch scope {
        case .account:
            if isAscending { return Self.ofAccountAscending }
            if filter.actorID != nil { return Self.ofAccountByActor }
            if filter.clientID != nil { return Self.ofAccountByClient }
            if filter.address != nil { return Self.ofAccountByAddress }
            if filter.kind?.contains(".") == true { return Self.ofAccountByKind }
            return Self.ofAccount
        case .user: return isAscending ? Self.ofUserAscending : Self.ofUser
        case .platform: return isAscending ? Self.ofPlatformAscending : Self.ofPlatform
        }
    }

    private static let ofAccount: StaticString = """
        SELECT e.sequence, a.shows_person FROM event_accounts a CROSS JOIN events e
        WHERE e.sequence = a.sequence AND a.account_id = $1 AND (a.at, a.sequence) < ($2, $3) AND a.at >= $4 AND a.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND a.shows_person = 1))
            AND ($9 = '' OR (e.address = $9 AND a.shows_person = 1)) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY a.at DESC, a.sequence DESC LIMIT $12 OFFSET $13
        """
    private static let ofAccountAscending: StaticString = """
        SELECT e.sequence, a.shows_person FROM event_accounts a CROSS JOIN events e
        WHERE e.sequence = a.sequence AND a.account_id = $1 AND (a.at, a.sequence) > ($2, $3) AND a.at >= $4 AND a.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND a.shows_person = 1))
            AND ($9 = '' OR (e.address = $9 AND a.shows_person = 1)) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY a.at, a.sequence LIMIT $12 OFFSET $13
        """
    private static let ofAccountByActor: StaticString = """
        SELECT e.sequence, a.shows_person FROM events e CROSS JOIN event_accounts a
        WHERE a.account_id = $1 AND a.at = e.at AND a.sequence = e.sequence AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND e.actor_id = $8 AND a.shows_person = 1
            AND ($9 = '' OR e.address = $9) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY e.at DESC, e.sequence DESC LIMIT $12 OFFSET $13
        """
    private static let ofAccountByClient: StaticString = """
        SELECT e.sequence, a.shows_person FROM events e CROSS JOIN event_accounts a
        WHERE a.account_id = $1 AND a.at = e.at AND a.sequence = e.sequence AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND a.shows_person = 1))
            AND ($9 = '' OR (e.address = $9 AND a.shows_person = 1)) AND e.client_id = $10 AND ($11 = 0 OR e.sequence = $11)
        ORDER BY e.at DESC, e.sequence DESC LIMIT $12 OFFSET $13
        """
    private static let ofAccountByAddress: StaticString = """
        SELECT e.sequence, a.shows_person FROM events e CROSS JOIN event_accounts a
        WHERE a.account_id = $1 AND a.at = e.at AND a.sequence = e.sequence AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR e.actor_id = $8) AND e.address = $9 AND a.shows_person = 1
            AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY e.at DESC, e.sequence DESC LIMIT $12 OFFSET $13
        """
    private static let ofAccountByKind: StaticString = """
        SELECT e.sequence, a.shows_person FROM events e CROSS JOIN event_accounts a
        WHERE a.account_id = $1 AND a.at = e.at AND a.sequence = e.sequence AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind = $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND a.shows_person = 1))
            AND ($9 = '' OR (e.address = $9 AND a.shows_person = 1)) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY e.at DESC, e.sequence DESC LIMIT $12 OFFSET $13
        """
    // What the user did, what was done to them, and what stopped or resumed the apps that they had connected at that time: an event
    // is in the first of these arms that it fits. Each is read by its own index in the order of the list, and they are merged
    // while they are read; sorted are alone the stops of the user's own apps, which are few (`events_by_stop`).
    // Who acted and from where is asked for only as far as the reader is shown it; see `AuditRecord`.
    static let ofUser: StaticString = """
        SELECT e.sequence AS sequence, 1 AS shows_person, e.at AS at FROM events e
        WHERE e.actor_id = $1 AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5 AND e.kind >= $6 AND e.kind < $7
            AND ($8 = '' OR e.actor_id = $8) AND ($9 = '' OR e.address = $9) AND ($10 = '' OR e.client_id = $10)
            AND ($11 = 0 OR e.sequence = $11)
        UNION ALL
        SELECT e.sequence, 1, e.at FROM events e
        WHERE e.user_id = $1 AND (e.actor_id IS NULL OR e.actor_id <> $1) AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND e.account_id IS NOT NULL))
            AND ($9 = '' OR (e.address = $9 AND e.actor_id IS NULL)) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        UNION ALL
        SELECT e.sequence, 0, e.at FROM (SELECT DISTINCT client_id FROM authorizations WHERE user_id = $1) c CROSS JOIN events e
        WHERE e.client_id = c.client_id AND substr(e.kind, 1, 7) = 'client.'
            AND e.kind IN ('client.suspended', 'client.resumed', 'client.frozen', 'client.thawed')
            AND EXISTS (
                SELECT 1 FROM authorizations z WHERE z.user_id = $1 AND z.client_id = e.client_id AND z.created_at <= e.at
                    AND (z.ended_at IS NULL OR z.ended_at >= e.at))
            AND (e.actor_id IS NULL OR e.actor_id <> $1) AND (e.user_id IS NULL OR e.user_id <> $1)
            AND (e.at, e.sequence) < ($2, $3) AND e.at >= $4 AND e.at < $5 AND e.kind >= $6 AND e.kind < $7
            AND ($8 = '' OR (e.actor_id = $8 AND e.account_id IS NOT NULL)) AND ($9 = '' OR (e.address = $9 AND e.actor_id IS NULL))
            AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY at DESC, sequence DESC LIMIT $12 OFFSET $13
        """
    static let ofUserAscending: StaticString = """
        SELECT e.sequence AS sequence, 1 AS shows_person, e.at AS at FROM events e
        WHERE e.actor_id = $1 AND (e.at, e.sequence) > ($2, $3) AND e.at >= $4 AND e.at < $5 AND e.kind >= $6 AND e.kind < $7
            AND ($8 = '' OR e.actor_id = $8) AND ($9 = '' OR e.address = $9) AND ($10 = '' OR e.client_id = $10)
            AND ($11 = 0 OR e.sequence = $11)
        UNION ALL
        SELECT e.sequence, 1, e.at FROM events e
        WHERE e.user_id = $1 AND (e.actor_id IS NULL OR e.actor_id <> $1) AND (e.at, e.sequence) > ($2, $3) AND e.at >= $4 AND e.at < $5
            AND e.kind >= $6 AND e.kind < $7 AND ($8 = '' OR (e.actor_id = $8 AND e.account_id IS NOT NULL))
            AND ($9 = '' OR (e.address = $9 AND e.actor_id IS NULL)) AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        UNION ALL
        SELECT e.sequence, 0, e.at FROM (SELECT DISTINCT client_id FROM authorizations WHERE user_id = $1) c CROSS JOIN events e
        WHERE e.client_id = c.client_id AND substr(e.kind, 1, 7) = 'client.'
            AND e.kind IN ('client.suspended', 'client.resumed', 'client.frozen', 'client.thawed')
            AND EXISTS (
                SELECT 1 FROM authorizations z WHERE z.user_id = $1 AND z.client_id = e.client_id AND z.created_at <= e.at
                    AND (z.ended_at IS NULL OR z.ended_at >= e.at))
            AND (e.actor_id IS NULL OR e.actor_id <> $1) AND (e.user_id IS NULL OR e.user_id <> $1)
            AND (e.at, e.sequence) > ($2, $3) AND e.at >= $4 AND e.at < $5 AND e.kind >= $6 AND e.kind < $7
            AND ($8 = '' OR (e.actor_id = $8 AND e.account_id IS NOT NULL)) AND ($9 = '' OR (e.address = $9 AND e.actor_id IS NULL))
            AND ($10 = '' OR e.client_id = $10) AND ($11 = 0 OR e.sequence = $11)
        ORDER BY at, sequence LIMIT $12 OFFSET $13
        """
    private static let ofPlatform: StaticString = """
        SELECT e.sequence, 1 FROM events e
        WHERE (e.at, e.sequence) < ($1, $2) AND e.at >= $3 AND e.at < $4 AND e.kind >= $5 AND e.kind < $6
            AND ($7 = '' OR e.actor_id = $7) AND ($8 = '' OR e.address = $8) AND ($9 = '' OR e.client_id = $9)
            AND ($10 = 0 OR e.sequence = $10)
        ORDER BY e.at DESC, e.sequence DESC LIMIT $11 OFFSET $12
        """
    private static let ofPlatformAscending: StaticString = """
        SELECT e.sequence, 1 FROM events e
        WHERE (e.at, e.sequence) > ($1, $2) AND e.at >= $3 AND e.at < $4 AND e.kind >= $5 AND e.kind < $6
            AND ($7 = '' OR e.actor_id = $7) AND ($8 = '' OR e.address = $8) AND ($9 = '' OR e.client_id = $9)
            AND ($10 = 0 OR e.sequence = $10)
        ORDER BY e.at, e.sequence LIMIT $11 OFFSET $12
        """
}
