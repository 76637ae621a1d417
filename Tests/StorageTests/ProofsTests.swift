import Delegation
import OAuth
import Testing

@testable import Storage

@Suite("Proofs of hosts")
struct ProofsTests {
    static func proof(_ name: String = "app.example", at now: Int64 = World.now) throws -> HostProof {
        HostProof(host: try PublisherHost(name: name), random: World.id(77), now: now)
    }

    static func due(_ world: World, at now: Int64 = World.now, limit: Int = 10) async throws -> [Store.ClaimedProof] {
        try await world.store.proofsDue(now: now, limit: limit, until: now + 60)
    }

    static func start(_ world: World, _ proof: HostProof, client: Identifier = World.app) async throws {
        try await world.store.write { db in try db.take(.start(proof), of: client) }
    }

    static func save(_ world: World, _ proof: HostProof, of claim: Store.ClaimedProof) async throws -> Store.ProofSave {
        try await world.store.saveProof(proof, of: claim, actor: World.operatorActor, now: World.now)
    }

    static func verified(_ proof: HostProof) -> HostProof {
        proof.checked(.records([proof.value]), now: World.now, pace: HostProof.Pace())
    }

    @Test("a proof is read as it was started", arguments: Driver.allCases)
    func start(driver: Driver) async throws {
        let world = try await World(driver)
        #expect(try await world.store.proof(clientID: World.app) == nil)
        let proof = try Self.proof()
        try await Self.start(world, proof)
        #expect(try await world.store.proof(clientID: World.app) == proof)
    }

    @Test("what is due is claimed once; a claim that is not answered ends by itself", arguments: Driver.allCases)
    func claims(driver: Driver) async throws {
        let world = try await World(driver)
        let proof = try Self.proof()
        try await Self.start(world, proof)
        #expect(try await Self.due(world, at: World.now - 1).isEmpty)
        let claims = try await together(8) { _ in try await Self.due(world) }
        #expect(claims.flatMap { $0 }.map(\.proof) == [proof])
        #expect(try await Self.due(world, at: World.now + 59).isEmpty)
        #expect(try await Self.due(world, at: World.now + 60).count == 1)
    }

    @Test("a claimed proof is not claimed for a check now, nor one of this second", arguments: Driver.allCases)
    func claimNow(driver: Driver) async throws {
        let world = try await World(driver)
        try await Self.start(world, try Self.proof())
        let claim = try #require(try await world.store.claimProof(clientID: World.app, now: World.now, until: World.now + 60))
        #expect(try await world.store.claimProof(clientID: World.app, now: World.now, until: World.now + 60) == nil)
        #expect(try await Self.due(world).isEmpty)
        let checked = claim.proof.checked(.noRecord, now: World.now, pace: HostProof.Pace())
        #expect(try await Self.save(world, checked, of: claim) == .saved)
        #expect(try await world.store.claimProof(clientID: World.app, now: World.now, until: World.now + 60) == nil)
        #expect(try await world.store.claimProof(clientID: World.app, now: World.now + 1, until: World.now + 60) != nil)
    }

    @Test("a proof that was checked a moment ago rests as long as it is told to", arguments: Driver.allCases)
    func rest(driver: Driver) async throws {
        let world = try await World(driver)
        try await Self.start(world, try Self.proof())
        func claim(at now: Int64) async throws -> Store.ClaimedProof? {
            try await world.store.claimProof(clientID: World.app, now: now, until: now + 60, rest: 10)
        }
        let first = try #require(try await claim(at: World.now))
        #expect(
            try await Self.save(world, first.proof.checked(.noRecord, now: World.now, pace: HostProof.Pace()), of: first) == .saved)
        #expect(try await claim(at: World.now + 9) == nil)
        #expect(try await claim(at: World.now + 10) != nil)
    }

    @Test("the longest waiting come first")
    func order() async throws {
        let world = try await World()
        for number in 1...3 {
            let id = World.id(0x300 + UInt64(number))
            _ = try await world.store.createClient(
                World.client(id, name: "App \(number)"), secret: nil, actor: World.operatorActor, now: World.now)
            try await Self.start(world, try Self.proof("app\(number).example", at: World.now - Int64(number)), client: id)
        }
        let first = try await Self.due(world, limit: 2).map(\.proof.host.name)
        #expect(Set(first) == ["app3.example", "app2.example"])
        #expect(try await Self.due(world, limit: 2).map(\.proof.host.name) == ["app1.example"])
    }

    @Test("a verified host is recorded and stays", arguments: Driver.allCases)
    func verification(driver: Driver) async throws {
        let world = try await World(driver)
        try await Self.start(world, try Self.proof())
        let claim = try #require(try await Self.due(world).first)
        let verified = Self.verified(claim.proof)
        #expect(try await Self.save(world, verified, of: claim) == .saved)
        #expect(try await world.store.proof(clientID: World.app) == verified)
        #expect(world.listener.kinds.last == "client.host_verified")
        #expect(try await Self.due(world, at: World.now + 900_000).isEmpty)
    }

    @Test("a check of what was started anew meanwhile changes nothing", arguments: ["other.example", "app.example"])
    func superseded(host: String) async throws {
        let world = try await World()
        try await Self.start(world, try Self.proof())
        let claim = try #require(try await Self.due(world).first)
        let again = try Self.proof(host, at: World.now + 1)
        try await Self.start(world, again)
        #expect(try await Self.save(world, Self.verified(claim.proof), of: claim) == .superseded)
        #expect(try await world.store.proof(clientID: World.app) == again)
        #expect(!world.listener.kinds.contains("client.host_verified"))
    }

    @Test("a failed proof is recorded and can be started anew")
    func failure() async throws {
        let world = try await World()
        try await Self.start(world, try Self.proof())
        let claim = try #require(try await Self.due(world).first)
        let failed = claim.proof.checked(.noRecord, now: World.now + 900_000, pace: HostProof.Pace())
        #expect(try await Self.save(world, failed, of: claim) == .saved)
        #expect(world.listener.kinds.last == "client.host_proof_failed")
        #expect(try await Self.due(world, at: World.now + 900_000).isEmpty)
        try await Self.start(world, failed.restarted(now: World.now))
        #expect(try await Self.due(world).count == 1)
    }

    @Test("a forgotten proof and a deleted client's are gone")
    func gone() async throws {
        let world = try await World()
        try await Self.start(world, try Self.proof())
        try await world.store.write { db in try db.take(.forget, of: World.app) }
        #expect(try await world.store.proof(clientID: World.app) == nil)
        try await Self.start(world, try Self.proof())
        _ = try await world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now)
        #expect(try await Self.due(world).isEmpty)
    }
}
