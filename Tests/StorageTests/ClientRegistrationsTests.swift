import Delegation
import OAuth
import Storage
import Testing

@Suite("Clients as their account runs them")
struct ClientRegistrationsTests {
    private static let actor = World.adaActor
    private static let now = World.now

    private static func change(
        _ world: World, of account: Identifier = World.pine, proof: HostProof.Step = .keep,
        _ body: @escaping @Sendable (inout Client) -> Void
    ) async throws -> Store.ClientChange {
        try await world.store.changeClient(World.app, of: account, actor: actor, now: now) { before in
            var client = before.client
            body(&client)
            return ClientRegistration.Change(client: client, proof: proof)
        }
    }

    private static func details(_ event: Event?) throws -> JSON {
        try JSON(parsing: try #require(event?.details))
    }

    @Test("a client is known to the account that owns it and to no other", arguments: Driver.allCases)
    func ownership(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let registered = try #require(try await store.registeredClient(World.app, of: World.pine))
        #expect(registered.client == World.client())
        #expect(registered.secrets == [ClientSecret(id: World.id(0x21), createdAt: World.now, lastUsedAt: nil)])
        #expect(try await store.registeredClients(accountID: World.pine) == [registered])
        let events = world.listener.events.count
        #expect(try await store.registeredClient(World.app, of: World.acme) == nil)
        #expect(try await store.registeredClients(accountID: World.acme).isEmpty)
        #expect(try await Self.change(world, of: World.acme) { $0.name = "Stolen" } == .unknown)
        #expect(try await store.setClientFrozen(World.app, of: World.acme, true, actor: Self.actor, now: Self.now) == nil)
        #expect(try await !store.deleteClient(World.app, of: World.acme, actor: Self.actor, now: Self.now))
        #expect(
            try await store.addClientSecret(
                (World.id(1), [1]), to: World.app, of: World.acme, actor: Self.actor, now: Self.now) == .unknown)
        #expect(try await store.removeOlderClientSecret(of: World.app, of: World.acme, actor: Self.actor, now: Self.now) == .unknown)
        #expect(world.listener.events.count == events)
        #expect(try await store.registeredClient(World.app, of: World.pine) == registered)
    }

    @Test("every new field comes back as it was written", arguments: Driver.allCases)
    func fields(driver: Driver) async throws {
        let world = try await World(driver)
        let outcome = try await Self.change(world) { client in
            client.responseTypes = [.code, .idToken]
            client.allowedCORSOrigins = ["https://app.example", "http://localhost:3000"]
            client.purposes = ["dns.read": "To draw \"zones\" 🗺 \\", "zone.read": "x"]
            client.frozenAt = 8
            client.promotedAt = 9
        }
        guard case .changed(let registered) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(registered.client.purposes["dns.read"] == "To draw \"zones\" 🗺 \\")
        #expect(registered.client.responseTypes == [.code, .idToken])
        #expect(registered.client.allowedCORSOrigins.count == 2)
        #expect((registered.client.frozenAt, registered.client.promotedAt) == (8, 9))
        #expect(try await world.store.clients() == [registered.client])
        #expect(try await world.store.clientForAuthentication(World.app)?.client == registered.client)
    }

