import Delegation
import OAuth

/// What webhooks are sent: claimed and sent by one process at a time, kept for a while.
extension Store {
    /// A message that whoever holds it is about to send; nobody else does so meanwhile.
    public struct ClaimedDelivery: Sendable, Equatable {
        public let delivery: WebhookDelivery
        public let webhook: Webhook
        /// The newest first, each under the master key, with the end of its use; nil: none.
        public let secrets: [SealedSecret]
        /// The event that it tells of; nil for a test.
        public let eventSequence: Int64?

        public struct SealedSecret: Sendable, Equatable {
            public let bytes: [UInt8]
            public let until: Int64?
        }
    }

    // MARK: Tests and repetitions

    public enum DeliveryRequest: Sendable, Equatable {
        case queued
        /// It was asked for a moment ago; the seconds after which it may be asked for again.
        case tooSoon(Int64)
        /// Nothing is sent to the webhook.
        case stopped
        case unknown
    }

    /// Puts a test in the queue.
    /// - Parameter interval: seconds between two tests of a webhook.
    public func addPing(_ id: Identifier, to webhook: Webhook, payload: String, interval: Int64, now: Int64) async throws -> DeliveryRequest
    {
        try await write { db in
            let count = try db.run(
                """
                UPDATE webhooks SET tested_at = $1 WHERE id = $2 AND client_id = $3 AND disabled_at IS NULL
                    AND (COALESCE(tested_at, 0) <= $4 OR tested_at > $5)
                """,
                [
                    .integer(now), Value(webhook.id), Value(webhook.clientID), .integer(now - interval), .integer(now + Self.farthest),
                ])
            if count == 0 {
                let row = try db.rows("SELECT disabled_at, tested_at FROM webhooks WHERE id = $1", [Value(webhook.id)]).first
                guard let row else { return .unknown }
                return row[0] == .null ? .tooSoon(max(1, (row[1].integer ?? now) + interval - now)) : .stopped
            }
            try db.run(
                """
                INSERT INTO webhook_deliveries (id, webhook_id, account_id, kind, payload, status, attempts, created_at, next_attempt_at)
                VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $6)
                """,
                [Value(id), Value(webhook.id), Value(webhook.accountID), .text(Webhook.ping), .text(payload), .integer(now)])
            return .queued
        }
    }

    /// Puts a message in the queue again, delivered or not, with all of its attempts.
    /// - Parameter interval: seconds after the last attempt.
    public func redeliver(_ id: Identifier, of webhookID: Identifier, interval: Int64, now: Int64) async throws -> DeliveryRequest {
        try await write { db in
            let row = try db.rows(
                """
                SELECT w.disabled_at, d.last_attempt_at, COALESCE(d.leased_until, 0)
                FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.id = $1 AND d.webhook_id = $2
                """, [Value(id), Value(webhookID)]
            ).first
            guard let row else { return .unknown }
            if row[0] != .null { return .stopped }
            // Each by itself: what a clock that was ahead wrote down as the last attempt says nothing about a claim.
            let waits = [(row[1].integer ?? 0) + interval, row[2].integer ?? 0].filter { $0 > now && $0 <= now + Self.farthest }
            if let ready = waits.max() { return .tooSoon(ready - now) }
            try db.run(
                "UPDATE webhook_deliveries SET status = 'pending', attempts = 0, next_attempt_at = $1, leased_until = NULL WHERE id = $2",
                [.integer(now), Value(id)])
            return .queued
        }
    }

    /// What a webhook was sent and is to be sent, the newest first.
    public func deliveries(webhookID: Identifier, limit: Int, offset: Int) async throws -> (deliveries: [WebhookDelivery], total: Int) {
        try await read { db in
            let total = try db.rows("SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1", [Value(webhookID)]).first
            let deliveries = try db.rows(
                """
                SELECT id, webhook_id, kind, payload, status, attempts, created_at, last_attempt_at, next_attempt_at, response_status,
                    response_body, problem
                FROM webhook_deliveries WHERE webhook_id = $1 ORDER BY created_at DESC, event_sequence DESC, id LIMIT $2 OFFSET $3
                """, [Value(webhookID), .integer(Int64(limit)), .integer(Int64(offset))]
            ).compactMap { WebhookDelivery($0[...]) }
            return (deliveries, Int(total?[0].integer ?? 0))
        }
    }

