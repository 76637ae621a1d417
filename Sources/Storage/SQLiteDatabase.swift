import Dispatch
import GRDB
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The SQLite driver: write-ahead log, `synchronous=FULL`, readers from a pool, and one writer that drains all waiting writes
/// into one transaction and answers them after the one fsync. Where one of them fails, all are done again with a savepoint each.
public final class SQLiteDatabase: MeasuredDatabase {
    public let measures = DatabaseMeasures()

    private let pool: any DatabaseWriter
    private let waiting = Mutex<Waiting>(Waiting())
    private let writer = DispatchQueue(label: "latchkey.sqlite.writer", qos: .userInitiated)
    /// By connection: there are few.
    private let statements = Mutex<[ObjectIdentifier: SQLiteStatements]>([:])

    private struct Waiting {
        var jobs: [Job] = []
        var isDraining = false
    }

    /// A write that waits: `perform` runs it inside the shared transaction, perhaps twice, keeps its result and returns why it failed;
    /// `answer` resumes its caller.
    private struct Job: Sendable {
        let perform: @Sendable (SQLiteStatements) -> (any Error)?
        let answer: @Sendable (StorageError?) -> Void
        /// Since when it waits, on the system's clock that only goes forward.
        let since = DispatchTime.now().uptimeNanoseconds
    }

    /// The most writes in one transaction: bounds how long the first of them waits for the last.
    private static let batch = 256
    /// The most writes that wait. What comes on top is refused at once: it would wait for longer than anybody does.
    private static let longestQueue = 4096
    /// Seconds that a write waits while another process holds the file.
    private static let patience = 5

