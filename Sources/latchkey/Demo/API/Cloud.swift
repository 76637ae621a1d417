import OAuth
import Synchronization

/// Why the cloud does not do what it was asked (its own rules, not Latchkey's).
enum CloudProblem: Error {
    case notFound(String)
    case invalid(String)
    case notAllowed(String)
    case full(String)
}

/// Everything that the demo's protected API knows, in memory.
final class Cloud: Sendable {
    private struct Tenant {
        let name: String
        var zones: [Zone]
        var workers: [Worker]
    }

    private let tenants: Mutex<[String: Tenant]>

    /// Nobody's experiments should fill the memory.
    private static let maximumCount = 200

    init(accounts: [(id: String, name: String)]) {
        var tenants: [String: Tenant] = [:]
        for account in accounts {
            tenants[account.id] = Tenant(
                name: account.name, zones: Self.firstZones(account.id, name: account.name),
                workers: [Worker(name: "image-resizer", script: "export default { fetch: resize }", version: 3)])
        }
        self.tenants = Mutex(tenants)
    }

    /// What an account has when the cloud begins.
    static func firstZones(_ account: String, name: String) -> [Zone] {
        let domain = name.lowercased().split { !$0.isASCII || !($0.isLetter || $0.isNumber) }.joined(separator: "-")
        return ["", "-shop", "-blog", "-status", "-labs"].map { Zone(account: account, name: "\(domain)\($0).example") }
    }

    func accounts(among ids: [String]) -> JSON {
        tenants.withLock { tenants in
            .array(ids.compactMap { id in tenants[id].map { ["id": .string(id), "name": .string($0.name)] } })
        }
    }

    func account(_ id: String) throws(CloudProblem) -> JSON {
        try with(id) { tenant throws(CloudProblem) in ["id": .string(id), "name": .string(tenant.name)] }
    }

    // MARK: Zones

    /// - Parameter isShown: whether the caller may see a zone, by its id.
    func zones(_ account: String, isShown: (String) -> Bool) throws(CloudProblem) -> JSON {
        try with(account) { tenant throws(CloudProblem) in .array(tenant.zones.filter { isShown($0.id) }.map(\.json)) }
    }

    func addZone(_ account: String, _ body: JSON) throws(CloudProblem) -> JSON {
        let name = try Zone.name(in: body)
        return try with(account) { tenant throws(CloudProblem) in
            if tenant.zones.contains(where: { $0.name == name }) { throw .invalid("There is a zone \(name) already.") }
            if tenant.zones.count >= Self.maximumCount { throw .full("This account has as many zones as it may have.") }
            let zone = Zone(account: account, name: name)
            tenant.zones.append(zone)
            return zone.json
        }
    }

    func zone(_ account: String, _ id: String) throws(CloudProblem) -> JSON {
        try withZone(account, id) { zone throws(CloudProblem) in zone.json }
    }

    func changeZone(_ account: String, _ id: String, _ body: JSON) throws(CloudProblem) -> JSON {
        guard let isPaused = body["paused"]?.boolValue else { throw .invalid("\"paused\" should be true or false.") }
        return try withZone(account, id) { zone throws(CloudProblem) in
            zone.isPaused = isPaused
            return zone.json
        }
    }

    // MARK: DNS records

    func records(_ account: String, zone: String) throws(CloudProblem) -> JSON {
        try withZone(account, zone) { zone throws(CloudProblem) in .array(zone.records.map(\.json)) }
    }

    func addRecord(_ account: String, zone: String, _ body: JSON) throws(CloudProblem) -> JSON {
        try withZone(account, zone) { zone throws(CloudProblem) in
            if zone.records.count >= Self.maximumCount { throw .full("This zone has as many records as it may have.") }
            return try zone.add(body).json
        }
    }

    func record(_ account: String, zone: String, _ id: String) throws(CloudProblem) -> JSON {
        try withZone(account, zone) { zone throws(CloudProblem) in zone.records[try zone.position(of: id)].json }
    }

    func changeRecord(_ account: String, zone: String, _ id: String, _ body: JSON) throws(CloudProblem) -> JSON {
        try withZone(account, zone) { zone throws(CloudProblem) in
            let position = try zone.position(of: id)
            zone.records[position] = try zone.records[position].changed(by: body)
            return zone.records[position].json
        }
    }

    func deleteRecord(_ account: String, zone: String, _ id: String) throws(CloudProblem) -> JSON {
        try withZone(account, zone) { zone throws(CloudProblem) in
            zone.records.remove(at: try zone.position(of: id))
            return ["id": .string(id)]
        }
    }

    // MARK: Workers

    func workers(_ account: String) throws(CloudProblem) -> JSON {
        try with(account) { tenant throws(CloudProblem) in .array(tenant.workers.map(\.json)) }
    }

    func worker(_ account: String, _ name: String) throws(CloudProblem) -> JSON {
        try with(account) { tenant throws(CloudProblem) in
            guard let worker = tenant.workers.first(where: { $0.name == name }) else { throw .notFound("There is no such worker.") }
            return worker.json
        }
    }

    /// Deploys a new worker, or a new version of one.
    func deployWorker(_ account: String, _ name: String, _ body: JSON) throws(CloudProblem) -> JSON {
        let new = try Worker(name: name, in: body)
        return try with(account) { tenant throws(CloudProblem) in
            guard let position = tenant.workers.firstIndex(where: { $0.name == name }) else {
                if tenant.workers.count >= Self.maximumCount { throw .full("This account has as many workers as it may have.") }
                tenant.workers.append(new)
                return new.json
            }
            tenant.workers[position].script = new.script
            tenant.workers[position].version += 1
            return tenant.workers[position].json
        }
    }

    func deleteWorker(_ account: String, _ name: String) throws(CloudProblem) -> JSON {
        try with(account) { tenant throws(CloudProblem) in
            guard let position = tenant.workers.firstIndex(where: { $0.name == name }) else { throw .notFound("There is no such worker.") }
            tenant.workers.remove(at: position)
            return ["name": .string(name)]
        }
    }

    // MARK: Access

    private func with(_ account: String, _ work: (inout Tenant) throws(CloudProblem) -> JSON) throws(CloudProblem) -> JSON {
        let outcome = tenants.withLock { tenants -> Result<JSON, CloudProblem> in
            guard var tenant = tenants[account] else { return .failure(.notFound("There is no such account.")) }
            do throws(CloudProblem) {
                let json = try work(&tenant)
                tenants[account] = tenant
                return .success(json)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func withZone(_ account: String, _ id: String, _ work: (inout Zone) throws(CloudProblem) -> JSON) throws(CloudProblem) -> JSON {
        try with(account) { tenant throws(CloudProblem) in
            guard let position = tenant.zones.firstIndex(where: { $0.id == id }) else { throw .notFound("There is no such zone.") }
            return try work(&tenant.zones[position])
        }
    }
}