    public func delivery(_ id: Identifier, webhookID: Identifier) async throws -> WebhookDelivery? {
        try await read { db in
            try db.rows(
                """
                SELECT id, webhook_id, kind, payload, status, attempts, created_at, last_attempt_at, next_attempt_at, response_status,
                    response_body, problem
                FROM webhook_deliveries WHERE id = $1 AND webhook_id = $2
                """, [Value(id), Value(webhookID)]
            ).first.flatMap { WebhookDelivery($0[...]) }
        }
    }

    // MARK: Sending

    /// Claims what is due, of one webhook and one account only so much at once: a receiver that hangs must not hold up the others.
    /// Nothing is written where nothing can be claimed. What a clock that was ahead had put far off is claimed at the next call.
    /// - Parameters:
    ///   - isClockTrusted: whether what looks far off is; by a clock that is behind, everything would look so.
    ///   - limit: how many at most.
    ///   - until: when a claim that was not answered ends by itself.
    public func claimDeliveries(
        now: Int64, isClockTrusted: Bool, limit: Int, breadth: DeliveryBreadth, until: Int64
    ) async throws -> [ClaimedDelivery] {
        if limit <= 0 { return [] }
        // Chosen outside of the write, which nobody is to wait for: two processes that choose at the same moment send a little more.
        let chosen: [Identifier]? = try await read { db in
            let times = try db.deliveryTimes()
            if isClockTrusted, times.areTooFar(now: now) { return nil }
            return (times.first ?? .max) <= now ? try db.chooseDue(now: now, limit: limit, breadth) : []
        }
        guard let chosen else {
            try await makeDue(now: now)
            return []
        }
        if chosen.isEmpty { return [] }
        return try await write { db in
            var claimed: [ClaimedDelivery] = []
            for id in chosen {
                // Of two processes that chose the same row, the second one finds it claimed.
                let row = try db.rows(
                    """
                    UPDATE webhook_deliveries SET leased_until = $1, next_attempt_at = $1 WHERE id = $2 AND next_attempt_at <= $3
                    RETURNING id, webhook_id, kind, payload, status, attempts, created_at, last_attempt_at, next_attempt_at,
                        response_status, response_body, problem
                    """, [.integer(until), Value(id), .integer(now)]
                ).first
                if let delivery = row.flatMap({ WebhookDelivery($0[...]) }), let claim = try db.transaction.claim(delivery) {
                    claimed.append(claim)
                }
            }
            return claimed
        }
    }

    public enum AttemptSave: Sendable, Equatable {
        case saved
        /// It was the one failure too many, or the receiver said that it is gone: the webhook is stopped from now on.
        case stopped(Webhook.StopReason)
        /// The claim had ended, and somebody else has sent it or it is gone.
        case superseded
    }

    /// Writes down what an attempt came to, and ends the claim.
    public func save(_ attempt: WebhookAttempt, of claim: ClaimedDelivery, actor: Actor, now: Int64) async throws -> AttemptSave {
        try await write { db in
            let delivery = claim.delivery
            let next = attempt.isAccepted ? nil : DeliveryPace.nextAttempt(of: delivery.kind, after: delivery.attempts + 1, now: now)
            let status: WebhookDelivery.Status = attempt.isAccepted ? .delivered : next == nil ? .failed : .pending
            let count = try db.run(
                """
                UPDATE webhook_deliveries SET status = $1, attempts = attempts + 1, last_attempt_at = $2,
                    next_attempt_at = CASE WHEN next_attempt_at IS NULL THEN NULL ELSE CAST($3 AS BIGINT) END, leased_until = NULL, response_status = $4,
                    response_body = $5, problem = $6
                WHERE id = $7 AND attempts = $8 AND status = 'pending'
                """,
                [
                    .text(status.rawValue), .integer(now), Value(next), Value(attempt.status.map { Int64($0) }), Value(attempt.body),
                    Value(attempt.problem), Value(delivery.id), .integer(Int64(delivery.attempts)),
                ])
            if count == 0 { return .superseded }
            let reason = try db.judge(attempt, of: claim, at: now)
            guard let reason, try db.stop(claim.webhook, reason, actor, at: now) else { return .saved }
            return .stopped(reason)
        }
    }

