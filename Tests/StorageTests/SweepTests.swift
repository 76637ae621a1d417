import Delegation
import OAuth
import Storage
import Testing

@Suite("Sweeping what has expired")
struct SweepTests {
    static let day: Int64 = 86_400

    func count(_ world: World, _ sql: StaticString) async throws -> Int64? {
        try await world.database.read { try $0.rows(sql, [])[0][0].integer }
    }

    @Test("sessions, requests and attempts go when nobody can use them", arguments: Driver.allCases)
    func signIn(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        try await store.createSession(SessionsTests.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        try await store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 1000)
        _ = try await store.reserveSignIn(World.id(1), subject: [1], address: "192.0.2.1", now: World.now - 2600)
        #expect(try await store.sweep(now: World.now + 999, limit: 100) == 0)
        #expect(try await store.sweep(now: World.now + 1000, limit: 100) == 3)
        #expect(try await store.sweep(now: World.now + 1000, limit: 100) == 0)
    }

    @Test("a code stays for a day, so that its replay still ends what it gave")
    func codes() async throws {
        let world = try await World()
        _ = try await world.grant(as: "code")
        #expect(try await world.store.sweep(now: World.now + 59 + Self.day, limit: 100) == 0)
        #expect(try await world.store.sweep(now: World.now + 60 + Self.day, limit: 100) == 1)
        #expect(try await world.store.code(hash: World.hash("code")) == nil)
    }

    @Test("families go a day after they were last of use, with what hangs on them; the authorization stays")
    func families() async throws {
        let world = try await World()
        let idle = try await world.install(0x40)
        let revoked = try await world.install(0x41)
        try await world.store.revokeAccessToken(
            1, familyID: idle.family.id, expiresAt: World.now + 10 * Self.day, actor: World.operatorActor, now: World.now)
        _ = try await world.store.endFamily(revoked.family.id, actor: World.operatorActor, now: World.now)
        _ = try await world.store.sweep(now: World.now + Self.day - 1, limit: 100)
        #expect(try await world.store.standing(revoked.family.id) != nil)
        _ = try await world.store.sweep(now: World.now + Self.day, limit: 100)
        #expect(try await world.store.standing(revoked.family.id) == nil)
        #expect(try await world.store.standing(idle.family.id) != nil)
        _ = try await world.store.sweep(now: World.now + 1000 + Self.day, limit: 100)
        #expect(try await world.store.standing(idle.family.id) == nil)
        #expect(try await count(world, "SELECT COUNT(*) FROM revoked_tokens") == 0)
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now + Self.day).count == 1)
    }

    @Test("a revoked access token is remembered until it would have expired")
    func revokedTokens() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        try await world.store.revokeAccessToken(
            9, familyID: family, expiresAt: World.now + 100, actor: World.operatorActor, now: World.now)
        #expect(try await world.store.sweep(now: World.now + 99, limit: 100) == 0)
        #expect(try await world.store.standing(family)?.family.revokedTokenIDs == [9])
        #expect(try await world.store.sweep(now: World.now + 100, limit: 100) == 1)
        #expect(try await world.store.standing(family)?.family.revokedTokenIDs == [])
    }

    @Test("authorizations go thirty days after their end; one in force never does")
    func authorizations() async throws {
        let world = try await World()
        let ended = try await world.grant(as: "1")
        _ = try await world.store.endAuthorization(ended, actor: World.adaActor, now: World.now)
        _ = try await world.grant(World.code(authorization: 0x31, until: World.now + 500), as: "2")
        let sql: StaticString = "SELECT COUNT(*) FROM authorizations"
        _ = try await world.store.sweep(now: World.now + 30 * Self.day - 1, limit: 100)
        #expect(try await count(world, sql) == 2)
        _ = try await world.store.sweep(now: World.now + 30 * Self.day, limit: 100)
        #expect(try await count(world, sql) == 1)
        _ = try await world.store.sweep(now: World.now + 500 + 30 * Self.day, limit: 100)
        #expect(try await count(world, sql) == 0)
        _ = try await world.grant(World.code(authorization: 0x32), as: "3")
        _ = try await world.store.sweep(now: World.now + 5000 * Self.day, limit: 100)
        #expect(try await count(world, sql) == 1)
        #expect(try await world.store.events(after: 0, limit: 1000).contains { $0.authorizationID == ended })
    }

    @Test("a sweep takes no more of a kind than it is told, and the next one goes on")
    func limit() async throws {
        let world = try await World()
        for number in 0..<25 {
            try await world.store.saveRequest(
                hash: [UInt8(number)], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
                expiresAt: World.now)
        }
        var removed: [Int] = []
        for _ in 0..<4 { removed.append(try await world.store.sweep(now: World.now, limit: 10)) }
        #expect(removed == [10, 10, 5, 0])
    }
}
