import GRDB
import GRDBSQLite

/// The prepared statements of one connection, run through SQLite's own interface: a request sends a dozen of them, and what lies
/// between would cost more than they do.
///
/// It is used by one thread at a time, the one that the connection belongs to.
final class SQLiteStatements: @unchecked Sendable {
    private let connection: OpaquePointer
    /// By the address of the text, which is a literal.
    private var prepared: [UnsafeRawPointer: OpaquePointer] = [:]

    init(_ connection: OpaquePointer) {
        self.connection = connection
        prepared.reserveCapacity(256)
    }

    /// Where the connection is closed with statements left, it stays until they are gone.
    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
    }

    func belongs(to other: OpaquePointer?) -> Bool { connection == other }

    func rows(_ sql: StaticString, _ values: [Value]) throws -> [Row] {
        let statement = try bound(sql, values)
        defer { sqlite3_reset(statement) }
        let count = sqlite3_column_count(statement)
        var rows: [Row] = []
        while try step(statement) {
            var row: Row = []
            row.reserveCapacity(Int(count))
            for column in 0..<count { row.append(value(statement, column)) }
            rows.append(row)
        }
        return rows
    }

    @discardableResult
    func run(_ sql: StaticString, _ values: [Value] = []) throws -> Int {
        let statement = try bound(sql, values)
        defer { sqlite3_reset(statement) }
        while try step(statement) {}
        return Int(sqlite3_changes(connection))
    }

    /// What a statement returns, SQLite collects in a table of its own first; the key of a new row is known without one.
    /// A text that was run by this is run by nothing else.
    func insert(_ sql: StaticString, _ values: [Value]) throws -> Int64 {
        let statement = try bound(sql, values, withoutReturning: true)
        defer { sqlite3_reset(statement) }
        while try step(statement) {}
        return sqlite3_last_insert_rowid(connection)
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(connection) == 0 }

    /// - Returns: whether there is a row.
    private func step(_ statement: OpaquePointer) throws -> Bool {
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw problem(code)
        }
    }

    private func problem(_ code: Int32) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: code), message: sqlite3_errmsg(connection).map { String(cString: $0) })
    }

    private func bound(_ sql: StaticString, _ values: [Value], withoutReturning: Bool = false) throws -> OpaquePointer {
        let statement = try statement(sql, withoutReturning: withoutReturning)
        guard sqlite3_bind_parameter_count(statement) == Int32(values.count) else {
            throw DatabaseError(resultCode: .SQLITE_MISUSE, message: "a statement got another number of values than it has")
        }
        for (index, value) in values.enumerated() {
            let code = bind(value, to: statement, at: Int32(index + 1))
            if code != SQLITE_OK { throw problem(code) }
        }
        return statement
    }

    private func statement(_ sql: StaticString, withoutReturning: Bool) throws -> OpaquePointer {
        let key = UnsafeRawPointer(sql.utf8Start)
        if let known = prepared[key] { return known }
        var text = sql.description
        if withoutReturning, let clause = text.firstRange(of: "RETURNING") { text.removeSubrange(clause.lowerBound...) }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(connection, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw problem(code) }
        prepared[key] = statement
        return statement
    }

    /// What is bound stays where it is until the statement is reset or bound anew, so SQLite takes a copy.
    private func bind(_ value: Value, to statement: OpaquePointer, at index: Int32) -> Int32 {
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let integer): return sqlite3_bind_int64(statement, index, integer)
        case .text(var text):
            return text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    // An empty text has no address, and without one SQLite binds NULL.
                    guard let start = $0.baseAddress, !$0.isEmpty else { return sqlite3_bind_text(statement, index, "", 0, copied) }
                    return sqlite3_bind_text(statement, index, start, Int32($0.count), copied)
                }
            }
        case .blob(let bytes):
            if bytes.isEmpty { return sqlite3_bind_zeroblob(statement, index, 0) }
            return bytes.withUnsafeBytes { sqlite3_bind_blob(statement, index, $0.baseAddress, Int32($0.count), copied) }
        }
    }

    private func value(_ statement: OpaquePointer, _ column: Int32) -> Value {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .integer(Int64(exactly: sqlite3_column_double(statement, column).rounded(.towardZero)) ?? 0)
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(statement, column) else { return .text("") }
            let count = Int(sqlite3_column_bytes(statement, column))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        default:
            guard let start = sqlite3_column_blob(statement, column) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))))
        }
    }
}
