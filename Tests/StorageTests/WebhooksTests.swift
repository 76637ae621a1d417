import Delegation
import OAuth
import Testing

@testable import Storage

@Suite("Webhooks and what they are sent")
struct WebhooksTests {
    private static let hook = World.id(0x50)
    private static let breadth = Store.DeliveryBreadth(perWebhook: 2, perAccount: 5, failing: 5, failingPerAccount: 5)
    private static let ok = WebhookAttempt(status: 200, body: [])
    private static let broken = WebhookAttempt(status: 500, body: [])

    private static func webhook(_ id: Identifier = hook, kinds: [WebhookKind] = WebhookKind.allCases, client: Identifier = World.app)
        -> Webhook
    {
        Webhook(
            id: id, clientID: client, accountID: World.pine, url: "https://app.example/hook", kinds: kinds, createdAt: World.now,
            updatedAt: World.now)
    }

    private static func add(_ world: World, _ webhook: Webhook = webhook()) async throws {
        let made = try await world.store.createWebhook(webhook, sealedSecret: [1], actor: World.operatorActor, now: World.now)
        #expect(made == .created(webhook))
    }

    private static func change(_ registration: WebhookRegistration) throws -> WebhookRegistration.Change {
        try registration.checked(isNew: false, allowsPrivate: false)
    }

    /// Makes an event that webhooks are told of.
    private static func freeze(_ world: World, _ isFrozen: Bool = true) async throws {
        _ = try await world.store.setClientFrozen(
            World.app, of: World.pine, isFrozen, actor: World.operatorActor, now: World.now)
    }

    private static func follow(_ world: World, limit: Int = 500, at now: Int64 = World.now) async throws {
        while try await world.store.followForWebhooks(limit: limit, actor: World.operatorActor, now: now).isMoreWaiting {}
    }

    private static func claim(
        _ world: World, at now: Int64 = World.now, limit: Int = 10, breadth: Store.DeliveryBreadth = breadth
    ) async throws -> [Store.ClaimedDelivery] {
        try await world.store.claimDeliveries(now: now, isClockTrusted: true, limit: limit, breadth: breadth, until: now + 20)
    }

    @discardableResult
    private static func save(
        _ world: World, _ attempt: WebhookAttempt, _ claim: Store.ClaimedDelivery, at now: Int64 = World.now
    ) async throws -> Store.AttemptSave {
        try await world.store.save(attempt, of: claim, actor: World.operatorActor, now: now)
    }

    private static func deliveries(_ world: World, of id: Identifier = hook) async throws -> [WebhookDelivery] {
        try await world.store.deliveries(webhookID: id, limit: 100, offset: 0).deliveries
    }

    // MARK: Webhooks

