/// How the rows of one table are read and written when a database is copied: in the order of its primary key.
struct CopiedTable: Sendable {
    let name: String
    /// Where the columns of the primary key stand in a row.
    let keyColumns: [Int]
    /// Before every key that there is.
    let start: [Value]
    let count: StaticString
    /// The largest key.
    let last: StaticString
    /// The rows behind a key, as many as the last value says.
    let next: StaticString
    let insert: StaticString

    /// Every table, in the order in which references allow to fill them.
    static let all = beginnings + grants

    func key(of row: Row) -> [Value] { keyColumns.map { row[$0] } }

    func rows(_ db: any Transaction, after key: [Value], limit: Int) throws -> [Row] {
        try db.rows(next, key + [.integer(Int64(limit))])
    }

    func count(_ db: any Transaction) throws -> Int64 { try db.rows(count, []).first?[0].integer ?? 0 }

    /// - Returns: the key behind which nothing was written yet.
    func position(_ db: any Transaction) throws -> [Value] { try db.rows(last, []).first ?? start }
}
