/// A statement with its values, as a verb asks for it.
struct PostgreSQLStatement: Sendable, Equatable {
    let sql: StaticString
    let values: [Value]

    /// Where the text lies. It never moves, so that nothing has to compare texts.
    var key: UInt { UInt(bitPattern: sql.utf8Start) }

    /// The outbox is written by one transaction after the other (`PostgreSQLCourse.inOrder`).
    var writesEvents: Bool { begins(with: "INSERT INTO events ") }

    var isQuery: Bool { begins(with: "SELECT ") || begins(with: "WITH ") }

    /// Whether it may be a whole transaction at READ COMMITTED: it changes rows of one table by conditions on those rows alone, which
    /// PostgreSQL checks again on the newest version of each row, or it adds one. What reads other rows too may not.
    var isAtomicChange: Bool {
        let isChange = begins(with: "UPDATE ") || begins(with: "DELETE FROM ") || (begins(with: "INSERT INTO ") && !writesEvents)
        return isChange && !mentions("SELECT") && !mentions("USING")
    }

    /// What locks are taken by; changes of many callers that are sent together are put in this order, so that two such groups cannot
    /// wait for each other.
    var lockOrder: String {
        values.reduce(into: "") { order, value in
            switch value {
            // An identifier; other texts say nothing of the row.
            case .text(let text): if text.utf8.count == 32 { order += text + " " }
            case .blob(let bytes): order += bytes.prefix(16).map { String($0) }.joined(separator: ".") + " "
            case .integer, .null: break
            }
        }
    }

    static func == (one: Self, other: Self) -> Bool { one.key == other.key && one.values == other.values }

    private func begins(with word: StaticString) -> Bool {
        sql.utf8CodeUnitCount >= word.utf8CodeUnitCount
            && (0..<word.utf8CodeUnitCount).allSatisfy { sql.utf8Start[$0] == word.utf8Start[$0] }
    }

    private func mentions(_ word: StaticString) -> Bool {
        let (text, part) = (
            UnsafeBufferPointer(start: sql.utf8Start, count: sql.utf8CodeUnitCount),
            UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        )
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { start in text[start..<(start + part.count)].elementsEqual(part) }
    }
}

/// What a statement returned.
struct PostgreSQLAnswer: Sendable {
    var rows: [Row] = []
    /// How many rows it changed or returned.
    var count = 0
    /// What it was, such as `COMMIT`.
    var tag = ""
}
