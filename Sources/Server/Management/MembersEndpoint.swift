import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/members` and `/accounts/{account}/roles`.
struct MembersEndpoint: Sendable {
    let deployment: Deployment

    /// Who is in an account, and who was asked to be.
    private enum Member {
        case accepted(id: Identifier, user: User, roles: [Role])
        case pending(Invitation)

        var id: Identifier {
            switch self {
            case .accepted(let id, _, _): id
            case .pending(let invitation): invitation.id
            }
        }
    }

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
        var members = try await everybody(in: account, exchange).map(json)
        if let status { members = members.filter { $0["status"]?.stringValue == status } }
        if isDescending { members.reverse() }
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(members, page: page, perPage: perPage)
        return Envelope.page(results.map(JSON.object), of: members.count, page: page, perPage: perPage)
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.viewMembers, in: exchange.captures[0])
        return Envelope.result(.object(json(try await member(exchange, account))))
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
        let member = try await member(exchange, account)
        var body = try await ManagementBody(exchange)
        let known = try await deployment.store.roles()
        let roles = readRoles(&body, known: known)
        try body.check()
        switch member {
        case .accepted(let id, let user, let before):
            try await deployment.setRoles(roles, of: (user, before), in: account, by: principal, exchange)
            return Envelope.result(.object(json(.accepted(id: id, user: user, roles: roles))))
        case .pending(var invitation):
            try await deployment.setRoles(roles, of: invitation, by: principal, exchange)
            invitation.roles = roles
            return Envelope.result(.object(json(.pending(invitation))))
        }
    }

    func remove(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(Permission.manageMembers, in: exchange.captures[0])
        let member = try await member(exchange, account)
        switch member {
        case .accepted(_, let user, let roles):
            try await deployment.removeMember((user, roles), from: account, by: principal, exchange)
        case .pending(let invitation): try await deployment.withdraw(invitation, by: principal, exchange)
        }
        return Envelope.result(["id": .string(member.id.description)])
    }

    /// By email.
    private func everybody(in account: Account, _ exchange: Exchange) async throws -> [Member] {
        let members = try await deployment.store.members(accountID: account.id).map { member in
            (email: member.user.email, member: Member.accepted(id: member.id, user: member.user, roles: member.roles))
        }
        let invitations = try await deployment.store.invitations(accountID: account.id, now: exchange.now).map { invitation in
            (email: invitation.email, member: Member.pending(invitation))
        }
        return (members + invitations).sorted { $0.email < $1.email }.map(\.member)
    }

    private func member(_ exchange: Exchange, _ account: Account) async throws -> Member {
        guard let id = Identifier(exchange.captures[1]),
            let member = try await everybody(in: account, exchange).first(where: { $0.id == id })
        else { throw AccessProblem.notFound("There is no such member.") }
        return member
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
                roles.append(role)
            } else {
                body.reject("/roles/\(index)", "There is no such role.")
            }
        }
        return roles
    }

    private func json(_ member: Member) -> JSONObject {
        switch member {
        case .accepted(let id, let user, let roles):
            return [
                "id": .string(id.description), "email": .string(user.email), "status": "accepted", "user": .object(user.json),
                "roles": .array(roles.map(\.json)), "policies": [],
            ]
        case .pending(let invitation):
            return [
                "id": .string(invitation.id.description), "email": .string(invitation.email), "status": "pending",
                "user": ["email": .string(invitation.email)], "roles": .array(invitation.roles.map(\.json)), "policies": [],
                "expires_on": .string(Timestamp.text(invitation.expiresAt)),
            ]
        }
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
