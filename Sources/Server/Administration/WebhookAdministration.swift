import Delegation
import OAuth
import Storage

/// The webhooks of a client as the account that owns it runs them: the one thing that pages and management API both call.
///
/// Accounts, clients, webhooks and deliveries are named as a path names them; those of others do not exist.
struct WebhookAdministration: Sendable {
    let deployment: Deployment
    let principal: Principal
    let exchange: Exchange

    /// Where a path leads: `/accounts/{account}/…/{client}/webhooks`.
    struct Place: Sendable {
        let account: Account
        let client: Client
    }

    /// Seconds between two tests of a webhook, and between two attempts of the same message that somebody asked for.
    private static let interval: Int64 = 5
    /// How long an answer is waited for before somebody is told that it is not there yet.
    private static let patience = Duration.seconds(3)

    static func path(_ webhook: Webhook) -> String {
        "/accounts/\(webhook.accountID)/oauth-clients/\(webhook.clientID)/webhooks/\(webhook.id)"
    }

    /// The client, for somebody who may do this with it.
    func place(_ permission: Permission) async throws -> Place {
        let account = try principal.require(permission, in: exchange.captures[0])
        guard let id = Identifier(exchange.captures[1]),
            let registered = try await deployment.store.registeredClient(id, of: account.id)
        else { throw AccessProblem.notFound("There is no such client.") }
        return Place(account: account, client: registered.client)
    }

    func list() async throws -> [Webhook] {
        let place = try await place(.viewClients)
        return try await deployment.store.webhooks(clientID: place.client.id).map { shown($0, in: place) }
    }

    func get() async throws -> Webhook {
        let place = try await place(.viewClients)
        return shown(try await webhook(in: place), in: place)
    }

    /// - Returns: the webhook with its secret, which is shown this once.
    func create(_ registration: WebhookRegistration) async throws -> (webhook: Webhook, secret: Secret<String>) {
        let place = try await place(.manageClients)
        let change = try checked(registration, isNew: true)
        let secret = newSecret()
        let webhook = Webhook(
            id: deployment.random.identifier(), clientID: place.client.id, accountID: place.account.id, url: change.url ?? "",
            kinds: change.kinds ?? [], stop: change.isEnabled == false ? .init(reason: .owner, at: exchange.now) : nil,
            createdAt: exchange.now, updatedAt: exchange.now)
        let sealed = try deployment.keys.seal(secret, of: webhook.id)
        switch try await deployment.store.createWebhook(webhook, sealedSecret: sealed, actor: actor, now: exchange.now) {
        case .created(let webhook): return (webhook, secret.text)
        case .tooMany: throw AccessProblem.conflict("The client has \(Webhook.limit) webhooks already. Delete one of them first.")
        case .unknown: throw AccessProblem.notFound("There is no such client.")
        }
    }

    func update(_ registration: WebhookRegistration) async throws -> Webhook {
        let webhook = try await webhook(in: place(.manageClients))
        let change = try checked(registration, isNew: false)
        let changed = try await deployment.store.changeWebhook(
            webhook.id, clientID: webhook.clientID, change, actor: actor, now: exchange.now)
        return try known(changed)
    }

    func delete() async throws -> Identifier {
        let webhook = try await webhook(in: place(.manageClients))
        guard try await deployment.store.deleteWebhook(webhook.id, clientID: webhook.clientID, actor: actor, now: exchange.now) else {
            throw Self.unknown
        }
        return webhook.id
    }

    /// A new secret, shown this once; the one before it signs beside it for a day.
    func rotateSecret() async throws -> (webhook: Webhook, secret: Secret<String>) {
        let webhook = try await webhook(in: place(.manageClients))
        let secret = newSecret()
        let rotated = try await deployment.store.rotateWebhookSecret(
            webhook.id, clientID: webhook.clientID, sealedSecret: try deployment.keys.seal(secret, of: webhook.id), actor: actor,
            now: exchange.now)
        return (try known(rotated), secret.text)
    }

