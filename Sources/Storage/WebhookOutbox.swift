import Delegation
import OAuth

/// From the outbox to what webhooks are sent.
extension Store {
    /// Writes a delivery for each event that a webhook is to be told of, from where whoever did so last has stopped. The place in the
    /// outbox moves in the same transaction, so that nothing is left out and nothing comes twice.
    ///
    /// A webhook that lets too many messages wait is switched off; what comes after those is not kept.
    /// - Parameters:
    ///   - limit: how many events are looked at.
    ///   - actor: who switches it off.
    public func followForWebhooks(limit: Int, actor: Actor, now: Int64) async throws -> FollowedOutbox {
        let (from, to, isNeeded) = try await read { db in
            let row = try db.rows(
                "SELECT sequence, (SELECT COALESCE(MAX(sequence), 0) FROM events) FROM webhook_cursor WHERE id = 1", []
            ).first
            let from = row?[0].integer ?? 0
            let to = min(row?[1].integer ?? 0, from + Int64(limit))
            // Most events concern no webhook. The place is moved for those from time to time only, since that is a write.
            return (from, to, try to > from && (to == from + Int64(limit) || !db.toldEvents(from, to).isEmpty))
        }
        guard isNeeded else { return FollowedOutbox(isMoreWaiting: false, stopped: []) }
        return try await write { db in
            let moved = try db.run(
                "UPDATE webhook_cursor SET sequence = $1 WHERE id = 1 AND sequence = $2", [.integer(to), .integer(from)])
            if moved == 0 { return FollowedOutbox(isMoreWaiting: true, stopped: []) }
            var room: [Identifier: Int] = [:]
            var stopped: [Webhook] = []
            for told in try db.transaction.toldEvents(from, to) {
                let left = try room[told.webhook.id] ?? db.transaction.room(of: told.webhook)
                room[told.webhook.id] = left - 1
                if left > 0 {
                    try db.addDelivery(told, at: now)
                } else if try db.stop(told.webhook, .failing, actor, at: now) {
                    stopped.append(told.webhook)
                }
            }
            return FollowedOutbox(isMoreWaiting: to == from + Int64(limit), stopped: stopped)
        }
    }

    /// What came of following the outbox once.
    public struct FollowedOutbox: Sendable, Equatable {
        public let isMoreWaiting: Bool
        /// Switched off, since too much waits for them.
        public let stopped: [Webhook]
    }
}

/// An event that a webhook is to be told of.
private struct ToldEvent {
    let sequence: Int64
    let webhook: Webhook
    let kind: WebhookKind
    let payload: String
}

extension Change {
    /// One message, under an id that the event and the webhook determine: however often it is written, it is one.
    fileprivate func addDelivery(_ told: ToldEvent, at now: Int64) throws {
        let digest = Credential.hash("webhook \(told.webhook.id) \(told.sequence)")
        guard let id = Identifier(bytes: digest.prefix(16)) else { return }
        try run(
            """
            INSERT INTO webhook_deliveries (id, webhook_id, account_id, event_sequence, kind, payload, status, attempts, created_at,
                next_attempt_at)
            VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7) ON CONFLICT DO NOTHING
            """,
            [
                Value(id), Value(told.webhook.id), Value(told.webhook.accountID), .integer(told.sequence), .text(told.kind.rawValue),
                .text(told.payload), .integer(now),
            ])
    }
}

extension Transaction {
    /// How many more messages may wait for a webhook.
    fileprivate func room(of webhook: Webhook) throws -> Int {
        let limit = webhook.failingSince == nil ? Webhook.waitingLimit : Webhook.waitingLimitFailing
        let waiting = try rows(
            "SELECT COUNT(*) FROM webhook_deliveries WHERE webhook_id = $1 AND next_attempt_at IS NOT NULL", [Value(webhook.id)]
        ).first?[0].integer
        return limit - Int(waiting ?? 0)
    }

    fileprivate func toldEvents(_ from: Int64, _ to: Int64) throws -> [ToldEvent] {
        try rows(
            """
            SELECT w.id, w.client_id, c.account_id, w.url, w.kinds, w.disabled_at, w.disabled_reason, w.failing_since, w.previous_until,
                w.created_at, w.updated_at, e.sequence, e.at, e.kind, e.authorization_id, e.details
            FROM events e JOIN webhooks w ON w.client_id = e.client_id JOIN clients c ON c.id = w.client_id
            WHERE e.sequence > $1 AND e.sequence <= $2 AND e.sequence > w.since_sequence AND w.disabled_at IS NULL
            ORDER BY e.sequence, w.created_at
            """, [.integer(from), .integer(to)]
        ).compactMap { row in
            guard let webhook = Webhook(row), let sequence = row[11].integer, let at = row[12].integer,
                let kind = Self.kind(row[13].text, details: row[15].text), webhook.kinds.contains(kind)
            else { return nil }
            return ToldEvent(
                sequence: sequence, webhook: webhook, kind: kind,
                payload: WebhookMessage.payload(
                    kind, at: at, clientID: webhook.clientID, authorizationID: row[14].identifier,
                    details: row[15].text.flatMap { try? JSON(parsing: $0) }))
        }
    }

    /// Another choice of resources takes access away where it reaches less than the one before in any account.
    private static func kind(_ event: String?, details: String?) -> WebhookKind? {
        guard event == Store.resourcesChanged else { return event.flatMap(WebhookKind.init) }
        let reduced = details.flatMap { try? JSON(parsing: $0) }?["accounts_reduced"]?.stringsValue
        return reduced?.isEmpty == false ? .authorizationNarrowed : nil
    }
}
