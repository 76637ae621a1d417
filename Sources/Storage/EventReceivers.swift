import OAuth

/// Where a resource server takes security events (RFC 8935).
public struct EventReceiver: Sendable, Equatable {
    public let serverID: Identifier
    /// Of the resource server, where it is not the deployment's one.
    public let audience: String?
    public let url: String
    /// Up to which it has everything.
    public let sequence: Int64
    /// How many have failed in a row.
    public let attempts: Int
    /// Epoch seconds.
    public let failingSince: Int64?
    /// Why the last one failed, in a sentence.
    public let problem: String?
    /// Until when whoever sends to it has it alone; it also says whose claim it is.
    let leasedUntil: Int64
}

/// Receivers of security events. A receiver is a place in the outbox: what waits for it is what comes behind, so that nothing is left
/// out, nothing overtakes, and there is no queue that could be full.
extension Store {
    /// Has a resource server's events pushed to a URL from now on, or to another URL from where it was.
    /// - Returns: false where there is no such resource server.
    public func setEventReceiver(_ url: String, of serverID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try db.rows("SELECT 1 FROM resource_servers WHERE id = $1", [Value(serverID)]).isEmpty { return false }
            try db.run(
                """
                INSERT INTO event_receivers (resource_server_id, url, sequence, attempts, next_attempt_at, leased_until, created_at, updated_at)
                VALUES ($1, $2, (SELECT COALESCE(MAX(sequence), 0) FROM events), 0, $3, 0, $3, $3)
                ON CONFLICT (resource_server_id) DO UPDATE SET url = excluded.url, attempts = 0, next_attempt_at = excluded.next_attempt_at,
                    failing_since = NULL, problem = NULL, updated_at = excluded.updated_at
                """, [Value(serverID), .text(url), .integer(now)])
            try db.record(
                NewEvent(
                    kind: "resource_server.updated",
                    details: ["id": .string(serverID.description), "push_host": JSON(URLText(url)?.host)]), actor, at: now)
            return true
        }
    }

    /// - Returns: false where it has none.
    public func removeEventReceiver(of serverID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try db.run("DELETE FROM event_receivers WHERE resource_server_id = $1", [Value(serverID)]) == 0 { return false }
            try db.record(
                NewEvent(kind: "resource_server.updated", details: ["id": .string(serverID.description), "push_host": .null]), actor,
                at: now)
            return true
        }
    }

    public func eventReceivers() async throws -> [EventReceiver] {
        try await read { db in
            try db.rows(
                """
                SELECT r.resource_server_id, s.audience, r.url, r.sequence, r.attempts, r.failing_since, r.problem, r.leased_until
                FROM event_receivers r JOIN resource_servers s ON s.id = r.resource_server_id ORDER BY r.created_at, r.resource_server_id
                """, []
            ).compactMap { EventReceiver($0) }
        }
    }

    /// Seconds. No pause of a receiver is longer and no claim: what is further ahead was written by a clock that was wrong.
    static let farthest: Int64 = 600

    /// Those that may be sent something: nobody else is sending to them, and their pause after a failure is over.
    public func dueEventReceivers(now: Int64, limit: Int) async throws -> [EventReceiver] {
        try await read { db in
            try db.rows(
                """
                SELECT r.resource_server_id, s.audience, r.url, r.sequence, r.attempts, r.failing_since, r.problem, r.leased_until
                FROM event_receivers r JOIN resource_servers s ON s.id = r.resource_server_id
                WHERE (r.next_attempt_at <= $1 OR r.next_attempt_at > $2) AND (r.leased_until <= $1 OR r.leased_until > $2)
                ORDER BY r.next_attempt_at, r.resource_server_id LIMIT $3
                """, [.integer(now), .integer(now + Self.farthest), .integer(Int64(limit))]
            ).compactMap { EventReceiver($0) }
        }
    }

    /// Takes a receiver for oneself. Of two at once, one does.
    /// - Parameter until: when the claim ends by itself; later than every claim on it before.
    /// - Returns: the receiver as claimed; nil: somebody else has it, or it has moved on.
    public func claim(_ receiver: EventReceiver, now: Int64, until: Int64) async throws -> EventReceiver? {
        try await write { db in
            let count = try db.run(
                """
                UPDATE event_receivers SET leased_until = $1
                WHERE resource_server_id = $2 AND url = $3 AND sequence = $4 AND leased_until = $5
                    AND (leased_until <= $6 OR leased_until > $7)
                """,
                [
                    .integer(until), Value(receiver.serverID), .text(receiver.url), .integer(receiver.sequence),
                    .integer(receiver.leasedUntil), .integer(now), .integer(now + Self.farthest),
                ])
            return count == 0 ? nil : receiver.moved(to: receiver.sequence, leasedUntil: until)
        }
    }

    /// Notes that a receiver has everything up to a sequence, and goes on with the claim or ends it.
    /// - Parameter until: nil: it ends.
    /// - Returns: nil where the claim had ended, or the receiver was changed.
    public func moved(_ receiver: EventReceiver, to sequence: Int64, now: Int64, until: Int64?) async throws -> EventReceiver? {
        try await write { db in
            let count = try db.run(
                """
                UPDATE event_receivers SET sequence = $1, attempts = 0, next_attempt_at = $2, leased_until = $3, failing_since = NULL,
                    problem = NULL
                WHERE resource_server_id = $4 AND url = $5 AND leased_until = $6
                """,
                [
                    .integer(sequence), .integer(now), .integer(until ?? 0), Value(receiver.serverID), .text(receiver.url),
                    .integer(receiver.leasedUntil),
                ])
            return count == 0 ? nil : receiver.moved(to: sequence, leasedUntil: until ?? 0)
        }
    }

    /// Ends the claim on a receiver that did not take what it was sent.
    public func failed(_ receiver: EventReceiver, _ problem: String, now: Int64, next: Int64) async throws {
        _ = try await write { db in
            try db.run(
                """
                UPDATE event_receivers SET attempts = attempts + 1, next_attempt_at = $1, leased_until = 0,
                    failing_since = COALESCE(failing_since, $2), problem = $3
                WHERE resource_server_id = $4 AND url = $5 AND leased_until = $6
                """,
                [
                    .integer(next), .integer(now), .text(problem), Value(receiver.serverID), .text(receiver.url),
                    .integer(receiver.leasedUntil),
                ])
        }
    }
}

extension EventReceiver {
    /// resource_server_id, audience, url, sequence, attempts, failing_since, problem, leased_until
    fileprivate init?(_ row: Row) {
        guard let serverID = row[0].identifier, let url = row[2].text, let sequence = row[3].integer, let attempts = row[4].integer,
            let leasedUntil = row[7].integer
        else { return nil }
        self.init(
            serverID: serverID, audience: row[1].text, url: url, sequence: sequence, attempts: Int(attempts),
            failingSince: row[5].integer, problem: row[6].text, leasedUntil: leasedUntil)
    }

    fileprivate func moved(to sequence: Int64, leasedUntil: Int64) -> EventReceiver {
        EventReceiver(
            serverID: serverID, audience: audience, url: url, sequence: sequence, attempts: attempts, failingSince: failingSince,
            problem: problem, leasedUntil: leasedUntil)
    }
}
