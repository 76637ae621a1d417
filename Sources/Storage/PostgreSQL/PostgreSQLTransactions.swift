/// Ends a body early; it never leaves the driver.
private struct Interruption: Error {}

/// Finds out what a verb asks first, without a database.
final class CapturingTransaction: Transaction {
    private(set) var first: PostgreSQLStatement?

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] { throw capture(sql, values) }
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int { throw capture(sql, values) }

    private func capture(_ sql: StaticString, _ values: [Value]) -> Interruption {
        if first == nil { first = PostgreSQLStatement(sql: sql, values: values) }
        return Interruption()
    }
}

/// Gives a verb the answer to its first statement, which was run already.
final class SuppliedTransaction: Transaction {
    private let first: PostgreSQLStatement
    private let answer: PostgreSQLAnswer
    private var isFirst = true
    /// It asked for more than that: it has to be run again, alone.
    private(set) var asksMore = false

    init(_ first: PostgreSQLStatement, _ answer: PostgreSQLAnswer) {
        self.first = first
        self.answer = answer
    }

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] { try supply(sql, values).rows }
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int { try supply(sql, values).count }

    private func supply(_ sql: StaticString, _ values: [Value]) throws -> PostgreSQLAnswer {
        guard isFirst, PostgreSQLStatement(sql: sql, values: values) == first else {
            asksMore = true
            throw Interruption()
        }
        isFirst = false
        return answer
    }
}

/// A verb's own transaction: what opens it travels with its first statement.
final class LiveTransaction: Transaction {
    private let session: PostgreSQLSession
    private var opening: [PostgreSQLSession.Command]
    private let isInOrder: Bool
    private(set) var count = 0
    private(set) var writesEvents = false
    /// The outbox has to be written in order, and this one does not hold its place.
    private(set) var needsOrder = false
    /// Whatever the body made of it: PostgreSQL goes on with nothing after a failure.
    private(set) var failure: PostgreSQLFailure?

    init(_ session: PostgreSQLSession, opening: [PostgreSQLSession.Command], isInOrder: Bool) {
        self.session = session
        self.opening = opening
        self.isInOrder = isInOrder
    }

    /// What was not sent: nothing was asked.
    var unsent: [PostgreSQLSession.Command] { opening }

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] { try ask(sql, values).rows }
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int { try ask(sql, values).count }

    private func ask(_ sql: StaticString, _ values: [Value]) throws -> PostgreSQLAnswer {
        if let failure { throw failure.storageError }
        let statement = PostgreSQLStatement(sql: sql, values: values)
        if statement.writesEvents {
            writesEvents = true
            needsOrder = !isInOrder
        }
        if needsOrder { throw Interruption() }
        count += 1
        let commands = opening + [.statement(statement)]
        opening = []
        do {
            let outcomes = try session.exchange(commands)
            for outcome in outcomes { if let found = outcome.failure { throw found } }
            return try outcomes[outcomes.count - 1].get()
        } catch let found as PostgreSQLFailure {
            failure = found
            throw found.storageError
        }
    }
}