    @Test("an event says what a change was, before and after, and nothing else")
    func event() async throws {
        let world = try await World()
        _ = try await Self.change(world) { client in
            client.name = "Renamed"
            client.redirectURIs = ["https://new.example/cb"]
        }
        let event = try #require(world.listener.events.last)
        #expect(event.kind == "client.updated" && event.subject == .client)
        #expect((event.actorID, event.address) == (World.ada, "192.0.2.1"))
        #expect((event.clientID, event.accountID) == (World.app, World.pine))
        #expect(
            try Self.details(event) == [
                "before": [
                    "client_name": "DNS Pilot", "redirect_uris": ["https://app.example/cb", "https://app.example/other?x=1"],
                ],
                "after": ["client_name": "Renamed", "redirect_uris": ["https://new.example/cb"]],
            ])
        let count = world.listener.events.count
        _ = try await Self.change(world) { $0.name = "Renamed" }
        #expect(world.listener.events.count == count)
    }

    @Test("a refusal changes nothing")
    func refusal() async throws {
        let world = try await World()
        let count = world.listener.events.count
        let problems = ClientRegistration.Problems(all: [ClientRegistration.Problem(pointer: "/scopes", text: "No.")])
        let outcome = try await world.store.changeClient(World.app, of: World.pine, actor: Self.actor, now: Self.now) {
            (_) throws(ClientRegistration.Problems) in throw problems
        }
        #expect(outcome == .refused(problems))
        #expect(world.listener.events.count == count)
    }

    @Test("of changes at the same time none is lost", arguments: Driver.allCases)
    func concurrent(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await Self.change(world) { $0.redirectURIs = [] }
        _ = try await together(20) { number in
            try await Self.change(world) { $0.redirectURIs.append("https://app.example/\(number)") }
        }
        let uris = try await world.store.registeredClient(World.app, of: World.pine)?.client.redirectURIs
        #expect(Set(uris ?? []) == Set((0..<20).map { "https://app.example/\($0)" }))
    }

    @Test("a client that becomes private keeps its owner's members and loses everybody else at once", arguments: Driver.allCases)
    func backToPrivate(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let outsider = try await world.install(0x40)
        let member = World.user(World.id(0x11), email: "pia@example.com")
        _ = try await store.createUser(member, passwordHash: "scrypt$pia", actor: Self.actor, now: Self.now)
        _ = try await store.addMember(
            userID: member.id, accountID: World.pine, roleIDs: [World.administrator.id], actor: Self.actor, now: Self.now)
        let insider = try await world.install(0x41, World.code(authorization: 0x31, accounts: [World.pine], user: member.id))
        _ = try await world.grant(World.code(authorization: 0x32), as: "unused")

        _ = try await Self.change(world) { $0.visibility = .private }
        #expect(try await store.standing(outsider.family.id)?.authorization.endedAt == Self.now)
        #expect(try await store.standing(outsider.family.id)?.family.revokedAt == Self.now)
        #expect(try await store.code(hash: World.hash("unused")) == nil)
        #expect(try await store.standing(insider.family.id)?.authorization.endedAt == nil)
        #expect(world.listener.kinds.suffix(2) == ["client.updated", "authorization.ended"])
        #expect(world.listener.events.last?.userID == World.ada)
    }

    @Test("freezing stops what its tokens stand on, and thawing brings all of it back", arguments: Driver.allCases)
    func freeze(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let family = try await world.install(0x40).family.id
        func inactive() async throws -> Inactive? {
            guard let standing = try await store.standing(family) else { return .familyRevoked }
            switch Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: nil, now: Self.now) {
            case .success: return nil
            case .failure(let reason): return reason
            }
        }
        #expect(try await inactive() == nil)
        for _ in 0..<2 {
            let frozen = try await store.setClientFrozen(World.app, of: World.pine, true, actor: Self.actor, now: Self.now)
            #expect(frozen?.client.frozenAt == Self.now)
        }
        #expect(try await inactive() == .clientFrozen)
        #expect(
            try await store.addClientSecret(
                (World.id(0x22), [1]), to: World.app, of: World.pine, actor: Self.actor, now: Self.now) == .added)
        for _ in 0..<2 {
            let thawed = try await store.setClientFrozen(World.app, of: World.pine, false, actor: Self.actor, now: Self.now + 1)
            #expect(thawed?.client.isFrozen == false)
        }
        #expect(try await inactive() == nil)
        let events = world.listener.events.suffix(3)
        #expect(events.map(\.kind) == ["client.frozen", "client.secret_added", "client.thawed"])
        #expect(events.allSatisfy { $0.subject == .client && $0.accountID == World.pine })
    }

    // MARK: Secrets

    @Test("a client has two secrets at most, and the older one goes first", arguments: Driver.allCases)
    func rotation(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        func add(_ number: UInt64) async throws -> Store.SecretAddition {
            try await store.addClientSecret(
                (World.id(number), World.hash("secret \(number)")), to: World.app, of: World.pine, actor: Self.actor, now: Self.now)
        }
        func remove() async throws -> Store.SecretRemoval {
            try await store.removeOlderClientSecret(of: World.app, of: World.pine, actor: Self.actor, now: Self.now)
        }
        func hashes() async throws -> Set<[UInt8]> { Set(try await store.clientForAuthentication(World.app)?.secretHashes ?? []) }

        #expect(try await remove() == .noOlder)
        #expect(try await add(0x50) == .added)
        #expect(try await add(0x51) == .twoAlready)
        #expect(try await hashes() == [World.hash("secret"), World.hash("secret \(0x50)")])
        #expect(try await remove() == .removed)
        #expect(try await hashes() == [World.hash("secret \(0x50)")])
        // All in one second: the order is that of the rotations all the same.
        #expect(try await add(0x01) == .added)
        #expect(try await store.registeredClient(World.app, of: World.pine)?.secrets.map(\.id) == [World.id(0x50), World.id(0x01)])
        #expect(try await remove() == .removed)
        #expect(try await hashes() == [World.hash("secret \(0x01)")])
        #expect(
            world.listener.kinds.suffix(4) == [
                "client.secret_added", "client.secret_removed", "client.secret_added", "client.secret_removed",
            ])
        #expect(try Self.details(world.listener.events.last) == ["secret_id": .string(World.id(0x50).description)])
    }

    @Test("of many rotations at once one gives a secret", arguments: Driver.allCases)
    func concurrentRotation(driver: Driver) async throws {
        let world = try await World(driver)
        let outcomes = try await together(10) { number in
            try await world.store.addClientSecret(
                (World.id(UInt64(0x60 + number)), [UInt8(number)]), to: World.app, of: World.pine, actor: Self.actor, now: Self.now)
        }
        #expect(outcomes.count { $0 == .added } == 1 && outcomes.count { $0 == .twoAlready } == 9)
    }

    @Test("a client that keeps no secret any more has none, and gets one again when it does")
    func methods() async throws {
        let world = try await World()
        let store = world.store
        _ = try await Self.change(world) { $0.authenticationMethod = .none }
        #expect(try await store.clientForAuthentication(World.app)?.secretHashes == [])
        #expect(world.listener.kinds.suffix(2) == ["client.updated", "client.secret_removed"])
        #expect(
            try await store.addClientSecret(
                (World.id(1), [1]), to: World.app, of: World.pine, actor: Self.actor, now: Self.now) == .publicClient)
        _ = try await Self.change(world) { $0.authenticationMethod = .post }
        #expect(
            try await store.addClientSecret(
                (World.id(1), [1]), to: World.app, of: World.pine, actor: Self.actor, now: Self.now) == .added)
        #expect(try await store.registeredClient(World.app, of: World.pine)?.hasRotatedSecret == false)
    }

    @Test("the last use of each secret is known")
    func lastUse() async throws {
        let world = try await World()
        _ = try await world.store.addClientSecret(
            (World.id(0x50), World.hash("new")), to: World.app, of: World.pine, actor: Self.actor, now: Self.now)
        try await world.store.recordUse(ofClientSecrets: [(hash: World.hash("secret"), at: 70), (hash: World.hash("gone"), at: 71)])
        #expect(try await world.store.registeredClient(World.app, of: World.pine)?.secrets.map(\.lastUsedAt) == [70, nil])
    }

    // MARK: Proof

    @Test("the proof of a host begins and is forgotten with the change of the URL", arguments: Driver.allCases)
    func proof(driver: Driver) async throws {
        let world = try await World(driver)
        let proof = HostProof(host: try PublisherHost(name: "app.example"), random: World.id(7), now: Self.now)
        _ = try await Self.change(world, proof: .start(proof)) { _ in }
        #expect(try await world.store.registeredClient(World.app, of: World.pine)?.proof == proof)
        #expect(try await world.store.proof(clientID: World.app) == proof)
        #expect(world.listener.kinds.last == "client.host_proof_started")
        #expect(!world.listener.events.contains { $0.details?.contains(proof.value) == true })
        _ = try await Self.change(world, proof: .forget) { $0.clientURI = nil }
        #expect(try await world.store.registeredClient(World.app, of: World.pine)?.proof == nil)

        let new = World.client(World.id(0x70), name: "New")
        #expect(try await world.store.createClient(new, secret: nil, proof: proof, actor: Self.actor, now: Self.now) == .created)
        #expect(try await world.store.registeredClient(new.id, of: World.pine)?.proof == proof)
        #expect(try Self.details(world.listener.events.last)["after"]?["client_name"] == "New")
    }
}
