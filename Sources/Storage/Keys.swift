import Delegation
import OAuth

/// What a key is for.
public enum KeyPurpose: String, Sendable {
    /// Refresh and opaque access tokens.
    case mac
    /// JWTs.
    case sign
}

/// A key of the ring, sealed by the master key.
public struct StoredKey: Sendable, Equatable {
    public let id: Int64
    public let purpose: KeyPurpose
    public let algorithm: String
    public let sealed: [UInt8]
    /// Epoch seconds, here and below.
    public let activeFrom: Int64
    public let retiredAt: Int64?
    public let createdAt: Int64

    public init(
        id: Int64, purpose: KeyPurpose, algorithm: String, sealed: [UInt8], activeFrom: Int64, retiredAt: Int64?, createdAt: Int64
    ) {
        self.id = id
        self.purpose = purpose
        self.algorithm = algorithm
        self.sealed = sealed
        self.activeFrom = activeFrom
        self.retiredAt = retiredAt
        self.createdAt = createdAt
    }
}

/// Keys and the catalogue.
extension Store {
    public func keys() async throws -> [StoredKey] {
        try await read { db in
            try db.rows(
                "SELECT id, purpose, algorithm, sealed, active_from, retired_at, created_at FROM keys ORDER BY active_from, id", []
            ).compactMap { StoredKey($0) }
        }
    }

    /// Adds keys, all or none.
    /// - Parameter onlyMissing: leaves a kind alone that has a key already: of two first starts one makes the keys.
    public func addKeys(_ keys: [StoredKey], onlyMissing: Bool, actor: Actor, now: Int64) async throws {
        try await write { db in
            var missing = keys
            if onlyMissing {
                missing = try keys.filter { key in
                    try db.rows(
                        "SELECT 1 FROM keys WHERE purpose = $1 AND algorithm = $2", [.text(key.purpose.rawValue), .text(key.algorithm)]
                    ).isEmpty
                }
            }
            try db.insert(missing, actor, now)
        }
    }

    /// Adds keys, all or none, where no other was added since: of two nodes that find the same keys old one adds new ones.
    /// - Parameter newest: from when the newest key was in use, as the caller knew it.
    public func addKeys(_ keys: [StoredKey], unlessAnyAfter newest: Int64, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            if try !db.rows("SELECT 1 FROM keys WHERE active_from > $1 LIMIT 1", [.integer(newest)]).isEmpty { return false }
            try db.insert(keys, actor, now)
            return true
        }
    }

    /// Removes the keys for signing that others have followed, all of whose signatures are too old for anything. Those that
    /// authenticate stay: seals of the audit log are checked with them for ever.
    /// - Parameter since: by then their successors were in use.
    /// - Returns: how many went.
    public func removeSupersededKeys(since: Int64, actor: Actor, now: Int64) async throws -> Int {
        try await write { db in
            let count = try db.run(
                """
                DELETE FROM keys WHERE purpose = $1 AND EXISTS (
                    SELECT 1 FROM keys AS newer WHERE newer.purpose = keys.purpose AND newer.algorithm = keys.algorithm
                        AND newer.active_from > keys.active_from AND newer.active_from <= $2)
                """, [.text(KeyPurpose.sign.rawValue), .integer(since)])
            if count > 0 { try db.record(NewEvent(kind: "keys.removed", details: ["count": .integer(Int64(count))]), actor, at: now) }
            return count
        }
    }

    /// Takes a key out of use from a time on; what it made before stays valid for as long as it says.
    /// - Returns: false where there is no such key or it was retired before.
    public func retireKey(_ id: Int64, at retiredAt: Int64, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let count = try db.run(
                "UPDATE keys SET retired_at = $1 WHERE id = $2 AND retired_at IS NULL", [.integer(retiredAt), .integer(id)])
            if count == 0 { return false }
            try db.record(NewEvent(kind: "keys.retired", details: ["id": .integer(id)]), actor, at: now)
            return true
        }
    }

    // MARK: The catalogue

    /// Puts a catalogue in force; the same one again changes nothing.
    /// - Parameter digest: SHA-256 of the content.
    public func saveCatalogue(content: [UInt8], source: String, digest: [UInt8], actor: Actor, now: Int64) async throws {
        try await write { db in
            let current = try db.rows("SELECT digest FROM catalogues ORDER BY id DESC LIMIT 1", []).first?[0].blob
            let hasRisks = try !db.rows("SELECT 1 FROM scope_risks LIMIT 1", []).isEmpty
            if current != digest || !hasRisks { try db.saveRisks(of: content) }
            if current == digest { return }
            try db.run(
                "INSERT INTO catalogues (imported_at, source, digest, content) VALUES ($1, $2, $3, $4)",
                [.integer(now), .text(source), .blob(digest), .text(String(decoding: content, as: UTF8.self))])
            try db.record(NewEvent(kind: "catalogue.imported", details: ["source": .string(source)]), actor, at: now)
        }
    }

    /// The catalogue in force; nil before the first import.
    public func currentCatalogue() async throws -> String? {
        try await read { db in try db.rows("SELECT content FROM catalogues ORDER BY id DESC LIMIT 1", []).first?[0].text }
    }
}

extension Change {
    fileprivate mutating func insert(_ keys: [StoredKey], _ actor: Actor, _ now: Int64) throws {
        for key in keys {
            try run(
                """
                INSERT INTO keys (id, purpose, algorithm, sealed, active_from, retired_at, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                [
                    .integer(key.id), .text(key.purpose.rawValue), .text(key.algorithm), .blob(key.sealed), .integer(key.activeFrom),
                    Value(key.retiredAt), .integer(key.createdAt),
                ])
        }
        if !keys.isEmpty { try record(NewEvent(kind: "keys.added", details: ["count": .integer(Int64(keys.count))]), actor, at: now) }
    }
}

extension StoredKey {
    /// Whether `Store.removeSupersededKeys` would remove it.
    public func isSuperseded(by keys: [StoredKey], since: Int64) -> Bool {
        purpose == .sign
            && keys.contains {
                $0.purpose == purpose && $0.algorithm == algorithm && $0.activeFrom > activeFrom && $0.activeFrom <= since
            }
    }

    init?(_ row: Row) {
        guard let id = row[0].integer, let purpose = row[1].text.flatMap(KeyPurpose.init), let algorithm = row[2].text,
            let sealed = row[3].blob, let activeFrom = row[4].integer, let createdAt = row[6].integer
        else { return nil }
        self.init(
            id: id, purpose: purpose, algorithm: algorithm, sealed: sealed, activeFrom: activeFrom, retiredAt: row[5].integer,
            createdAt: createdAt)
    }
}
