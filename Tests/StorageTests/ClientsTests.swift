import Delegation
import OAuth
import Storage
import Testing

@Suite("Clients and resource servers")
struct ClientsTests {
    @Test("every field of a client comes back as it was written", arguments: Driver.allCases)
    func fields(driver: Driver) async throws {
        let world = try await World(driver)
        let found = try #require(try await world.store.clientForAuthentication(World.app))
        #expect(found.client == World.client())
        #expect(found.owner.id == World.pine)
        #expect(found.secretHashes == [World.hash("secret")])
        #expect(try await world.store.clients() == [World.client()])
        #expect(try await world.store.clientForAuthentication(World.id(404)) == nil)
    }

    @Test("a client without a secret, and one of another account")
    func publicClient() async throws {
        let world = try await World()
        var native = World.client(World.id(0x22), name: "Native")
        native.authenticationMethod = .none
        native.accountID = World.acme
        native.visibility = .private
        #expect(try await world.store.createClient(native, secret: nil, actor: World.operatorActor, now: 9) == .created)
        #expect(try await world.store.createClient(native, secret: nil, actor: World.operatorActor, now: 9) == .conflict)
        #expect(try await world.store.clientForAuthentication(native.id)?.secretHashes == [])
        #expect(try await world.store.clients(accountID: World.acme) == [native])
        #expect(try await world.store.clients(accountID: World.birch).isEmpty)
        var ownerless = World.client(World.id(0x23))
        ownerless.accountID = World.id(404)
        #expect(try await world.store.createClient(ownerless, secret: nil, actor: World.operatorActor, now: 9) == .conflict)
    }

    @Test("an update changes every field but the id")
    func update() async throws {
        let world = try await World()
        var client = World.client()
        client.accountID = World.acme
        client.name = "Renamed"
        client.visibility = .private
        client.status = .suspended
        client.authenticationMethod = .post
        client.grantTypes = [.authorizationCode]
        client.redirectURIs = ["https://new.example/cb"]
        client.postLogoutRedirectURIs = []
        client.scopes = ["dns.read"]
        client.optionalScopes = []
        client.clientURI = nil
        client.logoURI = "https://new.example/logo.png"
        client.policyURI = nil
        client.tosURI = "https://new.example/tos"
        client.idTokenAlgorithm = .edDSA
        client.requiresPKCE = true
        client.isPlatformOwned = false
        client.responseTypes = [.code, .idToken]
        client.allowedCORSOrigins = ["https://new.example"]
        client.purposes = ["dns.read": "To see your records."]
        client.frozenAt = 70
        client.authenticationMethod = .privateKeyJWT
        client.keys = ClientKeySet(stored: #"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#)
        #expect(client.keys != nil)
        client.promotedAt = 71
        client.updatedAt = 77
        #expect(try await world.store.updateClient(client, actor: World.operatorActor, now: 77))
        #expect(try await world.store.clientForAuthentication(World.app)?.client == client)
        #expect(world.listener.events.last?.subject == .client)
        client.id = World.id(404)
        #expect(try await !world.store.updateClient(client, actor: World.operatorActor, now: 77))
    }

    @Test("suspending and resuming are seen in what its tokens stand on")
    func suspend() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        #expect(try await world.store.setClientSuspended(World.app, true, actor: World.operatorActor, now: World.now))
        #expect(try await world.store.standing(family)?.client.status == .suspended)
        #expect(try await world.store.setClientSuspended(World.app, false, actor: World.operatorActor, now: World.now))
        #expect(try await world.store.standing(family)?.client.status == .active)
        #expect(try await !world.store.setClientSuspended(World.id(404), true, actor: World.operatorActor, now: World.now))
        #expect(world.listener.kinds.suffix(2) == ["client.suspended", "client.resumed"])
    }

    @Test("deleting a client ends every authorization of it, and what waits for consent", arguments: Driver.allCases)
    func delete(driver: Driver) async throws {
        let world = try await World(driver)
        let family = try await world.install(0x40).family.id
        _ = try await world.grant(as: "unused")
        try await world.store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: ["a": 1], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 600)
        #expect(try await world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now + 1))
        #expect(try await world.store.standing(family) == nil)
        #expect(try await world.rotate(family, 0, at: World.now + 1) == .ended)
        #expect(try await world.store.code(hash: World.hash("unused")) == nil)
        #expect(try await world.store.request(hash: [1], browserHash: [2], now: World.now) == nil)
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now).isEmpty)
        #expect(world.listener.kinds.suffix(2) == ["authorization.ended", "client.deleted"])
        #expect(try await !world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now + 2))
    }

    @Test("resource servers")
    func resourceServers() async throws {
        let world = try await World()
        let server = ResourceServerRecord(
            id: World.id(0x50), name: "API", audience: "https://api.example", secretHash: [1, 2], createdAt: 3)
        let plain = ResourceServerRecord(id: World.id(0x51), name: "Other", secretHash: [3], createdAt: 4)
        try await world.store.createResourceServer(server, actor: World.operatorActor, now: 9)
        try await world.store.createResourceServer(plain, actor: World.operatorActor, now: 9)
        #expect(try await world.store.resourceServers() == [server, plain])
        #expect(try await world.store.resourceServer(server.id) == server)
        #expect(try await world.store.resourceServer(World.app) == nil)
        #expect(world.listener.events.last?.subject == .resourceServer)
        #expect(!world.listener.events.suffix(2).contains { "\($0)".contains("secret") })
    }
}
