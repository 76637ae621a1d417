import Delegation
import Foundation
import OAuth
import Synchronization
import Testing

@testable import Storage

@Suite("Copying a database")
struct DatabaseCopyTests {
    /// A world with something in many tables, and an empty database beside it.
    private func worlds() async throws -> (World, SQLiteDatabase, TemporaryDirectory) {
        let world = try await World(.file)
        for number in 0..<5000 {
            _ = try await world.store.createAccount(
                Account(id: World.id(UInt64(100_000 + number)), name: "Account \(number)", createdAt: 1), actor: World.operatorActor,
                now: World.now)
        }
        let directory = try TemporaryDirectory()
        return (world, try SQLiteDatabase(path: directory.database), directory)
    }

    private func everything(in database: any Database) async throws -> [String: [Row]] {
        try await database.read { db in
            var all: [String: [Row]] = [:]
            for table in CopiedTable.all { all[table.name] = try table.rows(db, after: table.start, limit: 1_000_000) }
            return all
        }
    }

    @Test("every row of every table arrives, and what is numbered goes on behind it")
    func whole() async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        let rows = try await DatabaseCopy(from: world.database, to: target).run(now: 7)
        let all = try await everything(in: world.database)
        #expect(try await everything(in: target) == all)
        #expect(rows == Int64(all.values.reduce(0) { $0 + $1.count }))
        #expect(all["events"]?.isEmpty == false)
        let store = Store(target)
        let last = try await store.latestSequence()
        _ = try await store.createAccount(
            Account(id: World.id(999), name: "Later", createdAt: 1), actor: World.operatorActor, now: World.now)
        #expect(try await store.latestSequence() == last + 1)
    }

    @Test("what was cut short is gone on with behind what arrived")
    func resumed() async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        struct CutShort: Error {}
        let seen = Mutex<[DatabaseCopy.Progress]>([])
        let failing = Interrupted(target, after: 4)
        await #expect(throws: StorageError.self) { try await DatabaseCopy(from: world.database, to: failing).run(now: 7) }
        let arrived = try await target.read { db in try CopiedTable.all.reduce(0) { try $0 + $1.count(db) } }
        #expect(arrived > 0)
        _ = try await DatabaseCopy(from: world.database, to: target) { progress in seen.withLock { $0.append(progress) } }.run(now: 8)
        let all = try await everything(in: world.database)
        #expect(try await everything(in: target) == all)
        let first = try #require(seen.withLock { $0.first })
        #expect(first.phase == .copying && first.allRows > arrived)
        #expect(seen.withLock { $0.last }.map { $0.phase == .verifying && $0.allRows == $0.allTotal } == true)
    }

    @Test("a target with anything of its own is refused, and stays as it is")
    func notEmpty() async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        try await Migrations.apply(to: target, now: 1)
        _ = try await Store(target).createAccount(
            Account(id: World.id(999), name: "Other", createdAt: 1), actor: World.operatorActor, now: World.now)
        await #expect(throws: DatabaseCopy.Problem.targetIsNotEmpty(table: "accounts")) {
            try await DatabaseCopy(from: world.database, to: target).run(now: 7)
        }
        #expect(try await Store(target).accounts().map(\.name) == ["Other"])
    }

    @Test("a copy that was begun goes on from the same source alone, as it was")
    func otherSource() async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        await #expect(throws: StorageError.self) {
            try await DatabaseCopy(from: world.database, to: Interrupted(target, after: 4)).run(now: 7)
        }
        _ = try await world.store.createAccount(
            Account(id: World.id(999), name: "Later", createdAt: 1), actor: World.operatorActor, now: World.now)
        await #expect(throws: DatabaseCopy.Problem.otherCopy) { try await DatabaseCopy(from: world.database, to: target).run(now: 7) }
    }

    @Test("while it is copied nobody changes the source, and everybody reads it")
    func held() async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        let other = Store(try world.another())
        let refused = Mutex<Task<Bool, Never>?>(nil)
        _ = try await DatabaseCopy(from: world.database, to: target) { progress in
            refused.withLock { task in
                if task != nil { return }
                task = Task {
                    _ = try? await other.accounts()
                    return progress.allTotal > 0
                }
            }
        }.run(now: 7)
        #expect(await refused.withLock { $0 }?.value == true)
        let hold = SourceHold(world.database)
        try await hold.whileHeld {
            let count = try await other.accounts().count
            #expect(count > 5000)
            await #expect(throws: StorageError.busy) {
                try await other.createAccount(
                    Account(id: World.id(998), name: "Refused", createdAt: 1), actor: World.operatorActor, now: World.now)
            }
            #expect(hold.isHeld)
        }
        #expect(
            try await other.createAccount(
                Account(id: World.id(998), name: "Then", createdAt: 1), actor: World.operatorActor, now: World.now) == .created)
    }

    @Test(
        "a row that is not what it was is found",
        arguments: ["UPDATE accounts SET name = 'Other' WHERE name = 'Account 4321'", "DELETE FROM accounts WHERE name = 'Account 4321'"])
    func verified(change: String) async throws {
        let (world, target, directory) = try await worlds()
        defer { withExtendedLifetime(directory) {} }
        let altered = Altered(target, change: change)
        await #expect(throws: DatabaseCopy.Problem.differs(table: "accounts")) {
            try await DatabaseCopy(from: world.database, to: altered).run(now: 7)
        }
    }
}

