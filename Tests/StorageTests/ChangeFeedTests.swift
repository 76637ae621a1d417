import Delegation
import OAuth
import Testing

@testable import Storage

@Suite("What resource servers are told")
struct ChangeFeedTests {
    private let api = "https://api.example.com/events"

    private func add(_ low: UInt64, to world: World) async throws -> Identifier {
        let id = World.id(low)
        try await world.store.createResourceServer(
            ResourceServerRecord(id: id, name: "API", secretHash: World.hash("secret \(low)"), createdAt: 1),
            actor: World.operatorActor, now: World.now)
        return id
    }

    @Test("pages follow the outbox, whether or not there is anything to tell", arguments: Driver.allCases)
    func pages(driver: Driver) async throws {
        let world = try await World(driver)
        let newest = try await world.store.outboxBounds().newest
        var (sequence, changes): (Int64, [Store.ConcernedChange]) = (0, [])
        var count = 0
        while true {
            let page = try await world.store.feed(after: sequence, limit: 3)
            changes += page.changes
            count += 1
            sequence = page.sequence
            if !page.isMoreWaiting { break }
        }
        #expect(sequence == newest)
        #expect(count > 1)
        #expect(changes.map(\.change.sequence) == changes.map(\.change.sequence).sorted())
        let end = try await world.store.feed(after: newest, limit: 3)
        #expect(end.changes.isEmpty && end.sequence == newest && !end.isMoreWaiting)
    }

    @Test("what names a person without a token concerns no API; what names nobody concerns all", arguments: Driver.allCases)
    func audiences(driver: Driver) async throws {
        let world = try await World(driver)
        let start = try await world.store.outboxBounds().newest
        _ = try await world.store.setUserDisabled(World.ada, true, actor: World.operatorActor, now: World.now)
        _ = try await world.store.setClientSuspended(World.app, true, actor: World.operatorActor, now: World.now)
        _ = try await world.store.setAccountSuspended(World.acme, true, actor: World.operatorActor, now: World.now)
        let changes = try await world.store.feed(after: start, limit: 10).changes
        #expect(changes.map(\.change.kind) == ["user.disabled", "client.suspended", "account.suspended"])
        #expect(changes.map(\.audiences) == [[], nil, nil])
        #expect(changes.map { $0.concerns("https://api.example", now: World.now + 60) } == [false, true, true])
        // By then it may have had tokens that were swept.
        #expect(changes.map { $0.concerns("https://api.example", now: World.now + 86_400) } == [true, true, true])
        #expect(
            changes.map(\.change.reach) == [
                .tokens(.init(user: World.ada.description)), .tokens(.init(client: World.app.description)), .tokens(.everything),
            ])
    }

    @Test("of two that claim a receiver at once one has it, until its claim ends", arguments: Driver.allCases)
    func claims(driver: Driver) async throws {
        let world = try await World(driver)
        let (store, now) = (world.store, World.now)
        let id = try await add(0x71, to: world)
        #expect(try await store.setEventReceiver(api, of: id, actor: World.operatorActor, now: now))
        let due = try #require(try await store.dueEventReceivers(now: now, limit: 10).first)
        let claims = try await withThrowingTaskGroup(of: EventReceiver?.self) { group in
            for _ in 0..<8 { group.addTask { try await store.claim(due, now: now, until: now + 20) } }
            return try await group.reduce(into: [EventReceiver?]()) { $0.append($1) }
        }
        #expect(claims.compactMap { $0 }.count == 1)
        let claimed = try #require(claims.compactMap { $0 }.first)
        #expect(try await store.dueEventReceivers(now: now + 19, limit: 10) == [])

        // Its claim is over, and somebody else goes on: what it still says counts no more.
        let later = try #require(try await store.dueEventReceivers(now: now + 20, limit: 10).first)
        let other = try #require(try await store.claim(later, now: now + 20, until: now + 40))
        #expect(try await store.moved(claimed, to: 900, now: now + 21, until: nil) == nil)
        try await store.failed(claimed, "late", now: now + 21, next: now + 99)
        let moved = try #require(try await store.moved(other, to: 901, now: now + 22, until: now + 42))
        #expect(moved.sequence == 901)
        try await store.failed(moved, "The receiver answered 503.", now: now + 23, next: now + 24)
        let failing = try #require(try await store.eventReceivers().first)
        #expect((failing.sequence, failing.attempts, failing.failingSince) == (901, 1, now + 23))
        #expect(try await store.dueEventReceivers(now: now + 23, limit: 10) == [])
        #expect(try await store.dueEventReceivers(now: now + 24, limit: 10).count == 1)
    }

    @Test("a new receiver begins now; another URL goes on from where the one before was", arguments: Driver.allCases)
    func places(driver: Driver) async throws {
        let world = try await World(driver)
        let (store, now) = (world.store, World.now)
        let id = try await add(0x72, to: world)
        let newest = try await store.outboxBounds().newest
        #expect(try await store.setEventReceiver(api, of: id, actor: World.operatorActor, now: now))
        _ = try await store.setClientSuspended(World.app, true, actor: World.operatorActor, now: now)
        #expect(try await store.setEventReceiver("https://new.example.com", of: id, actor: World.operatorActor, now: now + 1))
        let receiver = try #require(try await store.eventReceivers().first)
        #expect((receiver.url, receiver.sequence) == ("https://new.example.com", newest))
        #expect(try await !store.setEventReceiver(api, of: World.id(0x99), actor: World.operatorActor, now: now))
        #expect(try await store.removeEventReceiver(of: id, actor: World.operatorActor, now: now))
        #expect(try await !store.removeEventReceiver(of: id, actor: World.operatorActor, now: now))
        #expect(try await store.eventReceivers() == [])
    }
}
