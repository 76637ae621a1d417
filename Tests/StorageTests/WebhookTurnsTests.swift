import Delegation
import GRDB
import OAuth
import Synchronization
import Testing

@testable import Storage

/// Notes what a store asks its database.
private final class RecordingDatabase: Storage.Database {
    struct Asked: Sendable {
        let sql: String
        /// Of a statement that changes something, in the transaction of this number.
        let changes: (transaction: Int, count: Int)?
    }

    private struct Recording: Transaction {
        let transaction: any Transaction
        let number: Int
        let database: RecordingDatabase

        func rows(_ sql: StaticString, _ values: [Storage.Value]) throws -> [Storage.Row] {
            database.note(Asked(sql: sql.description, changes: nil))
            return try transaction.rows(sql, values)
        }

        func run(_ sql: StaticString, _ values: [Storage.Value]) throws -> Int {
            let count = try transaction.run(sql, values)
            database.note(Asked(sql: sql.description, changes: (number, count)))
            return count
        }
    }

    private let database: any Storage.Database
    private let noted = Mutex<(asked: [Asked], writes: Int)>(([], 0))

    init(_ database: any Storage.Database) { self.database = database }

    var asked: [Asked] { noted.withLock { $0.asked } }
    var writes: Int { noted.withLock { $0.writes } }

    private func note(_ asked: Asked) { noted.withLock { $0.asked.append(asked) } }

    func read<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        try await database.read { try body(Recording(transaction: $0, number: 0, database: self)) }
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (any Transaction) throws -> Result) async throws -> Result {
        let number = noted.withLock { noted in
            noted.writes += 1
            return noted.writes
        }
        return try await database.write { try body(Recording(transaction: $0, number: number, database: self)) }
    }

    func run(_ script: String) async throws { try await database.run(script) }
}

@Suite("Whose turn it is to be sent to, and how much may wait")
struct WebhookTurnsTests {
    private static let breadth = Store.DeliveryBreadth(perWebhook: 2, perAccount: 12, failing: 24, failingPerAccount: 2)
    private static let broken = WebhookAttempt(status: 500, body: [])
    private static let hook = World.id(0x50)
    private static let day: Int64 = 86_400

    private static func webhook(_ id: Identifier, of client: Identifier = World.app, account: Identifier = World.pine) -> Webhook {
        Webhook(
            id: id, clientID: client, accountID: account, url: "https://app.example/hook", kinds: WebhookKind.allCases,
            createdAt: World.now, updatedAt: World.now)
    }

    private static func add(_ world: World, _ webhook: Webhook = webhook(hook)) async throws {
        let made = try await world.store.createWebhook(webhook, sealedSecret: [1], actor: World.operatorActor, now: World.now)
        #expect(made == .created(webhook))
    }

    /// Puts messages in a webhook's queue.
    private static func queue(_ world: World, _ count: Int, for webhook: Webhook, at due: Int64 = World.now) async throws {
        _ = try await world.database.write { db in
            let first = try db.rows("SELECT COUNT(*) FROM webhook_deliveries", [])[0][0].integer ?? 0
            // The last twelve digits of an identifier are the number.
            try db.run(
                """
                WITH RECURSIVE numbers (n) AS (SELECT $1 + 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $2)
                INSERT INTO webhook_deliveries (id, webhook_id, account_id, kind, payload, status, attempts, created_at, next_attempt_at)
                SELECT '00000000000000000009' || CAST(100000000000 + n AS TEXT), $3, $4, 'client.frozen', '{}', 'pending', 0, $5, $6
                FROM numbers
                """,
                [
                    .integer(first), .integer(first + Int64(count)), Value(webhook.id), Value(webhook.accountID), .integer(World.now),
                    .integer(due),
                ])
        }
    }

