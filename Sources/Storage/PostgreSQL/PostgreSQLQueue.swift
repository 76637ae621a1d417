import Dispatch
import Synchronization

/// The verbs that wait, bounded in number and in time.
final class PostgreSQLQueue: Sendable {
    fileprivate struct State {
        /// By course.
        var jobs = [[PostgreSQLJob]](repeating: [], count: PostgreSQLCourse.allCases.count)
        var habits = PostgreSQLHabits()
        var count = 0
        var number: UInt64 = 0
        /// One connection at a time writes the outbox: the others of this node would only wait for it in the database.
        var isOrdering = false
        /// Connections that write now: one is left to those who read, however long writes are held up.
        var writing = 0
        /// Those of them that write together.
        var writingTogether = 0
        /// Connections that wait for a call.
        var idle = 0
        /// Those of them that were called and have not heard it yet.
        var called = 0
        var workers = 0
        var connected = 0
        /// Why the last attempt to connect failed, where no connection is left.
        var problem: StorageError?
        var isClosed = false
    }

    /// Who comes for what waits.
    fileprivate enum Call {
        case none
        /// A connection that waits for work.
        case waiting
        case new
    }

    private let state = Mutex(State())
    private let arrivals = DispatchSemaphore(value: 0)
    private let startWorker: @Sendable (PostgreSQLQueue) -> Void
    private let connections: Int
    let measures = DatabaseMeasures()

    static let longest = 4096
    /// Milliseconds.
    static let patience: Int64 = 5000
    /// Groups of writes on their way at a time: one is committed while the next one gathers. More would be smaller, and commits and
    /// the threads' turns are what a small change costs. More set out where a full one waits, or one for so many milliseconds, which
    /// is looked at when another comes, and by `overdue`.
    fileprivate static let gatheringGroups = 2
    fileprivate static let gatheringTime: Int64 = 50

    /// - Parameter startWorker: called where a connection more is wanted.
    init(connections: Int, startWorker: @escaping @Sendable (PostgreSQLQueue) -> Void) {
        self.connections = connections
        self.startWorker = startWorker
    }

    func add(
        _ first: PostgreSQLStatement, isRead: Bool, perform: @escaping @Sendable (any Transaction) -> (any Error)?,
        answer: @escaping @Sendable ((any Error)?) -> Void
    ) {
        let deadline = PostgreSQLSession.milliseconds() + Self.patience
        let (problem, call) = state.withLock { state -> (StorageError?, Call) in
            if let problem = state.problem, state.connected == 0 { return (problem, .none) }
            if state.count >= Self.longest { return (.busy, .none) }
            let course = state.habits.course(first, isRead: isRead)
            state.add(PostgreSQLJob(first: first, deadline: deadline, perform: perform, answer: answer), to: course)
            measures.waiting.add()
            return (nil, state.call(of: connections))
        }
        if let problem { answer(problem) } else { make(call) }
    }

    /// Puts verbs back that have to be run another way or once more.
    func putBack(_ jobs: [PostgreSQLJob], _ course: PostgreSQLCourse) {
        if jobs.isEmpty { return }
        let call = state.withLock { state in
            for job in jobs { state.add(job, to: course) }
            return state.call(of: connections)
        }
        measures.waiting.add(jobs.count)
        make(call)
    }

