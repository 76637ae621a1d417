import Delegation
import OAuth
import Storage
import Testing

@Suite("Resources")
struct ResourcesTests {
    private static func zones(_ ids: String...) -> ResourceChoice { choice(["zone": .some(ResourceIDs(ids))]) }
    private static func choice(_ types: ResourceChoice.Types) -> ResourceChoice { ResourceChoice([World.acme: types]) }
    private static func change(_ ids: String...) -> [Identifier: ResourceChoice.Types] {
        [World.acme: ["zone": .some(ResourceIDs(ids))]]
    }

    private static func code(_ resources: ResourceChoice, scopes: ScopeSet = ["dns.read"]) -> AuthorizationCode {
        var code = World.code(scopes: scopes, accounts: [World.acme])
        code.resources = resources
        return code
    }

    private func install(_ world: World, _ number: UInt64, _ code: AuthorizationCode) async throws -> Standing {
        let authorization = try await world.grant(code, as: "code \(number)")
        var family = World.family(number, of: authorization, scopes: code.scopes, accounts: code.accountIDs)
        family.resources = code.resources
        let outcome = try await world.store.redeem(
            codeHash: World.hash("code \(number)"), family: family, actor: World.operatorActor, now: World.now)
        return try #require(outcome.standing)
    }

    private func reach(_ world: World, _ family: UInt64) async throws -> [String]? {
        try await world.store.standing(World.id(family))?.reach[World.acme]?.ids(of: "zone")?.strings
    }

    // MARK: The register

    @Test("Resources are registered, renamed, counted, searched and removed; an event tells of each change", arguments: Driver.allCases)
    func register(driver: Driver) async throws {
        let world = try await World(driver)
        let (store, actor) = (world.store, World.adaActor)
        let many = [(id: "z2", name: "Beta 100%"), (id: "z1", name: "Alpha"), (id: "z3", name: "Élan")]
        func put(_ resources: [(id: String, name: String)], in account: Identifier = World.acme) async throws -> Store.Registration {
            try await store.putResources(resources, type: "zone", accountID: account, actor: actor, now: World.now)
        }
        func found(_ search: String) async throws -> [String] {
            try await store.resources(type: "zone", accountID: World.acme, search: search, limit: 10).map(\.id)
        }
        #expect(try await put(many) == .registered)
        #expect(try await put([(id: "z1", name: "Alpha")]) == .registered)
        #expect(try await put([(id: "z1", name: "Alphabet")]) == .registered)
        #expect(try await put(many, in: World.id(0xDEAD)) == .unknown)
        #expect(world.listener.kinds.filter { $0 == "resource.registered" }.count == 2)
        #expect(try await store.resourceCounts(accountID: World.acme) == ["zone": 3])
        #expect(try await found("") == ["z1", "z2", "z3"])
        #expect(try await found("ALPHA") == ["z1"])
        #expect(try await found("alpha z1") == ["z1"])
        #expect(try await found("élan") == ["z3"])
        #expect(try await found("100%") == ["z2"])
        #expect(try await found("a_p") == [])
        let page = try await store.resources(
            type: "zone", accountID: World.acme, after: .init(name: "Alphabet", id: "z1"), limit: 1)
        #expect(page.map(\.id) == ["z2"])
        #expect(try await store.resource("z1", type: "zone", accountID: World.birch) == nil)
        #expect(try await store.resource("z1", type: "worker", accountID: World.acme) == nil)
        let named = try await store.resourceNames([.init(World.acme, "zone"): ResourceIDs(["z1", "z9"])])
        #expect(named == [.init(World.acme, "zone"): ["z1": "Alphabet"]])
        #expect(try await store.deleteResource("z1", type: "zone", accountID: World.acme, actor: actor, now: World.now))
        #expect(try await !store.deleteResource("z1", type: "zone", accountID: World.acme, actor: actor, now: World.now))
        #expect(world.listener.kinds.last == "resource.removed")
    }

