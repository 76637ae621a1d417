import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/user`, `/memberships` and `/accounts`: who the caller is, and where they are a member.
struct AccountsEndpoint: Sendable {
    let deployment: Deployment

    func user(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewUser, exchange)
        var json = user.json
        json["suspended"] = .bool(user.isDisabled)
        json["created_on"] = .string(Timestamp.text(user.createdAt))
        json["organizations"] = []
        return Envelope.result(.object(json))
    }

    func memberships(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        _ = try principal.require(.viewUser)
        let name = try exchange.textInQuery("account.name") ?? exchange.textInQuery("name")
        let found = try ordered(principal.reachedMemberships, exchange).filter { name == nil || $0.account.name == name }
        // Nobody sees here what they were invited to: the invitation's own link says it.
        let status = try exchange.oneInQuery("status", of: ["accepted", "pending", "rejected"])
        let members = status == nil || status == "accepted" ? found : []
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(members, page: page, perPage: perPage).map { membership -> JSON in
            [
                "id": JSON(membership.id?.description), "account": .object(membership.account.json), "status": "accepted",
                "roles": JSON(membership.roles.map(\.name)), "permissions": [:],
            ]
        }
        return Envelope.page(results, of: members.count, page: page, perPage: perPage)
    }

    func list(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let name = try exchange.textInQuery("name")
        let accounts = try ordered(principal.reachedMemberships, exchange).map(\.account).filter { name == nil || $0.name == name }
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(accounts, page: page, perPage: perPage).map { JSON.object($0.json) }
        return Envelope.page(results, of: accounts.count, page: page, perPage: perPage)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let name = try await readName(exchange)
        return Envelope.result(.object(try await deployment.createAccount(named: name, by: principal, exchange).json))
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        guard let membership = Identifier(exchange.captures[0]).flatMap(principal.membership(in:)) else {
            throw AccessProblem.notFound("There is no such account.")
        }
        return Envelope.result(.object(membership.account.json))
    }

    /// The name is what can be changed of an account.
    func rename(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        var account = try principal.require(Permission.manageAccount, in: exchange.captures[0])
        account.name = try await readName(exchange)
        guard
            try await deployment.store.renameAccount(
                account.id, account.name, actor: principal.actor(exchange), now: exchange.now)
        else { throw AccessProblem.notFound("There is no such account.") }
        return Envelope.result(.object(account.json))
    }

    private func readName(_ exchange: Exchange) async throws -> String {
        var body = try await ManagementBody(exchange)
        body.require("name")
        let text = body.string("name")
        try body.check()
        do {
            return try DisplayName.checked(text ?? "")
        } catch {
            throw InvalidInput(error.description, pointer: "/name")
        }
    }

    /// By name; `direction` turns it around.
    private func ordered(_ memberships: [Membership], _ exchange: Exchange) throws -> [Membership] {
        let ascending = memberships.sorted { ($0.account.name, $0.account.id) < ($1.account.name, $1.account.id) }
        return try exchange.oneInQuery("direction", of: ["asc", "desc"]) == "desc" ? ascending.reversed() : ascending
    }
}

extension Account {
    /// As the management API shows it.
    var json: JSONObject {
        [
            "id": .string(id.description), "name": .string(name), "type": "standard", "created_on": .string(Timestamp.text(createdAt)),
            "settings": ["enforce_twofactor": false], "reference": JSON(reference),
            "status": .string(isSuspended ? "suspended" : "active"),
        ]
    }
}

extension User {
    /// As the management API shows it. The first name is what stands before the last space.
    var json: JSONObject {
        let words = name.split(separator: " ")
        return [
            "id": .string(id.description), "email": .string(email), "name": .string(name),
            "first_name": .string(words.count > 1 ? words.dropLast().joined(separator: " ") : name),
            "last_name": words.count > 1 ? .string(String(words[words.count - 1])) : .null, "two_factor_authentication_enabled": false,
        ]
    }
}
