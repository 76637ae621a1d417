import Foundation
import Storage
import Synchronization

/// The PostgreSQL server of these tests: `scripts/postgres run swift test` starts one and names it in LATCHKEY_TEST_POSTGRES.
enum Cluster {
    static let url = ProcessInfo.processInfo.environment["LATCHKEY_TEST_POSTGRES"]
    static let absence = "LATCHKEY_TEST_POSTGRES is not set, so nothing was tested on PostgreSQL: scripts/postgres run swift test"

    /// Databases are made one after the other: each is a copy of one that was migrated once.
    private actor Maker {
        private var count = 0
        private var isReady = false
        private let prefix = "t\(ProcessInfo.processInfo.processIdentifier)"

        func create(isMigrated: Bool) async throws -> String {
            count += 1
            let name = "\(prefix)_\(count)"
            if isMigrated, !isReady {
                isReady = true
                try await create("\(prefix)_template", from: "template0")
                try await Migrations.apply(to: PostgreSQLDatabase(url: Cluster.url(of: "\(prefix)_template")), now: 0)
            }
            try await create(name, from: isMigrated ? "\(prefix)_template" : "template0")
            return name
        }

        private func create(_ name: String, from template: String) async throws {
            let administration = try PostgreSQLDatabase(url: Cluster.url(of: "postgres"), connections: 1)
            // The connection that migrated the template may take a moment to go.
            for _ in 0..<200 {
                do { return try await administration.run("CREATE DATABASE \(name) TEMPLATE \(template)") } catch StorageError.unavailable {
                    await Task.yield()
                }
            }
            try await administration.run("CREATE DATABASE \(name) TEMPLATE \(template)")
        }
    }

    private static let maker = Queue()

    /// An actor lets others in while it waits; this does not.
    private actor Queue {
        private let maker = Maker()
        private var last: Task<String, any Error>?

        func create(isMigrated: Bool) async throws -> String {
            let (maker, before) = (maker, last)
            let task = Task {
                _ = try? await before?.value
                return try await maker.create(isMigrated: isMigrated)
            }
            last = task
            return try await task.value
        }
    }

    static func url(of name: String) throws -> String {
        guard let url, let slash = url.lastIndex(of: "/") else { throw Unexpected(what: absence) }
        return url[...slash] + name
    }

    static func create(isMigrated: Bool) async throws -> String { try await maker.create(isMigrated: isMigrated) }

    static func drop(_ name: String) async throws {
        try await PostgreSQLDatabase(url: url(of: "postgres"), connections: 1).run("DROP DATABASE \(name) WITH (FORCE)")
    }
}
