import Delegation
import Foundation
import OAuth
import Synchronization
import Testing

@testable import Storage

@Suite("The PostgreSQL driver", .enabled(if: Cluster.url != nil, Comment(rawValue: Cluster.absence)))
struct PostgreSQLDatabaseTests {
    /// Asks until the answer is yes.
    private func eventually(within seconds: Int = 20, _ check: () async -> Bool) async -> Bool {
        let end = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < end {
            if await check() { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    private func administer(_ script: String) async throws {
        try await PostgreSQLDatabase(url: Cluster.url(of: "postgres"), connections: 1).run(script)
    }

    @Test("sequences ascend in the order of the commits: whoever tails the outbox misses nothing, whichever node writes")
    func order() async throws {
        let world = try await World(.postgreSQL)
        let stores = [world.store, Store(try world.another()), Store(try world.another())]
        let reader = Store(try world.another())
        let first = try await reader.latestSequence()
        let isDone = Flag()
        let tail = Task {
            var (position, seen): (Int64, [Int64]) = (first, [])
            while true {
                // Asked before: what is committed by then is read by the round behind it.
                let isLast = isDone.isSet
                let events = try await reader.events(after: position, limit: 500)
                seen += events.map(\.sequence)
                position = events.last?.sequence ?? position
                if isLast, events.isEmpty { return seen }
            }
        }
        _ = try await together(300) { number in
            let account = Account(id: World.id(UInt64(0x1000 + number)), name: "Account \(number)", createdAt: 1)
            _ = try await stores[number % 3].createAccount(account, actor: World.operatorActor, now: World.now)
        }
        isDone.set()
        let seen = try await tail.value
        let all = try await reader.events(after: first, limit: 1000).map(\.sequence)
        #expect(all.count == 300)
        #expect(seen == all)
    }

    @Test("a commit of another node wakes at once, and so does a new connection")
    func wakeUps() async throws {
        let world = try await World(.postgreSQL)
        let other = Store(try world.another())
        let count = Mutex(0)
        let listening = Task { for await _ in world.store.wakeUps() { count.withLock { $0 += 1 } } }
        defer { listening.cancel() }
        #expect(await eventually { count.withLock { $0 } >= 1 })
        _ = try await other.createAccount(
            Account(id: World.id(0x77), name: "Other", createdAt: 1), actor: World.operatorActor, now: World.now)
        #expect(await eventually { count.withLock { $0 } >= 2 })
        // What changes nothing that anybody follows wakes nobody: the next element is that of the new connection.
        try await world.store.recordUsage([])
        let name = try #require(try await world.database.read { try $0.rows("SELECT current_database()", []) }.first?[0].text)
        try await administer(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                + "WHERE datname = '\(name)' AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')")
        #expect(await eventually { count.withLock { $0 } >= 3 })
    }

    @Test("what is read and then written is not lost to another that does the same")
    func serializable() async throws {
        let world = try await World(.postgreSQL, isEmpty: true)
        let databases = [world.database, try world.another()]
        try await world.database.run("CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT NOT NULL); INSERT INTO counters VALUES (1, 0)")
        _ = try await together(60) { number in
            try await databases[number % 2].write { db in
                let n = try db.rows("SELECT n FROM counters WHERE id = 1", [])[0][0].integer ?? 0
                try db.run("UPDATE counters SET n = $1 WHERE id = 1", [.integer(n + 1)])
            }
        }
        #expect(try await world.database.read { try $0.rows("SELECT n FROM counters", []) } == [[.integer(60)]])
    }

    @Test("a body that lets a failure pass is committed by nobody")
    func swallowed() async throws {
        let world = try await World(.postgreSQL, isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT PRIMARY KEY)")
        await #expect(throws: StorageError.contradiction) {
            try await world.database.write { db in
                try db.run("INSERT INTO things (a) VALUES ($1)", [.integer(1)])
                _ = try? db.run("INSERT INTO things (a) VALUES ($1)", [.integer(1)])
            }
        }
        #expect(try await world.database.read { try $0.rows("SELECT a FROM things", []) } == [])
    }

    @Test("connections that the server ends are replaced, under load and at rest")
    func terminated() async throws {
        let world = try await World(.postgreSQL)
        let name = try #require(try await world.database.read { try $0.rows("SELECT current_database()", []) }.first?[0].text)
        for round in 0..<5 {
            async let ended: Void = administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
            let outcomes = try await together(40) { number -> Bool in
                do {
                    let id = World.id(UInt64(0x1000 + round * 100 + number))
                    return try await world.store.createAccount(
                        Account(id: id, name: "A", createdAt: 1), actor: World.operatorActor, now: World.now) == .created
                } catch StorageError.unavailable {
                    // Lost in its commit: nobody knows.
                    return false
                }
            }
            try await ended
            let kept = try await world.store.accounts().count { $0.name == "A" }
            #expect(kept >= outcomes.count { $0 })
        }
    }

    @Test("while the database lets nobody in verbs fail at once; then it goes on by itself")
    func away() async throws {
        let world = try await World(.postgreSQL)
        let name = try #require(try await world.database.read { try $0.rows("SELECT current_database()", []) }.first?[0].text)
        try await administer("ALTER DATABASE \(name) ALLOW_CONNECTIONS false")
        try await administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)'")
        let isAway = await eventually {
            do {
                _ = try await world.store.users()
                return false
            } catch StorageError.unavailable { return true } catch { return false }
        }
        #expect(isAway)
        let start = ContinuousClock.now
        for _ in 0..<50 { await #expect(throws: StorageError.self) { try await world.store.users() } }
        #expect(ContinuousClock.now - start < .seconds(30))
        try await administer("ALTER DATABASE \(name) ALLOW_CONNECTIONS true")
        #expect(await eventually { (try? await world.store.users())?.count == 1 })
    }

    @Test("a lock that somebody else keeps is waited for, and not without end")
    func locked() async throws {
        let world = try await World(.postgreSQL)
        let name = try #require(try await world.database.read { try $0.rows("SELECT current_database()", []) }.first?[0].text)
        let holder = Task {
            try await PostgreSQLDatabase(url: Cluster.url(of: name)).run(
                "BEGIN; SET LOCAL statement_timeout = 0; LOCK TABLE event_order; SELECT pg_sleep(60); COMMIT")
        }
        let waiting = """
            SELECT COUNT(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
            JOIN pg_database d ON d.oid = l.database WHERE d.datname = current_database() AND c.relname = 'event_order' AND l.granted
            """ as StaticString
        #expect(await eventually { (try? await world.database.read { try $0.rows(waiting, []) }) == [[.integer(1)]] })
        await #expect(throws: StorageError.busy) {
            try await world.store.createAccount(
                Account(id: World.id(0x77), name: "Late", createdAt: 1), actor: World.operatorActor, now: World.now)
        }
        // What needs no place in the order does not wait.
        #expect(try await world.store.users().count == 1)
        try await administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)' AND query LIKE 'BEGIN%'")
        _ = try? await holder.value
    }

