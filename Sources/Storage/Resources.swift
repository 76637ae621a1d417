import Delegation
import OAuth

/// The resources that access can be narrowed to, as the platform registered them.
extension Store {
    public enum Registration: Sendable, Equatable {
        case registered
        /// The account is gone.
        case unknown
        /// It would be more than an account may have of one type.
        case full
    }

    /// The most resources of one type in one account.
    public static let maximumResources = 100_000

    /// Registers resources of one type in one account, or gives those that are there another name. One event tells of all of them.
    public func putResources(
        _ resources: [(id: String, name: String)], type: String, accountID: Identifier, actor: Actor, now: Int64
    ) async throws -> Registration {
        try await write { db in
            if try db.rows("SELECT 1 FROM accounts WHERE id = $1", [Value(accountID)]).isEmpty { return .unknown }
            var (added, changed) = (0, 0)
            var known: [String?] = []
            for resource in resources {
                let row = try db.rows(
                    "SELECT name FROM resources WHERE account_id = $1 AND type = $2 AND id = $3",
                    [Value(accountID), .text(type), .text(resource.id)]
                ).first
                known.append(row?[0].text)
            }
            // Counting is as much work as there are, so only what is new is worth it.
            let new = known.count(where: { $0 == nil })
            if new > 0, try db.countedResources(type: type, accountID) + new > Self.maximumResources { return .full }
            for (resource, before) in zip(resources, known) where before != resource.name {
                try db.run(
                    """
                    INSERT INTO resources (account_id, type, id, name, folded, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                    ON CONFLICT (account_id, type, id) DO UPDATE SET name = excluded.name, folded = excluded.folded
                    """,
                    [
                        Value(accountID), .text(type), .text(resource.id), .text(resource.name),
                        .text("\(resource.name)\n\(resource.id)".lowercased()), .integer(now),
                    ])
                if before == nil { added += 1 } else { changed += 1 }
            }
            if added + changed == 0 { return .registered }
            var details: JSONObject = ["type": .string(type), "added": .integer(Int64(added)), "renamed": .integer(Int64(changed))]
            details["ids"] = JSON(resources.prefix(10).map(\.id))
            try db.record(NewEvent(kind: "resource.registered", accountID: accountID, details: details), actor, at: now)
            return .registered
        }
    }

    /// What was chosen stays chosen: the same identifier registered again is the same resource.
    /// - Returns: false where there is none.
    public func deleteResource(_ id: String, type: String, accountID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let row = try db.rows(
                "DELETE FROM resources WHERE account_id = $1 AND type = $2 AND id = $3 RETURNING name",
                [Value(accountID), .text(type), .text(id)]
            ).first
            guard let row else { return false }
            try db.record(
                NewEvent(
                    kind: "resource.removed", accountID: accountID,
                    details: ["type": .string(type), "ids": JSON([id]), "name": .string(row[0].text ?? "")]), actor, at: now)
            return true
        }
    }

    public func resource(_ id: String, type: String, accountID: Identifier) async throws -> Resource? {
        try await read { db in
            try db.rows(
                "SELECT account_id, type, id, name, created_at FROM resources WHERE account_id = $1 AND type = $2 AND id = $3",
                [Value(accountID), .text(type), .text(id)]
            ).first.flatMap { Resource($0) }
        }
    }

    /// Where a list goes on: behind this one.
    public struct ResourcePosition: Sendable, Equatable {
        public let name: String
        public let id: String

        public init(name: String, id: String) {
            self.name = name
            self.id = id
        }
    }

    /// By name.
    /// - Parameter search: words that all stand in the name or the identifier, whatever the case; empty: everything.
    public func resources(
        type: String, accountID: Identifier, search: String = "", after position: ResourcePosition? = nil, limit: Int
    ) async throws -> [Resource] {
        try await read { db in
            try db.resources(type: type, accountID: accountID, search: search, after: position, limit: limit)
        }
    }

    /// How many there are of each type.
    public func resourceCounts(accountID: Identifier) async throws -> [String: Int] {
        try await read { db in try db.resourceCounts(accountID) }
    }

    /// The names of those that there are.
    public func resourceNames(_ ids: [ResourceSelection.Key: ResourceIDs]) async throws -> [ResourceSelection.Key: [String: String]] {
        try await read { db in
            try ids.reduce(into: [:]) { found, entry in
                for id in entry.value.strings {
                    let row = try db.rows(
                        "SELECT name FROM resources WHERE account_id = $1 AND type = $2 AND id = $3",
                        [Value(entry.key.accountID), .text(entry.key.type), .text(id)]
                    ).first
                    if let name = row?[0].text { found[entry.key, default: [:]][id] = name }
                }
            }
        }
    }

    /// One account's resources of one type, as far as a form shows them.
    public struct ResourceExcerpt: Sendable, Equatable {
        public let total: Int
        /// By name: those that the search finds, at most as many as were asked for and one more where there are more.
        public let found: [Resource]

        public init(total: Int, found: [Resource]) {
            self.total = total
            self.found = found
        }
    }

    /// What forms need of several accounts and types, in one read. A type of which an account has none is left out.
    public func resourceExcerpts(
        _ searches: [(key: ResourceSelection.Key, search: String)], limit: Int
    ) async throws -> [ResourceSelection.Key: ResourceExcerpt] {
        try await read { db in
            var excerpts: [ResourceSelection.Key: ResourceExcerpt] = [:]
            var counts: [Identifier: [String: Int]] = [:]
            for (key, search) in searches {
                if counts[key.accountID] == nil { counts[key.accountID] = try db.resourceCounts(key.accountID) }
                guard let total = counts[key.accountID]?[key.type], total > 0 else { continue }
                let found = try db.resources(
                    type: key.type, accountID: key.accountID, search: search, after: nil, limit: limit + 1)
                excerpts[key] = ResourceExcerpt(total: total, found: found)
            }
            return excerpts
        }
    }
}

