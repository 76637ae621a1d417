import Delegation
import OAuth

extension Store {
    /// How much is being sent at once, by all processes together.
    public struct DeliveryBreadth: Sendable {
        let perWebhook: Int
        let perAccount: Int
        /// To webhooks that took nothing lately: their receivers may hang, and must leave room for the others.
        let failing: Int
        let failingPerAccount: Int

        public init(perWebhook: Int, perAccount: Int, failing: Int, failingPerAccount: Int) {
            self.perWebhook = perWebhook
            self.perAccount = perAccount
            self.failing = failing
            self.failingPerAccount = failingPerAccount
        }
    }
}

/// A webhook with something that is due.
private struct WaitingWebhook {
    let id: Identifier
    let accountID: Identifier
    let isFailing: Bool
}

/// What is on its way, and so whose turn it is.
private struct DeliveryTurns {
    private let breadth: Store.DeliveryBreadth
    private var webhooks: [Identifier: Int] = [:]
    private(set) var accounts: [Identifier: Int] = [:]
    private var failingAccounts: [Identifier: Int] = [:]
    private var failing = 0

    init(_ breadth: Store.DeliveryBreadth) { self.breadth = breadth }

    mutating func add(_ webhook: WaitingWebhook) {
        webhooks[webhook.id, default: 0] += 1
        accounts[webhook.accountID, default: 0] += 1
        guard webhook.isFailing else { return }
        failingAccounts[webhook.accountID, default: 0] += 1
        failing += 1
    }

    /// - Parameter free: how many more may be sent. An account gets a quarter of it at most, so that a few whose receivers hang for
    ///   the first time do not take it all.
    func allows(_ webhook: WaitingWebhook, free: Int) -> Bool {
        let share = min(breadth.perAccount, max(breadth.perWebhook, free / 4))
        guard webhooks[webhook.id, default: 0] < breadth.perWebhook, accounts[webhook.accountID, default: 0] < share else { return false }
        return !webhook.isFailing
            || failing < breadth.failing && failingAccounts[webhook.accountID, default: 0] < breadth.failingPerAccount
    }
}

extension Store {
    /// When the first and the last of what waits is due, and the last claim ends: read at the ends of the indexes.
    struct DeliveryTimes {
        let first: Int64?
        fileprivate let last: Int64?
        fileprivate let lastClaim: Int64?

        /// Whether one of them was written by a clock that was ahead of this one.
        func areTooFar(now: Int64) -> Bool {
            (last ?? 0) > now + DeliveryPace.longest + Store.farthest || (lastClaim ?? 0) > now + Store.farthest
        }
    }

    /// Makes due what would otherwise wait until it is as late as a clock once said that it was.
    func makeDue(now: Int64) async throws {
        let limit: Int64 = 1000
        _ = try await write { db in
            try db.run(
                """
                UPDATE webhook_deliveries SET next_attempt_at = $1, leased_until = NULL
                WHERE id IN (SELECT id FROM webhook_deliveries WHERE next_attempt_at > $2 LIMIT $3)
                """, [.integer(now), .integer(now + DeliveryPace.longest + Self.farthest), .integer(limit)])
            try db.run(
                """
                UPDATE webhook_deliveries SET leased_until = NULL,
                    next_attempt_at = CASE WHEN next_attempt_at IS NULL THEN NULL ELSE CAST($1 AS BIGINT) END
                WHERE id IN (SELECT id FROM webhook_deliveries WHERE leased_until > $2 LIMIT $3)
                """, [.integer(now), .integer(now + Self.farthest), .integer(limit)])
        }
    }
}

extension Transaction {
    func deliveryTimes() throws -> Store.DeliveryTimes {
        let row = try rows(
            """
            SELECT (SELECT MIN(next_attempt_at) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL),
                (SELECT MAX(next_attempt_at) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL),
                (SELECT MAX(leased_until) FROM webhook_deliveries WHERE leased_until IS NOT NULL)
            """, []
        ).first
        return Store.DeliveryTimes(first: row?[0].integer, last: row?[1].integer, lastClaim: row?[2].integer)
    }

