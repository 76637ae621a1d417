import Delegation
import OAuth
import Storage
import Testing

@Suite("Keys, API tokens, the catalogue")
struct KeysTests {
    static func key(_ id: Int64, _ purpose: KeyPurpose = .mac, _ algorithm: String = "HS256", from: Int64 = 1) -> StoredKey {
        StoredKey(id: id, purpose: purpose, algorithm: algorithm, sealed: [UInt8(id), 0], activeFrom: from, retiredAt: nil, createdAt: 1)
    }

    @Test("keys come back in the order in which they become active", arguments: Driver.allCases)
    func order(driver: Driver) async throws {
        let world = try await World(driver)
        let keys = [Self.key(1, from: 30), Self.key(2, .sign, "ES256", from: 10), Self.key(3, from: 20)]
        try await world.store.addKeys(keys, onlyMissing: false, actor: World.operatorActor, now: 1)
        #expect(try await world.store.keys() == [keys[1], keys[2], keys[0]])
        #expect(world.listener.events.last?.subject == .keys)
    }

    @Test("of processes that start together one makes the keys", arguments: Driver.allCases)
    func firstStart(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await together(20) { number in
            let id = Int64(number * 2 + 1)
            try await world.store.addKeys(
                [Self.key(id), Self.key(id + 1, .sign, "ES256")], onlyMissing: true, actor: World.operatorActor, now: 1)
        }
        #expect(try await world.store.keys().count == 2)
        #expect(world.listener.kinds.filter { $0 == "keys.added" }.count == 1)
    }

    @Test("of nodes that find the keys old at once one adds new ones", arguments: Driver.allCases)
    func rotatedOnce(driver: Driver) async throws {
        let world = try await World(driver)
        try await world.store.addKeys([Self.key(1, from: 10)], onlyMissing: false, actor: World.operatorActor, now: 10)
        let added = try await together(20) { number in
            try await world.store.addKeys(
                [Self.key(Int64(number + 2), from: 100)], unlessAnyAfter: 10, actor: World.operatorActor, now: 90)
        }
        #expect(added.count { $0 } == 1)
        #expect(try await world.store.keys().map(\.activeFrom) == [10, 100])
    }

    @Test("a key for signing goes when its successor has been in use for long; others stay", arguments: Driver.allCases)
    func superseded(driver: Driver) async throws {
        let world = try await World(driver)
        let keys = [
            Self.key(1, from: 10), Self.key(2, from: 50), Self.key(3, .sign, "ES256", from: 10), Self.key(4, .sign, "ES256", from: 50),
            Self.key(5, .sign, "RS256", from: 10), Self.key(6, .sign, "ES256", from: 90),
        ]
        try await world.store.addKeys(keys, onlyMissing: false, actor: World.operatorActor, now: 1)
        #expect(try await world.store.removeSupersededKeys(since: 49, actor: World.operatorActor, now: 100) == 0)
        #expect(!keys.contains { $0.isSuperseded(by: keys, since: 49) })
        #expect(keys.filter { $0.isSuperseded(by: keys, since: 50) }.map(\.id) == [3])
        #expect(try await world.store.removeSupersededKeys(since: 50, actor: World.operatorActor, now: 100) == 1)
        #expect(try await world.store.keys().map(\.id).sorted() == [1, 2, 4, 5, 6])
        #expect(world.listener.events.last?.kind == "keys.removed")
    }

    @Test("keys are added all or none")
    func allOrNone() async throws {
        let world = try await World()
        try await world.store.addKeys([Self.key(1)], onlyMissing: false, actor: World.operatorActor, now: 1)
        await #expect(throws: StorageError.contradiction) {
            try await world.store.addKeys([Self.key(2), Self.key(1)], onlyMissing: false, actor: World.operatorActor, now: 1)
        }
        #expect(try await world.store.keys() == [Self.key(1)])
    }

    @Test("a key is retired once")
    func retire() async throws {
        let world = try await World()
        try await world.store.addKeys([Self.key(1)], onlyMissing: false, actor: World.operatorActor, now: 1)
        #expect(try await world.store.retireKey(1, at: 50, actor: World.operatorActor, now: 40))
        #expect(try await !world.store.retireKey(1, at: 60, actor: World.operatorActor, now: 41))
        #expect(try await !world.store.retireKey(404, at: 60, actor: World.operatorActor, now: 41))
        #expect(try await world.store.keys().map(\.retiredAt) == [50])
    }

    @Test("uses of API tokens and secrets are written down, the newest")
    func uses() async throws {
        let world = try await World()
        let token = APIToken(id: World.id(0x60), owner: .user(World.ada), name: "deploys", createdAt: 10)
        try await world.store.createAPIToken(token, hash: [1], actor: World.adaActor, now: 10)
        for at in [20, 15] as [Int64] {
            try await world.store.recordUse(ofAPITokens: [(id: token.id, at: at, address: "192.0.2.\(at)")])
            try await world.store.recordUse(ofClientSecrets: [(hash: World.hash("secret"), at: at)])
        }
        let used = try await world.database.read { db in
            try db.rows("SELECT last_used_at FROM api_tokens UNION ALL SELECT last_used_at FROM client_secrets", [])
        }
        #expect(used == [[.integer(20)], [.integer(20)]])
    }

    @Test("the catalogue in force is the newest; the same again changes nothing")
    func catalogue() async throws {
        let world = try await World()
        #expect(try await world.store.currentCatalogue() == nil)
        func save(_ text: String) async throws {
            try await world.store.saveCatalogue(
                content: Array(text.utf8), source: "openapi.yaml", digest: World.hash(text), actor: World.operatorActor, now: 1)
        }
        for text in ["one", "one", "two", "one"] {
            try await save(text)
            #expect(try await world.store.currentCatalogue() == text)
        }
        #expect(world.listener.kinds.filter { $0 == "catalogue.imported" }.count == 3)
    }
}