    /// Ends a claim without an attempt: the message is due again at once.
    public func release(_ claim: ClaimedDelivery, now: Int64) async throws {
        _ = try await write { db in
            try db.run(
                """
                UPDATE webhook_deliveries SET next_attempt_at = $1, leased_until = NULL
                WHERE id = $2 AND attempts = $3 AND status = 'pending' AND next_attempt_at IS NOT NULL
                """, [.integer(now), Value(claim.delivery.id), .integer(Int64(claim.delivery.attempts))])
        }
    }
}

extension Change {
    /// What an attempt says about the webhook.
    /// - Returns: why it has to stop; nil: it goes on.
    fileprivate func judge(_ attempt: WebhookAttempt, of claim: Store.ClaimedDelivery, at now: Int64) throws -> Webhook.StopReason? {
        let id = claim.webhook.id
        if attempt.isAccepted {
            try run("UPDATE webhooks SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL", [Value(id)])
            return nil
        }
        if attempt.isGone { return .gone }
        // A test that fails is no message that was lost.
        if claim.delivery.kind == Webhook.ping { return nil }
        let before = try rows("SELECT failing_since FROM webhooks WHERE id = $1", [Value(id)]).first?[0].integer
        guard let before, try before > now - Webhook.patience || isContinued(claim.delivery, at: now) else {
            try run("UPDATE webhooks SET failing_since = $1 WHERE id = $2", [.integer(now), Value(id)])
            return nil
        }
        return before <= now - Webhook.patience && claim.delivery.attempts + 1 >= Webhook.attemptsBeforeStop ? .failing : nil
    }

    /// Whether something was tried a short while ago: what failed long before says nothing about a receiver that was sent nothing
    /// since. The answer is looked for only where it matters, after days.
    private func isContinued(_ delivery: WebhookDelivery, at now: Int64) throws -> Bool {
        if let last = delivery.lastAttemptAt, last >= now - Webhook.silence { return true }
        return try !rows(
            """
            SELECT 1 FROM webhook_deliveries WHERE webhook_id = $1 AND id <> $2 AND last_attempt_at >= $3 AND kind <> $4 LIMIT 1
            """, [Value(delivery.webhookID), Value(delivery.id), .integer(now - Webhook.silence), .text(Webhook.ping)]
        ).isEmpty
    }
}

extension Transaction {
    fileprivate func claim(_ delivery: WebhookDelivery) throws -> Store.ClaimedDelivery? {
        let row = try rows(
            """
            SELECT w.id, w.client_id, c.account_id, w.url, w.kinds, w.disabled_at, w.disabled_reason, w.failing_since, w.previous_until,
                w.created_at, w.updated_at, w.secret, w.previous_secret,
                (SELECT d.event_sequence FROM webhook_deliveries d WHERE d.id = $1)
            FROM webhooks w JOIN clients c ON c.id = w.client_id WHERE w.id = $2
            """, [Value(delivery.id), Value(delivery.webhookID)]
        ).first
        guard let row, let webhook = Webhook(row), let secret = row[11].blob else { return nil }
        var secrets = [Store.ClaimedDelivery.SealedSecret(bytes: secret, until: nil)]
        if let previous = row[12].blob { secrets.append(.init(bytes: previous, until: row[8].integer ?? 0)) }
        return Store.ClaimedDelivery(delivery: delivery, webhook: webhook, secrets: secrets, eventSequence: row[13].integer)
    }
}

extension WebhookDelivery {
    /// In the order of the table's columns.
    fileprivate init?(_ slice: ArraySlice<Value>) {
        let row = Array(slice)
        guard let id = row[0].identifier, let webhookID = row[1].identifier, let kind = row[2].text, let payload = row[3].text,
            let status = row[4].text.flatMap(Status.init), let attempts = row[5].integer, let createdAt = row[6].integer
        else { return nil }
        self.init(
            id: id, webhookID: webhookID, kind: kind, payload: payload, status: status, attempts: Int(attempts), createdAt: createdAt,
            lastAttemptAt: row[7].integer, nextAttemptAt: row[8].integer, responseStatus: row[9].integer.map { Int($0) },
            responseBody: row[10].text, problem: row[11].text)
    }
}
