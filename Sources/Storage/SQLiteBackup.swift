import GRDB

/// Copies of a SQLite database, and what has to be known before one takes the place of another.
public enum SQLiteBackup {
    /// Writes the database as it is at one moment to another file, while others read and write it.
    /// - Parameter target: a path where there is nothing, or an empty file.
    public static func copy(_ source: String, to target: String) throws(StorageError) {
        try inDatabase(source, patience: 60) { db in try db.execute(sql: "VACUUM INTO ?", arguments: [target]) }
    }

    /// Reads every page and index, and follows every reference.
    /// - Throws: `StorageError.corrupt`.
    public static func requireIntact(_ path: String) throws(StorageError) {
        try inDatabase(path, patience: 5) { db in
            let problems = try String.fetchAll(db, sql: "PRAGMA integrity_check(1)")
            let dangling = try GRDB.Row.fetchOne(db, sql: "PRAGMA foreign_key_check")
            if problems != ["ok"] || dangling != nil { throw StorageError.corrupt }
        }
    }

    /// Puts all that is in the database into its one file.
    /// - Throws: `StorageError.busy` where another process has it open.
    public static func gather(_ path: String, patience: Double = 0) throws(StorageError) {
        try inDatabase(path, patience: patience) { db in
            // Leaving the write-ahead log takes a lock that nobody else's open connection lets through.
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
        }
    }

    /// Lets the next event's sequence be far beyond any that a reader of the outbox may have seen: after a restore it must not take
    /// new events for those that it knows.
    public static func skipSequences(_ path: String) throws(StorageError) {
        try inDatabase(path, patience: 5) { db in
            try db.execute(sql: "UPDATE sqlite_sequence SET seq = seq + 1000000000 WHERE name = 'events'")
        }
    }

    /// - Parameter patience: seconds that are waited for others.
    private static func inDatabase(
        _ path: String, patience: Double, _ work: (GRDB.Database) throws -> Void
    ) throws(StorageError) {
        do {
            var configuration = Configuration()
            configuration.busyMode = patience > 0 ? .timeout(patience) : .immediateError
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction(work)
            try queue.close()
        } catch {
            throw StorageError(error)
        }
    }
}