    @Test("An account has so many of a type; what it has can still be renamed", arguments: Driver.allCases)
    func full(driver: Driver) async throws {
        let world = try await World(driver)
        func put(_ ids: String...) async throws -> Store.Registration {
            try await world.store.putResources(
                ids.map { (id: $0, name: "Name of \($0)") }, type: "zone", accountID: World.acme, actor: World.adaActor, now: World.now)
        }
        #expect(try await put("z") == .registered)
        try await world.database.run(
            """
            INSERT INTO resources (account_id, type, id, name, folded, created_at)
            WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 99998)
            SELECT r.account_id, r.type, 'n' || n, 'n' || n, 'n' || n, 0 FROM numbers, resources r WHERE r.id = 'z'
            """)
        #expect(try await put("a", "b") == .full)
        #expect(try await put("a", "z") == .registered)
        #expect(try await put("b") == .full)
        #expect(try await put("n1", "a") == .registered)
        // One that has more than it may, from whenever that was allowed, keeps what it has.
        try await world.database.run(
            """
            INSERT INTO resources (account_id, type, id, name, folded, created_at)
            SELECT account_id, type, 'older', 'older', 'older', 0 FROM resources WHERE id = 'z'
            """)
        #expect(try await put("older", "n2") == .registered)
        #expect(try await put("b") == .full)
        #expect(try await world.store.resource("n2", type: "zone", accountID: World.acme)?.name == "Name of n2")
    }

    // MARK: What was chosen

    @Test("An authorization is the union of its consents, and each family keeps its own", arguments: Driver.allCases)
    func union(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await install(world, 0x40, Self.code(Self.zones("z1")))
        let second = try await install(world, 0x41, Self.code(Self.zones("z2"), scopes: ["dns.write"]))
        #expect(second.authorization.resources == Self.zones("z1", "z2"))
        #expect(try await reach(world, 0x40) == ["z1"])
        #expect(try await reach(world, 0x41) == ["z2"])
        // A consent to something else says nothing about zones.
        let third = try await install(world, 0x42, Self.code(Self.choice([:]), scopes: ["zone.read"]))
        #expect(third.authorization.resources == Self.zones("z1", "z2"))
    }

    @Test("Without being asked, one consent has to cover every resource")
    func silently() async throws {
        let world = try await World()
        let id = try await world.grant(Self.code(Self.zones("z1", "z2")), as: "1")
        _ = try await world.grant(Self.code(Self.zones("z3")), as: "2")
        func silent(_ resources: ResourceChoice, _ text: String) async throws -> Store.GrantOutcome {
            try await world.store.grant(
                Self.code(resources), codeHash: World.hash(text), requestHash: nil, isDecision: false, actor: World.adaActor,
                now: World.now)
        }
        #expect(try await silent(Self.zones("z1"), "3") == .granted(authorizationID: id))
        #expect(try await silent(Self.zones("z3"), "4") == .granted(authorizationID: id))
        for wider in [Self.zones("z1", "z3"), Self.choice(["zone": .all]), Self.choice([:]), .everything] {
            #expect(try await silent(wider, "5") == .notCovered)
        }
        _ = try await world.store.narrow(
            id, to: ["dns.read"], accountIDs: [World.acme], resources: Self.change("z1"), actor: World.adaActor, now: World.now)
        #expect(try await silent(Self.zones("z1", "z2"), "6") == .notCovered)
        #expect(try await silent(Self.zones("z1"), "7") == .granted(authorizationID: id))
    }