    // MARK: Deliveries

    /// Sends a test, and waits a moment for what comes of it.
    func test() async throws -> WebhookDelivery {
        let webhook = try await webhook(in: place(.manageClients))
        let id = deployment.random.identifier()
        let payload = WebhookMessage.ping(at: exchange.now, clientID: webhook.clientID, webhookID: webhook.id)
        let outcome = try await deployment.store.addPing(
            id, to: webhook, payload: payload, interval: Self.interval, now: exchange.now)
        return try await settled(outcome, id, of: webhook)
    }

    /// Sends a message again, and waits a moment for what comes of it.
    func redeliver(_ delivery: Substring) async throws -> WebhookDelivery {
        let webhook = try await webhook(in: place(.manageClients))
        guard let id = Identifier(delivery) else { throw Self.unknownDelivery }
        let outcome = try await deployment.store.redeliver(id, of: webhook.id, interval: Self.interval, now: exchange.now)
        return try await settled(outcome, id, of: webhook)
    }

    func deliveries(limit: Int, offset: Int) async throws -> (deliveries: [WebhookDelivery], total: Int) {
        let place = try await place(.viewClients)
        let webhook = try await webhook(in: place)
        var found = try await deployment.store.deliveries(webhookID: webhook.id, limit: limit, offset: offset)
        // A receiver's answer can hold what its owner alone should see, such as a stack trace.
        if !maySeeAll(in: place) { for index in found.deliveries.indices { found.deliveries[index].responseBody = nil } }
        return found
    }

    private func settled(_ outcome: Store.DeliveryRequest, _ id: Identifier, of webhook: Webhook) async throws -> WebhookDelivery {
        switch outcome {
        case .queued: break
        case .tooSoon(let seconds):
            throw AccessProblem.tooOften("This was sent a moment ago. Try again in \(seconds) s.", retryAfter: seconds)
        case .stopped: throw AccessProblem.conflict("The webhook is switched off. Switch it on first.")
        case .unknown: throw Self.unknownDelivery
        }
        let end = ContinuousClock.now + Self.patience
        while true {
            guard let delivery = try await deployment.store.delivery(id, webhookID: webhook.id) else { throw Self.unknownDelivery }
            if delivery.attempts > 0 || ContinuousClock.now >= end { return delivery }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    // MARK: Parts

    private static let unknown = AccessProblem.notFound("There is no such webhook.")
    private static let unknownDelivery = AccessProblem.notFound("There is no such delivery.")

    private func maySeeAll(in place: Place) -> Bool { principal.may(.manageClients, in: place.account.id) }

    /// Whoever may look alone sees where messages go, without the path and the query, which often are a secret.
    private func shown(_ webhook: Webhook, in place: Place) -> Webhook {
        if maySeeAll(in: place) { return webhook }
        var webhook = webhook
        webhook.url = URLText(webhook.url).map { "\($0.scheme)://\($0.host)" } ?? ""
        return webhook
    }

    private var actor: Actor { principal.actor(exchange) }

    private func webhook(in place: Place) async throws -> Webhook {
        guard let id = Identifier(exchange.captures[2]) else { throw Self.unknown }
        return try known(try await deployment.store.webhook(id, clientID: place.client.id))
    }

    private func known(_ webhook: Webhook?) throws -> Webhook {
        guard let webhook else { throw Self.unknown }
        return webhook
    }

    private func checked(_ registration: WebhookRegistration, isNew: Bool) throws -> WebhookRegistration.Change {
        do {
            return try registration.checked(isNew: isNew, allowsPrivate: deployment.settings.allowsPrivateWebhooks)
        } catch {
            throw InvalidInput(error.all.map { InvalidInput.Problem(pointer: $0.pointer, text: $0.text) })
        }
    }

    private func newSecret() -> WebhookSecret { WebhookSecret(bytes: deployment.random.bytes(WebhookSecret.randomLength)) }
}