    private static func failing(_ world: World, _ id: Identifier, since: Int64 = World.now) async throws {
        _ = try await world.database.write {
            try $0.run("UPDATE webhooks SET failing_since = $1 WHERE id = $2", [.integer(since), Value(id)])
        }
    }

    /// An account with clients enough for its webhooks; two messages are due at each.
    private static func account(_ world: World, _ number: Int, webhooks: Int, isFailing: Bool, due: Int64) async throws -> Identifier {
        let account = World.id(0x1000 + UInt64(number))
        _ = try await world.store.createAccount(
            Account(id: account, name: "A\(number)", createdAt: 1), actor: World.operatorActor, now: World.now)
        for index in 0..<webhooks {
            let client = World.id(0x10_0000 + UInt64(number * 100 + index / Webhook.limit))
            if index % Webhook.limit == 0 {
                let new = Client(
                    id: client, accountID: account, name: "C", authenticationMethod: .none, redirectURIs: ["https://o.example/cb"],
                    scopes: ["dns.read"], createdAt: 1, updatedAt: 1)
                _ = try await world.store.createClient(new, secret: nil, actor: World.operatorActor, now: World.now)
            }
            let webhook = Self.webhook(World.id(0x20_0000 + UInt64(number * 100 + index)), of: client, account: account)
            try await add(world, webhook)
            if isFailing { try await failing(world, webhook.id) }
            try await queue(world, 2, for: webhook, at: due)
        }
        return account
    }

    private static func claim(
        _ world: World, limit: Int = 48, at now: Int64 = World.now, isTrusted: Bool = true
    ) async throws -> [Store.ClaimedDelivery] {
        try await world.store.claimDeliveries(now: now, isClockTrusted: isTrusted, limit: limit, breadth: breadth, until: now + 20)
    }

    // MARK: Turns

