import Delegation
import HTTPTypes
import Hummingbird
import NIOCore
import OAuth
import Storage

/// `/accounts/{account}/resources`: what access can be narrowed to inside an account.
struct ResourcesEndpoint: Sendable {
    let deployment: Deployment
    private var register: ResourceRegister { ResourceRegister(deployment: deployment) }

    func types(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewResources, in: exchange.captures[0])
        let counts = try await deployment.store.resourceCounts(accountID: account.id)
        return Envelope.result(
            .array(
                register.types.map { type in
                    [
                        "type": .string(type.label), "name": .string(type.name), "plural": .string(type.plural),
                        "parameters": JSON(type.parameters), "scopes": JSON(type.scopes.labels),
                        "count": .integer(Int64(counts[type.label] ?? 0)),
                    ]
                }))
    }

    func list(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewResources, in: exchange.captures[0])
        let type = try register.type(exchange.captures[1])
        let limit = try exchange.numberInQuery("limit", default: 100, in: 1...1000)
        let (resources, next) = try await register.page(
            of: type, in: account, search: try exchange.textInQuery("search") ?? "", cursor: try exchange.textInQuery("cursor"),
            limit: limit)
        var info: JSONObject = ["count": .integer(Int64(resources.count))]
        if let next { info["cursors"] = ["after": .string(next)] }
        return Envelope.result(.array(resources.map(\.json)), info: .object(info))
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewResources, in: exchange.captures[0])
        let type = try register.type(exchange.captures[1])
        guard let id = Resource.id(inPath: exchange.captures[2]),
            let resource = try await deployment.store.resource(id, type: type.label, accountID: account.id)
        else { throw AccessProblem.notFound("There is no such \(type.name).") }
        return Envelope.result(resource.json)
    }

    func put(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(.manageResources, in: exchange.captures[0])
        let type = try register.type(exchange.captures[1])
        var body = try await ManagementBody(exchange)
        let name = body.string("name") ?? ""
        try body.check()
        guard let id = Resource.id(inPath: exchange.captures[2]) else {
            throw InvalidInput("This cannot be an id. \(Resource.idRule)")
        }
        try await register.put([(id, name, "")], type: type, in: account, by: principal, exchange)
        guard let resource = try await deployment.store.resource(id, type: type.label, accountID: account.id) else {
            throw AccessProblem.notFound("There is no such \(type.name).")
        }
        return Envelope.result(resource.json)
    }

    /// An array of `{"id", "name"}`; all of them or, where anything is wrong, none.
    func putMany(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(.manageResources, in: exchange.captures[0])
        let type = try register.type(exchange.captures[1])
        let buffer = try await exchange.body(limit: Limits.longBody)
        let elements: [JSON]?
        do {
            elements = try JSON(parsing: buffer.readableBytesView).arrayValue
        } catch {
            throw InvalidInput("The body is not JSON: \(error).")
        }
        guard let elements else { throw InvalidInput("The body should be a JSON array of objects with id and name.") }
        var problems: [InvalidInput.Problem] = []
        var entries: [(id: String, name: String, pointer: String)] = []
        for (index, element) in elements.enumerated() {
            let name = element["name"] ?? .null
            guard let id = element["id"]?.stringValue, name == .null || name.stringValue != nil else {
                problems.append(.init(pointer: "/\(index)", text: "This should be an object with the texts id and name."))
                if problems.count >= 20 { break }
                continue
            }
            entries.append((id, name.stringValue ?? "", "/\(index)"))
        }
        if !problems.isEmpty { throw InvalidInput(problems) }
        try await register.put(entries, type: type, in: account, by: principal, exchange)
        return Envelope.result(["count": .integer(Int64(entries.count))])
    }

    func delete(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(.manageResources, in: exchange.captures[0])
        let type = try register.type(exchange.captures[1])
        guard let id = Resource.id(inPath: exchange.captures[2]) else {
            throw AccessProblem.notFound("There is no such \(type.name).")
        }
        try await register.remove(id, type: type, in: account, by: principal, exchange)
        return Envelope.result(["id": .string(id)])
    }
}
