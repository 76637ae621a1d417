import Delegation
import OAuth
import Storage
import Testing

@Suite("What a client's end would reach")
struct ClientConsequencesTests {
    private static func counted(_ world: World, at now: Int64 = World.now) async throws -> ClientConsequences {
        try #require(try await world.store.consequences(of: World.app, of: World.pine, now: now))
    }

    private static func reach(_ users: Int, _ accounts: Int, _ authorizations: Int, _ installations: Int) -> ClientConsequences.Reach {
        .init(users: users, accounts: accounts, authorizations: authorizations, installations: installations)
    }

    @Test("people, the accounts that they gave, and installations are counted; members of the owner apart", arguments: Driver.allCases)
    func counts(driver: Driver) async throws {
        let world = try await World(driver)
        #expect(try await Self.counted(world).all == Self.reach(0, 0, 0, 0))
        _ = try await world.install(1)
        _ = try await world.install(2)
        #expect(try await Self.counted(world).all == Self.reach(1, 2, 1, 2))
        #expect(try await Self.counted(world).outside == Self.reach(1, 2, 1, 2))
        _ = try await world.store.addMember(
            userID: World.ada, accountID: World.pine, roleIDs: [World.reader.id], actor: World.operatorActor, now: World.now)
        #expect(try await Self.counted(world).outside == Self.reach(0, 0, 0, 0))
        #expect(try await Self.counted(world).all == Self.reach(1, 2, 1, 2))
    }

    @Test("what is over is not counted", arguments: Driver.allCases)
    func over(driver: Driver) async throws {
        let world = try await World(driver)
        let standing = try await world.install(1)
        #expect(try await Self.counted(world, at: World.now + 999).all.installations == 1)
        #expect(try await Self.counted(world, at: World.now + 1000).all == Self.reach(1, 2, 1, 0))
        _ = try await world.store.endAuthorization(standing.authorization.id, actor: World.adaActor, now: World.now)
        #expect(try await Self.counted(world).all == Self.reach(0, 0, 0, 0))
    }

    @Test("another account counts nothing")
    func foreign() async throws {
        let world = try await World()
        #expect(try await world.store.consequences(of: World.app, of: World.acme, now: World.now) == nil)
        #expect(try await world.store.consequences(of: World.id(0x77), of: World.pine, now: World.now) == nil)
    }

    @Test("whoever connected a client finds its freezing in their own log, and not who did it", arguments: [true, false])
    func frozenInTheUsersLog(isConnected: Bool) async throws {
        let world = try await World()
        if isConnected { _ = try await world.install(1) }
        let owner = Actor(userID: World.id(0x55), address: "198.51.100.7")
        _ = try await world.store.setClientFrozen(World.app, of: World.pine, true, actor: owner, now: World.now + 5)
        for isAscending in [true, false] {
            let entries = try await world.store.audit(
                .user(World.ada), AuditFilter(kind: "client.frozen"), isAscending: isAscending, limit: 10)
            #expect(entries.map(\.showsPerson) == (isConnected ? [false] : []))
        }
    }
}
