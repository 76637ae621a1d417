import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/members` and `/accounts/{account}/roles`.
struct MembersEndpoint: Sendable {
    let deployment: Deployment

    private typealias Member = (id: Identifier, user: User, roles: [Role])

    func roles(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        _ = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        let roles = try await deployment.store.roles()
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(roles, page: page, perPage: perPage).map(\.json)
        return Envelope.page(results, of: roles.count, page: page, perPage: perPage)
    }

    func role(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        _ = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        guard let id = Identifier(exchange.captures[1]), let role = try await deployment.store.roles().first(where: { $0.id == id }) else {
            throw AccessProblem.notFound("There is no such role.")
        }
        return Envelope.result(role.json)
    }

    func list(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        let parameters = try exchange.queryParameters()
        var members = try await deployment.store.members(accountID: account.id).map(json)
        if let status = try? parameters.value("status") { members = members.filter { $0["status"]?.stringValue == status } }
        if (try? parameters.value("direction")) == "desc" { members.reverse() }
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(members, page: page, perPage: perPage)
        return Envelope.page(results.map(JSON.object), of: members.count, page: page, perPage: perPage)
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        return Envelope.result(.object(json(try await member(exchange, account))))
    }

    func change(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        let member = try await member(exchange, account)
        let roles = try await readRoles(exchange)
        try await deployment.setRoles(roles, of: (member.user, member.roles), in: account, by: principal, exchange)
        return Envelope.result(.object(json((member.id, member.user, roles.sorted { $0.name < $1.name }))))
    }

    func remove(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        let member = try await member(exchange, account)
        try await deployment.removeMember((member.user, member.roles), from: account, by: principal, exchange)
        return Envelope.result(["id": .string(member.id.description)])
    }

    private func member(_ exchange: Exchange, _ account: Account) async throws -> Member {
        guard let id = Identifier(exchange.captures[1]),
            let member = try await deployment.store.members(accountID: account.id).first(where: { $0.id == id })
        else { throw AccessProblem.notFound("There is no such member.") }
        return member
    }

    /// `roles` is a list of ids, or of objects with an `id`, as a member is read with.
    private func readRoles(_ exchange: Exchange) async throws -> [Role] {
        var body = try await ManagementBody(exchange)
        let known = Dictionary(try await deployment.store.roles().map { ($0.id, $0) }) { first, _ in first }
        guard let list = body.object["roles"]?.arrayValue, (1...50).contains(list.count) else {
            throw InvalidInput("roles should be a list of at least one role's id.", pointer: "/roles")
        }
        var roles: [Role] = []
        for (index, entry) in list.enumerated() {
            let text = entry.stringValue ?? entry["id"]?.stringValue
            if let role = text.flatMap({ Identifier($0) }).flatMap({ known[$0] }) {
                roles.append(role)
            } else {
                body.reject("/roles/\(index)", "There is no such role.")
            }
        }
        try body.check()
        return roles
    }

    private func json(_ member: Member) -> JSONObject {
        [
            "id": .string(member.id.description), "email": .string(member.user.email), "status": "accepted",
            "user": .object(member.user.json), "roles": .array(member.roles.map(\.json)), "policies": [],
        ]
    }
}

extension Role {
    /// As the management API shows it. The SDK's `permissions` name another platform's products, so ours stand beside them.
    var json: JSON {
        [
            "id": .string(id.description), "name": .string(name), "permissions": [:], "patterns": JSON(permissions),
            "description": .string(allowsEverything ? "May do everything." : "May do: " + permissions.joined(separator: ", ")),
        ]
    }
}
