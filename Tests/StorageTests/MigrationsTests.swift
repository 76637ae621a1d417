import OAuth
import Testing

@testable import Storage

@Suite("Migrations")
struct MigrationsTests {
    static let first = Migrations.Migration(number: 1, name: "first", sql: "CREATE TABLE one (a BIGINT);")
    static let second = Migrations.Migration(number: 2, name: "second", sql: "CREATE TABLE two (a BIGINT);")

    @Test("from an empty database to this release, once", arguments: Driver.allCases)
    func fromEmpty(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        #expect(try await Migrations.status(of: database).allSatisfy { $0.appliedAt == nil })
        try await Migrations.apply(to: database, now: 100)
        try await Migrations.apply(to: database, now: 200)
        let status = try await Migrations.status(of: database)
        #expect(status.map(\.number) == Migrations.all.map(\.number))
        #expect(status.allSatisfy { $0.appliedAt == 100 })
    }

    @Test("a step that is added later is applied alone", arguments: Driver.allCases)
    func laterStep(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        try await Migrations.apply([Self.first], to: database, now: 1)
        try await Migrations.apply([Self.first, Self.second], to: database, now: 2)
        let rows = try await database.read { try $0.rows("SELECT number, applied_at FROM migrations ORDER BY number", []) }
        #expect(rows == [[.integer(1), .integer(1)], [.integer(2), .integer(2)]])
    }

    @Test("a database of a later release is refused", arguments: Driver.allCases)
    func newer(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        try await Migrations.apply([Self.first, Self.second], to: database, now: 1)
        await #expect(throws: StorageError.newer(2)) { try await Migrations.apply([Self.first], to: database, now: 2) }
    }

    @Test("a release that was put back works on what a later one only added to", arguments: Driver.allCases)
    func putBack(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        let added = Migrations.Migration(number: 2, name: "second", sql: "CREATE TABLE two (a BIGINT);", worksWith: 1)
        let takenAway = Migrations.Migration(number: 3, name: "third", sql: "DROP TABLE one;", worksWith: 2)
        try await Migrations.apply([Self.first, added], to: database, now: 1)
        try await Migrations.apply([Self.first], to: database, now: 2)
        try await Migrations.apply([Self.first, added, takenAway], to: database, now: 3)
        try await Migrations.apply([Self.first, added], to: database, now: 4)
        await #expect(throws: StorageError.newer(3)) { try await Migrations.apply([Self.first], to: database, now: 5) }
    }

    @Test("a database of 0.1.0, which did not say what works with a step, goes on", arguments: Driver.allCases)
    func fromTheFirstRelease(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        try await database.run(
            "CREATE TABLE migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)")
        try await database.run("INSERT INTO migrations VALUES (1, 'first', '\(Self.first.checksum)', 1)")
        try await Migrations.apply([Self.first, Self.second], to: database, now: 2)
        let rows = try await database.read { try $0.rows("SELECT number, works_with FROM migrations ORDER BY number", []) }
        #expect(rows == [[.integer(1), .null], [.integer(2), .integer(Int64(Migrations.lastReleased))]])
    }

    @Test("a step that was applied with another content is refused", arguments: Driver.allCases)
    func altered(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        try await Migrations.apply([Self.first], to: database, now: 1)
        let other = Migrations.Migration(number: 1, name: "first", sql: "CREATE TABLE one (b BIGINT);")
        await #expect(throws: StorageError.altered(1)) { try await Migrations.apply([other], to: database, now: 2) }
    }

    @Test("a step that fails leaves nothing of it behind, and can be tried again", arguments: Driver.allCases)
    func failing(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        let broken = Migrations.Migration(number: 1, name: "first", sql: "CREATE TABLE one (a BIGINT); CREATE TABLE one (a BIGINT);")
        await #expect(throws: StorageError.self) { try await Migrations.apply([broken], to: database, now: 1) }
        try await Migrations.apply([Self.first], to: database, now: 2)
        #expect(try await database.read { try $0.rows("SELECT applied_at FROM migrations", []) } == [[.integer(2)]])
    }

    @Test("processes that start together apply each step once", arguments: Driver.allCases.filter { $0 != .memory })
    func together(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        _ = try await StorageTests.together(10) { number in
            let database = try temporary.open()
            try await Migrations.apply(to: database, now: Int64(number))
            #expect(try await Store(database).accounts().isEmpty)
        }
        let database = try temporary.open()
        #expect(try await Migrations.status(of: database).allSatisfy { $0.appliedAt != nil })
    }

    @Test("numbers ascend without gaps, and texts need no quoting")
    func wellFormed() {
        #expect(Migrations.all.map(\.number) == Array(1...Migrations.all.count))
        for migration in Migrations.all {
            #expect(!migration.name.contains("'"))
            #expect(migration.checksum.count == 64)
        }
    }

    @Test("every table stands in the list, behind those that it refers to", arguments: Driver.allCases)
    func tables(driver: Driver) async throws {
        let world = try await World(driver)
        let sqlite: StaticString = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        let postgreSQL: StaticString = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        let stored = try await world.database.read { try $0.rows(driver == .postgreSQL ? postgreSQL : sqlite, []) }.compactMap(\.[0].text)
        #expect(Set(stored) == Set(Tables.all + ["migrations", "leases"] + (driver == .postgreSQL ? ["event_order"] : [])))
        var known: Set<String> = []
        for table in Tables.all {
            let statement = Migrations.all.flatMap { $0.sql.split(separator: ";") }.first { $0.contains("CREATE TABLE \(table) (") } ?? ""
            let references = statement.matches(of: /REFERENCES (\w+)/).map { String($0.1) }
            #expect(known.union([table]).isSuperset(of: references), "\(table)")
            known.insert(table)
        }
    }
}