extension Change {
    /// How many there are, as far as it matters: one more than allowed is as good as any number.
    fileprivate func countedResources(type: String, _ accountID: Identifier) throws -> Int {
        let row = try rows(
            "SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE account_id = $1 AND type = $2 LIMIT $3) AS present",
            [Value(accountID), .text(type), .integer(Int64(Store.maximumResources) + 1)]
        ).first
        return Int(row?[0].integer ?? 0)
    }
}

extension Transaction {
    fileprivate func resourceCounts(_ accountID: Identifier) throws -> [String: Int] {
        try rows("SELECT type, COUNT(*) FROM resources WHERE account_id = $1 GROUP BY type", [Value(accountID)])
            .reduce(into: [:]) { counts, row in
                if let type = row[0].text { counts[type] = Int(row[1].integer ?? 0) }
            }
    }

    fileprivate func resources(
        type: String, accountID: Identifier, search: String, after position: Store.ResourcePosition?, limit: Int
    ) throws -> [Resource] {
        // Three words find anything; more would only cost.
        let words = search.lowercased().split(whereSeparator: \.isWhitespace).prefix(3).map { Self.pattern($0) }
        let patterns = (0..<3).map { Value.text($0 < words.count ? words[$0] : "%") }
        return try rows(
            """
            SELECT account_id, type, id, name, created_at FROM resources
            WHERE account_id = $1 AND type = $2 AND folded LIKE $3 ESCAPE '!' AND folded LIKE $4 ESCAPE '!'
                AND folded LIKE $5 ESCAPE '!' AND (name, id) > ($6, $7)
            ORDER BY name, id LIMIT $8
            """,
            [Value(accountID), .text(type)] + patterns + [
                .text(position?.name ?? ""), .text(position?.id ?? ""), .integer(Int64(limit)),
            ]
        ).compactMap { Resource($0) }
    }

    private static func pattern(_ word: Substring) -> String {
        "%" + word.map { $0 == "%" || $0 == "_" || $0 == "!" ? "!\($0)" : String($0) }.joined() + "%"
    }
}

extension Resource {
    /// account_id, type, id, name, created_at
    fileprivate init?(_ row: Row) {
        guard let accountID = row[0].identifier, let type = row[1].text, let id = row[2].text, let name = row[3].text,
            let createdAt = row[4].integer
        else { return nil }
        self.init(accountID: accountID, type: type, id: id, name: name, createdAt: createdAt)
    }
}
