import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/members` and `/accounts/{account}/roles`.
struct MembersEndpoint: Sendable {
    let deployment: Deployment

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
        let status = try exchange.oneInQuery("status", of: ["accepted", "pending", "rejected"])
        let isDescending = try exchange.oneInQuery("direction", of: ["asc", "desc"]) == "desc"
        var members = try await deployment.members(of: account, now: exchange.now).map(json)
        if let status { members = members.filter { $0["status"]?.stringValue == status } }
        if isDescending { members.reverse() }
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(members, page: page, perPage: perPage)
        return Envelope.page(results.map(JSON.object), of: members.count, page: page, perPage: perPage)
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        return Envelope.result(.object(json(try await deployment.member(exchange.captures[1], of: account, now: exchange.now))))
    }

    /// Asks somebody to join; they are a member once they have accepted.
    func invite(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        var body = try await ManagementBody(exchange)
        body.require("email")
        let email = body.string("email").flatMap { text in
            let email = EmailAddress.checked(text)
            if email == nil { body.reject("/email", "This is no email address.") }
            return email
        }
        if let status = body.string("status"), status != "pending" {
            body.reject("/status", "status should be pending: a member accepts the invitation in person.")
        }
        let known = try await deployment.store.roles()
        let roles = readRoles(&body, known: known)
        try body.check()
        let invitation = try await deployment.invite(email ?? "", roles: roles, to: account, by: principal, exchange)
        return Envelope.result(.object(json(.pending(invitation))))
    }

    func change(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        let member = try await deployment.member(exchange.captures[1], of: account, now: exchange.now)
        var body = try await ManagementBody(exchange)
        let known = try await deployment.store.roles()
        let roles = readRoles(&body, known: known)
        try body.check()
        try await deployment.setRoles(roles, of: member, in: account, by: principal, exchange)
        return Envelope.result(.object(json(member, roles: roles)))
    }

    func remove(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        let member = try await deployment.member(exchange.captures[1], of: account, now: exchange.now)
        try await deployment.remove(member, from: account, by: principal, exchange)
        return Envelope.result(["id": .string(member.id.description)])
    }

    /// `roles` is a list of ids, or of objects with an `id`, as a member is read with.
    private func readRoles(_ body: inout ManagementBody, known: [Role]) -> [Role] {
        guard let list = body.object["roles"]?.arrayValue, (1...50).contains(list.count) else {
            body.reject("/roles", "roles should be a list of at least one role's id.")
            return []
        }
        var roles: [Role] = []
        for (index, entry) in list.enumerated() {
            let id = (entry.stringValue ?? entry["id"]?.stringValue).flatMap { Identifier($0) }
            if let role = known.first(where: { $0.id == id }) {
                if !roles.contains(role) { roles.append(role) }
            } else {
                body.reject("/roles/\(index)", "There is no such role.")
            }
        }
        return roles
    }

    private func json(_ member: AccountMember) -> JSONObject { json(member, roles: member.roles) }

    private func json(_ member: AccountMember, roles: [Role]) -> JSONObject {
        var json: JSONObject = [
            "id": .string(member.id.description), "email": .string(member.email), "roles": .array(roles.map(\.json)), "policies": [],
        ]
        switch member {
        case .accepted(_, let user, _, let since):
            json["status"] = "accepted"
            json["user"] = .object(user.json)
            json["joined_on"] = .string(Timestamp.text(since))
        case .pending(let invitation):
            json["status"] = "pending"
            json["user"] = ["email": .string(invitation.email)]
            json["invited_on"] = .string(Timestamp.text(invitation.createdAt))
            json["expires_on"] = .string(Timestamp.text(invitation.expiresAt))
        }
        return json
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
