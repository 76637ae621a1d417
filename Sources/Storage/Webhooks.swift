import Delegation
import OAuth

/// Where messages about clients go.
extension Store {
    public enum WebhookCreation: Sendable, Equatable {
        case created(Webhook)
        /// The client has as many as it may have.
        case tooMany
        /// The account owns no such client.
        case unknown
    }

    /// Adds a webhook; it is told of what happens from now on.
    /// - Parameter sealedSecret: its signing secret under the master key.
    public func createWebhook(_ webhook: Webhook, sealedSecret: [UInt8], actor: Actor, now: Int64) async throws -> WebhookCreation {
        try await write { db in
            guard let (_, owner) = try db.transaction.client(webhook.clientID), owner.id == webhook.accountID else { return .unknown }
            let count = try db.rows("SELECT COUNT(*) FROM webhooks WHERE client_id = $1", [Value(webhook.clientID)]).first?[0].integer
            if let count, count >= Int64(Webhook.limit) { return .tooMany }
            try db.run(
                """
                INSERT INTO webhooks (id, client_id, url, kinds, secret, since_sequence, disabled_at, disabled_reason, created_at, updated_at)
                VALUES ($1, $2, $3, $4, $5, (SELECT COALESCE(MAX(sequence), 0) FROM events), $6, $7, $8, $9)
                """,
                [
                    Value(webhook.id), Value(webhook.clientID), .text(webhook.url), .text(webhook.kindsText), .blob(sealedSecret),
                    Value(webhook.stop?.at), Value(webhook.stop?.reason.rawValue), .integer(webhook.createdAt),
                    .integer(webhook.updatedAt),
                ])
            try db.record("webhook.created", of: webhook, ["events": JSON(webhook.kinds.map(\.rawValue))], actor, at: now)
            return try db.transaction.webhook(webhook.id, of: webhook.clientID).map { .created($0) } ?? .unknown
        }
    }

    /// The webhooks of a client, the oldest first.
    public func webhooks(clientID: Identifier) async throws -> [Webhook] {
        try await read { db in
            try db.rows(
                """
                SELECT w.id, w.client_id, c.account_id, w.url, w.kinds, w.disabled_at, w.disabled_reason, w.failing_since,
                    w.previous_until, w.created_at, w.updated_at
                FROM webhooks w JOIN clients c ON c.id = w.client_id WHERE w.client_id = $1 ORDER BY w.created_at, w.since_sequence, w.id
                """, [Value(clientID)]
            ).compactMap { Webhook($0) }
        }
    }

    /// One of them.
    public func webhook(_ id: Identifier, clientID: Identifier) async throws -> Webhook? {
        try await read { db in try db.webhook(id, of: clientID) }
    }

    /// Changes a webhook. Switched on again, it is sent what waited for that, and told of what happens from then on.
    /// - Returns: nil where there is no such webhook.
    public func changeWebhook(
        _ id: Identifier, clientID: Identifier, _ change: WebhookRegistration.Change, actor: Actor, now: Int64
    ) async throws -> Webhook? {
        try await write { db in
            guard let before = try db.transaction.webhook(id, of: clientID) else { return nil }
            var after = before
            after.url = change.url ?? before.url
            after.kinds = change.kinds ?? before.kinds
            if let isEnabled = change.isEnabled, isEnabled != (before.stop == nil) {
                after.stop = isEnabled ? nil : Webhook.Stop(reason: .owner, at: now)
            }
            if after == before { return before }
            // Whoever switches it on or moves it means that it works now: failures before that say nothing any more.
            if after.url != before.url || before.stop != nil { after.failingSince = nil }
            try db.run(
                """
                UPDATE webhooks SET url = $1, kinds = $2, disabled_at = $3, disabled_reason = $4, failing_since = $5, updated_at = $6
                WHERE id = $7
                """,
                [
                    .text(after.url), .text(after.kindsText), Value(after.stop?.at), Value(after.stop?.reason.rawValue),
                    Value(after.failingSince), .integer(now), Value(id),
                ])
            if before.stop != nil, after.stop == nil { try db.resume(id, at: now) }
            if before.stop == nil, after.stop != nil { try db.pause(id) }
            let (old, new) = before.difference(to: after)
            try db.record("webhook.updated", of: after, ["before": .object(old), "after": .object(new)], actor, at: now)
            return try db.transaction.webhook(id, of: clientID)
        }
    }

    /// Removes a webhook with everything that it was sent and was still to be sent.
    public func deleteWebhook(_ id: Identifier, clientID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        if try await webhook(id, clientID: clientID) == nil { return false }
        // Small batches, so that no other change waits long behind one; the few that come meanwhile go with the row.
        while try await removeDeliveries(of: id, limit: Self.removedAtOnce) == Self.removedAtOnce {}
        return try await write { db in
            guard let webhook = try db.transaction.webhook(id, of: clientID) else { return false }
            try db.run("DELETE FROM webhooks WHERE id = $1", [Value(id)])
            try db.record("webhook.deleted", of: webhook, [:], actor, at: now)
            return true
        }
    }

    static let removedAtOnce = 1000

