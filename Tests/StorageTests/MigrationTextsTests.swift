import OAuth
import Testing

@testable import Storage

/// What the texts of migrations may be: each runs while the release before still works on the same database.
@Suite("Texts of migrations")
struct MigrationTextsTests {
    typealias Migration = Migrations.Migration

    /// Of the texts that were released. A database that has them is refused by a release that has others.
    static let released = [
        "55e7a1bafe4d384614ae61d96aa8a922434e437d8c0651b881c6389f870000aa",
        "3d94c9f2f7e12536fc2584c6beafd03eb1030912db7e1ea956276373229e7ddb",
        "a1e905376673924876934e8d68ef780fc63315e41430a5dbee6102f864a30b59",
        "151e470de432c1d5fae3b5b169f857f97511d033435a3935bd3ef1b61c0fd56e",
        "636c0ebffe415c5339ee0f0eb7f4e5f81a0e0cfb8087d65fbfca73a4c752bcf5",
        "33ebf9620ce4f65468aaba45b6c3339c44c5862e7b4a0b4e2e3984ab22517e3a",
        "f330b50bf5447ab5965636eaaf3c65c8fe941854805c9f03a0e5f5b7d2089434",
        "71b3816468bc35cd48c205fbc670f9532752478fc76f4611a4cc345f4fa2bb18",
        "d2b3c8096d9930334d65e30dec496b3247210ad5747ca304251dac9716d9c11a",
        "a7f37870de91d46b9d8eff5334978d416155b86215b07880944f1fa25f84c682",
        "f666c79476ee248f7bee353cb0d45dbf7128481a5a39a7551737080f5614d8c5",
        "b9aeda3d9307902696a4246e9c6fa24b4238e508f1904f89f989fc0d5acca527",
        "e8ebc35e0bc03cec4d9de189678f6c79ba7692c99ce285b5ec90547ac3d1fa6d",
        "a2c53ab9ad297e3bb0181736ae4503b24cf7fe4d96528be7099e3e5a062d1c40",
    ]
    /// What PostgreSQL gets besides, of step 3.
    static let releasedBesides = "ee3a1d2dff279eec40053635e60c612c2b863356ee918bb7241f15665b6c18e3"

    @Test("a text that was released is what it was")
    func unchanged() {
        #expect(Migrations.all.prefix(Self.released.count).map(\.checksum) == Self.released)
        let besides = Migrations.all.prefix(Self.released.count).filter { !$0.postgreSQL.isEmpty }
        #expect(besides.map(\.number) == [3])
        #expect(besides.map { Migration(number: 0, name: "", sql: $0.postgreSQL).checksum } == [Self.releasedBesides])
    }

    /// Why a step may not be run beside the release before it; nil where it may.
    static func problem(_ migration: Migration, after before: [Migration]) -> String? {
        func tables(_ migrations: [Migration]) -> Set<String> {
            Set(
                migrations.flatMap { statements($0.sql + "\n" + $0.postgreSQL) }.compactMap {
                    $0.firstMatch(of: /^CREATE TABLE (?:IF NOT EXISTS )?(\w+)/).map { String($0.1) }
                })
        }
        let text = migration.sql + "\n" + migration.postgreSQL
        if !migration.indexes.isEmpty, !statements(text).isEmpty { return "indexes and statements in one step" }
        let known = tables(before).subtracting(tables([migration]))
        for statement in statements(text) {
            let index = statement.firstMatch(of: /^CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?\w+ ON (\w+)/)
            if let index, known.contains(String(index.1)) {
                return "an index on \(index.1) that is built under a lock"
            }
            guard let change = statement.firstMatch(of: /^ALTER TABLE (\w+) (.*)/) else {
                if statement.contains(/^(DROP TABLE|DROP VIEW|TRUNCATE|CLUSTER|VACUUM|LOCK|REINDEX)\b/) { return "\(statement.prefix(40))" }
                // The old release does not know of it, and a large table is locked for as long as it takes.
                if let update = statement.firstMatch(of: /^(?:UPDATE|DELETE FROM) (\w+)/), known.contains(String(update.1)) {
                    return "rows of \(update.1) are rewritten"
                }
                continue
            }
            // A constant default is kept beside the rows; everything else looks at each of them, or breaks what the old release writes.
            let isAddition = change.2.wholeMatch(of: /ADD COLUMN \w+ (TEXT|BIGINT|BLOB)( NOT NULL DEFAULT ('[^']*'|-?\d+))?/) != nil
            if known.contains(String(change.1)), !isAddition { return "\(statement)" }
        }
        return nil
    }

    private static func statements(_ text: String) -> [String] {
        text.split(separator: ";").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") }.filter { !$0.isEmpty }
    }

    @Test("steps behind the last release lock no table for long and leave the release before working")
    func expandAndContract() {
        for (index, migration) in Migrations.all.enumerated().dropFirst(Self.released.count) {
            #expect(Self.problem(migration, after: Array(Migrations.all[..<index])) == nil, "\(migration.number)")
        }
    }

    @Test(
        "what must not be is found",
        arguments: [
            ("CREATE INDEX x ON events (at);", true), ("CREATE UNIQUE INDEX x ON users (name);", true),
            ("ALTER TABLE users ADD COLUMN x TEXT NOT NULL;", true), ("ALTER TABLE users DROP COLUMN name;", true),
            ("ALTER TABLE users ADD COLUMN x BIGINT CHECK (x > 0);", true), ("ALTER TABLE users RENAME TO people;", true),
            ("UPDATE users SET name = '';", true), ("DROP TABLE users;", true), ("ALTER TABLE users ALTER COLUMN name TYPE BIGINT;", true),
            ("ALTER TABLE users ADD COLUMN x TEXT;", false), ("ALTER TABLE users ADD COLUMN x BIGINT NOT NULL DEFAULT 0;", false),
            ("CREATE TABLE new (a BIGINT); CREATE INDEX new_by_a ON new (a);", false),
        ])
    func lint(sql: String, isBad: Bool) {
        let migration = Migration(number: 99, name: "x", sql: sql)
        #expect((Self.problem(migration, after: Migrations.all) != nil) == isBad)
    }

    @Test("an index is built without stopping anybody, and again where it was left unfinished", arguments: Driver.allCases)
    func indexes(driver: Driver) async throws {
        let temporary = try await TemporaryDatabase(driver)
        let database = try temporary.open()
        let table = Migration(number: 1, name: "table", sql: "CREATE TABLE things (a BIGINT);")
        let index = Migration(number: 2, name: "index", sql: "", indexes: [.init(name: "things_by_a", on: "things (a)")])
        #expect(Self.problem(index, after: [table]) == nil)
        try await Migrations.apply([table], to: database, now: 1)
        if driver == .postgreSQL { try await database.run("CREATE INDEX things_by_a ON things ((a + 1))") }
        try await Migrations.apply([table, index], to: database, now: 2)
        if driver == .postgreSQL {
            let sql: StaticString = "SELECT indexdef FROM pg_indexes WHERE indexname = 'things_by_a'"
            #expect(try await database.read { try $0.rows(sql, []) }.first?[0].text?.hasSuffix("USING btree (a)") == true)
        }
        // It is there: another of that name is refused.
        await #expect(throws: StorageError.self) { try await database.run("CREATE INDEX things_by_a ON things (a)") }
    }
}