    struct Crowd: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// How many webhooks an account has, and whether they are failing.
        let accounts: [(webhooks: Int, isFailing: Bool)]
        /// How many messages are sent at once.
        let sent: [Int]
    }

    @Test(
        "nobody's receivers take all room, and those that fail take the least",
        arguments: [
            Crowd(testDescription: "one account", accounts: [(8, false)], sent: [9]),
            Crowd(testDescription: "four whose receivers may hang", accounts: Array(repeating: (6, false), count: 4), sent: [6, 6, 6, 6]),
            Crowd(
                testDescription: "failing ones beside one that works", accounts: [(6, true), (6, true), (6, true), (1, false)],
                sent: [2, 2, 2, 2]),
            Crowd(
                testDescription: "many failing ones", accounts: Array(repeating: (1, true), count: 14),
                sent: Array(repeating: 2, count: 10) + [1, 1, 1, 1]),
        ])
    func turns(crowd: Crowd) async throws {
        let world = try await World()
        var accounts: [Identifier] = []
        for (number, each) in crowd.accounts.enumerated() {
            accounts.append(
                try await Self.account(
                    world, number, webhooks: each.webhooks, isFailing: each.isFailing, due: World.now - 100 + Int64(number)))
        }
        let claims = try await Self.claim(world)
        let sent = Dictionary(grouping: claims, by: \.webhook.accountID).mapValues(\.count)
        #expect(accounts.map { sent[$0, default: 0] } == crowd.sent)
        #expect(Dictionary(grouping: claims, by: \.webhook.id).values.allSatisfy { $0.count <= 2 })
        // Whoever comes last, with the newest message, does not wait until one of them has answered.
        let last = try await Self.account(world, 50, webhooks: 1, isFailing: false, due: World.now)
        #expect(try await Self.claim(world, limit: 48 - claims.count).contains { $0.webhook.accountID == last })
    }

    @Test("a long queue of one webhook hides nobody's message")
    func longQueue() async throws {
        let world = try await World()
        let long = Self.webhook(Self.hook)
        try await Self.add(world, long)
        try await Self.failing(world, long.id)
        try await Self.queue(world, 1000, for: long, at: World.now - 100)
        let other = try await Self.account(world, 1, webhooks: 1, isFailing: false, due: World.now)
        let sent = Dictionary(grouping: try await Self.claim(world), by: \.webhook.accountID).mapValues(\.count)
        #expect(sent == [World.pine: 2, other: 2])
    }

    @Test("claiming reads along indexes, and writes nothing where nothing can be claimed", .enabled(if: !Driver.isPostgreSQLOnly))
    func plans() async throws {
        let world = try await World(.file)
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        try await Self.queue(world, 5, for: webhook)
        let recording = RecordingDatabase(world.database)
        let store = Store(recording)
        func claim() async throws -> Int {
            try await store.claimDeliveries(
                now: World.now, isClockTrusted: true, limit: 48, breadth: Self.breadth, until: World.now + 20
            ).count
        }
        #expect(try await claim() == 2)
        #expect(recording.writes == 1)
        // Three are due, but the webhook has its share.
        #expect(try await claim() == 0)
        #expect(recording.writes == 1)
        let statements = Set(recording.asked.map(\.sql))
        #expect(statements.contains { $0.contains("leased_until > $1") })
        let queue = try DatabaseQueue(path: try #require(world.temporary.path))
        for sql in statements {
            let explained = "EXPLAIN QUERY PLAN " + sql.replacing(/\$[0-9]+/, with: "1")
            let plan = try await queue.read { try String.fetchAll($0, sql: explained, adapter: SuffixRowAdapter(fromIndex: 3)) }
            #expect(!plan.isEmpty)
            let scans = plan.filter { $0.hasPrefix("SCAN webhook_deliveries") || $0.hasPrefix("SCAN d") }
            #expect(scans.isEmpty, "\(sql)")
        }
    }

    @Test(
        "what was put off, claimed or tested by a clock that was ahead is due once it is right; what waits for its turn is not",
        arguments: Driver.allCases)
    func clockThatWasAhead(driver: Driver) async throws {
        let world = try await World(driver)
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        let ahead = World.now + 365 * Self.day
        // One was tried, one is being sent, and one came by then.
        try await Self.queue(world, 2, for: webhook, at: ahead)
        let claims = try await Self.claim(world, at: ahead)
        #expect(claims.count == 2)
        _ = try await world.store.save(Self.broken, of: claims[0], actor: World.operatorActor, now: ahead)
        try await Self.queue(world, 1, for: webhook, at: ahead + 1)
        let ping = try await world.store.addPing(World.id(0x90), to: webhook, payload: "{}", interval: 60, now: ahead)
        #expect(ping == .queued)
        // And two wait for an attempt after the longest pause that there is, by clocks that differ a little.
        try await Self.queue(world, 2, for: webhook, at: World.now + Self.day + 60)

        var sent: Set<Identifier> = []
        for _ in 0..<8 {
            for claim in try await Self.claim(world) {
                sent.insert(claim.delivery.id)
                let saved = try await world.store.save(
                    WebhookAttempt(status: 200, body: []), of: claim, actor: World.operatorActor, now: World.now)
                #expect(saved == .saved)
            }
        }
        let waiting = try await world.store.deliveries(webhookID: Self.hook, limit: 100, offset: 0).deliveries.filter {
            $0.status == .pending
        }
        #expect(sent.count == 4)
        #expect(waiting.map(\.nextAttemptAt) == [World.now + Self.day + 60, World.now + Self.day + 60])
        // Whoever had claimed one by the wrong clock is told that somebody else has sent it.
        let late = try await world.store.save(Self.broken, of: claims[1], actor: World.operatorActor, now: World.now)
        #expect(late == .superseded)
        let again = try await world.store.addPing(World.id(0x91), to: webhook, payload: "{}", interval: 60, now: World.now)
        #expect(again == .queued)
    }

    @Test("a claim by a clock that was an hour ahead, or more, holds nothing up once it is right", arguments: Driver.allCases)
    func claimOfAClock(driver: Driver) async throws {
        let world = try await World(driver)
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        // As many as the webhook may have on their way, one more that waits, and one whose webhook was then switched off.
        try await Self.queue(world, 3, for: webhook)
        #expect(try await Self.claim(world, at: World.now + 3600).count == 2)
        let other = try await Self.account(world, 1, webhooks: 1, isFailing: false, due: World.now)
        #expect(try await Self.claim(world, at: World.now + 3600).count == 2)
        _ = try await world.database.write { db in
            try db.run("UPDATE webhook_deliveries SET next_attempt_at = NULL WHERE account_id = $1", [Value(other)])
        }
        #expect(try await Self.claim(world).isEmpty)
        #expect(try await Self.claim(world).map(\.webhook.id) == [Self.hook, Self.hook])
        let claims = try await world.database.read { db in
            try db.rows("SELECT COUNT(*) FROM webhook_deliveries WHERE leased_until > $1", [.integer(World.now + 20)])
        }
        #expect(claims == [[.integer(0)]])
    }

    @Test("a clock that is behind, and that nobody trusts yet, makes nothing due and sends what is due", arguments: Driver.allCases)
    func clockThatIsBehind(driver: Driver) async throws {
        let world = try await World(driver)
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        // By the right time: two are being sent, and one waits for its next attempt.
        try await Self.queue(world, 2, for: webhook)
        #expect(try await Self.claim(world).count == 2)
        try await Self.queue(world, 1, for: webhook, at: World.now + 300)
        func rows() async throws -> [Storage.Row] {
            try await world.database.read { db in
                try db.rows(
                    "SELECT id, next_attempt_at, leased_until FROM webhook_deliveries WHERE created_at = $1 ORDER BY id",
                    [.integer(World.now)])
            }
        }
        let before = try await rows()
        let behind = World.now - 3 * Self.day
        let ping = try await world.store.addPing(World.id(0x90), to: webhook, payload: "{}", interval: 60, now: behind)
        #expect(ping == .queued)
        #expect(try await Self.claim(world, at: behind, isTrusted: false).map(\.delivery.id) == [World.id(0x90)])
        #expect(try await rows() == before)
    }

    @Test("a message that was last tried by a clock that was ahead can be sent again", arguments: Driver.allCases)
    func redeliveryAfterAClock(driver: Driver) async throws {
        let world = try await World(driver)
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        let ahead = World.now + 365 * Self.day
        try await Self.queue(world, 1, for: webhook, at: ahead)
        let claim = try #require(try await Self.claim(world, at: ahead).first)
        let ok = WebhookAttempt(status: 200, body: [])
        _ = try await world.store.save(ok, of: claim, actor: World.operatorActor, now: ahead)
        #expect(try await world.store.redeliver(claim.delivery.id, of: Self.hook, interval: 60, now: World.now) == .queued)
        #expect(try await Self.claim(world).map(\.delivery.id) == [claim.delivery.id])
        // Not while it is being sent, whatever that clock wrote down before.
        let asked = try await world.store.redeliver(claim.delivery.id, of: Self.hook, interval: 60, now: World.now + 1)
        #expect(asked == .tooSoon(19))
    }

    // MARK: Patience

    @Test("failures long ago and a single one today do not switch a quiet webhook off; it counts anew")
    func quiet() async throws {
        let world = try await World()
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        func fail(at now: Int64) async throws -> Store.AttemptSave {
            let claim = try #require(try await Self.claim(world, limit: 1, at: now).first)
            return try await world.store.save(Self.broken, of: claim, actor: World.operatorActor, now: now)
        }
        func since() async throws -> Int64? {
            let found: Webhook? = try await world.store.webhook(Self.hook, clientID: World.app)
            return found?.failingSince
        }
        // The last attempt of the first message fails, so nothing is tried for days.
        try await Self.queue(world, 1, for: webhook)
        var now = World.now
        for _ in 1...10 {
            #expect(try await fail(at: now) == .saved)
            let delivery = try #require(try await world.store.deliveries(webhookID: Self.hook, limit: 1, offset: 0).deliveries.first)
            now = delivery.nextAttemptAt ?? now
        }
        #expect(try await since() == World.now)
        let later = World.now + 20 * Self.day
        try await Self.queue(world, 1, for: webhook, at: later)
        #expect(try await fail(at: later) == .saved)
        #expect(try await since() == later)
    }

    @Test("five days of failures stop it with the message that has failed four times, not with the first failure of another")
    func several() async throws {
        let world = try await World()
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        try await Self.queue(world, 1, for: webhook)
        let before = try #require(try await Self.claim(world).first)
        let start = World.now + 5 * Self.day
        _ = try await world.store.save(Self.broken, of: before, actor: World.operatorActor, now: start - 60)
        try await Self.failing(world, Self.hook, since: World.now - 60)
        _ = try await world.database.write {
            try $0.run("UPDATE webhook_deliveries SET status = 'failed', next_attempt_at = NULL WHERE webhook_id = $1", [Value(Self.hook)])
        }
        try await Self.queue(world, 1, for: webhook, at: start)
        var (now, outcomes): (Int64, [Store.AttemptSave]) = (start, [])
        for delay: Int64 in [5, 300, 1800, 7200] {
            let claim = try #require(try await Self.claim(world, at: now).first)
            outcomes.append(try await world.store.save(Self.broken, of: claim, actor: World.operatorActor, now: now))
            now += delay
        }
        #expect(outcomes == [.saved, .saved, .saved, .stopped(.failing)])
    }

    // MARK: How much may wait

    @Test("too many messages that wait switch a webhook off; more are not kept", arguments: [(true, 1000), (false, 10_000)])
    func cap(isFailing: Bool, most: Int) async throws {
        let world = try await World()
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        if isFailing { try await Self.failing(world, Self.hook) }
        try await Self.queue(world, most - 1, for: webhook)
        for isFrozen in [true, false, true] {
            _ = try await world.store.setClientFrozen(World.app, of: World.pine, isFrozen, actor: World.operatorActor, now: World.now)
        }
        let followed = try await world.store.followForWebhooks(limit: 500, actor: World.operatorActor, now: World.now)
        #expect(followed.stopped.map(\.id) == [Self.hook])
        #expect(try await world.store.deliveries(webhookID: Self.hook, limit: 1, offset: 0).total == most)
        #expect(try await world.store.webhook(Self.hook, clientID: World.app)?.stop?.reason == .failing)
        #expect(world.listener.kinds.filter { $0 == "webhook.disabled" }.count == 1)
        #expect(try await Self.claim(world).isEmpty)
    }

    @Test("what a webhook was sent is removed in small batches with it")
    func deletion() async throws {
        let world = try await World()
        let webhook = Self.webhook(Self.hook)
        try await Self.add(world, webhook)
        try await Self.queue(world, 2500, for: webhook)
        let recording = RecordingDatabase(world.database)
        let store = Store(recording)
        // Of somebody else's client nothing is removed.
        #expect(try await store.deleteWebhook(Self.hook, clientID: World.id(1), actor: World.operatorActor, now: World.now) == false)
        #expect(recording.writes == 0)
        #expect(try await store.deleteWebhook(Self.hook, clientID: World.app, actor: World.operatorActor, now: World.now))
        let removals = recording.asked.filter { $0.sql.contains("DELETE FROM webhook_deliveries") }.compactMap { $0.changes }
        #expect(removals.map { $0.count } == [1000, 1000, 500])
        #expect(Set(removals.map { $0.transaction }).count == 3)
        #expect(try await world.store.deliveries(webhookID: Self.hook, limit: 1, offset: 0).total == 0)
    }
}