    @Test("a client has at most five, and each is read as it was made", arguments: Driver.allCases)
    func limit(driver: Driver) async throws {
        let world = try await World(driver)
        for number in 0..<5 { try await Self.add(world, Self.webhook(World.id(0x60 + UInt64(number)))) }
        let outcomes = try await together(4) { number in
            try await world.store.createWebhook(
                Self.webhook(World.id(0x70 + UInt64(number))), sealedSecret: [1], actor: World.operatorActor, now: World.now)
        }
        #expect(outcomes.allSatisfy { $0 == .tooMany })
        #expect(try await world.store.webhooks(clientID: World.app).count == 5)
        var foreign = Self.webhook(World.id(0x80))
        foreign = Webhook(
            id: foreign.id, clientID: World.app, accountID: World.acme, url: foreign.url, kinds: foreign.kinds, createdAt: 1, updatedAt: 1)
        #expect(
            try await world.store.createWebhook(foreign, sealedSecret: [1], actor: World.operatorActor, now: World.now) == .unknown)
    }

    @Test("every change is an event, which names the host and not the address")
    func events() async throws {
        let world = try await World()
        try await Self.add(world)
        let change = try Self.change(WebhookRegistration(url: "https://new.example/secret-path", kinds: ["client.frozen"]))
        let changed = try await world.store.changeWebhook(
            Self.hook, clientID: World.app, change, actor: World.operatorActor, now: World.now)
        #expect(changed?.url == "https://new.example/secret-path" && changed?.kinds == [.clientFrozen])
        let rotated = try await world.store.rotateWebhookSecret(
            Self.hook, clientID: World.app, sealedSecret: [2], actor: World.operatorActor, now: World.now)
        #expect(rotated?.previousSecretUntil == World.now + 86_400)
        #expect(try await world.store.deleteWebhook(Self.hook, clientID: World.app, actor: World.operatorActor, now: World.now))
        #expect(try await world.store.deleteWebhook(Self.hook, clientID: World.app, actor: World.operatorActor, now: World.now) == false)
        let events = world.listener.events.suffix(4)
        #expect(events.map(\.kind) == ["webhook.created", "webhook.updated", "webhook.secret_rotated", "webhook.deleted"])
        #expect(events.allSatisfy { $0.accountID == World.pine && $0.clientID == World.app })
        #expect(!events.contains { $0.details?.contains("secret-path") == true || $0.details?.contains("/hook") == true })
        #expect(events.contains { $0.details?.contains("new.example") == true })
    }

    // MARK: From the outbox

    @Test("what happened before a webhook was there is not told; what happens afterwards is, once", arguments: Driver.allCases)
    func following(driver: Driver) async throws {
        let world = try await World(driver)
        try await Self.freeze(world)
        try await Self.add(world)
        try await Self.freeze(world, false)
        _ = try await together(6) { _ in try await Self.follow(world) }
        try await Self.follow(world)
        let deliveries = try await Self.deliveries(world)
        #expect(deliveries.map(\.kind) == ["client.thawed"])
        #expect(deliveries.first?.status == .pending && deliveries.first?.nextAttemptAt == World.now)
        #expect(deliveries.first?.payload.contains(World.app.description) == true)
    }

    @Test("a webhook is told of its own kinds and its own client only")
    func kinds() async throws {
        let world = try await World()
        try await Self.add(world, Self.webhook(kinds: [.clientFrozen]))
        _ = try await world.store.createClient(World.client(World.id(0x22)), secret: nil, actor: World.operatorActor, now: World.now)
        _ = try await world.store.setClientFrozen(World.id(0x22), of: World.pine, true, actor: World.operatorActor, now: World.now)
        try await Self.freeze(world)
        try await Self.freeze(world, false)
        try await Self.follow(world)
        #expect(try await Self.deliveries(world).map(\.kind) == ["client.frozen"])
    }

    @Test("events between that concern nobody are passed over, however many there are")
    func manyEvents() async throws {
        let world = try await World()
        try await Self.add(world)
        for number in 0..<40 {
            _ = try await world.store.createAccount(
                Account(id: World.id(0x900 + UInt64(number)), name: "A\(number)", createdAt: 1), actor: World.operatorActor, now: World.now)
        }
        try await Self.freeze(world)
        try await Self.follow(world, limit: 7)
        #expect(try await Self.deliveries(world).map(\.kind) == ["client.frozen"])
    }

    @Test("an authorization's whole life is told to the client's owner")
    func authorizations() async throws {
        let world = try await World()
        try await Self.add(world)
        let id = try await world.grant(as: "code")
        _ = try await world.store.narrow(id, to: ["dns.read"], accountIDs: [World.acme], actor: World.adaActor, now: World.now)
        _ = try await world.store.endAuthorization(id, actor: World.adaActor, now: World.now)
        try await Self.follow(world)
        let told = try await Self.deliveries(world).reversed()
        #expect(told.map(\.kind) == ["authorization.granted", "authorization.narrowed", "authorization.ended"])
        #expect(told.allSatisfy { $0.payload.contains(id.description) && !$0.payload.contains(World.ada.description) })
    }

    @Test("resources that were taken away are told as what was narrowed; ones that were added, and no change at all, are not")
    func resources() async throws {
        let world = try await World()
        try await Self.add(world)
        var code = World.code(scopes: ["dns.read"], accounts: [World.acme])
        code.resources = ResourceChoice([World.acme: ["zone": .some(ResourceIDs(["z1", "z2"]))]])
        let id = try await world.grant(code, as: "code")
        func told(_ zones: [String]) async throws -> [String] {
            _ = try await world.store.narrow(
                id, to: ["dns.read"], accountIDs: [World.acme], resources: [World.acme: ["zone": .some(ResourceIDs(zones))]],
                actor: World.adaActor, now: World.now)
            try await Self.follow(world)
            return try await Self.deliveries(world).map(\.kind).filter { $0 == "authorization.narrowed" }
        }
        #expect(try await told(["z1", "z2"]) == [])
        #expect(try await told(["z1", "z2", "z3"]) == [])
        #expect(try await told(["z2", "z4"]) == ["authorization.narrowed"])
        let message = try #require(try await Self.deliveries(world).first { $0.kind == "authorization.narrowed" })
        #expect(message.payload.contains(id.description) && !message.payload.contains("z2"))
    }

    // MARK: Sending

    @Test("of many that claim at once each message is had by one; an unanswered claim ends by itself", arguments: Driver.allCases)
    func lease(driver: Driver) async throws {
        let world = try await World(driver)
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        let claims = try await together(8) { _ in try await Self.claim(world) }
        #expect(claims.flatMap { $0 }.count == 1)
        #expect(try await Self.claim(world, at: World.now + 19).isEmpty)
        // As after a crash: nobody answered, and it is due again, with the same id and the same bytes.
        let again = try #require(try await Self.claim(world, at: World.now + 20).first)
        let first = try #require(claims.flatMap { $0 }.first)
        #expect(again.delivery.id == first.delivery.id && again.delivery.payload == first.delivery.payload)
        #expect(try await Self.save(world, Self.ok, again) == .saved)
        #expect(try await Self.save(world, Self.broken, first) == .superseded)
        #expect(try await Self.deliveries(world).first?.status == .delivered)
        #expect(try await Self.claim(world, at: World.now + 90_000).isEmpty)
    }

    @Test("a failure is tried again later, with the answer written down, until it was the last")
    func retries() async throws {
        let world = try await World()
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        var now = World.now
        for attempt in 1...10 {
            let claim = try #require(try await Self.claim(world, at: now).first, "attempt \(attempt)")
            try await Self.save(world, Self.broken, claim, at: now)
            let delivery = try #require(try await Self.deliveries(world).first)
            #expect(delivery.attempts == attempt && delivery.responseStatus == 500 && delivery.lastAttemptAt == now)
            if attempt == 10 {
                #expect(delivery.status == .failed && delivery.nextAttemptAt == nil)
            } else {
                let next = try #require(delivery.nextAttemptAt)
                #expect(try await Self.claim(world, at: next - 1).isEmpty)
                now = next
            }
        }
        #expect(try await Self.claim(world, at: now + 1_000_000).isEmpty)
    }

    @Test("what is given back is due at once and counts as no attempt")
    func release() async throws {
        let world = try await World()
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        let claim = try #require(try await Self.claim(world).first)
        try await world.store.release(claim, now: World.now)
        #expect(try await Self.claim(world).first?.delivery.attempts == 0)
    }

    @Test("one webhook and one account have only so much on their way; the others are not held up")
    func breadth() async throws {
        let world = try await World()
        for number in 0..<3 { try await Self.add(world, Self.webhook(World.id(0x60 + UInt64(number)))) }
        for _ in 0..<4 {
            try await Self.freeze(world)
            try await Self.freeze(world, false)
        }
        try await Self.follow(world)
        let first = try await Self.claim(world, limit: 100)
        #expect(first.count == 5)
        #expect(Dictionary(grouping: first, by: \.webhook.id).values.allSatisfy { $0.count <= 2 })
        #expect(try await Self.claim(world, limit: 100).isEmpty)
        let other = World.id(0x23)
        var client = World.client(other)
        client = Client(
            id: other, accountID: World.acme, name: "Other", authenticationMethod: .none, redirectURIs: ["https://o.example/cb"],
            scopes: ["dns.read"], createdAt: 1, updatedAt: 1)
        _ = try await world.store.createClient(client, secret: nil, actor: World.operatorActor, now: World.now)
        _ = try await world.store.createWebhook(
            Webhook(
                id: World.id(0x90), clientID: other, accountID: World.acme, url: "https://o.example/", kinds: [.clientFrozen],
                createdAt: 1, updatedAt: 1), sealedSecret: [9], actor: World.operatorActor, now: World.now)
        _ = try await world.store.setClientFrozen(other, of: World.acme, true, actor: World.operatorActor, now: World.now)
        try await Self.follow(world)
        #expect(try await Self.claim(world, limit: 100).map(\.webhook.id) == [World.id(0x90)])
    }

    // MARK: Stopping

    @Test("five days of nothing but failures stop it, one success in between starts anew")
    func patience() async throws {
        let world = try await World()
        try await Self.add(world)
        func attempt(_ outcome: WebhookAttempt, at now: Int64) async throws -> Store.AttemptSave {
            try await Self.freeze(world)
            try await Self.freeze(world, false)
            try await Self.follow(world, at: now)
            let claim = try #require(try await Self.claim(world, at: now, limit: 1).first)
            return try await Self.save(world, outcome, claim, at: now)
        }
        let day: Int64 = 86_400
        #expect(try await attempt(Self.broken, at: World.now) == .saved)
        #expect(try await world.store.webhook(Self.hook, clientID: World.app)?.failingSince == World.now)
        #expect(try await attempt(Self.broken, at: World.now + 5 * day - 1) == .saved)
        #expect(try await attempt(Self.ok, at: World.now + 5 * day) == .saved)
        #expect(try await world.store.webhook(Self.hook, clientID: World.app)?.failingSince == nil)
        for hours: Int64 in [144, 180, 216, 252] { #expect(try await attempt(Self.broken, at: World.now + hours * 3600) == .saved) }
        #expect(try await world.store.webhook(Self.hook, clientID: World.app)?.failingSince == World.now + 6 * day)
        // What is tried now has failed three times before.
        _ = try await world.database.write { try $0.run("UPDATE webhook_deliveries SET attempts = 3 WHERE status = 'pending'", []) }
        #expect(try await attempt(Self.broken, at: World.now + 11 * day) == .stopped(.failing))
        #expect(world.listener.kinds.last == "webhook.disabled")
        #expect(try await Self.claim(world, at: World.now + 12 * day).isEmpty)
        #expect(try await Self.deliveries(world).contains { $0.status == .pending && $0.nextAttemptAt == nil })
    }

    @Test("gone stops it at once; switched on again it is sent what waited, and nothing of what happened meanwhile")
    func gone() async throws {
        let world = try await World()
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        let claim = try #require(try await Self.claim(world).first)
        #expect(try await Self.save(world, WebhookAttempt(status: 410, body: []), claim) == .stopped(.gone))
        try await Self.freeze(world, false)
        try await Self.follow(world)
        #expect(try await Self.claim(world, at: World.now + 90_000).isEmpty)
        let on = try Self.change(WebhookRegistration(isEnabled: true))
        let webhook = try await world.store.changeWebhook(Self.hook, clientID: World.app, on, actor: World.operatorActor, now: World.now)
        #expect(webhook?.stop == nil && webhook?.failingSince == nil)
        try await Self.follow(world)
        #expect(try await Self.claim(world).map(\.delivery.kind) == ["client.frozen"])
    }

    // MARK: Tests and repetitions

    @Test("tests come only so often, not to a webhook that is off, and their failure stops nothing")
    func pings() async throws {
        let world = try await World()
        try await Self.add(world)
        @Sendable func ping(_ number: UInt64, at now: Int64) async throws -> Store.DeliveryRequest {
            try await world.store.addPing(World.id(number), to: Self.webhook(), payload: "{}", interval: 5, now: now)
        }
        let outcomes = try await together(6) { number in try await ping(0x200 + UInt64(number), at: World.now) }
        #expect(outcomes.filter { $0 == .queued }.count == 1)
        #expect(outcomes.filter { $0 == .tooSoon(5) }.count == 5)
        #expect(try await ping(0x300, at: World.now + 4) == .tooSoon(1))
        let claim = try #require(try await Self.claim(world).first)
        try await Self.save(world, Self.broken, claim)
        #expect(try await Self.deliveries(world).first?.status == .failed)
        #expect(try await world.store.webhook(Self.hook, clientID: World.app)?.failingSince == nil)
        let off = try Self.change(WebhookRegistration(isEnabled: false))
        _ = try await world.store.changeWebhook(Self.hook, clientID: World.app, off, actor: World.operatorActor, now: World.now)
        #expect(try await ping(0x301, at: World.now + 60) == .stopped)
    }

    @Test("a message is sent again on request, with all of its attempts")
    func redelivery() async throws {
        let world = try await World()
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        let claim = try #require(try await Self.claim(world).first)
        let id = claim.delivery.id
        func again(at now: Int64) async throws -> Store.DeliveryRequest {
            try await world.store.redeliver(id, of: Self.hook, interval: 5, now: now)
        }
        #expect(try await again(at: World.now) == .tooSoon(20))
        try await Self.save(world, Self.ok, claim)
        #expect(try await again(at: World.now + 1) == .tooSoon(4))
        #expect(try await again(at: World.now + 5) == .queued)
        let second = try #require(try await Self.claim(world, at: World.now + 5).first)
        #expect(second.delivery.id == id && second.delivery.attempts == 0)
        #expect(try await world.store.redeliver(World.id(1), of: Self.hook, interval: 5, now: World.now) == .unknown)
        #expect(try await world.store.redeliver(id, of: World.id(1), interval: 5, now: World.now) == .unknown)
    }

    @Test("a secret before the newest one comes along until its time is over")
    func secrets() async throws {
        let world = try await World()
        try await Self.add(world)
        _ = try await world.store.rotateWebhookSecret(
            Self.hook, clientID: World.app, sealedSecret: [2], actor: World.operatorActor, now: World.now)
        try await Self.freeze(world)
        try await Self.follow(world)
        let claim = try #require(try await Self.claim(world).first)
        #expect(claim.secrets == [.init(bytes: [2], until: nil), .init(bytes: [1], until: World.now + 86_400)])
        _ = try await world.store.sweep(now: World.now + 86_400, limit: 100)
        #expect(try await Self.claim(world, at: World.now + 86_400).first?.secrets == [.init(bytes: [2], until: nil)])
    }

    @Test("deliveries are swept after thirty days, and go with their webhook and their client")
    func gone30() async throws {
        let world = try await World()
        try await Self.add(world)
        try await Self.freeze(world)
        try await Self.follow(world)
        _ = try await world.store.sweep(now: World.now + 30 * 86_400 - 1, limit: 100)
        #expect(try await Self.deliveries(world).count == 1)
        _ = try await world.store.sweep(now: World.now + 30 * 86_400, limit: 100)
        #expect(try await Self.deliveries(world).isEmpty)
        try await Self.freeze(world, false)
        try await Self.follow(world)
        _ = try await world.store.deleteClient(World.app, actor: World.operatorActor, now: World.now)
        try await Self.follow(world)
        #expect(try await Self.deliveries(world).isEmpty)
        #expect(try await Self.claim(world).isEmpty)
    }
}
