import Dispatch
import Synchronization

/// How a verb is run.
enum PostgreSQLCourse: CaseIterable {
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

/// The verbs that wait, bounded in number and in time.
final class PostgreSQLQueue: Sendable {
    fileprivate struct State {
        var jobs: [PostgreSQLCourse: [PostgreSQLJob]] = [:]
        var habits = PostgreSQLHabits()
        var count = 0
        let since = PostgreSQLSession.milliseconds()
        var number: UInt64 = 0
        /// One connection at a time writes the outbox: the others of this node would only wait for it in the database.
        var isOrdering = false
        /// Connections that write now: one is left to those who read, however long writes are held up.
        var writing = 0
        var idle = 0
        var workers = 0
        var connected = 0
        /// Why the last attempt to connect failed, where no connection is left.
        var problem: StorageError?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)
    let connections: Int
    let measures = DatabaseMeasures()

    static let longest = 4096
    /// Milliseconds.
    static let patience: Int64 = 5000

    init(connections: Int) { self.connections = connections }

    /// - Parameter startWorker: called where a connection more is wanted.
    func add(
        _ first: PostgreSQLStatement, isRead: Bool, perform: @escaping @Sendable (any Transaction) -> (any Error)?,
        answer: @escaping @Sendable ((any Error)?) -> Void, startWorker: () -> Void
    ) {
        let deadline = PostgreSQLSession.milliseconds() + Self.patience
        let (problem, mustStart) = state.withLock { state -> (StorageError?, Bool) in
            if let problem = state.problem, state.connected == 0 { return (problem, false) }
            if state.count >= Self.longest { return (.busy, false) }
            let course = state.habits.course(first, isRead: isRead)
            state.add(PostgreSQLJob(first: first, deadline: deadline, perform: perform, answer: answer), to: course)
            measures.waiting.add()
            guard state.idle == 0, state.workers < connections else { return (nil, false) }
            state.workers += 1
            return (nil, true)
        }
        if let problem { return answer(problem) }
        if mustStart { startWorker() }
        arrivals.signal()
    }

    /// Puts verbs back that have to be run another way or once more.
    func putBack(_ jobs: [PostgreSQLJob], _ course: PostgreSQLCourse) {
        if jobs.isEmpty { return }
        state.withLock { state in for job in jobs { state.add(job, to: course) } }
        measures.waiting.add(jobs.count)
        for _ in jobs { arrivals.signal() }
    }

    /// Puts a verb back that has more than one statement.
    func putBackAsSeveral(_ job: PostgreSQLJob, isRead: Bool) {
        let course = state.withLock { state in
            state.habits.note(job.first, isOne: false)
            return state.habits.courseOfSeveral(job.first, isRead: isRead)
        }
        putBack([job], course)
    }

    func note(_ first: PostgreSQLStatement, isOne: Bool) { state.withLock { $0.habits.note(first, isOne: isOne) } }
    func note(_ first: PostgreSQLStatement, writesEvents: Bool) {
        state.withLock { $0.habits.note(first, writesEvents: writesEvents) }
    }

    /// Waits for work.
    /// - Returns: nil when there will be none any more.
    func next() -> (PostgreSQLCourse, [PostgreSQLJob])? {
        while true {
            let (taken, isClosed) = state.withLock { state -> ((PostgreSQLCourse, [PostgreSQLJob])?, Bool) in
                let taken = state.take(of: connections)
                if taken == nil { state.idle += 1 }
                return (taken, state.isClosed)
            }
            if let taken {
                measures.waiting.add(-taken.1.count)
                let now = PostgreSQLSession.milliseconds()
                for job in taken.1 { measures.wait.record(nanoseconds: Int(now - job.since) * 1_000_000) }
                return taken
            }
            if isClosed { return nil }
            arrivals.wait()
            state.withLock { $0.idle -= 1 }
        }
    }

    /// What was taken has been run, or was put back.
    func ended(_ course: PostgreSQLCourse) {
        state.withLock { state in
            if course == .inOrder { state.isOrdering = false }
            if !course.isRead { state.writing -= 1 }
        }
    }

    func connected() {
        state.withLock { state in
            state.connected += 1
            state.problem = nil
        }
    }

    func disconnected() { state.withLock { $0.connected -= 1 } }

    /// - Returns: what waited, where no connection is left that could do it.
    func cannotConnect(_ problem: StorageError) -> [PostgreSQLJob] {
        let failed = state.withLock { state -> [PostgreSQLJob] in
            if state.connected > 0 { return [] }
            state.problem = problem
            return state.takeAll { _ in true }
        }
        measures.waiting.add(-failed.count)
        return failed
    }

    /// - Returns: what waited too long; nil once it is closed.
    func overdue() -> [PostgreSQLJob]? {
        let now = PostgreSQLSession.milliseconds()
        let overdue = state.withLock { state in state.isClosed ? nil : state.takeAll { $0.deadline < now } }
        measures.waiting.add(-(overdue?.count ?? 0))
        return overdue
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func close() {
        let workers = state.withLock { state in
            state.isClosed = true
            return state.workers
        }
        for _ in 0..<workers { arrivals.signal() }
    }
}

extension PostgreSQLQueue.State {
    fileprivate mutating func add(_ job: PostgreSQLJob, to course: PostgreSQLCourse) {
        var job = job
        if job.number == 0 {
            number += 1
            job.number = number
        }
        // What is put back stands where it stood.
        let index = jobs[course, default: []].lastIndex { $0.number < job.number }.map { $0 + 1 } ?? 0
        jobs[course, default: []].insert(job, at: index)
        count += 1
    }

    /// What waits longest, with others that are run the same way.
    fileprivate mutating func take(of connections: Int) -> (PostgreSQLCourse, [PostgreSQLJob])? {
        let courses = PostgreSQLCourse.allCases.filter { course in
            !(isOrdering && course == .inOrder) && (course.isRead || writing < max(1, connections - 1)) && jobs[course]?.isEmpty == false
        }
        guard let course = courses.min(by: { (jobs[$0]?[0].number ?? 0) < (jobs[$1]?[0].number ?? 0) }) else { return nil }
        let taken = Array(jobs[course, default: []].prefix(course.breadth))
        jobs[course]?.removeFirst(taken.count)
        count -= taken.count
        if course == .inOrder { isOrdering = true }
        if !course.isRead { writing += 1 }
        return (course, taken)
    }

    fileprivate mutating func takeAll(where isMeant: (PostgreSQLJob) -> Bool) -> [PostgreSQLJob] {
        var taken: [PostgreSQLJob] = []
        for course in PostgreSQLCourse.allCases {
            taken += jobs[course, default: []].filter(isMeant)
            jobs[course]?.removeAll(where: isMeant)
        }
        count -= taken.count
        return taken
    }
}
