import Delegation
import OAuth
import Server
import Storage

/// The directory, the database, and what is in it.
struct DatabaseChecks {
    let location: DatabaseLocation
    let plan: ServePlan?
    /// Epoch seconds.
    let now: Int64

    private static let gibibyte: Int64 = 1 << 30
    /// Seconds that clocks may differ by.
    private static let tolerance: Int64 = 30

    func findings() async -> [Finding] {
        guard case .sqlite(let path) = location.engine else {
            return await inside(location.name, "See PostgreSQL's log; try the URL with psql.")
        }
        let data = Files.directory(of: path)
        var findings = disk(data)
        guard Files.exists(path) else {
            return findings + [.ok("database", "none yet at \(path); the first start makes it")]
        }
        if let mode = Files.mode(path), let around = Files.mode(data), mode & 0o006 != 0, around & 0o001 != 0 {
            findings.append(.warning("database", "everybody on this machine may read \(path)", "chmod 700 \(data)"))
        }
        return findings + (await inside(path, "Restore it: latchkey restore --from BACKUP \(option)"))
    }

    private func inside(_ name: String, _ remedy: String) async -> [Finding] {
        do {
            return try await database(try location.connect(), name)
        } catch {
            return [.problem("database", "\(name) cannot be used: \(error)", remedy)]
        }
    }

    /// What names the database to another command.
    private var option: String {
        if case .sqlite(let path) = location.engine { "--data \(Files.directory(of: path))" } else { "--database URL" }
    }

    private func disk(_ data: String) -> [Finding] {
        guard let space = Files.space(at: Files.exists(data) ? data : Files.directory(of: data)) else { return [] }
        let text = "\(space.free / (Self.gibibyte / 1024)) MiB free at \(data)"
        if space.free < Self.gibibyte / 10 { return [.problem("disk", text, "Make room: a full disk refuses every change.")] }
        if space.free < Self.gibibyte || space.free < space.total / 20 { return [.warning("disk", text, "Make room soon.")] }
        return [.ok("disk", text)]
    }

    private func database(_ database: any Storage.Database, _ path: String) async throws -> [Finding] {
        if try await DatabaseCopy.isUnfinished(in: database) {
            // Nothing else about it matters: no server and no other command starts on it.
            return [.problem("database", "\(path) \(DatabaseLocation.unfinishedCopy.text)", DatabaseLocation.unfinishedCopy.remedy)]
        }
        if try await Store.isRestoreUnfinished(in: database) {
            return [.problem("database", "\(path) \(DatabaseLocation.unfinishedRestore.text)", DatabaseLocation.unfinishedRestore.remedy)]
        }
        let pending = try await Migrations.status(of: database).filter { $0.appliedAt == nil }
        guard pending.isEmpty else {
            return [.warning("database", "\(pending.count) migrations wait", "latchkey migrate up \(option), or start the server.")]
        }
        var findings: [Finding] = [.ok("database", "up to date")]
        do {
            try await database.run("BEGIN IMMEDIATE; ROLLBACK")
            findings.append(.ok("writing", "possible"))
        } catch {
            findings.append(.problem("writing", "\(path) cannot be written: \(error)", "Look at the disk and at the file's owner."))
        }
        let store = Store(database)
        if let newest = try await store.events(after: store.latestSequence() - 1, limit: 1).last, newest.at > now + Self.tolerance {
            findings.append(
                .problem(
                    "clock", "the newest event, of \(Timestamp.text(newest.at)), is in the future",
                    "Set the clock: this machine's is behind the one that wrote the event, or that one was ahead."))
        }
        findings.append(try await catalogue(store))
        if let plan { findings += await keys(store, plan) }
        return findings
    }

    private func catalogue(_ store: Store) async throws -> Finding {
        guard let stored = try await store.currentCatalogue() else {
            return .problem(
                "catalogue", "there is none, so every request is refused", "latchkey import openapi.yaml \(option)")
        }
        let catalogue = try Catalogue(json: JSON(parsing: stored))
        return .ok("catalogue", "\(catalogue.operations.count) operations, \(catalogue.scopes.count) scopes")
    }

    private func keys(_ store: Store, _ plan: ServePlan) async -> [Finding] {
        do {
            let keys = try await store.keys()
            try await KeyRings(masterKey: plan.masterKey).reload(from: store)
            guard let newest = keys.map(\.activeFrom).max() else { return [.ok("keys", "none yet; the first start makes them")] }
            let days = (now - newest) / 86_400
            let text = "\(keys.count), opened; the newest is \(max(0, days)) days old"
            return [days > 400 ? .warning("keys", text, "latchkey keys rotate \(option)") : .ok("keys", text)]
        } catch {
            return [.problem("keys", "\(error)", "Give the master key that this database was made with.")]
        }
    }
}
