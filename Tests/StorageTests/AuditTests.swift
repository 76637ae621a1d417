import Delegation
import OAuth
import Storage
import Testing

@Suite("The audit log")
struct AuditTests {
    static let key = MACKey(id: 1, key: [UInt8](repeating: 1, count: 32), activeFrom: 0)

    func kinds(_ world: World, _ scope: AuditScope, _ filter: AuditFilter = AuditFilter(), ascending: Bool = true) async throws -> [String]
    {
        try await world.store.audit(scope, filter, isAscending: ascending, limit: 1000).map(\.event.kind)
    }

    @Test("an event names its actor fully", arguments: Driver.allCases)
    func actor(driver: Driver) async throws {
        let world = try await World(driver)
        let actor = Actor(
            userID: World.ada, tokenID: World.id(0x60), clientID: World.app, address: "192.0.2.9", userAgent: "terraform/1")
        _ = try await world.store.setAccountSuspended(World.acme, true, actor: actor, now: World.now)
        let event = try #require(try await world.store.audit(.platform, limit: 1).first)
        #expect(event.event.actorID == World.ada)
        #expect(event.event.actorTokenID == World.id(0x60))
        #expect(event.event.actorClientID == World.app)
        #expect(event.event.address == "192.0.2.9")
        #expect(event.event.userAgent == "terraform/1")
        #expect(event.actorEmail == "ada@example.com")
        #expect(event.actorClientName == "DNS Pilot")
        #expect(world.listener.events.last == event.event)
    }