    /// Chooses in turn: first of the account that has the least on its way, of that the webhook whose message waits longest.
    func chooseDue(now: Int64, limit: Int, _ breadth: Store.DeliveryBreadth) throws -> [Identifier] {
        var turns = DeliveryTurns(breadth)
        for webhook in try sending(now: now) { turns.add(webhook) }
        var waiting = try waitingWebhooks(now: now)
        var (chosen, due): ([Identifier], [Identifier: ArraySlice<Identifier>]) = ([], [:])
        while chosen.count < limit {
            let free = limit - chosen.count
            waiting.removeAll { !turns.allows($0, free: free) }
            // The first of the smallest is the one that waits longest.
            let onTheirWay = waiting.map { turns.accounts[$0.accountID, default: 0] }
            guard let next = onTheirWay.indices.min(by: { onTheirWay[$0] < onTheirWay[$1] }) else { break }
            let webhook = waiting[next]
            var rest = try due[webhook.id] ?? dueDeliveries(of: webhook.id, now: now, limit: breadth.perWebhook)[...]
            guard let id = rest.popFirst() else {
                waiting.remove(at: next)
                continue
            }
            due[webhook.id] = rest
            turns.add(webhook)
            chosen.append(id)
        }
        return chosen
    }

    /// Claims that last for longer than any are a wrong clock's, and leave their room to others.
    private func sending(now: Int64) throws -> [WaitingWebhook] {
        try rows(
            """
            SELECT d.webhook_id, d.account_id, CASE WHEN w.failing_since IS NULL THEN 0 ELSE 1 END
            FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.leased_until > $1 AND d.leased_until <= $2
            """, [.integer(now), .integer(now + Store.farthest)]
        ).compactMap { WaitingWebhook($0) }
    }

    /// The longest waiting first. Steps from webhook to webhook along the index, however much waits for each.
    private func waitingWebhooks(now: Int64) throws -> [WaitingWebhook] {
        try rows(
            """
            WITH RECURSIVE waiting (id) AS (
                SELECT MIN(webhook_id) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL
                UNION ALL
                SELECT (SELECT MIN(d.webhook_id) FROM webhook_deliveries d WHERE d.webhook_id > waiting.id AND d.next_attempt_at IS NOT NULL)
                FROM waiting WHERE waiting.id IS NOT NULL)
            SELECT webhook_id, account_id, is_failing FROM (
                SELECT w.id AS webhook_id, c.account_id, CASE WHEN w.failing_since IS NULL THEN 0 ELSE 1 END AS is_failing,
                    (SELECT MIN(d.next_attempt_at) FROM webhook_deliveries d WHERE d.webhook_id = w.id AND d.next_attempt_at IS NOT NULL)
                        AS due_at
                FROM waiting JOIN webhooks w ON w.id = waiting.id JOIN clients c ON c.id = w.client_id) AS owed
            WHERE due_at <= $1 ORDER BY due_at, webhook_id
            """, [.integer(now)]
        ).compactMap { WaitingWebhook($0) }
    }

    private func dueDeliveries(of webhookID: Identifier, now: Int64, limit: Int) throws -> [Identifier] {
        try rows(
            """
            SELECT id FROM webhook_deliveries WHERE webhook_id = $1 AND next_attempt_at <= $2
            ORDER BY next_attempt_at, created_at, event_sequence LIMIT $3
            """, [Value(webhookID), .integer(now), .integer(Int64(limit))]
        ).compactMap { $0[0].identifier }
    }
}

extension WaitingWebhook {
    /// webhook_id, account_id, whether it is failing
    fileprivate init?(_ row: Row) {
        guard let id = row[0].identifier, let accountID = row[1].identifier else { return nil }
        self.init(id: id, accountID: accountID, isFailing: row[2].integer == 1)
    }
}
