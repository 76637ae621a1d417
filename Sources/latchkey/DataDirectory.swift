import OAuth
import Server
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The directory where a server's database lives.
struct DataDirectory {
    let path: String

    init(_ path: String) { self.path = path }

    var databasePath: String { path + "/latchkey.sqlite" }

    /// Makes the directory, for its owner alone.
    func prepare() throws -> DataDirectory {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw CommandFailure.failed("\(path): the directory cannot be made.")
        }
        return self
    }

    /// The database, brought up to this release.
    func openDatabase() async throws -> SQLiteDatabase {
        let database = try SQLiteDatabase(path: prepare().databasePath)
        try await Migrations.apply(to: database, now: Deployment.clock())
        try await StandardRoles.ensure(in: Store(database), now: Deployment.clock())
        return database
    }

    /// The store of a server that was set up before; it may be running.
    func openStore() async throws -> Store {
        guard FileManager.default.fileExists(atPath: databasePath) else {
            throw CommandFailure.notFound(
                "\(path): there is no database here. `latchkey serve` and `latchkey import` make one; name its directory with --data.")
        }
        return try await makeStore()
    }

    /// Opens the store and makes it where there is none.
    func makeStore() async throws -> Store {
        Store(try await openDatabase())
    }
}
