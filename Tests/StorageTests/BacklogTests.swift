import Delegation
import OAuth
import Storage
import Testing

@Suite("How much work waits")
struct BacklogTests {
    @Test("what the sweep would remove is counted, and nothing once it is gone", arguments: Driver.allCases)
    func backlog(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        try await store.createSession(SessionsTests.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        try await store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 1000)
        #expect(try await store.backlog(now: World.now + 999).expired == 0)
        #expect(try await store.backlog(now: World.now + 1000).expired == 2)
        #expect(try await store.backlog(now: World.now + 1000).deliveries == 0)
        _ = try await store.sweep(now: World.now + 1000, limit: 100)
        #expect(try await store.backlog(now: World.now + 1000).expired == 0)
    }

    @Test("after a restore nothing that was granted is good, and the owners of API tokens can switch them on", arguments: Driver.allCases)
    func restore(driver: Driver) async throws {
        let world = try await World(driver)
        let family = try await world.install(0x40).family.id
        try await world.store.createSession(SessionsTests.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        let kept = try await world.store.noteRestore(keepsAccess: true, actor: World.operatorActor, now: World.now + 1)
        #expect(kept == EndedAccess(authorizations: 0, installations: 0, sessions: 0, apiTokens: 0))
        #expect(try await world.store.standing(family)?.family.revokedAt == nil)
        let ended = try await world.store.noteRestore(keepsAccess: false, actor: World.operatorActor, now: World.now + 2)
        #expect(ended == EndedAccess(authorizations: 1, installations: 1, sessions: 1, apiTokens: 0))
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now + 2).isEmpty)
        #expect(try await world.store.standing(family)?.family.revokedAt == World.now + 2)
        #expect(try await world.store.events(after: 0, limit: 500).last?.kind == "database.restored")
    }

    @Test("a restore that was cut short leaves its mark, and the next one tells of all that was ended", arguments: Driver.allCases)
    func cutShort(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await world.install(0x40)
        try await world.store.createSession(SessionsTests.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        try await world.database.run("ALTER TABLE token_families RENAME TO away")
        await #expect(throws: StorageError.self) {
            try await world.store.noteRestore(keepsAccess: false, actor: World.operatorActor, now: World.now + 1)
        }
        #expect(try await Store.isRestoreUnfinished(in: world.database))
        #expect(try await world.store.events(after: 0, limit: 500).last?.kind != "database.restored")
        try await world.database.run("ALTER TABLE away RENAME TO token_families")
        let ended = try await world.store.noteRestore(keepsAccess: false, actor: World.operatorActor, now: World.now + 2)
        #expect(ended == EndedAccess(authorizations: 1, installations: 1, sessions: 1, apiTokens: 0))
        #expect(try await !Store.isRestoreUnfinished(in: world.database))
    }
}
