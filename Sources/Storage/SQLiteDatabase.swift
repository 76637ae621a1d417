import Dispatch
import GRDB
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The SQLite driver: write-ahead log, `synchronous=FULL`, readers from a pool, and one writer that drains all waiting writes
/// into one transaction, a savepoint each, and answers them after the one fsync.
public final class SQLiteDatabase: MeasuredDatabase {
    public let measures = DatabaseMeasures()
    private let pool: any DatabaseWriter
    private let waiting = Mutex<Waiting>(Waiting())
    private let writer = DispatchQueue(label: "latchkey.sqlite.writer", qos: .userInitiated)

    private struct Waiting {
        var jobs: [Job] = []
        var isDraining = false
    }

    /// A write that waits: `perform` runs it inside the shared transaction, keeps its result and returns why it failed;
    /// `answer` resumes its caller.
    private struct Job: Sendable {
        let perform: @Sendable (GRDB.Database) -> (any Error)?
        let answer: @Sendable (StorageError?) -> Void
        /// Since when it waits, on the system's clock that only goes forward.
        let since = DispatchTime.now().uptimeNanoseconds
    }

    /// The most writes in one transaction: bounds how long the first of them waits for the last.
    private static let batch = 256

    /// - Parameter path: a file, or `:memory:` for a database that lives as long as this value.
    /// - Throws: `StorageError`.
    public init(path: String) throws {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.journalMode = .wal
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA cache_size = -8192; PRAGMA temp_store = MEMORY")
        }
        do {
            if path == ":memory:" {
                var configuration = configuration
                configuration.journalMode = .default
                pool = try DatabaseQueue(configuration: configuration)
            } else {
                pool = try DatabasePool(path: path, configuration: configuration)
            }
            // After opening: GRDB sets NORMAL with the write-ahead log, and a power cut would then lose what was acknowledged.
            try pool.writeWithoutTransaction { db in try db.execute(sql: "PRAGMA synchronous = FULL") }
        } catch {
            throw StorageError(error)
        }
    }

    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            pool.asyncRead { connection in
                do {
                    continuation.resume(returning: try body(SQLiteTransaction(db: try connection.get())))
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
                    perform: { db in
                        do {
                            let result = try body(SQLiteTransaction(db: db))
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
        let mustStart = waiting.withLock { waiting in
            waiting.jobs.append(job)
            defer { waiting.isDraining = true }
            return !waiting.isDraining
        }
        if mustStart { writer.async { [self] in drain() } }
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
        }
    }

    /// One transaction for all; a write that fails rolls back to its own savepoint and leaves the others be.
    private func commit(_ jobs: [Job]) -> StorageError? {
        do {
            try pool.writeWithoutTransaction { db in
                try db.execute(sql: "BEGIN IMMEDIATE")
                do {
                    for job in jobs {
                        try db.cachedStatement(sql: "SAVEPOINT verb").execute()
                        if let failure = job.perform(db) {
                            // A full disk or a failing one ends the whole transaction: then nothing of the others was kept either.
                            if !db.isInsideTransaction { throw failure }
                            try db.cachedStatement(sql: "ROLLBACK TO verb").execute()
                        }
                        try db.cachedStatement(sql: "RELEASE verb").execute()
                    }
                    try db.execute(sql: "COMMIT")
                } catch {
                    if db.isInsideTransaction { try db.execute(sql: "ROLLBACK") }
                    throw error
                }
            }
            return nil
        } catch {
            return StorageError(error)
        }
    }
}

private struct SQLiteTransaction: Transaction {
    let db: GRDB.Database

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] {
        let statement = try prepared(sql, values)
        let cursor = try GRDB.Row.fetchCursor(statement)
        var rows: [Row] = []
        while let row = try cursor.next() {
            rows.append((0..<row.count).map { Value(row[$0] as DatabaseValue) })
        }
        return rows
    }

    func run(_ sql: StaticString, _ values: [Value]) throws -> Int {
        try prepared(sql, values).execute()
        return db.changesCount
    }

    private func prepared(_ sql: StaticString, _ values: [Value]) throws -> Statement {
        let statement = try db.cachedStatement(sql: sql.description)
        try statement.setArguments(StatementArguments(values.map(\.databaseValue)))
        return statement
    }
}

extension Value {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        case .double(let number): self = .integer(Int64(number))
        case .string(let text): self = .text(text)
        case .blob(let data): self = .blob(Array(data))
        }
    }

    fileprivate var databaseValue: DatabaseValue {
        switch self {
        case .null: .null
        case .integer(let integer): integer.databaseValue
        case .text(let text): text.databaseValue
        case .blob(let bytes): Data(bytes).databaseValue
        }
    }
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