    /// - Parameter path: a file, or `:memory:` for a database that lives as long as this value.
    /// - Throws: `StorageError`.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Double(Self.patience))
        configuration.maximumReaderCount = 4
        configuration.journalMode = .wal
        configuration.prepareDatabase { db in
            // 16 MiB of log between checkpoints, four times SQLite's own: what changes often is copied to its place less often.
            try db.execute(sql: "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000")
        }
        do {
            if path == ":memory:" {
                var configuration = configuration
                configuration.journalMode = .default
                pool = try DatabaseQueue(configuration: configuration)
            } else {
                try Self.makePrivate(path)
                pool = try DatabasePool(path: path, configuration: configuration)
            }
            // After opening: GRDB sets NORMAL with the write-ahead log, and a power cut would then lose what was acknowledged.
            // Every change looks for a place in several large indexes, so whoever writes keeps more pages than whoever reads.
            try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -32768") }
        } catch {
            throw StorageError(error)
        }
    }

    /// SQLite lets everybody read a file that it makes, and gives the write-ahead log the mode of the file. One that is there keeps
    /// its mode; it is not opened here either, because closing it would give up the locks that this process may have on it.
    private static func makePrivate(_ path: String) throws(StorageError) {
        _ = try PrivateFile(path, isForOwnerOfDirectory: true)
    }

    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { [self] connection in
                do {
                    continuation.resume(returning: try body(SQLiteTransaction(statements: try statements(of: try connection.get()))))
                } catch {
                    continuation.resume(throwing: StorageError.wrapping(error))
                }
            }
        }
    }

    public func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let holder = Outcome<Result>()
            enqueue(
                Job(
                    perform: { statements in
                        do {
                            let result = try body(SQLiteTransaction(statements: statements))
                            holder.set(.success(result))
                            return nil
                        } catch {
                            holder.set(.failure(StorageError.wrapping(error)))
                            return error
                        }
                    },
                    answer: { failure in
                        if let failure {
                            continuation.resume(throwing: failure)
                        } else {
                            continuation.resume(with: holder.get())
                        }
                    }))
        }
    }

    public func run(_ script: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            writer.async { [pool] in
                do {
                    try pool.writeWithoutTransaction { db in
                        do {
                            try db.execute(sql: script)
                        } catch {
                            if db.isInsideTransaction { try db.execute(sql: "ROLLBACK") }
                            throw error
                        }
                    }
                    continuation.resume()
                } catch {
                    continuation.resume(throwing: StorageError.wrapping(error))
                }
            }
        }
    }

    private func enqueue(_ job: Job) {
        measures.waiting.add()
        let mustStart: Bool? = waiting.withLock { waiting in
            if waiting.jobs.count >= Self.longestQueue { return nil }
            waiting.jobs.append(job)
            defer { waiting.isDraining = true }
            return !waiting.isDraining
        }
        switch mustStart {
        case true?: writer.async { [self] in drain() }
        case false?: break
        case nil:
            measures.waiting.add(-1)
            job.answer(.busy)
        }
    }

    private func drain() {
        while true {
            let jobs = waiting.withLock { waiting -> [Job] in
                let jobs = Array(waiting.jobs.prefix(Self.batch))
                waiting.jobs.removeFirst(jobs.count)
                if jobs.isEmpty { waiting.isDraining = false }
                return jobs
            }
            if jobs.isEmpty { return }
            measures.waiting.add(-jobs.count)
            let now = DispatchTime.now().uptimeNanoseconds
            for job in jobs { measures.wait.record(nanoseconds: Int(now - job.since)) }
            let failure = commit(jobs)
            for job in jobs { job.answer(failure) }
            if failure == .busy { refuseThoseThatWaited() }
        }
    }

    /// Whoever waited as long as the batch that came to nothing does not wait once more.
    private func refuseThoseThatWaited() {
        let latest = DispatchTime.now().uptimeNanoseconds - UInt64(Self.patience) * 500_000_000
        let refused = waiting.withLock { waiting in
            let count = waiting.jobs.firstIndex { $0.since > latest } ?? waiting.jobs.count
            defer { waiting.jobs.removeFirst(count) }
            return Array(waiting.jobs.prefix(count))
        }
        measures.waiting.add(-refused.count)
        for job in refused { job.answer(.busy) }
    }

    private func commit(_ jobs: [Job]) -> StorageError? {
        do {
            try pool.writeWithoutTransaction { db in
                let statements = try statements(of: db)
                if try !commitAtOnce(jobs, statements) { try commitEach(jobs, statements) }
            }
            return nil
        } catch {
            return StorageError(error)
        }
    }

    /// One transaction for all, as if none could fail, since almost none does and a savepoint keeps a copy of every page.
    /// - Returns: false where one did; then nothing has happened.
    private func commitAtOnce(_ jobs: [Job], _ statements: SQLiteStatements) throws -> Bool {
        try statements.run("BEGIN IMMEDIATE")
        do {
            for job in jobs where job.perform(statements) != nil {
                if statements.isInTransaction { try statements.run("ROLLBACK") }
                return false
            }
            try statements.run("COMMIT")
            return true
        } catch {
            if statements.isInTransaction { try statements.run("ROLLBACK") }
            throw error
        }
    }

    /// One transaction for all; a write that fails rolls back to its own savepoint and leaves the others be.
    private func commitEach(_ jobs: [Job], _ statements: SQLiteStatements) throws {
        try statements.run("BEGIN IMMEDIATE")
        do {
            for job in jobs {
                try statements.run("SAVEPOINT verb")
                if let failure = job.perform(statements) {
                    // A full disk or a failing one ends the whole transaction: then nothing of the others was kept either.
                    if !statements.isInTransaction { throw failure }
                    try statements.run("ROLLBACK TO verb")
                }
                try statements.run("RELEASE verb")
            }
            try statements.run("COMMIT")
        } catch {
            if statements.isInTransaction { try statements.run("ROLLBACK") }
            throw error
        }
    }

    private func statements(of db: GRDB.Database) throws -> SQLiteStatements {
        guard let connection = db.sqliteConnection else { throw StorageError.unavailable("the connection is closed") }
        return statements.withLock { known in
            // Another connection can come to lie where a closed one lay.
            if let known = known[ObjectIdentifier(db)], known.belongs(to: connection) { return known }
            let new = SQLiteStatements(connection)
            known[ObjectIdentifier(db)] = new
            return new
        }
    }
}

private struct SQLiteTransaction: Transaction {
    let statements: SQLiteStatements

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] { try statements.rows(sql, values) }
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int { try statements.run(sql, values) }
    func insert(_ sql: StaticString, _ values: [Value]) throws -> Int64? { try statements.insert(sql, values) }
}

extension StorageError {
    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = (error as? StorageError) ?? .unavailable("the database cannot be used")
            return
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy
        case .SQLITE_FULL: self = .full
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupt
        case .SQLITE_CONSTRAINT: self = .contradiction
        default: self = .unavailable("the database refused: \(error.resultCode)")
        }
    }

    /// Errors that a verb throws on purpose pass as they are.
    fileprivate static func wrapping(_ error: any Error) -> any Error {
        error is DatabaseError ? StorageError(error) : error
    }
}