    @Test("changes that wait for rows that somebody keeps do not hold up those of other rows")
    func rowsKept() async throws {
        let world = try await World(.postgreSQL, isEmpty: true)
        let name = try #require(try await world.database.read { try $0.rows("SELECT current_database()", []) }.first?[0].text)
        try await world.database.run(
            "CREATE TABLE things (a BIGINT PRIMARY KEY, b BIGINT); INSERT INTO things VALUES (1, 0), (2, 0), (3, 0)")
        // Nobody's wait for a row ends while this looks.
        let url = try Cluster.url(of: name)
        let patient = try PostgreSQLDatabase(
            url: url + (url.contains("?") ? "&" : "?") + "options=-c%20lock_timeout%3D60s%20-c%20statement_timeout%3D60s")
        let change: @Sendable (Int64) async throws -> Int = { number in
            try await patient.write { try $0.run("UPDATE things SET b = b + 1 WHERE a = $1", [.integer(number)]) }
        }
        let keeper = Task {
            try await PostgreSQLDatabase(url: url).run(
                "BEGIN; SET LOCAL statement_timeout = 0; UPDATE things SET b = 7 WHERE a < 3; SELECT pg_sleep(60); COMMIT")
        }
        let waiting: @Sendable (Int64) async -> Bool = { count in
            let found = try? await world.database.read {
                try $0.rows("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'", [.text(name)])
            }
            return found == [[.integer(count)]]
        }
        let asleep: StaticString = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1 AND wait_event = 'PgSleep'"
        #expect(await eventually { (try? await world.database.read { try $0.rows(asleep, [.text(name)]) }) == [[.integer(1)]] })
        let first = Task { try await change(1) }
        #expect(await eventually { await waiting(1) })
        let second = Task { try await change(2) }
        #expect(await eventually { await waiting(2) })
        // Nobody comes after it: it has to set out by itself.
        #expect(try await change(3) == 1)
        #expect(await waiting(2))
        try await administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(name)' AND query LIKE 'BEGIN%'")
        #expect(try await first.value == 1)
        #expect(try await second.value == 1)
        _ = try? await keeper.value
    }

    @Test("sums and large numbers come back whole, text with U+0000 does not end early")
    func values() async throws {
        let world = try await World(.postgreSQL, isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT, b TEXT)")
        let numbers: [Int64] = [Int64.max - 10_000, 9999, -30_000_000, 0]
        for number in numbers {
            _ = try await world.database.write {
                try $0.run("INSERT INTO things (a, b) VALUES ($1, $2)", [.integer(number), .text("a\u{0}b")])
            }
        }
        let sum = try await world.database.read { try $0.rows("SELECT SUM(a), SUM(-a), COUNT(*) FROM things", []) }
        let total: Int64 = numbers.reduce(0, +)
        let expected: [Row] = [[.integer(total), .integer(-total), .integer(4)]]
        #expect(sum == expected)
        #expect(try await world.database.read { try $0.rows("SELECT DISTINCT b FROM things", []) } == [[.text("a\u{FFFD}b")]])
    }

    @Test(
        "no error tells the password",
        arguments: [
            "postgresql://u:hunter2@127.0.0.1:1/x", "postgresql://u:hunter2@127.0.0.1:port/x", "postgresql://u:hunter2@/x?nonsense=1",
            "postgresql://u:hunter2@localhost/x?host=/nowhere", "postgresql://u:hunter2@hunter2.invalid/x",
        ])
    func password(url: String) {
        do {
            _ = try PostgreSQLDatabase(url: url)
            Issue.record("it connected")
        } catch {
            #expect(!"\(error)".contains("hunter2"))
            #expect(error is StorageError)
        }
    }
}
