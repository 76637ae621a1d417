import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One connection of the pool and the thread that drives it. Nothing of the cooperative pool ever waits for the database.
final class PostgreSQLWorker {
    private let queue: PostgreSQLQueue
    private let target: PostgreSQLTarget
    private var session: PostgreSQLSession?

    private static let together: PostgreSQLSession.Command = .control("BEGIN ISOLATION LEVEL READ COMMITTED")
    private static let snapshot: PostgreSQLSession.Command = .control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    private static let serializable: PostgreSQLSession.Command = .control("BEGIN ISOLATION LEVEL SERIALIZABLE")
    /// Before the transaction's first statement, and so before its snapshot: what it then reads is what the one before it left. It
    /// waits for nothing else while it waits for this, and what holds it never waits for it: no two can wait for each other here.
    private static let order: PostgreSQLSession.Command = .control("LOCK TABLE event_order IN EXCLUSIVE MODE")
    private static let savepoint: PostgreSQLSession.Command = .control("SAVEPOINT verb")
    private static let release: PostgreSQLSession.Command = .control("RELEASE verb")
    private static let undo: PostgreSQLSession.Command = .control("ROLLBACK TO verb")

    init(_ queue: PostgreSQLQueue, _ target: PostgreSQLTarget) {
        self.queue = queue
        self.target = target
    }

    /// Works until the queue is closed. It takes nothing on before it is connected: who waits meanwhile waits in the queue, for any
    /// connection, and no longer than the queue allows.
    func run() {
        while let session = connected() {
            if let (course, jobs) = queue.take() {
                perform(jobs, course, session)
            } else if !queue.waitForCall() {
                break
            }
        }
        if session != nil { disconnect() }
    }

    private func perform(_ jobs: [PostgreSQLJob], _ course: PostgreSQLCourse, _ session: PostgreSQLSession) {
        queue.measures.busyConnections.add()
        queue.measures.idleConnections.add(-1)
        switch course {
        case .readTogether: readTogether(jobs, session)
        case .readAlone: for job in jobs { readAlone(job, session) }
        case .writeTogether: writeTogether(jobs, session)
        case .writeAlone: for job in jobs { write(job, session, isInOrder: false) }
        case .inOrder: writeInOrder(jobs, session)
        }
        queue.ended(course)
        queue.measures.busyConnections.add(-1)
        queue.measures.idleConnections.add()
    }

    // MARK: Connecting

    /// The connection, or a new one as soon as there can be one. As long as there is none at all, whatever waits fails.
    /// - Returns: nil once the queue is closed.
    private func connected() -> PostgreSQLSession? {
        if let session, !session.isStale { return session }
        if session != nil {
            disconnect()
            queue.callAnother()
        }
        var pause: Int64 = 100
        queue.measures.openingConnections.add()
        defer { queue.measures.openingConnections.add(-1) }
        while !queue.isClosed {
            do {
                let new = try PostgreSQLSession(target)
                session = new
                queue.connected()
                queue.measures.idleConnections.add()
                return new
            } catch {
                for job in queue.cannotConnect(error) { job.answer(error) }
                Self.sleep(pause)
                pause = min(2000, pause * 2)
            }
        }
        return nil
    }

    private func disconnect() {
        session = nil
        queue.disconnected()
        queue.measures.idleConnections.add(-1)
    }

    /// Half of it at least, so that many do not come back at once.
    private static func sleep(_ milliseconds: Int64) {
        usleep(UInt32(Int64.random(in: (milliseconds / 2)...max(1, milliseconds)) * 1000))
    }

    /// The most losses of a connection that a verb lives through, of those that were made since it came: all older ones may have been
    /// dead without anybody having noticed.
    private static let mostLosses = 2

    /// The connection went before anything was committed: another one may try.
    private func tryAgain(_ jobs: [PostgreSQLJob], _ course: PostgreSQLCourse) {
        for job in jobs {
            var job = job
            if let session, session.since >= job.since { job.losses += 1 }
            if job.losses > Self.mostLosses || job.deadline < PostgreSQLSession.milliseconds() {
                job.answer(PostgreSQLFailure.lost.storageError)
            } else {
                queue.putBack([job], course)
            }
        }
    }

