import Delegation
import OAuth
import Storage
import Testing

@Suite("The outbox")
struct EventsTests {
    @Test("the listener knows of a change before its verb returns")
    func beforeReturn() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        for number in 0..<50 {
            let before = world.listener.events.count
            try await world.store.revokeAccessToken(
                UInt64(number), familyID: family, expiresAt: World.now + 10, actor: World.operatorActor, now: World.now)
            #expect(world.listener.events.count == before + 1)
        }
    }

    @Test("what one process commits another one finds, in order and without gaps")
    func otherProcess() async throws {
        let world = try await World(.shared)
        let other = Store(try world.another())
        let from = try await other.latestSequence()
        #expect(from == world.listener.events.last?.sequence)
        let family = try await world.install(0x40).family.id
        #expect(try await other.endFamily(family, actor: World.operatorActor, now: World.now))
        let events = try await world.store.events(after: from, limit: 10)
        #expect(events.map(\.kind) == ["authorization.granted", "installation.began", "installation.ended"])
        #expect(events.map(\.sequence) == [from + 1, from + 2, from + 3])
        #expect(try await world.store.events(after: from + 1, limit: 1).map(\.kind) == ["installation.began"])
        #expect(try await world.store.standing(family)?.family.revokedAt == World.now)
        #expect(world.listener.kinds.last == "installation.began")
    }

    @Test("what the listener hears is what is stored", arguments: Driver.allCases)
    func heardIsStored(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await together(30) { number in try await world.install(UInt64(0x100 + number)) }
        let heard = world.listener.events.sorted { $0.sequence < $1.sequence }
        #expect(try await world.store.events(after: 0, limit: 1000) == heard)
        // PostgreSQL takes a number back from no transaction, not even from one that is run again.
        if driver != .postgreSQL { #expect(heard.map(\.sequence) == Array(1...Int64(heard.count))) }
    }

    @Test("no event names a token family or holds a hash")
    func nothingSecret() async throws {
        let world = try await World()
        let standing = try await world.install(0x40)
        _ = try await world.store.redeem(
            codeHash: World.hash("code \(0x40)"), family: World.family(0x43, of: standing.authorization.id), actor: World.operatorActor,
            now: World.now)
        let second = try await world.install(0x41)
        _ = try await world.rotate(second.family.id, 0, grace: 0)
        _ = try await world.rotate(second.family.id, 0, grace: 0)
        let third = try await world.install(0x42)
        try await world.store.revokeAccessToken(
            1, familyID: third.family.id, expiresAt: World.now + 1, actor: World.operatorActor, now: World.now)
        _ = try await world.store.endFamily(third.family.id, actor: World.operatorActor, now: World.now)
        let texts = try await world.store.events(after: 0, limit: 1000).map { "\($0)" }
        for family in [standing.family.id, second.family.id, third.family.id, World.id(0x43)] {
            #expect(!texts.contains { $0.contains(family.description) })
        }
        #expect(!texts.contains { $0.contains("scrypt$") })
    }

    @Test("a change that was rolled back is heard by nobody")
    func rolledBack() async throws {
        let world = try await World()
        let before = world.listener.events.count
        let token = APIToken(id: World.id(1), owner: .user(World.id(404)), name: "of nobody", createdAt: World.now)
        await #expect(throws: StorageError.contradiction) {
            try await world.store.createAPIToken(token, hash: [1], actor: World.operatorActor, now: World.now)
        }
        #expect(world.listener.events.count == before)
        #expect(try await world.store.latestSequence() == Int64(before))
    }

    @Test(
        "what each kind of event is about",
        arguments: [
            ("authorization.granted", Event.Subject.authorization), ("installation.ended", .authorization),
            ("token.revoked", .authorization),
            ("code.replayed", .authorization), ("refresh.reused", .authorization), ("client.updated", .client),
            ("account.suspended", .account), ("resource_server.created", .resourceServer), ("user.disabled", .user),
            ("member.removed", .membership), ("role.created", .membership), ("keys.added", .keys), ("catalogue.imported", .catalogue),
            ("database.restored", .everything),
            ("session.created", .none), ("consent.declined", .none),
        ])
    func subjects(kind: String, subject: Event.Subject) async throws {
        let world = try await World(isEmpty: true)
        let sql: StaticString = "INSERT INTO events (at, kind) VALUES ($1, $2)"
        _ = try await world.database.write { try $0.run(sql, [.integer(1), .text(kind)]) }
        #expect(try await world.store.events(after: 0, limit: 1).map(\.subject) == [subject])
    }
}
