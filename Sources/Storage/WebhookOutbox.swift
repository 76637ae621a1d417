import Delegation
import OAuth

/// From the outbox to what webhooks are sent.
extension Store {
    /// Writes a delivery for each event that a webhook is to be told of, from where whoever did so last has stopped. The place in the
    /// outbox moves in the same transaction, so that nothing is left out and nothing comes twice.
    /// - Parameter limit: how many events are looked at.
    /// - Returns: whether more events may be waiting.
    public func followForWebhooks(limit: Int, now: Int64) async throws -> Bool {
        let (from, to, isNeeded) = try await read { db in
            let row = try db.rows(
                "SELECT sequence, (SELECT COALESCE(MAX(sequence), 0) FROM events) FROM webhook_cursor WHERE id = 1", []
            ).first
            let from = row?[0].integer ?? 0
            let to = min(row?[1].integer ?? 0, from + Int64(limit))
            // Most events concern no webhook. The place is moved for those from time to time only, since that is a write.
            return (from, to, try to > from && (to == from + Int64(limit) || !db.toldEvents(from, to).isEmpty))
        }
        guard isNeeded else { return false }
        return try await write { db in
            let moved = try db.run(
                "UPDATE webhook_cursor SET sequence = $1 WHERE id = 1 AND sequence = $2", [.integer(to), .integer(from)])
            if moved == 0 { return true }
            for told in try db.transaction.toldEvents(from, to) { try db.addDelivery(told, at: now) }
            return to == from + Int64(limit)
        }
    }
}

/// An event that a webhook is to be told of.
private struct ToldEvent {
    let sequence: Int64
    let webhookID: Identifier
    let accountID: Identifier
    let kind: WebhookKind
    let payload: String
}

extension Change {
    /// One message, under an id that the event and the webhook determine: however often it is written, it is one.
    fileprivate func addDelivery(_ told: ToldEvent, at now: Int64) throws {
        let digest = Credential.hash("webhook \(told.webhookID) \(told.sequence)")
        guard let id = Identifier(bytes: digest.prefix(16)) else { return }
        try run(
            """
            INSERT INTO webhook_deliveries (id, webhook_id, account_id, event_sequence, kind, payload, status, attempts, created_at,
                next_attempt_at)
            VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0, $7, $7) ON CONFLICT DO NOTHING
            """,
            [
                Value(id), Value(told.webhookID), Value(told.accountID), .integer(told.sequence), .text(told.kind.rawValue),
                .text(told.payload), .integer(now),
            ])
    }
}

extension Transaction {
    fileprivate func toldEvents(_ from: Int64, _ to: Int64) throws -> [ToldEvent] {
        try rows(
            """
            SELECT e.sequence, e.at, e.kind, e.client_id, e.authorization_id, e.details, w.id, w.kinds, c.account_id
            FROM events e JOIN webhooks w ON w.client_id = e.client_id JOIN clients c ON c.id = w.client_id
            WHERE e.sequence > $1 AND e.sequence <= $2 AND e.sequence > w.since_sequence AND w.disabled_at IS NULL
            ORDER BY e.sequence, w.created_at
            """, [.integer(from), .integer(to)]
        ).compactMap { row in
            guard let sequence = row[0].integer, let at = row[1].integer, let kind = Self.kind(row[2].text, details: row[5].text),
                let clientID = row[3].identifier, let webhookID = row[6].identifier, let kinds = row[7].text,
                let accountID = row[8].identifier, kinds.split(separator: " ").contains(Substring(kind.rawValue))
            else { return nil }
            return ToldEvent(
                sequence: sequence, webhookID: webhookID, accountID: accountID, kind: kind,
                payload: WebhookMessage.payload(
                    kind, at: at, clientID: clientID, authorizationID: row[4].identifier,
                    details: row[5].text.flatMap { try? JSON(parsing: $0) }))
        }
    }

    /// Another choice of resources takes access away where it reaches less than the one before in any account.
    private static func kind(_ event: String?, details: String?) -> WebhookKind? {
        guard event == Store.resourcesChanged else { return event.flatMap(WebhookKind.init) }
        let reduced = details.flatMap { try? JSON(parsing: $0) }?["accounts_reduced"]?.stringsValue
        return reduced?.isEmpty == false ? .authorizationNarrowed : nil
    }
}
