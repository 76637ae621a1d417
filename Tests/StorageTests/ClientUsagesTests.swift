import Delegation
import OAuth
import Storage
import Testing

@Suite("Usage of clients")
struct ClientUsagesTests {
    private static let hour = World.now / 3600
    private static let registered: ScopeSet = ["dns.read", "dns.write", "zone.read", "offline_access"]

    private func increment(
        _ kind: UsageKind, _ label: String, _ count: Int64 = 1, hoursAgo: Int64 = 0, client: Identifier = World.app
    ) -> UsageIncrement {
        UsageIncrement(clientID: client, hour: Self.hour - hoursAgo, kind: kind, label: label, count: count)
    }

    private func usage(_ world: World, length: Int = 30, at now: Int64 = World.now) async throws -> ClientUsage {
        try await world.store.usage(of: World.app, registered: Self.registered, length: length, now: now)
    }

    @Test("counts add up, by day and by client", arguments: Driver.allCases)
    func adding(driver: Driver) async throws {
        let world = try await World(driver)
        let other = World.client(World.id(0x77), name: "Other")
        _ = try await world.store.createClient(other, secret: nil, actor: World.operatorActor, now: 9)
        for _ in 0..<2 {
            try await world.store.recordUsage([
                increment(.token, "authorization_code"), increment(.token, "refresh_token", 2), increment(.call, "verify", 5),
                increment(.call, "introspection", 1), increment(.call, "verify", 7, hoursAgo: 24), increment(.refusal, "scope", 3),
                increment(.asked, "dns.read"), increment(.granted, "dns.read"), increment(.used, "dns.read", 5),
                increment(.call, "verify", 100, client: other.id),
            ])
        }
        let usage = try await usage(world)
        #expect(usage.days.count == 30 && usage.days.last?.number == World.now / 86_400)
        #expect(usage.days.last?.codes == 2 && usage.days.last?.refreshes == 4 && usage.days.last?.calls == 12)
        #expect(usage.days.last?.refusals == ["scope": 6] && usage.days[28].calls == 14 && usage.days[27].calls == 0)
        #expect(usage.callsLastDay == 26)
        #expect(usage.scopes.map(\.label) == ["dns.read", "dns.write", "zone.read"])
        #expect(usage.scopes[0] == .init(label: "dns.read", asked: 2, granted: 2, used: 10, lastUsedOn: World.now / 86_400))
        #expect(usage.neverUsed == ["dns.write", "zone.read"])
    }

    @Test("a day ends at midnight, the last day after a day")
    func windows() async throws {
        let world = try await World()
        try await world.store.recordUsage([
            increment(.call, "verify", 1), increment(.call, "verify", 2, hoursAgo: 24), increment(.call, "verify", 4, hoursAgo: 25),
            increment(.call, "verify", 8, hoursAgo: 24 * 40), increment(.used, "dns.read", 8, hoursAgo: 24 * 40),
        ])
        #expect(try await world.store.callsLastDay(of: World.app, now: World.now) == 3)
        let short = try await usage(world, length: 1)
        #expect(short.days.map(\.calls) == [1] && short.scopes[0].used == 0)
        // It was used in the days that are kept, though not in those that are shown.
        #expect(short.scopes[0].lastUsedOn == Self.hour / 24 - 40 && !short.neverUsed.contains("dns.read"))
        #expect(try await usage(world, length: 90).days.reduce(0) { $0 + $1.calls } == 15)
        #expect(short.firstCallOn == Self.hour / 24 - 40)
    }

    @Test("what is in force is counted from the authorizations themselves", arguments: Driver.allCases)
    func reach(driver: Driver) async throws {
        let world = try await World(driver)
        #expect(try await usage(world).reach == .init())
        _ = try await world.install(0x40)
        let second = try await world.install(0x41)
        #expect(try await usage(world).reach == .init(authorizations: 1, activeInstallations: 2, users: 1, accounts: 2))
        _ = try await world.store.endFamily(second.family.id, actor: World.operatorActor, now: World.now)
        #expect(try await usage(world).reach.activeInstallations == 1)
        #expect(try await usage(world, at: World.now + 1000).reach.activeInstallations == 0)
        _ = try await world.store.endAuthorization(second.authorization.id, actor: World.adaActor, now: World.now)
        #expect(try await usage(world).reach == .init())
    }

    @Test("a client that is gone takes its counts along, and later ones are dropped without harm to others")
    func deletedClient() async throws {
        let world = try await World()
        try await world.store.recordUsage([increment(.call, "verify")])
        #expect(try await world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now))
        let other = World.client(World.id(0x77), name: "Other")
        _ = try await world.store.createClient(other, secret: nil, actor: World.operatorActor, now: 9)
        try await world.store.recordUsage([increment(.call, "verify"), increment(.call, "verify", 3, client: other.id)])
        #expect(try await world.store.callsLastDay(of: World.app, now: World.now) == 0)
        #expect(try await world.store.callsLastDay(of: other.id, now: World.now) == 3)
    }

    @Test("days are kept for ninety days, hours for one")
    func sweep() async throws {
        let world = try await World()
        let day: Int64 = 86_400
        try await world.store.recordUsage([increment(.call, "verify"), increment(.used, "dns.read")])
        #expect(try await world.store.sweep(now: World.now, limit: 100) == 0)
        #expect(try await world.store.sweep(now: World.now + 2 * day, limit: 100) == 1)
        #expect(try await world.store.sweep(now: World.now + 89 * day, limit: 100) == 0)
        #expect(try await usage(world, length: 90, at: World.now + 89 * day).days.first?.calls == 1)
        #expect(try await world.store.sweep(now: World.now + 90 * day, limit: 1) == 1)
        #expect(try await world.store.sweep(now: World.now + 90 * day, limit: 100) == 1)
        #expect(try await usage(world, length: 90, at: World.now + 90 * day).firstCallOn == nil)
    }
}
