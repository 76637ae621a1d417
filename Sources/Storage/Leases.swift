/// Which node does what is done once for all nodes.
///
/// No clock of one node is compared with another's: a holder counts up its row's number, and who sees the same number for long
/// enough, on its own clock, may take the row over. Only the number that was seen can be taken over.
public struct Lease: Sendable, Equatable {
    public let name: String
    /// The process that holds it; empty where nobody does.
    public let holder: String
    /// Changes with every renewal and every change of hands.
    public let renewals: Int64

    public init(name: String, holder: String, renewals: Int64) {
        self.name = name
        self.holder = holder
        self.renewals = renewals
    }
}

extension Store {
    /// Whether other nodes may work on the same database; then what is done once needs a lease.
    public var isShared: Bool { database is any WakingDatabase }

    public func leases() async throws -> [Lease] {
        try await read { db in
            try db.rows("SELECT name, holder, renewals FROM leases ORDER BY name", []).compactMap { row in
                guard let name = row[0].text, let holder = row[1].text, let renewals = row[2].integer else { return nil }
                return Lease(name: name, holder: holder, renewals: renewals)
            }
        }
    }

    /// Whether a node is at work on a database that nodes share: it renews its leases twice a second, and takes over those of a dead one
    /// after four. Looks on for as long as that takes.
    public func isServed() async throws -> Bool {
        guard isShared, try await database.hasTable("leases") else { return false }
        let seen = try await leases()
        let end = ContinuousClock.now + (seen.contains { !$0.holder.isEmpty } ? .seconds(5) : .milliseconds(1500))
        while ContinuousClock.now < end {
            try await Task.sleep(for: .milliseconds(250))
            if try await leases() != seen { return true }
        }
        return false
    }

    /// Renews all that a process holds.
    /// - Returns: the names.
    public func renewLeases(of holder: String) async throws -> [String] {
        try await write { db in
            try db.rows("UPDATE leases SET renewals = renewals + 1 WHERE holder = $1 RETURNING name", [.text(holder)])
                .compactMap { $0[0].text }
        }
    }

    /// Takes over a lease as it was seen, or one that nobody ever held.
    /// - Parameter seen: nil where there was no row.
    /// - Returns: false where it is not any more as it was seen.
    public func takeLease(_ name: String, seen: Lease?, for holder: String) async throws -> Bool {
        try await write { db in
            guard let seen else {
                return try db.run(
                    "INSERT INTO leases (name, holder, renewals) VALUES ($1, $2, 1) ON CONFLICT (name) DO NOTHING",
                    [.text(name), .text(holder)]) == 1
            }
            return try db.run(
                "UPDATE leases SET holder = $1, renewals = renewals + 1 WHERE name = $2 AND holder = $3 AND renewals = $4",
                [.text(holder), .text(name), .text(seen.holder), .integer(seen.renewals)]) == 1
        }
    }

    /// Gives back all that a process holds: any other may take them at once.
    public func releaseLeases(of holder: String) async throws {
        _ = try await write { db in
            try db.run("UPDATE leases SET holder = '', renewals = renewals + 1 WHERE holder = $1", [.text(holder)])
        }
    }
}