    // MARK: Reading

    private func readTogether(_ jobs: [PostgreSQLJob], _ session: PostgreSQLSession) {
        let outcomes: [PostgreSQLSession.Outcome]
        do {
            outcomes = try session.exchange(jobs.flatMap { [.statement($0.first), .sync] })
        } catch {
            return tryAgain(jobs, .readTogether)
        }
        for (job, outcome) in zip(jobs, outcomes) {
            switch outcome {
            case .failure(let failure): job.answer(failure.storageError)
            case .success(let answer):
                let transaction = SuppliedTransaction(job.first, answer)
                let error = job.perform(transaction)
                if transaction.asksMore {
                    queue.putBackAsSeveral(job, isRead: true)
                } else {
                    queue.note(job.first, isOne: true)
                    job.answer(error)
                }
            }
        }
    }

    private func readAlone(_ job: PostgreSQLJob, _ session: PostgreSQLSession) {
        let transaction = LiveTransaction(session, opening: [Self.snapshot], isInOrder: true)
        let error = job.perform(transaction)
        if transaction.failure == .lost { return tryAgain([job], .readAlone) }
        job.answer(transaction.failure?.storageError ?? error)
        queue.note(job.first, isOne: transaction.count == 1)
        _ = try? session.exchange([.control("COMMIT")])
    }

    // MARK: Writing together

    private func writeTogether(_ jobs: [PostgreSQLJob], _ session: PostgreSQLSession) {
        var jobs = jobs
        if jobs.count > 1 {
            jobs = jobs.map { ($0.first.lockOrder, $0) }.sorted { ($0.0, $0.1.number) < ($1.0, $1.1.number) }.map(\.1)
        }
        do {
            let outcomes = try session.exchange([Self.together] + jobs.map { .statement($0.first) })
            if let failed = outcomes.firstIndex(where: { $0.failure != nil }) {
                _ = try session.exchange([.control("ROLLBACK")])
                let culprit = jobs.remove(at: max(0, failed - 1))
                queue.putBack(jobs, .writeTogether)
                return queue.putBack([culprit], .writeAlone)
            }
            var done: [(PostgreSQLJob, (any Error)?)] = []
            var others: [PostgreSQLJob] = []
            var mustUndo = false
            for (job, outcome) in zip(jobs, outcomes.dropFirst()) {
                let answer = try outcome.get()
                let transaction = SuppliedTransaction(job.first, answer)
                let error = job.perform(transaction)
                if transaction.asksMore || (error != nil && answer.count > 0) {
                    // What changed nothing needs no undoing: it is as if it had not been run.
                    others.append(job)
                    if answer.count > 0 { mustUndo = true }
                } else {
                    done.append((job, error))
                }
            }
            try finish(done, others, mustUndo: mustUndo, session)
        } catch {
            tryAgain(jobs, .writeTogether)
        }
    }

    private func finish(
        _ done: [(PostgreSQLJob, (any Error)?)], _ others: [PostgreSQLJob], mustUndo: Bool, _ session: PostgreSQLSession
    ) throws(PostgreSQLFailure) {
        if mustUndo {
            _ = try session.exchange([.control("ROLLBACK")])
            queue.putBack(done.map(\.0), .writeTogether)
        } else {
            let failure = commit(session)?.storageError
            for (job, error) in done {
                if failure == nil { queue.note(job.first, isOne: true) }
                job.answer(failure ?? error)
            }
        }
        for job in others { queue.putBackAsSeveral(job, isRead: false) }
    }

