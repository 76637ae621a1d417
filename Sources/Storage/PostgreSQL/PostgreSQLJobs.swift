/// How a verb is run.
enum PostgreSQLCourse: Int, CaseIterable {
    /// A read of one statement, together with others in one round trip, each its own snapshot.
    case readTogether
    /// A read of several statements: a transaction at REPEATABLE READ.
    case readAlone
    /// A conditional change of one statement, together with others in one transaction at READ COMMITTED and one commit.
    case writeTogether
    /// A transaction at SERIALIZABLE, run again where another was in the way.
    case writeAlone
    /// The same for what writes the outbox, one after the other on all nodes, so that sequences ascend in the order of the commits.
    /// Several of one node share a transaction, a savepoint each.
    case inOrder

    var isRead: Bool { self == .readTogether || self == .readAlone }
    /// The most that are taken at a time.
    var breadth: Int {
        switch self {
        case .readTogether, .writeTogether: 64
        case .readAlone, .writeAlone: 1
        case .inOrder: 32
        }
    }
}

/// A verb that waits for a connection.
struct PostgreSQLJob: Sendable {
    let first: PostgreSQLStatement
    /// When it is answered that the database is busy; milliseconds of `PostgreSQLSession.milliseconds`.
    let deadline: Int64
    /// Runs the body, keeps its result and returns why it failed.
    let perform: @Sendable (any Transaction) -> (any Error)?
    /// Resumes the caller, with the result where there is no failure.
    let answer: @Sendable ((any Error)?) -> Void
    let since = PostgreSQLSession.milliseconds()
    var number: UInt64 = 0
    /// How often a connection was lost under it, before its commit.
    var losses = 0
}

/// What is known of the verbs that begin with a statement: nobody declares how many statements they have or whether they write the
/// outbox, and both may differ from call to call. A guess that is wrong costs a second run.
struct PostgreSQLHabits {
    private var several: [UInt: Int] = [:]
    private var ordered: [UInt: Int] = [:]

    func course(_ first: PostgreSQLStatement, isRead: Bool) -> PostgreSQLCourse {
        let isOne = several[first.key, default: 0] < 4
        if isRead { return isOne && first.isQuery ? .readTogether : .readAlone }
        if isOne, first.isAtomicChange { return .writeTogether }
        return first.writesEvents || ordered[first.key, default: 0] > 0 ? .inOrder : .writeAlone
    }

    /// How a write is run that turned out to have more than one statement.
    func courseOfSeveral(_ first: PostgreSQLStatement, isRead: Bool) -> PostgreSQLCourse {
        if isRead { return .readAlone }
        return ordered[first.key, default: 0] > 0 ? .inOrder : .writeAlone
    }

    mutating func note(_ first: PostgreSQLStatement, isOne: Bool) {
        several[first.key] = min(7, max(0, several[first.key, default: 0] + (isOne ? -1 : 1)))
    }

    mutating func note(_ first: PostgreSQLStatement, writesEvents: Bool) {
        ordered[first.key] = min(7, max(0, ordered[first.key, default: 0] + (writesEvents ? 3 : -1)))
    }
}
