import Delegation
import OAuth
import Storage

/// The resources of an account, looked at and changed: for pages and the management API alike.
struct ResourceRegister: Sendable {
    let deployment: Deployment

    /// The most that one call registers.
    static let maximumCount = 1000

    var types: [ResourceType] { deployment.catalogue.current.catalogue.resourceTypes }

    func type(_ label: Substring) throws(AccessProblem) -> ResourceType {
        guard let type = deployment.catalogue.current.catalogue.resourceType(String(label)) else {
            let known = types.map(\.label).joined(separator: ", ")
            throw .notFound(
                known.isEmpty ? "The catalogue names no types of resources." : "There is no such type of resource. There are: \(known).")
        }
        return type
    }

    /// - Parameter entries: each with the JSON pointer of where it stands. A name that is empty is the identifier itself.
    /// - Throws: `InvalidInput` with everything that is wrong with them; a conflict where the account would have too many.
    func put(
        _ entries: [(id: String, name: String, pointer: String)], type: ResourceType, in account: Account, by principal: Principal,
        _ exchange: Exchange
    ) async throws {
        var problems: [InvalidInput.Problem] = []
        if entries.isEmpty { problems.append(.init(pointer: "", text: "There is nothing to register.")) }
        if entries.count > Self.maximumCount {
            throw InvalidInput("At most \(Self.maximumCount) resources can be registered at once. Send the rest in another call.")
        }
        var seen: Set<[UInt8]> = []
        var checked: [(id: String, name: String)] = []
        for entry in entries {
            if !ResourceIDs.isIdentifier(entry.id) {
                problems.append(
                    .init(pointer: entry.pointer + "/id", text: "\(entry.id.prefix(60)): this cannot be an id. \(Resource.idRule)"))
            } else if !seen.insert(Array(entry.id.utf8)).inserted {
                problems.append(.init(pointer: entry.pointer + "/id", text: "\(entry.id): this id stands there twice."))
            }
            do {
                let name = try DisplayName.checked(entry.name.isEmpty ? entry.id : entry.name, limit: Resource.maximumNameLength)
                checked.append((entry.id, name))
            } catch {
                problems.append(.init(pointer: entry.pointer + "/name", text: "\(entry.id.prefix(60)): \(error.description)"))
            }
            if problems.count >= 20 { break }
        }
        if !problems.isEmpty { throw InvalidInput(problems) }
        switch try await deployment.store.putResources(
            checked, type: type.label, accountID: account.id, actor: principal.actor(exchange), now: exchange.now)
        {
        case .registered: break
        case .unknown: throw AccessProblem.notFound("There is no such account.")
        case .full: throw InvalidInput("The account would have more than \(Store.maximumResources) \(type.plural).")
        }
    }

    func remove(
        _ id: String, type: ResourceType, in account: Account, by principal: Principal, _ exchange: Exchange
    ) async throws {
        guard
            try await deployment.store.deleteResource(
                id, type: type.label, accountID: account.id, actor: principal.actor(exchange), now: exchange.now)
        else { throw AccessProblem.notFound("There is no such \(type.name).") }
    }

    /// One page of a list, by name, and where the next one begins.
    func page(
        of type: ResourceType, in account: Account, search: String, cursor: String?, limit: Int
    ) async throws -> (resources: [Resource], next: String?) {
        var position: Store.ResourcePosition?
        if let cursor {
            position = Self.position(cursor)
            if position == nil { throw InvalidInput("The cursor is not one that was given out here.") }
        }
        if search.utf8.count > 200 { throw InvalidInput("The search is longer than 200 bytes.") }
        let found = try await deployment.store.resources(
            type: type.label, accountID: account.id, search: search, after: position, limit: limit + 1)
        let shown = Array(found.prefix(limit))
        let next = found.count > limit ? shown.last.map { Base64URL.encode(JSON([$0.name, $0.id]).bytes) } : nil
        return (shown, next)
    }

    private static func position(_ cursor: String) -> Store.ResourcePosition? {
        guard cursor.utf8.count <= 2000, let bytes = Base64URL.decode(cursor), let parts = (try? JSON(parsing: bytes))?.stringsValue,
            parts.count == 2
        else { return nil }
        return Store.ResourcePosition(name: parts[0], id: parts[1])
    }
}