    /// - Returns: why nothing was committed, or that nobody knows.
    private func commit(_ session: PostgreSQLSession, with before: [PostgreSQLSession.Command] = []) -> PostgreSQLFailure? {
        do {
            let outcomes = try session.exchange(before + [.control("COMMIT")])
            for outcome in outcomes { if let failure = outcome.failure { throw failure } }
            // COMMIT after a failure is answered with ROLLBACK.
            guard case .success(let answer) = outcomes.last, answer.tag == "COMMIT" else { return .refused("25P02") }
            return nil
        } catch let failure as PostgreSQLFailure {
            return failure
        } catch {
            return .lost
        }
    }

    // MARK: Writing alone

    /// Several in one transaction. Where it cannot be committed as one, each is run alone.
    private func writeInOrder(_ jobs: [PostgreSQLJob], _ session: PostgreSQLSession) {
        if jobs.count == 1 { return write(jobs[0], session, isInOrder: true) }
        var opening: [PostgreSQLSession.Command] = [Self.serializable, Self.order]
        var errors: [(any Error)?] = []
        for job in jobs {
            let transaction = LiveTransaction(session, opening: opening + [Self.savepoint], isInOrder: true)
            let error = job.perform(transaction)
            if transaction.failure == .lost { return tryAgain(jobs, .inOrder) }
            if transaction.failure?.isTransient == true { return writeEach(jobs, session) }
            if transaction.count == 0 {
                opening = transaction.unsent + [Self.release]
            } else {
                opening = error == nil && transaction.failure == nil ? [Self.release] : [Self.undo, Self.release]
            }
            queue.note(job.first, writesEvents: transaction.writesEvents)
            errors.append(transaction.failure?.storageError ?? error)
        }
        switch commit(session, with: opening) {
        case nil: for (job, error) in zip(jobs, errors) { job.answer(error) }
        case .lost: for job in jobs { job.answer(PostgreSQLFailure.lost.storageError) }
        case .refused: writeEach(jobs, session)
        }
    }

    private func writeEach(_ jobs: [PostgreSQLJob], _ session: PostgreSQLSession) {
        do {
            _ = try session.exchange([.control("ROLLBACK")])
        } catch {
            return tryAgain(jobs, .inOrder)
        }
        for job in jobs { write(job, session, isInOrder: true) }
    }

    private enum Attempt {
        case answered
        case again
    }

    private func write(_ job: PostgreSQLJob, _ session: PostgreSQLSession, isInOrder: Bool) {
        var tries = 0
        while job.deadline > PostgreSQLSession.milliseconds() {
            if case .answered = attempt(job, session, isInOrder: isInOrder) { return }
            tries += 1
            // In order it meets fewer that could be in the way.
            if tries >= 3, !isInOrder { return queue.putBack([job], .inOrder) }
            Self.sleep(min(50, 1 << Int64(min(tries, 6))))
        }
        job.answer(StorageError.busy)
    }

    private func attempt(_ job: PostgreSQLJob, _ session: PostgreSQLSession, isInOrder: Bool) -> Attempt {
        let opening = isInOrder ? [Self.serializable, Self.order] : [Self.serializable]
        let transaction = LiveTransaction(session, opening: opening, isInOrder: isInOrder)
        let error = job.perform(transaction)
        if transaction.failure == .lost {
            tryAgain([job], isInOrder ? .inOrder : .writeAlone)
            return .answered
        }
        queue.note(job.first, writesEvents: transaction.writesEvents)
        let mustUndo = transaction.needsOrder || transaction.failure != nil || error != nil
        if mustUndo, transaction.count > 0, (try? session.exchange([.control("ROLLBACK")])) == nil {
            tryAgain([job], isInOrder ? .inOrder : .writeAlone)
            return .answered
        }
        if transaction.needsOrder {
            queue.putBack([job], .inOrder)
            return .answered
        }
        if transaction.failure?.isTransient == true { return .again }
        if mustUndo || transaction.count == 0 {
            job.answer(transaction.failure?.storageError ?? error)
            return .answered
        }
        queue.note(job.first, isOne: transaction.count == 1)
        let failure = commit(session)
        if failure?.isTransient == true { return .again }
        job.answer(failure?.storageError)
        return .answered
    }
}