@Suite("The statements of a copy")
struct CopiedTablesTests {
    @Test("each table of the schema is copied, with every column, in the order of its primary key")
    func complete() async throws {
        let world = try await World(.memory, isEmpty: true)
        #expect(CopiedTable.all.map(\.name) == Tables.all)
        for table in CopiedTable.all {
            let columns = try await world.database.read { db in
                try db.rows("SELECT name, pk FROM pragma_table_info($1) ORDER BY cid", [.text(table.name)])
            }
            let names = columns.compactMap { $0[0].text }
            let key = columns.filter { $0[1] != .integer(0) }.sorted { ($0[1].integer ?? 0) < ($1[1].integer ?? 0) }.compactMap {
                $0[0].text
            }
            #expect(table.keyColumns.map { names[$0] } == key, "\(table.name)")
            let places = (1...names.count).map { "$\($0)" }.joined(separator: ", ")
            let behind =
                key.count == 1
                ? "\(key[0]) > $1" : "(\(key.joined(separator: ", "))) > (\((1...key.count).map { "$\($0)" }.joined(separator: ", ")))"
            #expect(words(table.count) == "SELECT COUNT(*) FROM \(table.name)")
            #expect(
                words(table.last)
                    == "SELECT \(key.joined(separator: ", ")) FROM \(table.name) ORDER BY \(key.map { $0 + " DESC" }.joined(separator: ", ")) LIMIT 1"
            )
            #expect(
                words(table.next)
                    == "SELECT \(names.joined(separator: ", ")) FROM \(table.name) WHERE \(behind) ORDER BY \(key.joined(separator: ", ")) LIMIT $\(key.count + 1)"
            )
            #expect(words(table.insert) == "INSERT INTO \(table.name) (\(names.joined(separator: ", "))) VALUES (\(places))")
        }
    }

    @Test("the source is held by a lock on each of them")
    func locked() {
        #expect(words(SourceHold.lock) == "LOCK TABLE \(CopiedTable.all.map(\.name).joined(separator: ", ")) IN SHARE MODE")
    }

    private func words(_ sql: StaticString) -> String { sql.description.split { $0 == " " || $0 == "\n" }.joined(separator: " ") }
}

/// A target that fails after so many transactions.
private final class Interrupted: Database {
    private let database: any Database
    private let left: Mutex<Int>

    init(_ database: any Database, after count: Int) {
        self.database = database
        left = Mutex(count)
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await database.read(body)
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        let isOver = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isOver { throw StorageError.unavailable("on purpose") }
        return try await database.write(body)
    }

    func run(_ script: String) async throws { try await database.run(script) }
}

/// A target that somebody else changes once everything has arrived.
private final class Altered: Database {
    private let database: any Database
    private let change: String
    private let isChanged = Mutex(false)

    init(_ database: any Database, change: String) {
        self.database = database
        self.change = change
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        let isThere = try await database.read { db in
            try db.rows("SELECT COUNT(*) FROM sqlite_master WHERE name = 'webhook_cursor'", [])[0][0] == .integer(1)
                && db.rows("SELECT COUNT(*) FROM webhook_cursor", [])[0][0] == .integer(1)
                && db.rows("SELECT COUNT(*) FROM accounts", [])[0][0].integer ?? 0 > 5000
        }
        let mustChange = isChanged.withLock { isChanged in
            defer { if isThere { isChanged = true } }
            return isThere && !isChanged
        }
        if mustChange { try await database.run(change) }
        return try await database.read(body)
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await database.write(body)
    }

    func run(_ script: String) async throws { try await database.run(script) }
}
