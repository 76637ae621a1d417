import OAuth

/// The steps that bring a database to this release, in order. Each is applied once and remembered with its checksum.
public enum Migrations {
    struct Migration: Sendable {
        let number: Int
        let name: String
        let sql: String
        /// What PostgreSQL needs besides; a released one never changes either.
        var postgreSQL = ""
        /// The same for SQLite.
        var sqlite = ""
        /// Indexes on tables that were there before. PostgreSQL builds them beside its work (CONCURRENTLY), which it does in no
        /// transaction: a step with indexes has nothing else.
        var indexes: [Index] = []
        /// A release that knows the steps up to this one works on a database that has this step too. A step that takes something away
        /// (contract) names the first release that does not use it any more.
        var worksWith = Migrations.lastReleased

        struct Index: Sendable {
            let name: String
            /// Such as `events (at, sequence)`.
            let on: String
        }

        /// What is run in one transaction.
        func text(for dialect: Dialect) -> String { dialect == .postgreSQL ? sql + "\n" + postgreSQL : shared }

        private var shared: String { sql + sqlite + indexes.map { "CREATE INDEX \($0.name) ON \($0.on);" }.joined(separator: "\n") }

        /// SHA-256 of the text, in hexadecimal digits.
        var checksum: String {
            Credential.hash(shared).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        }
    }

    /// The newest step of the release before this one. Each step leaves that release working (expand).
    static let lastReleased = 14

    /// One step and when it was applied; nil: not yet.
    public struct Status: Sendable, Equatable {
        public let number: Int
        public let name: String
        public let appliedAt: Int64?
    }

    private struct Applied: Sendable {
        let checksum: String
        let at: Int64
        /// nil: nobody said; 0.1.0 wrote it.
        let worksWith: Int?
    }

    /// Applies what is missing. Several processes may do so at once: each step is applied by one of them.
    /// - Parameter now: epoch seconds, written beside each step.
    /// - Throws: `StorageError.newer` where a later release was here with a step that this one cannot work with, `.altered` where an
    ///   unreleased one was.
    public static func apply(to database: any Database, now: Int64) async throws {
        try await apply(all, to: database, now: now)
    }

    static func apply(_ migrations: [Migration], to database: any Database, now: Int64) async throws {
        // Where many start at once, the others' steps may take longer than one statement waits.
        for _ in 1..<busyTries {
            do { return try await applyMissing(migrations, to: database, now: now) } catch StorageError.busy {}
        }
        try await applyMissing(migrations, to: database, now: now)
    }

    private static let busyTries = 12

    private static func applyMissing(_ migrations: [Migration], to database: any Database, now: Int64) async throws {
        let applied = try await applied(in: database, of: migrations)
        for migration in migrations where applied[migration.number] == nil {
            if database.dialect == .postgreSQL { try await build(migration.indexes, in: database) }
            do {
                // The row comes first: where another process was faster, it is what fails.
                try await database.run(
                    """
                    BEGIN IMMEDIATE;
                    INSERT INTO migrations (number, name, checksum, applied_at, works_with)
                    VALUES (\(migration.number), '\(migration.name)', '\(migration.checksum)', \(now), \(migration.worksWith));
                    \(migration.text(for: database.dialect))
                    COMMIT
                    """)
            } catch StorageError.contradiction {
                if try await Self.applied(in: database, of: migrations)[migration.number] == nil { throw StorageError.contradiction }
            }
        }
    }

    /// What an attempt that failed left behind is no index: it is built anew.
    private static func build(_ indexes: [Migration.Index], in database: any Database) async throws {
        for index in indexes {
            try await database.run("DROP INDEX CONCURRENTLY IF EXISTS \(index.name)")
            try await database.run("CREATE INDEX CONCURRENTLY \(index.name) ON \(index.on)")
        }
    }

    /// Whether a database is one of Latchkey's. Asking changes nothing.
    public static func haveBegun(in database: any Database) async throws -> Bool { try await database.hasTable("migrations") }

    /// - Returns: a line for each step of this release, in order.
    public static func status(of database: any Database) async throws -> [Status] {
        guard try await haveBegun(in: database) else { return all.map { Status(number: $0.number, name: $0.name, appliedAt: nil) } }
        let applied = try await applied(in: database, of: all)
        return all.map { Status(number: $0.number, name: $0.name, appliedAt: applied[$0.number]?.at) }
    }

    /// What was applied, once it is known to be what this release would have applied.
    private static func applied(in database: any Database, of migrations: [Migration]) async throws -> [Int: Applied] {
        var applied: [Int: Applied] = [:]
        for row in try await rowsOfApplied(in: database) {
            if let number = row[0].integer, let checksum = row[1].text, let at = row[2].integer {
                applied[Int(number)] = Applied(checksum: checksum, at: at, worksWith: row[3].integer.map { Int($0) })
            }
        }
        // A release that was upgraded and put back goes on, as long as nothing was taken away that it uses.
        let known = migrations.last?.number ?? 0
        for (number, step) in applied.sorted(by: { $0.key < $1.key }) where number > known {
            guard let level = step.worksWith, level <= known else { throw StorageError.newer(number) }
        }
        for migration in migrations {
            if let known = applied[migration.number], known.checksum != migration.checksum { throw StorageError.altered(migration.number) }
        }
        return applied
    }

    /// Makes the table, or the column that 0.1.0 did not have, only where it is missing: whoever may not change tables can use those
    /// that are there.
    private static func rowsOfApplied(in database: any Database) async throws -> [Row] {
        do { return try await readApplied(in: database) } catch StorageError.unavailable {}
        try await database.run(
            """
            CREATE TABLE IF NOT EXISTS migrations
                (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL, works_with BIGINT)
            """)
        do { return try await readApplied(in: database) } catch StorageError.unavailable {}
        // Of two that find it missing, one is first; the other finds it there.
        do { try await database.run("ALTER TABLE migrations ADD COLUMN works_with BIGINT") } catch StorageError.unavailable {}
        return try await readApplied(in: database)
    }

    private static func readApplied(in database: any Database) async throws -> [Row] {
        try await database.read { db in try db.rows("SELECT number, checksum, applied_at, works_with FROM migrations", []) }
    }
}
