import Delegation
import Foundation
import OAuth
import Storage
import Testing

@Suite("The SQLite driver")
struct SQLiteDatabaseTests {
    @Test("a file that is no database is called damaged")
    func noDatabase() throws {
        let directory = try TemporaryDirectory()
        try Data(repeating: 0x61, count: 8192).write(to: URL(fileURLWithPath: directory.database))
        #expect(throws: StorageError.corrupt) { try SQLiteDatabase(path: directory.database) }
    }

    @Test("a directory that is not there is an error, not a crash")
    func noDirectory() {
        #expect(throws: StorageError.self) { try SQLiteDatabase(path: "/nowhere/at/all/latchkey.db") }
    }

    @Test("a new file and its log are their owner's alone; one that is there keeps its mode")
    func mode() async throws {
        func mode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        let world = try await World(.file)
        let path = try #require(world.temporary.path)
        for end in ["", "-wal", "-shm"] { #expect(try mode(path + end) == 0o600, "\(end)") }
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        _ = try world.another()
        #expect(try mode(path) == 0o640)
    }

    @Test("what is committed is there for the next process, and durable to the full")
    func reopening() async throws {
        let world = try await World(.file)
        let second = try world.another()
        #expect(try await Store(second).users().map(\.email) == ["ada@example.com"])
        // 2 is FULL: the log is flushed to the disk at each commit.
        let modes = try await second.write { try ($0.rows("PRAGMA journal_mode", []), $0.rows("PRAGMA synchronous", [])) }
        #expect(modes.0 == [[.text("wal")]])
        #expect(modes.1 == [[.integer(2)]])
        #expect(try await second.write { try $0.rows("PRAGMA foreign_keys", []) } == [[.integer(1)]])
    }
}
