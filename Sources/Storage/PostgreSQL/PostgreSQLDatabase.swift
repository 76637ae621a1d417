import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The PostgreSQL driver: a pool of connections, each with its own thread, and one queue of verbs before them.
///
/// A verb is a closure that asks one statement after the other. Its first statement is found by running it once without a database;
/// so verbs of one statement travel in groups, and share their commit where they write. Everything else is a transaction of its
/// own, at SERIALIZABLE, and is run again where another was in the way: a body may be run many times, and only its last run counts.
public final class PostgreSQLDatabase: MeasuredDatabase {
    private let queue: PostgreSQLQueue
    private let target: PostgreSQLTarget

    public static let defaultConnections = 8
    /// Milliseconds that a statement may take.
    public static let statementTimeout: Int64 = 5000

    /// - Parameters:
    ///   - url: as PostgreSQL's own programs take it, with its TLS settings: `postgresql://user@host/database?sslmode=verify-full`.
    ///   - connections: the most at a time, from 1 up. They are made as they are needed.
    ///   - statementTimeout: what a statement may take, in milliseconds, unless the URL says otherwise.
    /// - Throws: `StorageError.unavailable` where the URL cannot be read or nobody answers there. No text of it holds the password.
    public init(url: String, connections: Int = defaultConnections, statementTimeout: Int64 = statementTimeout) throws {
        target = try PostgreSQLTarget(url: url, statementTimeout: statementTimeout)
        queue = PostgreSQLQueue(connections: max(1, connections)) { [target] queue in
            Thread.start("latchkey.postgresql") { PostgreSQLWorker(queue, target).run() }
        }
        _ = try PostgreSQLSession(target)
        let queue = queue
        Thread.start("latchkey.postgresql.overdue") {
            while let overdue = queue.overdue() {
                for job in overdue { job.answer(StorageError.busy) }
                usleep(200_000)
            }
        }
    }

    deinit { queue.close() }

    public var dialect: Dialect { .postgreSQL }
    public var measures: DatabaseMeasures { queue.measures }

    public func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await perform(body, isRead: true)
    }

    public func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await perform(body, isRead: false)
    }

    private func perform<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result, isRead: Bool
    ) async throws -> Result {
        let capture = CapturingTransaction()
        let answer = Swift.Result { try body(capture) }
        guard let first = capture.first else { return try answer.get() }
        let holder = Outcome<Result>()
        return try await withCheckedThrowingContinuation { continuation in
            queue.add(
                first, isRead: isRead,
                perform: { transaction in
                    do {
                        holder.set(.success(try body(transaction)))
                        return nil
                    } catch {
                        return error
                    }
                },
                answer: { failure in
                    if let failure { continuation.resume(throwing: failure) } else { continuation.resume(with: holder.get()) }
                })
        }
    }

    /// One script at a time runs on a database, whatever node it comes from: ten that start at once do not trip over each other.
    public func run(_ script: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let target = target
            Thread.start("latchkey.postgresql.script") {
                continuation.resume(with: Swift.Result { try PostgreSQLScript(text: script).run(on: PostgreSQLSession(target)) })
            }
        }
    }
}

extension PostgreSQLDatabase: WakingDatabase {
    public func wakeUps() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let over = Flag()
        continuation.onTermination = { _ in over.set() }
        let target = target
        Thread.start("latchkey.postgresql.listen") {
            PostgreSQLListener(target: target, isOver: { over.isSet }, wake: { continuation.yield() }).run()
        }
        return stream
    }
}