    private func make(_ call: Call) {
        switch call {
        case .none: break
        case .waiting: arrivals.signal()
        case .new: startWorker(self)
        }
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

    /// - Returns: nil where there is nothing to do; then the connection counts as waiting, until it is called.
    func take() -> (PostgreSQLCourse, [PostgreSQLJob])? {
        let (taken, call) = state.withLock { state -> ((PostgreSQLCourse, [PostgreSQLJob])?, Call) in
            guard let taken = state.take(of: connections) else {
                state.idle += 1
                return (nil, .none)
            }
            return (taken, state.call(of: connections))
        }
        // Each calls the next one, as long as there is something left: nobody is woken for nothing.
        make(call)
        guard let taken else { return nil }
        measures.waiting.add(-taken.1.count)
        let now = PostgreSQLSession.milliseconds()
        for job in taken.1 { measures.wait.record(nanoseconds: Int(now - job.since) * 1_000_000) }
        return taken
    }

    /// - Returns: false once the queue is closed.
    func waitForCall() -> Bool {
        if isClosed { return false }
        arrivals.wait()
        return state.withLock { state in
            state.called -= 1
            return !state.isClosed
        }
    }

    /// Whoever cannot come calls another one.
    func callAnother() { make(state.withLock { $0.call(of: connections) }) }

    /// What was taken has been run, or was put back.
    func ended(_ course: PostgreSQLCourse) {
        state.withLock { state in
            if course == .inOrder { state.isOrdering = false }
            if course == .writeTogether { state.writingTogether -= 1 }
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

    /// To be asked now and then: what may set out by its time alone does so.
    /// - Returns: what waited too long; nil once it is closed.
    func overdue() -> [PostgreSQLJob]? {
        let now = PostgreSQLSession.milliseconds()
        let (overdue, call) = state.withLock { state -> ([PostgreSQLJob]?, Call) in
            state.isClosed ? (nil, .none) : (state.takeAll { $0.deadline < now }, state.call(of: connections))
        }
        measures.waiting.add(-(overdue?.count ?? 0))
        make(call)
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
        let index = jobs[course.rawValue].lastIndex { $0.number < job.number }.map { $0 + 1 } ?? 0
        jobs[course.rawValue].insert(job, at: index)
        count += 1
    }

    /// The course of what waits longest of all that may be begun now.
    fileprivate func course(of connections: Int) -> PostgreSQLCourse? {
        var found: (course: PostgreSQLCourse, number: UInt64)?
        for course in PostgreSQLCourse.allCases {
            guard let number = jobs[course.rawValue].first?.number, number < found?.number ?? .max else { continue }
            if mayBegin(course, of: connections) { found = (course, number) }
        }
        return found?.course
    }

    private func mayBegin(_ course: PostgreSQLCourse, of connections: Int) -> Bool {
        if course.isRead { return true }
        if writing >= max(1, connections - 1) { return false }
        switch course {
        case .inOrder: return !isOrdering
        case .writeTogether:
            if writingTogether < PostgreSQLQueue.gatheringGroups { return true }
            let waiting = jobs[course.rawValue]
            return waiting.count >= course.breadth || PostgreSQLSession.milliseconds() - waiting[0].since > PostgreSQLQueue.gatheringTime
        case .writeAlone, .readTogether, .readAlone: return true
        }
    }

    /// Who is to come; a new one is counted as being there. One after the other: whoever comes calls the next one, if there is
    /// something left.
    fileprivate mutating func call(of connections: Int) -> PostgreSQLQueue.Call {
        guard called == 0, course(of: connections) != nil else { return .none }
        if idle > 0 {
            idle -= 1
            called += 1
            return .waiting
        }
        guard workers < connections else { return .none }
        workers += 1
        return .new
    }

    /// What waits longest, with others that are run the same way.
    fileprivate mutating func take(of connections: Int) -> (PostgreSQLCourse, [PostgreSQLJob])? {
        guard let course = course(of: connections) else { return nil }
        let taken = Array(jobs[course.rawValue].prefix(course.breadth))
        jobs[course.rawValue].removeFirst(taken.count)
        count -= taken.count
        if course == .inOrder { isOrdering = true }
        if course == .writeTogether { writingTogether += 1 }
        if !course.isRead { writing += 1 }
        return (course, taken)
    }

    fileprivate mutating func takeAll(where isMeant: (PostgreSQLJob) -> Bool) -> [PostgreSQLJob] {
        var taken: [PostgreSQLJob] = []
        for index in jobs.indices {
            taken += jobs[index].filter(isMeant)
            jobs[index].removeAll(where: isMeant)
        }
        count -= taken.count
        return taken
    }
}
