import OAuth
import Server
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which database a server or a command works on.
struct DatabaseLocation {
    enum Engine {
        case sqlite(path: String)
        /// The URL may hold a password.
        case postgreSQL(url: Secret<String>)
    }

    let engine: Engine
    var connections = PostgreSQLDatabase.defaultConnections
    /// Milliseconds that a statement may take on PostgreSQL, unless the URL says otherwise.
    var statementTimeout = PostgreSQLDatabase.statementTimeout
    /// How messages name it.
    let name: String

    /// - Parameter text: `sqlite:PATH`, `postgresql://…` or `postgres://…`; nil where what is given is none of these.
    init?(_ text: String) {
        if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            engine = .postgreSQL(url: Secret(text))
            name = "the PostgreSQL database"
        } else if text.hasPrefix("sqlite:"), text.count > "sqlite:".count {
            let path = String(text.dropFirst("sqlite:".count))
            engine = .sqlite(path: path)
            name = path
        } else {
            return nil
        }
    }

    /// The file of a data directory.
    init(in directory: DataDirectory) {
        engine = .sqlite(path: directory.databasePath)
        name = directory.databasePath
    }

    static let expected = "should be sqlite:PATH or postgresql://USER@HOST/DATABASE."

    /// What is said about a database that holds half of a copy, behind its name, and what to do about it.
    static let unfinishedCopy = (
        text: "holds half of a copy", remedy: "Go on with it: latchkey copy --from SOURCE --to TARGET, with those of the first time."
    )

    /// The same of a restore that was cut short.
    static let unfinishedRestore = (
        text: "holds a restore that was cut short: what was revoked since the backup may be good again",
        remedy: "Go on with it until it says what it ended: latchkey restore --in-place."
    )

    /// The database of a command.
    /// - Parameter isOnlyDataGiven: `--data` alone stood on the command line; then its file is meant, whatever database is named elsewhere.
    init(_ configuration: Configuration, isOnlyDataGiven: Bool) throws(CommandFailure) {
        if let text = configuration[.database], !isOnlyDataGiven {
            // Without the text: it may hold a password.
            guard let location = DatabaseLocation(text) else { throw .usage("--database \(Self.expected)") }
            self = location
        } else if let data = configuration[.data] {
            self.init(in: DataDirectory(data))
        } else {
            throw .usage("Name the database: --data DIR, or --database postgresql://USER@HOST/DATABASE.")
        }
        // A command asks for one thing after the other.
        connections = 2
    }

    /// Whether there is one already. Of PostgreSQL nobody knows before it is asked.
    var mayExist: Bool {
        switch engine {
        case .sqlite(let path): FileManager.default.fileExists(atPath: path)
        case .postgreSQL: true
        }
    }

    /// The database as it is.
    func connect() throws -> any Storage.Database {
        switch engine {
        case .sqlite(let path):
            if let slash = path.lastIndex(of: "/"), slash > path.startIndex { _ = try DataDirectory(String(path[..<slash])).prepare() }
            return try SQLiteDatabase(path: path)
        case .postgreSQL(let url):
            return try PostgreSQLDatabase(url: url.reveal(), connections: connections, statementTimeout: statementTimeout)
        }
    }

    /// The database, brought up to this release.
    func open() async throws -> any Storage.Database {
        let database = try connect()
        try await bringUp(database)
        if try await Store.isRestoreUnfinished(in: database) {
            throw CommandFailure.failed("\(name) \(Self.unfinishedRestore.text). \(Self.unfinishedRestore.remedy)")
        }
        return database
    }

    /// Lets a database have what this release needs.
    func bringUp(_ database: any Storage.Database) async throws {
        // First, because it is what waits for others that start at the same moment; half of a copy has had the same steps.
        try await Migrations.apply(to: database, now: Deployment.clock())
        if try await DatabaseCopy.isUnfinished(in: database) {
            throw CommandFailure.failed("\(name) \(Self.unfinishedCopy.text). \(Self.unfinishedCopy.remedy)")
        }
        try await StandardRoles.ensure(in: Store(database), now: Deployment.clock())
    }

    /// The store of a server that was set up before; it may be running.
    func openStore() async throws -> Store {
        guard mayExist else {
            throw CommandFailure.notFound(
                "\(name): there is no database here. `latchkey serve` and `latchkey import` make one; name its directory with --data.")
        }
        return Store(try await open())
    }
}
