import Delegation
import OAuth

/// The seals over the events.
extension Store {
    public enum SealOutcome: Sendable, Equatable {
        case sealed(SealHead)
        case nothingToSeal
        /// The seal that was made last is not there any more as it was.
        case broken
    }

    /// Seals the events that no seal covers yet, as many as the limit.
    /// - Parameter known: the seal that the caller made last; nil where it has made none.
    public func sealEvents(after known: SealHead?, key: MACKey, limit: Int, now: Int64) async throws -> SealOutcome {
        // Most times there is nothing to do, and a read costs no fsync.
        let reason: SealOutcome? = try await read { db in
            if let known {
                let hash = try db.rows("SELECT hash FROM event_seals WHERE number = $1", [.integer(known.number)]).first?[0].blob
                if hash != known.hash { return .broken }
            }
            let waiting = try db.rows(
                "SELECT 1 FROM events WHERE sequence > (SELECT COALESCE(MAX(last_sequence), 0) FROM event_seals) LIMIT 1", [])
            return waiting.isEmpty ? .nothingToSeal : nil
        }
        if let reason { return reason }
        return try await write { db in
            let head = try db.rows("SELECT number, last_sequence, hash FROM event_seals ORDER BY number DESC LIMIT 1", [])
                .first.map { SealHead(number: $0[0].integer ?? 0, lastSequence: $0[1].integer ?? 0, hash: $0[2].blob ?? []) }
            let events = try db.transaction.digests(from: (head?.lastSequence ?? 0) + 1, through: .max, limit: limit)
            guard let seal = Seal(after: head, covering: events, at: now, key: key) else { return .nothingToSeal }
            try db.insert(seal)
            return .sealed(seal.head)
        }
    }

    /// The seals behind a number, each with the events that are stored in its range.
    public func seals(after number: Int64, limit: Int) async throws -> [(seal: Seal, events: [EventDigest])] {
        try await read { db in
            try db.rows(
                """
                SELECT number, first_sequence, last_sequence, count, sealed_at, key_id, digests, previous, hash, mac
                FROM event_seals WHERE number > $1 ORDER BY number LIMIT $2
                """, [.integer(number), .integer(Int64(limit))]
            ).map { row in
                let seal = Seal(row)
                // No event comes before the first: what stands there was put there.
                let first = seal.number == 1 ? .min : seal.firstSequence
                return (seal, try db.digests(from: first, through: seal.lastSequence, limit: Self.mostInSeal + 1))
            }
        }
    }

    /// The most events under one seal.
    public static let mostInSeal = 1000

    /// How many events no seal covers yet, and since when the oldest of them waits.
    public func unsealedEvents(after head: SealHead?) async throws -> (count: Int64, since: Int64?) {
        try await read { db in
            let row = try db.rows(
                "SELECT COUNT(*), MIN(at) FROM events WHERE sequence > $1", [.integer(head?.lastSequence ?? .min)]
            ).first
            return (row?[0].integer ?? 0, row?[1].integer)
        }
    }
}

extension Change {
    fileprivate func insert(_ seal: Seal) throws {
        try run(
            """
            INSERT INTO event_seals (number, first_sequence, last_sequence, count, sealed_at, key_id, digests, previous, hash, mac)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            """,
            [
                .integer(seal.number), .integer(seal.firstSequence), .integer(seal.lastSequence), .integer(seal.count),
                .integer(seal.sealedAt), .integer(seal.keyID), .blob(seal.digests), .blob(seal.previous), .blob(seal.hash),
                .blob(seal.mac),
            ])
    }
}

extension Transaction {
    /// From the raw columns: what cannot be read as an identifier is sealed, and found changed, as it stands.
    fileprivate func digests(from first: Int64, through last: Int64, limit: Int) throws -> [EventDigest] {
        let events = try rows(
            """
            SELECT sequence, at, kind, actor_id, actor_token_id, actor_client_id, address, user_agent, client_id, user_id, account_id,
                authorization_id, installation_id, details
            FROM events WHERE sequence BETWEEN $1 AND $2 ORDER BY sequence LIMIT $3
            """, [.integer(first), .integer(last), .integer(Int64(limit))])
        return try events.map { row in
            let accounts = try rows(
                "SELECT account_id, at, shows_person FROM event_accounts WHERE sequence = $1 ORDER BY account_id, at", [row[0]])
            return EventDigest(
                sequence: row[0].integer ?? 0, fields: row.map(\.sealed), accounts: accounts.map { $0.map(\.sealed) })
        }
    }
}

extension Seal {
    fileprivate init(_ row: Row) {
        self.init(
            number: row[0].integer ?? 0, firstSequence: row[1].integer ?? 0, lastSequence: row[2].integer ?? 0,
            count: row[3].integer ?? 0, sealedAt: row[4].integer ?? 0, keyID: row[5].integer ?? -1, digests: row[6].blob ?? [],
            previous: row[7].blob ?? [], hash: row[8].blob ?? [], mac: row[9].blob ?? [])
    }
}

extension Value {
    fileprivate var sealed: SealedField {
        switch self {
        case .null: .null
        case .integer(let value): .integer(value)
        case .text(let text): .text(text)
        case .blob(let bytes): .bytes(bytes)
        }
    }
}
