import Synchronization

/// A value in a statement or a row. Everything is stored as one of these (no floating point, no dates).
public enum Value: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// A row as a statement returned it, columns in the order of the statement.
public typealias Row = [Value]

/// One transaction's view of the database. SQL is written for SQLite and PostgreSQL alike: `$1` placeholders that first appear in
/// ascending order, `ON CONFLICT`, `RETURNING`, columns always named.
public protocol Transaction {
    /// Runs a statement and returns its rows.
    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row]
    /// Runs a statement and returns how many rows it changed.
    @discardableResult
    func run(_ sql: StaticString, _ values: [Value]) throws -> Int
    /// Inserts one row by a statement that ends in `RETURNING` and the key that the database counts up, and returns that key.
    func insert(_ sql: StaticString, _ values: [Value]) throws -> Int64?
}

extension Transaction {
    public func insert(_ sql: StaticString, _ values: [Value]) throws -> Int64? { try rows(sql, values).first?[0].integer }
}

/// What Latchkey asks of a database. A driver is three methods and nothing else.
public protocol Database: Sendable {
    /// Runs reads against one consistent snapshot.
    func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result
    /// Runs one transaction. When this returns, the transaction is durable; when it throws, nothing of it happened.
    /// A caller that is cancelled does not undo a transaction that has begun. The body may be run several times, and what it returned
    /// last counts: it draws no numbers and has no effect but what it asks of the transaction.
    func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result
    /// Runs a script of several statements, for migrations. What it began and did not commit is rolled back where it fails.
    func run(_ script: String) async throws
    /// Whose words its scripts are written in.
    var dialect: Dialect { get }
}

/// Where the databases differ: in the scripts of migrations, and nowhere else.
public enum Dialect: Sendable {
    case sqlite, postgreSQL
}

extension Database {
    public var dialect: Dialect { .sqlite }

    func hasTable(_ name: String) async throws -> Bool {
        let question: StaticString =
            switch dialect {
            case .sqlite: "SELECT 1 FROM sqlite_master WHERE name = $1"
            case .postgreSQL: "SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
            }
        return try await read { db in try !db.rows(question, [.text(name)]).isEmpty }
    }
}

/// A database that several nodes share, and that tells each at once when another has written to the outbox.
public protocol WakingDatabase: Database {
    /// An element soon after each commit that wrote events, and whenever some may have been missed. One element may stand for many.
    func wakeUps() -> AsyncStream<Void>
}

/// Where a write's result waits for its commit.
final class Outcome<Result: Sendable>: Sendable {
    private let value = Mutex<Swift.Result<Result, any Error>>(.failure(StorageError.unavailable("the write was not run")))

    func set(_ result: Swift.Result<Result, any Error>) { value.withLock { $0 = result } }
    func get() -> Swift.Result<Result, any Error> { value.withLock { $0 } }
}

/// Why a database could not do what it was asked, as far as anybody outside can act on it.
public enum StorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another process holds the database for longer than is waited.
    case busy
    case full
    case corrupt
    /// What was to be written contradicts what is stored: it names something that is gone, or takes a name that is taken.
    case contradiction
    case unavailable(String)
    /// A migration of a later release was applied.
    case newer(Int)
    /// A migration was applied with another content than this release has for it.
    case altered(Int)

    public var description: String {
        switch self {
        case .busy: "another process keeps the database busy"
        case .full: "the disk is full"
        case .corrupt: "the database file is damaged; restore it from a backup"
        case .contradiction: "the change contradicts what is stored"
        case .unavailable(let reason): reason
        case .newer(let number): "the database has migration \(number), which this release does not know; run the newer release"
        case .altered(let number):
            "migration \(number) of the database is not the one of this release; it was made by a build that was never released"
        }
    }
}

extension Value {
    public init(_ text: String?) { self = text.map(Value.text) ?? .null }
    public init(_ integer: Int64?) { self = integer.map(Value.integer) ?? .null }
    public init(_ flag: Bool) { self = .integer(flag ? 1 : 0) }

    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var text: String? { if case .text(let value) = self { value } else { nil } }
    public var blob: [UInt8]? { if case .blob(let value) = self { value } else { nil } }
}
