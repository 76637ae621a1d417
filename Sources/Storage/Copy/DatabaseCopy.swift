/// Copies everything from one database to another, whatever their drivers: table by table, in the order of the keys, in batches that are
/// each one transaction. What was cut short is gone on with behind the last row that arrived.
public struct DatabaseCopy: Sendable {
    let source: any Database
    let target: any Database
    /// Hears how far it is, after every batch.
    let report: @Sendable (Progress) -> Void

    /// How far a table is.
    public struct Progress: Sendable, Equatable {
        public enum Phase: Sendable { case copying, verifying }
        public let phase: Phase
        public let table: String
        /// Rows of the table that are there, and that there are.
        public let rows: Int64
        public let total: Int64
        /// Rows of all tables.
        public let allRows: Int64
        public let allTotal: Int64
    }

    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case sourceIsBehind
        case targetIsNotEmpty(table: String)
        /// The target holds a part of a copy of another source, or of the source as it was before it changed.
        case otherCopy
        case sourceChanged
        case differs(table: String)

        public var description: String {
            switch self {
            case .sourceIsBehind: "The source waits for migrations of this release. Run `latchkey migrate` on it first."
            case .targetIsNotEmpty(let table):
                "The target is not empty: it has rows in \(table). A copy goes into a new database, or on with the one that it began."
            case .otherCopy:
                "The target holds part of a copy of another source, or of this one before it changed. Empty the target and start anew."
            case .sourceChanged:
                "The source changed while it was copied. Empty the target and start anew."
            case .differs(let table): "The copy differs from its source in \(table). Empty the target and start anew."
            }
        }
    }

    /// Rows in one transaction.
    static let batch = 2000

    public init(from source: any Database, to target: any Database, report: @escaping @Sendable (Progress) -> Void = { _ in }) {
        self.source = source
        self.target = target
        self.report = report
    }

    /// Copies and verifies. Nobody writes to the source meanwhile: it is held.
    /// - Parameter now: epoch seconds, written beside the target's migrations.
    /// - Returns: how many rows there are.
    /// - Throws: `Problem`, `StorageError`; what was copied stays, and the next call goes on behind it.
    public func run(now: Int64) async throws -> Int64 {
        guard try await Migrations.status(of: source).allSatisfy({ $0.appliedAt != nil }) else { throw Problem.sourceIsBehind }
        try await Migrations.apply(to: target, now: now)
        let hold = SourceHold(source)
        return try await hold.whileHeld {
            let fingerprint = try await Self.fingerprint(of: source)
            try await begin(fingerprint)
            let totals = try await counts(of: source)
            try await copy(totals)
            try await setIdentities()
            try await verify(totals)
            guard try await Self.fingerprint(of: source) == fingerprint, hold.isHeld else { throw Problem.sourceChanged }
            try await target.run("DROP TABLE copy_progress")
            return totals.reduce(0, +)
        }
    }

    // MARK: Beginning and going on

    /// Whether a database is the target of a copy that was cut short.
    public static func isUnfinished(in database: any Database) async throws -> Bool {
        guard try await database.hasTable("copy_progress") else { return false }
        return try await database.read { db in try !db.rows("SELECT 1 FROM copy_progress", []).isEmpty }
    }

    /// What tells one source, at one moment, from any other: its keys and how far its outbox is.
    private static func fingerprint(of database: any Database) async throws -> String {
        try await database.read { db in
            var hash = RowHash()
            for row in try db.rows("SELECT id, sealed, active_from FROM keys ORDER BY id", []) { hash.add(row) }
            for row in try db.rows("SELECT COALESCE(MAX(sequence), 0) FROM events", []) { hash.add(row) }
            return hash.text
        }
    }

    private func begin(_ fingerprint: String) async throws {
        try await target.run("CREATE TABLE IF NOT EXISTS copy_progress (id BIGINT PRIMARY KEY, fingerprint TEXT NOT NULL)")
        let known = try await target.read { db in try db.rows("SELECT fingerprint FROM copy_progress", []).first?[0].text }
        if let known {
            guard known == fingerprint else { throw Problem.otherCopy }
            return
        }
        for (table, count) in zip(CopiedTable.all, try await counts(of: target)) where count > 0 && table.name != Self.seeded {
            try await target.run("DROP TABLE copy_progress")
            throw Problem.targetIsNotEmpty(table: table.name)
        }
        try await target.write { db in
            // The one row that a migration writes.
            try db.run("DELETE FROM webhook_cursor", [])
            try db.run("INSERT INTO copy_progress (id, fingerprint) VALUES (1, $1)", [.text(fingerprint)])
        }
    }

    private static let seeded = "webhook_cursor"

    private func counts(of database: any Database) async throws -> [Int64] {
        try await database.read { db in try CopiedTable.all.map { try $0.count(db) } }
    }

    // MARK: Copying

    private func copy(_ totals: [Int64]) async throws {
        let all = totals.reduce(0, +)
        var done: Int64 = 0
        for (table, total) in zip(CopiedTable.all, totals) {
            var position = try await target.read { db in try table.position(db) }
            var rows = position == table.start ? 0 : try await target.read { db in try table.count(db) }
            while true {
                let after = position
                let batch = try await source.read { db in try table.rows(db, after: after, limit: Self.batch) }
                guard let last = batch.last else { break }
                try await target.write { db in
                    for row in batch { try db.run(table.insert, row) }
                }
                position = table.key(of: last)
                rows += Int64(batch.count)
                report(
                    Progress(
                        phase: .copying, table: table.name, rows: rows, total: total, allRows: done + rows, allTotal: all))
            }
            done += rows
        }
    }

    /// Where the database numbers rows, the next number comes behind those that were copied. SQLite does so by itself.
    private func setIdentities() async throws {
        guard target.dialect == .postgreSQL else { return }
        try await target.run(
            """
            SELECT setval(pg_get_serial_sequence('events', 'sequence'), GREATEST((SELECT MAX(sequence) FROM events), 1),
                EXISTS (SELECT 1 FROM events));
            SELECT setval(pg_get_serial_sequence('catalogues', 'id'), GREATEST((SELECT MAX(id) FROM catalogues), 1),
                EXISTS (SELECT 1 FROM catalogues))
            """)
    }

    // MARK: Verifying

    /// Reads both row by row, in the order of the keys.
    private func verify(_ totals: [Int64]) async throws {
        let all = totals.reduce(0, +)
        var done: Int64 = 0
        for (table, total) in zip(CopiedTable.all, totals) {
            var (mine, theirs) = (RowHash(), RowHash())
            var position = table.start
            var rows: Int64 = 0
            while true {
                let after = position
                async let expected = source.read { db in try table.rows(db, after: after, limit: Self.batch) }
                let found = try await target.read { db in try table.rows(db, after: after, limit: Self.batch) }
                let wanted = try await expected
                for row in wanted { mine.add(row) }
                for row in found { theirs.add(row) }
                guard wanted.count == found.count, mine == theirs else { throw Problem.differs(table: table.name) }
                guard let last = wanted.last else { break }
                position = table.key(of: last)
                rows += Int64(wanted.count)
                report(
                    Progress(
                        phase: .verifying, table: table.name, rows: rows, total: total, allRows: done + rows, allTotal: all))
            }
            guard rows == total else { throw Problem.differs(table: table.name) }
            done += rows
        }
    }
}