    @Test("every account that an authorization reaches sees it; the client's owner sees it without the person", arguments: Driver.allCases)
    func authorization(driver: Driver) async throws {
        let world = try await World(driver)
        let standing = try await world.install(0x40)
        _ = try await world.store.narrow(
            standing.authorization.id, to: ["dns.read"], accountIDs: [World.acme], actor: World.adaActor, now: World.now)
        _ = try await world.store.endAuthorization(standing.authorization.id, actor: World.adaActor, now: World.now)
        let filter = AuditFilter(kind: "authorization")
        #expect(
            try await kinds(world, .account(World.acme), filter) == [
                "authorization.granted", "authorization.narrowed", "authorization.ended",
            ])
        // What was taken away from an account is the last that it hears.
        #expect(try await kinds(world, .account(World.birch), filter) == ["authorization.granted", "authorization.narrowed"])
        #expect(try await world.store.audit(.account(World.acme), filter, limit: 10).allSatisfy(\.showsPerson))
        let owner = try await world.store.audit(.account(World.pine), filter, limit: 10)
        #expect(owner.count == 3 && owner.allSatisfy { !$0.showsPerson })
    }

    @Test("a filter by person or address finds nothing that is shown without them")
    func hiddenFilters() async throws {
        let world = try await World()
        _ = try await world.install(0x40)
        for ascending in [true, false] {
            #expect(try await kinds(world, .account(World.pine), AuditFilter(actorID: World.ada), ascending: ascending) == [])
            #expect(try await kinds(world, .account(World.pine), AuditFilter(address: "192.0.2.1"), ascending: ascending) == [])
            let both = AuditFilter(actorID: World.ada, address: "192.0.2.1")
            #expect(try await kinds(world, .account(World.acme), both, ascending: ascending) == ["authorization.granted"])
        }
    }

    @Test("what is about a person concerns each account where the person is a member, and no other")
    func people() async throws {
        let world = try await World()
        try await world.store.createSession(SessionsTests.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        _ = try await world.store.deleteUser(World.ada, actor: World.operatorActor, now: World.now)
        for account in [World.acme, World.birch] {
            let seen = try await kinds(world, .account(account))
            #expect(seen.contains("session.created") && seen.contains("user.deleted"))
        }
        #expect(try await !kinds(world, .account(World.pine)).contains { $0.hasPrefix("session") || $0.hasPrefix("user") })
    }

    @Test("everybody who authorized a client learns that it was suspended; its owner learns that it was deleted")
    func clients() async throws {
        let world = try await World()
        _ = try await world.install(0x40)
        _ = try await world.store.setClientSuspended(World.app, true, actor: World.operatorActor, now: World.now)
        #expect(try await kinds(world, .account(World.acme), AuditFilter(kind: "client")) == ["client.suspended"])
        _ = try await world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now)
        #expect(try await kinds(world, .account(World.pine), AuditFilter(kind: "client.deleted")) == ["client.deleted"])
    }

    @Test("filters combine, in both directions, whichever index they are read by", arguments: Driver.allCases)
    func filters(driver: Driver) async throws {
        let world = try await World(driver)
        let sally = World.id(0x11)
        let other = Actor(userID: sally, address: "192.0.2.2")
        for number in 0..<6 {
            _ = try await world.store.setAccountSuspended(
                World.acme, number % 2 == 0, actor: number < 3 ? World.adaActor : other, now: World.now + Int64(number))
        }
        let scope = AuditScope.account(World.acme)
        let cases: [(AuditFilter, [String])] = [
            (AuditFilter(kind: "account.suspended", since: World.now), ["account.suspended", "account.suspended", "account.suspended"]),
            (AuditFilter(kind: "account", since: World.now + 4), ["account.suspended", "account.resumed"]),
            (AuditFilter(actorID: sally), ["account.resumed", "account.suspended", "account.resumed"]),
            (AuditFilter(kind: "account.resumed", actorID: sally, before: World.now + 5), ["account.resumed"]),
            (AuditFilter(kind: "account.resumed", address: "192.0.2.1"), ["account.resumed"]),
            (AuditFilter(clientID: World.app), []), (AuditFilter(kind: "acc"), []), (AuditFilter(kind: "account.suspende"), []),
        ]
        for (filter, expected) in cases {
            #expect(try await kinds(world, scope, filter) == expected)
            #expect(try await kinds(world, scope, filter, ascending: false) == expected.reversed())
            if filter.since != nil || filter.actorID != nil { #expect(try await kinds(world, .platform, filter) == expected) }
        }
        #expect(try await kinds(world, .user(sally)) == ["account.resumed", "account.suspended", "account.resumed"])
        let sequence = try await world.store.latestSequence()
        #expect(try await kinds(world, scope, AuditFilter(sequence: sequence)) == ["account.resumed"])
        #expect(try await kinds(world, .account(World.birch), AuditFilter(sequence: sequence)) == [])
    }

    @Test("pages by position neither repeat nor miss, while events of one second come in")
    func paging() async throws {
        let world = try await World()
        for number in 0..<25 {
            _ = try await world.store.setAccountSuspended(World.birch, number % 2 == 0, actor: World.adaActor, now: World.now)
        }
        var (seen, position): ([Int64], AuditPosition?) = ([], nil)
        while true {
            let page = try await world.store.audit(.account(World.birch), after: position, limit: 10)
            seen += page.map(\.event.sequence)
            guard page.count == 10 else { break }
            position = page.last?.position
            _ = try await world.store.setAccountSuspended(World.birch, true, actor: World.adaActor, now: World.now + 1)
        }
        let newest = seen.first ?? 0
        let all = try await world.store.audit(.account(World.birch), limit: 1000).map(\.event.sequence).filter { $0 <= newest }
        #expect(seen == all)
        #expect(try await world.store.audit(.account(World.birch), offset: 1000, limit: 10).isEmpty)
    }

    @Test("guessing a password is one event for a user, an address and a minute", arguments: Driver.allCases)
    func guessing(driver: Driver) async throws {
        let world = try await World(driver)
        func fail(_ number: UInt64, from address: String, at now: Int64) async throws {
            let refused = Store.RefusedSignIn(
                userID: World.ada, reason: "wrong password", actor: Actor(userID: nil, address: address))
            try await world.store.settleSignIn(World.id(number), failed: true, refused: refused, now: now)
        }
        for number in 0..<8 { try await fail(UInt64(number), from: "192.0.2.7", at: World.now + Int64(number)) }
        try await fail(20, from: "192.0.2.8", at: World.now)
        try await fail(21, from: "192.0.2.7", at: World.now + 60)
        let events = try await world.store.audit(.account(World.acme), AuditFilter(kind: "sign_in"), isAscending: true, limit: 100)
        #expect(events.map(\.event.address) == ["192.0.2.7", "192.0.2.8", "192.0.2.7"])
        #expect(events.allSatisfy { $0.event.actorID == nil && $0.userEmail == "ada@example.com" })
    }

    // MARK: Seals

    func verify(_ world: World) async throws -> SealChain {
        var chain = SealChain(keys: MACKeyRing([Self.key]))
        while true {
            let seals = try await world.store.seals(after: chain.head?.number ?? 0, limit: 2)
            if seals.isEmpty { return chain }
            for (seal, events) in seals { chain.check(seal, events: events) }
        }
    }

    func seal(_ world: World, limit: Int = 5) async throws -> SealHead? {
        var head: SealHead?
        while case .sealed(let new) = try await world.store.sealEvents(after: head, key: Self.key, limit: limit, now: World.now) {
            head = new
        }
        return head
    }

    @Test("events are sealed in batches, each once, and the chain holds", arguments: Driver.allCases)
    func seals(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await world.install(0x40)
        let count = Int(try await world.store.latestSequence())
        #expect(try await world.store.unsealedEvents(after: nil).count == Int64(count))
        let head = try await seal(world)
        let chain = try await verify(world)
        #expect(chain.breaks == [])
        #expect(chain.eventCount == count)
        #expect(chain.sealCount == (count + 4) / 5)
        #expect(chain.head == head)
        #expect(try await world.store.sealEvents(after: head, key: Self.key, limit: 5, now: World.now) == .nothingToSeal)
        #expect(try await world.store.unsealedEvents(after: head).count == 0)
        _ = try await world.store.setAccountSuspended(World.acme, true, actor: World.adaActor, now: World.now)
        #expect(try await world.store.unsealedEvents(after: head).count == 1)
    }

    @Test("any column of an event, and any account that sees it, is under the seal")
    func tampering() async throws {
        let changes: [(StaticString, (Int64) -> SealChain.Break)] = [
            ("UPDATE events SET at = at + 1 WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("UPDATE events SET details = '{}' WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("UPDATE events SET actor_id = 'nobody' WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("UPDATE events SET user_agent = '' WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("DELETE FROM event_accounts WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("UPDATE event_accounts SET shows_person = 0 WHERE sequence = 3", { .eventChanged(3, seal: $0) }),
            ("INSERT INTO events (sequence, at, kind) VALUES (-5, 1, 'user.created')", { .eventInserted(-5, seal: $0) }),
            ("DELETE FROM events WHERE sequence = 3", { .eventMissing(3, seal: $0) }),
            ("UPDATE event_seals SET sealed_at = 0 WHERE number = 1", { .sealChanged($0) }),
            ("UPDATE event_seals SET digests = mac WHERE number = 1", { .sealChanged($0) }),
            ("DELETE FROM event_seals WHERE number = 1", { .sealsMissing($0...$0) }),
        ]
        for (sql, expected) in changes {
            let world = try await World()
            _ = try await seal(world)
            _ = try await world.database.write { try $0.run(sql, []) }
            #expect(try await verify(world).breaks == [expected(1)], "\(sql)")
        }
    }

    @Test("a server does not seal over a chain whose newest seal was taken away or changed")
    func cutOff() async throws {
        let world = try await World()
        let head = try await seal(world)
        _ = try await world.database.write {
            try $0.run("DELETE FROM event_seals WHERE number = (SELECT MAX(number) FROM event_seals)", [])
        }
        #expect(try await world.store.sealEvents(after: head, key: Self.key, limit: 5, now: World.now) == .broken)
    }

    @Test("no sweep takes an event away")
    func sweep() async throws {
        let world = try await World()
        let standing = try await world.install(0x40)
        _ = try await world.store.endAuthorization(standing.authorization.id, actor: World.adaActor, now: World.now)
        _ = try await seal(world)
        let before = try await world.store.events(after: 0, limit: 1000)
        while try await world.store.sweep(now: World.now + 5000 * 86_400, limit: 100) > 0 {}
        #expect(try await world.store.events(after: 0, limit: 1000) == before)
        #expect(try await verify(world).breaks == [])
    }
}
