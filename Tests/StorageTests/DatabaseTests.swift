import Delegation
import Foundation
import OAuth
import Storage
import Testing

@Suite("What every driver does")
struct DatabaseTests {
    @Test("values come back as they were written", arguments: Driver.allCases)
    func values(driver: Driver) async throws {
        let world = try await World(driver, isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT, b TEXT, c BLOB)")
        let row: [Value] = [.integer(.min), .text("snö '; DROP TABLE things"), .blob([0, 255, 1])]
        _ = try await world.database.write { try $0.run("INSERT INTO things (a, b, c) VALUES ($1, $2, $3)", row) }
        _ = try await world.database.write { try $0.run("INSERT INTO things (a, b, c) VALUES ($1, $2, $3)", [.null, .null, .blob([])]) }
        let rows = try await world.database.read { try $0.rows("SELECT a, b, c FROM things ORDER BY COALESCE(a, 1)", []) }
        #expect(rows == [row, [.null, .null, .blob([])]])
    }

    @Test("a failing write leaves the others of its batch committed", arguments: Driver.allCases)
    func failureInBatch(driver: Driver) async throws {
        let world = try await World(driver, isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT PRIMARY KEY CHECK (a <> 13))")
        let outcomes = try await together(100) { number in
            do {
                _ = try await world.database.write { db in
                    // The first insert of number 13 is fine; the second fails and takes the first with it.
                    try db.run("INSERT INTO things (a) VALUES ($1)", [.integer(Int64(number) + 1000)])
                    return try db.run("INSERT INTO things (a) VALUES ($1)", [.integer(Int64(number))])
                }
                return number
            } catch {
                #expect(error as? StorageError == .contradiction)
                return -1
            }
        }
        #expect(outcomes.filter { $0 < 0 }.count == 1)
        let kept = try await world.database.read { try $0.rows("SELECT a FROM things ORDER BY a", []).compactMap { $0[0].integer } }
        let low: [Int64] = Array(0..<13) + Array(14..<100)
        #expect(kept == low + low.map { $0 + 1000 })
    }

    @Test("a statement that failed works again")
    func reuseAfterFailure() async throws {
        let world = try await World(isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT PRIMARY KEY)")
        @Sendable func insert(_ number: Int64) async throws {
            _ = try await world.database.write { try $0.run("INSERT INTO things (a) VALUES ($1)", [.integer(number)]) }
        }
        try await insert(1)
        await #expect(throws: StorageError.contradiction) { try await insert(1) }
        try await insert(2)
        #expect(try await world.database.read { try $0.rows("SELECT COUNT(*) FROM things", [])[0][0] } == .integer(2))
    }

    @Test("an error of a body's own passes as it is, and nothing of it is kept")
    func ownErrors() async throws {
        let world = try await World()
        await #expect(throws: Unexpected.self) {
            try await world.database.write { db in
                try db.run("DELETE FROM users", [])
                throw Unexpected(what: "on purpose")
            }
        }
        #expect(try await world.store.users().count == 1)
    }

    @Test("a caller that goes away does not lose its write", arguments: Driver.allCases)
    func cancellation(driver: Driver) async throws {
        let world = try await World(driver, isEmpty: true)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await world.store.createAccount(
                Account(id: World.acme, name: "Acme", createdAt: 1), actor: World.operatorActor, now: World.now)
        }
        #expect(try await task.value == .created)
        #expect(try await world.store.account(World.acme)?.name == "Acme")
        #expect(world.listener.kinds == ["account.created"])
    }

    @Test("reads cannot write")
    func readOnly() async throws {
        let world = try await World(.shared)
        await #expect(throws: StorageError.self) { try await world.database.read { try $0.run("DELETE FROM users", []) } }
        #expect(try await world.store.users().count == 1)
    }

    @Test("two processes write the same file in turns and lose nothing")
    func twoWriters() async throws {
        let world = try await World(.shared, isEmpty: true)
        let stores = [world.store, Store(try world.another())]
        let outcomes = try await together(100) { number in
            try await stores[number % 2].createAccount(
                Account(id: World.id(UInt64(number)), name: "Account \(number)", createdAt: 1), actor: World.operatorActor, now: World.now)
        }
        #expect(outcomes.allSatisfy { $0 == .created })
        #expect(try await world.store.accounts().count == 100)
        #expect(try await world.store.events(after: 0, limit: 1000).map(\.sequence) == Array(1...100))
    }
}
