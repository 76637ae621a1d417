#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The directory where a server's SQLite database lives.
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
}
