import Delegation
import Logging
import OAuth
@testable import Storage
import Synchronization
import Testing

@testable import Server

@Suite("Proving hosts against a DNS server")
struct HostProverTests {
    static let start: Int64 = 1_795_525_509
    static let actor = Actor(userID: nil, address: "192.0.2.9")

    /// A deployment with one client and a clock that stands until it is moved.
    struct World: Sendable {
        let deployment: Deployment
        let clock: Clock
        let clientID: Identifier

        final class Clock: Sendable {
            private let time = Mutex(HostProverTests.start)
            var now: Int64 { time.withLock { $0 } }
            func advance(_ seconds: Int64) { time.withLock { $0 += seconds } }
        }

        init(dns: BindTarget) async throws {
            let database = try SQLiteDatabase(path: ":memory:")
            try await Migrations.apply(to: database, now: HostProverTests.start)
            let clock = Clock()
            let key = try #require(MasterKey(MasterKey.generate(.system)))
            let settings = Settings(issuer: try Issuer("https://login.example.com"), dnsServer: dns)
            deployment = try await Deployment.open(
                settings: settings, database: database, masterKey: key, log: Logger(label: "test"), now: { clock.now })
            self.clock = clock
            clientID = deployment.random.identifier()
            let account = Account(id: deployment.random.identifier(), name: "Pine", createdAt: 1)
            _ = try await deployment.store.createAccount(account, actor: HostProverTests.actor, now: 1)
            let client = Client(
                id: clientID, accountID: account.id, name: "App", authenticationMethod: .none, redirectURIs: ["https://app.test/cb"],
                scopes: ["a.read"], createdAt: 1, updatedAt: 1)
            _ = try await deployment.store.createClient(client, secret: nil, actor: HostProverTests.actor, now: 1)
        }

        /// Gives the client a URL.
        func setURL(_ uri: String?) async throws {
            let known = try await deployment.store.proof(clientID: clientID)
            let step = try HostProof.step(from: known, to: uri, random: deployment.random.identifier(), now: clock.now)
            guard case .start(let proof) = step else { return }
            let id = clientID
            try await deployment.store.write { db in try db.take(.start(proof), of: id) }
        }

        func proof() async throws -> HostProof { try #require(try await deployment.store.proof(clientID: clientID)) }

        /// What the server does on its own at this moment.
        func check() async throws -> HostProof {
            try await HostProver(deployment: deployment).checkDue()
            return try await proof()
        }

        func kinds() async throws -> [String] {
            try await deployment.store.events(after: 0, limit: 100).map(\.kind).filter { $0.hasPrefix("client.host") }
        }
    }

    /// A world whose client is about to prove a host, and the value of the record.
    private static func world(_ host: String, dns: BindTarget) async throws -> (World, value: String) {
        let world = try await World(dns: dns)
        try await world.setURL("https://\(host)/")
        return (world, try await world.proof().value)
    }

    @Test func aLateRecordIsFoundWhenItIsLookedForAgain() async throws {
        var server = try Dnsmasq([])
        let (world, value) = try await Self.world("app.test", dns: server.address)
        let first = try await world.check()
        #expect(first.status == .inProgress)
        #expect(first.text == "DNS knows no name app.test.")
        server.stop()
        server = try Dnsmasq([("app.test", [value])], port: server.address.port)
        world.clock.advance(59)
        #expect(try await world.check() == first)
        world.clock.advance(1)
        let second = try await world.check()
        #expect(second.status == .verified)
        #expect(second.proves("https://app.test/about"))
        #expect(try await world.kinds() == ["client.host_verified"])
    }

    @Test(arguments: ["example.test", "deep.down.example.test"])
    func theApexAndWhatLiesBelowAreProvenAlike(host: String) async throws {
        let silent = try LoopbackSocket()
        let (_, value) = try await Self.world(host, dns: silent.address)
        // The value is the client's own: the same record proves nothing for another client.
        let server = try Dnsmasq([(host, [value]), (host, ["v=spf1 -all"])])
        let (other, _) = try await Self.world(host, dns: server.address)
        let proof = try await other.check()
        #expect(proof.status == .inProgress)
        #expect(proof.text.hasPrefix("DNS has another value at \(host)"))
        let late = try await Self.proven(host)
        #expect(late.status == .verified)
    }

    /// Proves a host whose record is there by the first look.
    private static func proven(_ host: String, beside records: [String] = []) async throws -> HostProof {
        var server = try Dnsmasq([])
        let (world, value) = try await world(host, dns: server.address)
        server.stop()
        server = try Dnsmasq(records.map { (host, [$0]) } + [(host, [value])], port: server.address.port)
        return try await world.check()
    }

    @Test func aRecordAmongMoreThanADatagramHoldsIsFound() async throws {
        let others = (0..<20).map { "\($0) " + String(repeating: "t", count: 180) }
        #expect(try await Self.proven("crowded.test", beside: others).status == .verified)
    }

    @Test func aNameWithoutTheRecordSaysSo() async throws {
        let server = try Dnsmasq([], names: ["app.test"])
        let (world, _) = try await Self.world("app.test", dns: server.address)
        #expect(try await world.check().text == "DNS has no TXT record at app.test.")
    }

    @Test func aServerThatDoesNotAnswerIsWaitedForAndAskedAgain() async throws {
        let silent = try LoopbackSocket()
        let (world, _) = try await Self.world("app.test", dns: silent.address)
        let proof = try await world.check()
        #expect(proof.status == .inProgress)
        #expect(proof.text == "DNS gave no answer for app.test in time.")
        #expect(proof.nextCheckAt == Self.start + 60)
    }

    @Test func afterTwoDaysItHasFailedAndTheSameURLStartsAnew() async throws {
        let server = try Dnsmasq([])
        let (world, value) = try await Self.world("app.test", dns: server.address)
        _ = try await world.check()
        world.clock.advance(2 * 86_400)
        #expect(try await world.check().status == .failed)
        #expect(try await world.kinds() == ["client.host_proof_failed"])
        try await world.setURL("https://app.test/")
        let again = try await world.proof()
        #expect(again.status == .pending)
        #expect(again.value == value)
        #expect(try await world.check().status == .inProgress)
    }

    @Test func checkNowLooksBeforeItIsDueAndNamesWhoAsked() async throws {
        var server = try Dnsmasq([])
        let (world, value) = try await Self.world("app.test", dns: server.address)
        _ = try await world.check()
        server.stop()
        server = try Dnsmasq([("app.test", [value])], port: server.address.port)
        world.clock.advance(1)
        let prover = HostProver(deployment: world.deployment)
        #expect(try await prover.checkNow(world.clientID, actor: Self.actor)?.status == .verified)
        let event = try await world.deployment.store.events(after: 0, limit: 100).last
        #expect(event?.kind == "client.host_verified")
        #expect(event?.address == "192.0.2.9")
        #expect(try await prover.checkNow(world.deployment.random.identifier(), actor: Self.actor) == nil)
    }

    @Test func aProvenHostIsFrozen() async throws {
        var server = try Dnsmasq([])
        let (world, value) = try await Self.world("app.test", dns: server.address)
        server.stop()
        server = try Dnsmasq([("app.test", [value])], port: server.address.port)
        let verified = try await world.check()
        try await world.setURL("https://app.test/another/path")
        #expect(try await world.proof() == verified)
        await #expect(throws: HostProof.Refusal.frozen(verified.host)) { try await world.setURL("https://other.test/") }
        await #expect(throws: HostProof.Refusal.frozen(verified.host)) { try await world.setURL(nil) }
    }
}
