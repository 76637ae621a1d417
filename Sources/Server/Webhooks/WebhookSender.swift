import Delegation
import Logging
import OAuth
import Storage
import Synchronization

/// Follows the outbox for webhooks and sends them what they are owed.
struct WebhookSender: Sendable {
    let deployment: Deployment
    let clock: ClockWatch

    /// All webhooks of one client that hang leave something to the account's other clients.
    private static let breadth = Store.DeliveryBreadth(
        perWebhook: 2, perAccount: 2 * Webhook.limit + 2, failing: limit / 2, failingPerAccount: 2)
    /// How many messages are on their way at once.
    private static let limit = 48
    private static let eventsAtOnce = 500
    /// Seconds after which another process takes over what this one has begun; longer than an attempt can take.
    private static let claimSeconds: Int64 = 20
    private static let timeLimit = Duration.seconds(15)
    private static let bodyLimit = 8 * 1024
    private static let pause = Duration.milliseconds(200)
    private static let actor = Actor(userID: nil, address: "server")

    /// Sends until it is cancelled; what is on its way then is given back, and is due again at once.
    func run() async {
        let sending = Counter()
        // Looked after from time to time, and whenever one is done: the next of its webhook need not wait.
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    wake.yield()
                    try? await Task.sleep(for: Self.pause)
                }
            }
            for await _ in wakes {
                for claim in await due(limit: Self.limit - sending.count) {
                    sending.add(1)
                    group.addTask {
                        await send(claim)
                        sending.add(-1)
                        wake.yield()
                    }
                }
            }
            group.cancelAll()
        }
    }

    private func due(limit: Int) async -> [Store.ClaimedDelivery] {
        guard deployment.duties.holds(.webhooks) else { return [] }
        let now = deployment.now()
        let isClockTrusted = clock.isSteady(now: now)
        do {
            while true {
                let followed = try await deployment.store.followForWebhooks(limit: Self.eventsAtOnce, actor: Self.actor, now: now)
                for webhook in followed.stopped { await tellOwner(webhook, "More messages wait for it than are kept.") }
                if !followed.isMoreWaiting || Task.isCancelled { break }
            }
            return try await deployment.store.claimDeliveries(
                now: now, isClockTrusted: isClockTrusted, limit: limit, breadth: Self.breadth, until: now + Self.claimSeconds)
        } catch {
            deployment.log.warning("webhooks could not be looked after", metadata: ["problem": "\(error)"])
            return []
        }
    }

    private func send(_ claim: Store.ClaimedDelivery) async {
        do {
            let attempt: WebhookAttempt
            do {
                attempt = try await self.attempt(claim)
            } catch is CancellationError {
                return try await deployment.store.release(claim, now: deployment.now())
            }
            let saved = try await deployment.store.save(attempt, of: claim, actor: Self.actor, now: deployment.now())
            if case .stopped(let reason) = saved {
                await tellOwner(
                    claim.webhook,
                    reason == .gone ? "Its receiver answered that it is gone (410)." : "For five days it took nothing that was sent.")
            }
        } catch {
            deployment.log.warning("what a webhook answered could not be written down", metadata: ["problem": "\(error)"])
        }
    }

    private func attempt(_ claim: Store.ClaimedDelivery) async throws -> WebhookAttempt {
        let now = deployment.now()
        let id = claim.delivery.id.description
        let body = Array(claim.delivery.payload.utf8)
        let signatures = claim.secrets.filter { $0.until.map { now < $0 } ?? true }.compactMap { sealed in
            deployment.keys.webhookSecret(sealed.bytes, of: claim.webhook.id)?.signature(id: id, timestamp: now, body: body)
        }
        if signatures.isEmpty { return WebhookAttempt(problem: "The webhook's secret cannot be read. Replace it.") }
        var headers = [
            ("content-type", "application/json"), ("user-agent", "Latchkey-Webhook"), ("webhook-id", id),
            ("webhook-timestamp", String(now)), ("webhook-signature", signatures.joined(separator: " ")),
        ]
        if let trace = claim.eventSequence.flatMap({ deployment.tail.traces[$0] }) { headers.append(("traceparent", trace.traceparent)) }
        let request = PublicFetch.Request(
            url: claim.webhook.url, headers: headers, body: body, bodyLimit: Self.bodyLimit, timeLimit: Self.timeLimit)
        do {
            let answer = try await deployment.fetch.send(request)
            return WebhookAttempt(status: answer.status, body: answer.body)
        } catch let problem as PublicFetch.Problem {
            return WebhookAttempt(problem: problem.description)
        }
    }

    /// Mail to those who can do something about it.
    private func tellOwner(_ webhook: Webhook, _ cause: String) async {
        guard deployment.settings.mail.isOpen,
            let client = try? await deployment.clients.client(webhook.clientID, in: deployment.store)?.client,
            let members = try? await deployment.store.members(accountID: webhook.accountID)
        else { return }
        let url = deployment.url(WebhookAdministration.path(webhook))
        let concerned = members.filter { member in
            !member.user.isDisabled && member.roles.contains { $0.allows(Permission.manageClients.rawValue) }
        }
        for member in concerned.prefix(20) {
            let mail = Mail(
                recipient: member.user.email, subject: "A webhook was switched off",
                text: """
                    A webhook of \(client.name) at \(webhook.host) was switched off. \(cause)
                    Messages about the client are not sent there any more. When the receiver works again, switch it on:
                    \(url)
                    """, link: url)
            deployment.settings.mail.send(mail, log: deployment.log)
        }
    }
}

private final class Counter: Sendable {
    private let value = Atomic(0)
    var count: Int { value.load(ordering: .relaxed) }
    func add(_ number: Int) { value.wrappingAdd(number, ordering: .relaxed) }
}
