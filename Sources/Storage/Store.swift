import OAuth
import Synchronization

/// Everything that is kept. A verb is one transaction and returns an outcome: a refusal is never a throw, since a throw
/// rolls back what the refusal may have to commit.
public struct Store: Sendable {
    let database: any Database
    /// Told about the events of each committed transaction before its verb returns.
    private let onCommit: @Sendable ([Event]) -> Void
    /// What the driver tells of itself; all 0 where it tells nothing.
    public let measures: DatabaseMeasures
    public let errors = DatabaseErrors()

    public init(_ database: any Database, onCommit: @escaping @Sendable ([Event]) -> Void = { _ in }) {
        self.database = database
        self.onCommit = onCommit
        measures = (database as? any MeasuredDatabase)?.measures ?? DatabaseMeasures()
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        do {
            return try await database.read(body)
        } catch let error as StorageError {
            errors.count(error)
            throw error
        }
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (inout Change) throws -> Result) async throws -> Result {
        do {
            let (result, events) = try await database.write { transaction in
                var change = Change(transaction: transaction)
                let result = try body(&change)
                return (result, change.events)
            }
            if !events.isEmpty { onCommit(events) }
            return result
        } catch let error as StorageError {
            errors.count(error)
            throw error
        }
    }

    /// The outbox behind a sequence, ascending.
    public func events(after sequence: Int64, limit: Int) async throws -> [Event] {
        try await read { db in
            try db.rows(
                """
                SELECT sequence, at, kind, actor_id, actor_token_id, actor_client_id, address, user_agent, client_id, user_id, account_id,
                    authorization_id, installation_id, details
                FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2
                """, [.integer(sequence), .integer(Int64(limit))]
            ).map { Event($0[...]) }
        }
    }

    /// When the newest event was written, in epoch seconds; nil where there is none.
    public func latestEventTime() async throws -> Int64? {
        try await read { db in try db.rows("SELECT at FROM events ORDER BY sequence DESC LIMIT 1", []).first?[0].integer }
    }

    /// An element soon after each commit of another node that wrote events. It ends at once where the database cannot tell.
    public func wakeUps() -> AsyncStream<Void> {
        (database as? any WakingDatabase)?.wakeUps() ?? AsyncStream { $0.finish() }
    }

    /// The newest sequence; 0 where there is none.
    public func latestSequence() async throws -> Int64 {
        try await read { db in try db.rows("SELECT COALESCE(MAX(sequence), 0) FROM events", []).first?[0].integer ?? 0 }
    }
}

/// A transaction that also writes the outbox.
struct Change {
    let transaction: any Transaction
    fileprivate(set) var events: [Event] = []

    init(transaction: any Transaction) { self.transaction = transaction }

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] { try transaction.rows(sql, values) }

    @discardableResult
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int { try transaction.run(sql, values) }

    mutating func record(_ event: NewEvent, _ actor: Actor, at now: Int64) throws {
        let details = event.details.map { JSON.object($0).text }
        let sequence = try transaction.insert(
            """
            INSERT INTO events (at, kind, actor_id, actor_token_id, actor_client_id, address, user_agent, client_id, user_id, account_id,
                authorization_id, installation_id, details)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            RETURNING sequence
            """,
            [
                .integer(now), .text(event.kind), Value(actor.userID), Value(actor.tokenID), Value(actor.clientID), .text(actor.address),
                Value(actor.userAgent), Value(event.clientID), Value(event.userID), Value(event.accountID), Value(event.authorizationID),
                Value(event.installationID), Value(details),
            ])
        guard let sequence else { return }
        let recorded = Event(
            sequence: sequence, at: now, kind: event.kind, actorID: actor.userID, actorTokenID: actor.tokenID,
            actorClientID: actor.clientID,
            address: actor.address, userAgent: actor.userAgent, clientID: event.clientID, userID: event.userID, accountID: event.accountID,
            authorizationID: event.authorizationID, installationID: event.installationID, details: details)
        try addAccounts(of: event, as: recorded)
        events.append(recorded)
    }
}

extension Event {
    /// In the order of the table's columns.
    init(_ slice: ArraySlice<Value>) {
        let row = Array(slice)
        self.init(
            sequence: row[0].integer ?? 0, at: row[1].integer ?? 0, kind: row[2].text ?? "", actorID: row[3].identifier,
            actorTokenID: row[4].identifier, actorClientID: row[5].identifier, address: row[6].text, userAgent: row[7].text,
            clientID: row[8].identifier, userID: row[9].identifier, accountID: row[10].identifier, authorizationID: row[11].identifier,
            installationID: row[12].identifier, details: row[13].text)
    }
}

extension Value {
    init(_ id: Identifier?) { self = id.map { .text($0.description) } ?? .null }
    init(_ id: Identifier) { self = .text(id.description) }

    var identifier: Identifier? { text.flatMap { Identifier($0) } }
}