    @Test("A change reaches every family and every waiting code, and gives none what it did not have")
    func change() async throws {
        let world = try await World()
        let first = try await install(world, 0x40, Self.code(Self.zones("z1", "z2")))
        _ = try await install(world, 0x41, Self.code(Self.zones("z2", "z3")))
        _ = try await world.grant(Self.code(Self.zones("z1", "z2")), as: "waiting")
        func choose(_ change: [Identifier: ResourceChoice.Types]) async throws {
            #expect(
                try await world.store.narrow(
                    first.authorization.id, to: ["dns.read"], accountIDs: [World.acme], resources: change, actor: World.adaActor,
                    now: World.now) == .narrowed)
        }
        try await choose(Self.change("z1", "z2", "z3"))
        #expect(try await reach(world, 0x40) == ["z1", "z2"])
        try await choose(Self.change("z2", "z4"))
        #expect(world.listener.kinds.last == "authorization.resources_changed")
        #expect(try await reach(world, 0x40) == ["z2", "z4"])
        #expect(try await reach(world, 0x41) == ["z2", "z4"])
        #expect(try await world.store.code(hash: World.hash("waiting"))?.resources == Self.zones("z2", "z4"))
        try await choose([World.acme: ["zone": .all]])
        #expect(try await world.store.standing(World.id(0x40))?.reach == [:])
    }

    @Test("A choice made from what is no longer there changes nothing", arguments: Driver.allCases)
    func staleChange(driver: Driver) async throws {
        let world = try await World(driver)
        let shown = Self.choice(["zone": .all])
        let id = try await install(world, 0x40, Self.code(shown, scopes: ["dns.read", "dns.write"])).authorization.id
        func narrow(_ change: [Identifier: ResourceChoice.Types], from shown: ResourceChoice?) async throws -> Store.NarrowOutcome {
            try await world.store.narrow(
                id, to: ["dns.read"], accountIDs: [World.acme], resources: change, from: shown, actor: World.adaActor, now: World.now)
        }
        #expect(try await narrow(Self.change("z1"), from: shown) == .narrowed)
        let before = try await world.store.standing(World.id(0x40))
        let events = world.listener.kinds.count
        #expect(try await narrow([World.acme: ["zone": .all]], from: shown) == .changed)
        #expect(try await world.store.standing(World.id(0x40)) == before)
        #expect(world.listener.kinds.count == events)
        let many = Self.choice(["zone": .some(ResourceIDs((0...ResourceChoice.maximumCount).map { "z\($0)" }))])
        #expect(try await narrow(many.accounts, from: nil) == .tooManyResources)
        #expect(try await world.store.standing(World.id(0x40)) == before)
        #expect(try await narrow([World.acme: ["zone": .all]], from: Self.zones("z1")) == .narrowed)
    }

    @Test("A change that changes nothing is not told")
    func unchanged() async throws {
        let world = try await World()
        let standing = try await install(world, 0x40, Self.code(Self.zones("z1")))
        let before = world.listener.kinds
        let changes: [[Identifier: ResourceChoice.Types]] = [[:], Self.change("z1"), [World.acme: ["worker": .all]]]
        for change in changes {
            #expect(
                try await world.store.narrow(
                    standing.authorization.id, to: ["dns.read"], accountIDs: [World.acme], resources: change, actor: World.adaActor,
                    now: World.now) == .narrowed)
        }
        #expect(world.listener.kinds == before)
        #expect(try await reach(world, 0x40) == ["z1"])
    }

    @Test("Another choice in one account is told to that account alone", arguments: Driver.allCases)
    func told(driver: Driver) async throws {
        let world = try await World(driver)
        var code = World.code(scopes: ["dns.read"], accounts: [World.acme, World.birch])
        code.resources = ResourceChoice([
            World.acme: ["zone": .some(ResourceIDs(["z1", "z2"]))], World.birch: ["zone": .some(ResourceIDs(["b1", "b2"]))],
        ])
        let id = try await world.grant(code, as: "1")
        _ = try await world.store.narrow(
            id, to: ["dns.read"], accountIDs: [World.acme, World.birch],
            resources: [World.acme: ["zone": .some(ResourceIDs(["z2", "z3"]))], World.birch: ["zone": .some(ResourceIDs(["b1", "b2"]))]],
            actor: World.adaActor, now: World.now)
        let filter = AuditFilter(kind: "authorization.resources_changed")
        let seen = try await world.store.audit(.account(World.acme), filter, limit: 10)
        let acme = World.acme
        #expect(
            seen.map(\.event.details) == [
                #"{"resources":{"\#(acme)":{"zone":2}},"resources_before":{"\#(acme)":{"zone":2}},"accounts_reduced":["\#(acme)"]}"#
            ])
        #expect(try await world.store.audit(.account(World.birch), filter, limit: 10).isEmpty)
        #expect(try await world.store.audit(.account(World.pine), filter, limit: 10).map(\.showsPerson) == [false])
    }

    @Test("What the release before wrote means all, bounded by what this one has written beside it")
    func releaseBefore() async throws {
        let world = try await World()
        let standing = try await install(world, 0x40, Self.code(Self.zones("z1")))
        try await world.database.run("UPDATE token_families SET resources = ''; UPDATE consents SET resources = ''")
        #expect(try await reach(world, 0x40) == ["z1"])
        let silent = try await world.store.grant(
            Self.code(Self.zones("z1", "z2")), codeHash: World.hash("silent"), requestHash: nil, isDecision: false,
            actor: World.adaActor, now: World.now)
        #expect(silent == .notCovered)
        try await world.database.run("UPDATE authorization_accounts SET resources = ''")
        #expect(try await world.store.standing(standing.family.id)?.reach == [:])
        try await world.database.run("UPDATE token_families SET resources = 'torn'")
        #expect(try await world.store.standing(standing.family.id) == nil)
    }

    @Test("An authorization names no more than its bound")
    func bound() async throws {
        let world = try await World()
        func many(_ letter: String) -> ResourceChoice { Self.choice(["zone": .some(ResourceIDs((0..<2600).map { "\(letter)\($0)" }))]) }
        _ = try await world.grant(Self.code(many("a")), as: "1")
        let outcome = try await world.store.grant(
            Self.code(many("b")), codeHash: World.hash("2"), requestHash: nil, actor: World.adaActor, now: World.now)
        #expect(outcome == .tooManyResources)
    }

    @Test("The ids of an authorization have no more bytes than their bound, and what has more may shrink")
    func boundOfBytes() async throws {
        let world = try await World()
        func long(_ letter: String, _ count: Int) -> ResourceIDs {
            ResourceIDs((0..<count).map { "\(letter)\($0)" + String(repeating: "x", count: 120) })
        }
        func zones(_ ids: ResourceIDs) -> ResourceChoice { Self.choice(["zone": .some(ids)]) }
        let id = try await world.grant(Self.code(zones(long("a", 1000))), as: "1")
        let outcome = try await world.store.grant(
            Self.code(zones(long("b", 1000))), codeHash: World.hash("2"), requestHash: nil, actor: World.adaActor, now: World.now)
        #expect(outcome == .tooManyResources)
        func choose(_ ids: ResourceIDs) async throws -> Store.NarrowOutcome {
            try await world.store.narrow(
                id, to: ["dns.read"], accountIDs: [World.acme], resources: [World.acme: ["zone": .some(ids)]], actor: World.adaActor,
                now: World.now)
        }
        #expect(try await choose(long("c", 2000)) == .tooManyResources)
        // As a release without the bound left it.
        let text = zones(long("c", 2000)).text
        try await world.database.run("UPDATE authorization_accounts SET resources = '\(text)' WHERE account_id = '\(World.acme)'")
        #expect(try await choose(long("c", 2001)) == .tooManyResources)
        #expect(try await choose(long("c", 1900)) == .narrowed)
    }

    @Test("Whoever may take away alone adds nothing, whatever was read before")
    func takingAwayAlone() async throws {
        let world = try await World()
        let id = try await install(world, 0x40, Self.code(Self.zones("z1", "z2"))).authorization.id
        func choose(_ types: ResourceChoice.Types) async throws -> Store.NarrowOutcome {
            try await world.store.narrow(
                id, to: ["dns.read"], accountIDs: [World.acme], resources: [World.acme: types], mayAdd: false, actor: World.adaActor,
                now: World.now)
        }
        #expect(try await choose(["zone": .all]) == .wouldAdd)
        #expect(try await choose(["zone": .some(ResourceIDs(["z2", "z3"]))]) == .wouldAdd)
        #expect(try await reach(world, 0x40) == ["z1", "z2"])
        #expect(try await choose(["zone": .some(ResourceIDs(["z2"]))]) == .narrowed)
        #expect(try await reach(world, 0x40) == ["z2"])
    }
}
