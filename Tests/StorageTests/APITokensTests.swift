import Delegation
import OAuth
import Storage
import Testing

@Suite("API tokens")
struct APITokensTests {
    private static func token(_ id: UInt64 = 0x60, owner: APIToken.Owner = .user(World.ada), at now: Int64 = 10) throws -> APIToken {
        APIToken(
            id: World.id(id), owner: owner, name: "deploys",
            policies: [
                TokenPolicy(
                    id: World.id(0x70), effect: .allow, permissions: ["zone.read", "latchkey.user.view"],
                    places: [.account(World.acme), .user]),
                TokenPolicy(id: World.id(0x71), effect: .deny, permissions: ["dns.read"], places: [.everywhere]),
            ],
            condition: AddressCondition(
                allowed: [try #require(AddressRange("192.0.2.0/24")), try #require(AddressRange("2001:db8::/32"))],
                denied: [try #require(AddressRange("192.0.2.7"))]),
            notBefore: 20, expiresAt: 90, createdAt: now)
    }

    @Test("a token comes back as it was made, with its user and their places, and goes with them", arguments: Driver.allCases)
    func ofUser(driver: Driver) async throws {
        let world = try await World(driver)
        let token = try Self.token()
        var plain = APIToken(id: World.id(0x61), owner: .user(World.ada), name: "old", createdAt: 9)
        plain.isDisabled = true
        try await world.store.createAPIToken(token, hash: [1], actor: World.adaActor, now: 10)
        try await world.store.createAPIToken(plain, hash: [2], actor: World.adaActor, now: 10)
        let found = try #require(try await world.store.apiToken(hash: [1]))
        #expect(found.token == token)
        #expect(found.user == World.user())
        #expect(found.memberships.map(\.account.name) == ["Acme", "Birch"])
        #expect(try await world.store.apiToken(hash: [2])?.token == plain)
        #expect(try await world.store.apiToken(hash: [3]) == nil)
        #expect(try await world.store.apiTokens(of: .user(World.ada)) == [token, plain])
        #expect(try await world.store.apiTokens(of: .account(World.acme)).isEmpty)
        #expect(try await world.store.apiToken(token.id, of: .user(World.ada)) == token)
        #expect(try await world.store.apiToken(token.id, of: .user(World.id(404))) == nil)
        _ = try await world.store.deleteUser(World.ada, actor: World.operatorActor, now: World.now)
        #expect(try await world.store.apiToken(hash: [1]) == nil)
    }

    @Test("an account's token stands for the account alone")
    func ofAccount() async throws {
        let world = try await World()
        let token = try Self.token(owner: .account(World.acme))
        try await world.store.createAPIToken(token, hash: [1], actor: World.adaActor, now: 10)
        let found = try #require(try await world.store.apiToken(hash: [1]))
        #expect(found.token == token)
        #expect(found.user == nil)
        #expect(found.memberships.map(\.account.id) == [World.acme])
        #expect(found.memberships.first?.allowsEverything == true)
        #expect(try await world.store.apiTokens(of: .account(World.acme)) == [token])
        #expect(world.listener.events.last?.kind == "api_token.created")
        #expect(world.listener.events.last?.accountID == World.acme)
    }

    @Test("of changes that began from the same reading one is made")
    func update() async throws {
        let world = try await World()
        let before = try Self.token()
        try await world.store.createAPIToken(before, hash: [1], actor: World.adaActor, now: 10)
        let outcomes = try await together(4) { number in
            var token = before
            token.name = "number \(number)"
            token.isDisabled = true
            token.expiresAt = nil
            return try await world.store.updateAPIToken(token, before: before, actor: World.adaActor, now: 30)
        }
        #expect(outcomes.filter { $0 }.count == 1)
        let after = try #require(try await world.store.apiToken(before.id, of: before.owner))
        #expect(after.isDisabled && after.expiresAt == nil && after.modifiedAt == 30)
        #expect(world.listener.kinds.filter { $0 == "api_token.updated" }.count == 1)
    }

    @Test("a rolled token has the new value alone; a deleted one none")
    func rollAndDelete() async throws {
        let world = try await World()
        let token = try Self.token()
        try await world.store.createAPIToken(token, hash: [1], actor: World.adaActor, now: 10)
        #expect(try await world.store.rollAPIToken(token, hash: [2], actor: World.adaActor, now: 11))
        #expect(try await world.store.apiToken(hash: [1]) == nil)
        #expect(try await world.store.apiToken(hash: [2])?.token.modifiedAt == 11)
        var changed = token
        changed.policies = []
        #expect(try await !world.store.rollAPIToken(changed, hash: [3], actor: World.adaActor, now: 12))
        #expect(try await world.store.deleteAPIToken(token, actor: World.adaActor, now: 13))
        #expect(try await !world.store.deleteAPIToken(token, actor: World.adaActor, now: 13))
        #expect(try await !world.store.rollAPIToken(token, hash: [4], actor: World.adaActor, now: 14))
        #expect(world.listener.kinds.suffix(2) == ["api_token.rolled", "api_token.deleted"])
        #expect(world.listener.events.last?.details?.contains(token.id.description) == true)
    }
}