    private func removeDeliveries(of id: Identifier, limit: Int) async throws -> Int {
        try await write { db in
            try db.run(
                "DELETE FROM webhook_deliveries WHERE id IN (SELECT id FROM webhook_deliveries WHERE webhook_id = $1 LIMIT $2)",
                [Value(id), .integer(Int64(limit))])
        }
    }

    /// Gives a webhook another secret; the one before it goes on signing beside it for a while.
    public func rotateWebhookSecret(
        _ id: Identifier, clientID: Identifier, sealedSecret: [UInt8], actor: Actor, now: Int64
    ) async throws -> Webhook? {
        try await write { db in
            guard try db.transaction.webhook(id, of: clientID) != nil else { return nil }
            try db.run(
                "UPDATE webhooks SET previous_secret = secret, secret = $1, previous_until = $2, updated_at = $3 WHERE id = $4",
                [.blob(sealedSecret), .integer(now + Webhook.overlap), .integer(now), Value(id)])
            guard let webhook = try db.transaction.webhook(id, of: clientID) else { return nil }
            try db.record("webhook.secret_rotated", of: webhook, [:], actor, at: now)
            return webhook
        }
    }
}

extension Change {
    /// Stops a webhook by itself; one that is stopped stays as it is.
    /// - Returns: whether it was running.
    mutating func stop(_ webhook: Webhook, _ reason: Webhook.StopReason, _ actor: Actor, at now: Int64) throws -> Bool {
        let count = try run(
            "UPDATE webhooks SET disabled_at = $1, disabled_reason = $2, updated_at = $1 WHERE id = $3 AND disabled_at IS NULL",
            [.integer(now), .text(reason.rawValue), Value(webhook.id)])
        if count == 0 { return false }
        try pause(webhook.id)
        try record("webhook.disabled", of: webhook, ["reason": .string(reason.rawValue)], actor, at: now)
        return true
    }

    /// What is to be sent waits; what is being sent right now goes on and finds itself paused if it fails.
    fileprivate func pause(_ id: Identifier) throws {
        try run("UPDATE webhook_deliveries SET next_attempt_at = NULL WHERE webhook_id = $1 AND next_attempt_at IS NOT NULL", [Value(id)])
    }

    fileprivate func resume(_ id: Identifier, at now: Int64) throws {
        try run(
            "UPDATE webhook_deliveries SET next_attempt_at = $1, leased_until = NULL WHERE webhook_id = $2 AND status = 'pending'",
            [.integer(now), Value(id)])
        try run("UPDATE webhooks SET since_sequence = (SELECT COALESCE(MAX(sequence), 0) FROM events) WHERE id = $1", [Value(id)])
    }

    mutating func record(_ kind: String, of webhook: Webhook, _ details: JSONObject, _ actor: Actor, at now: Int64) throws {
        var all: JSONObject = ["webhook_id": .string(webhook.id.description), "host": .string(webhook.host)]
        for (name, value) in details.members { all[name] = value }
        try record(
            NewEvent(kind: kind, clientID: webhook.clientID, accountID: webhook.accountID, details: all), actor, at: now)
    }
}

extension Transaction {
    func webhook(_ id: Identifier, of clientID: Identifier) throws -> Webhook? {
        try rows(
            """
            SELECT w.id, w.client_id, c.account_id, w.url, w.kinds, w.disabled_at, w.disabled_reason, w.failing_since, w.previous_until,
                w.created_at, w.updated_at
            FROM webhooks w JOIN clients c ON c.id = w.client_id WHERE w.id = $1 AND w.client_id = $2
            """, [Value(id), Value(clientID)]
        ).first.flatMap { Webhook($0) }
    }
}

extension Webhook {
    fileprivate var kindsText: String { kinds.map(\.rawValue).joined(separator: " ") }

    /// What an event says of a change: of a URL its host alone, since its path may hold a secret.
    fileprivate func difference(to other: Webhook) -> (before: JSONObject, after: JSONObject) {
        var (before, after): (JSONObject, JSONObject) = ([:], [:])
        if url != other.url { (before["host"], after["host"]) = (.string(host), .string(other.host)) }
        if kinds != other.kinds { (before["events"], after["events"]) = (JSON(kinds.map(\.rawValue)), JSON(other.kinds.map(\.rawValue))) }
        if stop != other.stop { (before["enabled"], after["enabled"]) = (.bool(stop == nil), .bool(other.stop == nil)) }
        return (before, after)
    }

    /// id, client_id, account_id, url, kinds, disabled_at, disabled_reason, failing_since, previous_until, created_at, updated_at
    init?(_ row: Row) {
        guard let id = row[0].identifier, let clientID = row[1].identifier, let accountID = row[2].identifier, let url = row[3].text,
            let kinds = row[4].text, let createdAt = row[9].integer, let updatedAt = row[10].integer
        else { return nil }
        let reason = row[6].text.flatMap(StopReason.init) ?? .owner
        self.init(
            id: id, clientID: clientID, accountID: accountID, url: url,
            kinds: kinds.split(separator: " ").compactMap { WebhookKind(rawValue: String($0)) },
            stop: row[5].integer.map { Stop(reason: reason, at: $0) }, failingSince: row[7].integer, previousSecretUntil: row[8].integer,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}
