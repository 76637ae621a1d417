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
        let found = try ordered(places(principal), exchange).filter { name == nil || $0.account.name == name }
        // Nobody sees here what they were invited to: the invitation's own link says it.
        let status = try exchange.oneInQuery("status", of: ["accepted", "pending", "rejected"])
        let members = status == nil || status == "accepted" ? found : []
        let (page, perPage) = try PageRequest.read(exchange)
        let results = PageRequest.slice(members, page: page, perPage: perPage).map { JSON.object($0.json) }
        return Envelope.page(results, of: members.count, page: page, perPage: perPage)
    }

    func membership(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        _ = try principal.require(.viewUser)
        return Envelope.result(.object(try ownMembership(exchange, principal).json))
    }

    /// Ends the caller's own place in an account.
    func leave(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        _ = try principal.require(.manageMemberships)
        let membership = try ownMembership(exchange, principal)
        try await deployment.leave(membership, by: principal, exchange)
        return Envelope.result(["id": JSON(membership.id?.description)])
    }

    /// Where a token may act; one that may leave accounts knows all that there are to leave.
    private func places(_ principal: Principal) -> [Membership] {
        principal.mayAsUser(.manageMemberships) ? principal.memberships : principal.reachedMemberships
    }

    private func ownMembership(_ exchange: Exchange, _ principal: Principal) throws(AccessProblem) -> Membership {
        guard let id = Identifier(exchange.captures[0]), let membership = places(principal).first(where: { $0.id == id }) else {
            throw .notFound("There is no such membership.")
        }
        return membership
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
        let account = try principal.require(Permission.manageAccount, in: exchange.captures[0])
        let name = try await readName(exchange)
        return Envelope.result(.object(try await deployment.rename(account, to: name, by: principal, exchange).json))
    }

    private func readName(_ exchange: Exchange) async throws -> String {
        var body = try await ManagementBody(exchange)
        body.require("name")
        let text = body.string("name")
        try body.check()
        return text ?? ""
    }

    /// By name; `direction` turns it around.
    private func ordered(_ memberships: [Membership], _ exchange: Exchange) throws -> [Membership] {
        let ascending = memberships.sorted { ($0.account.name, $0.account.id) < ($1.account.name, $1.account.id) }
        return try exchange.oneInQuery("direction", of: ["asc", "desc"]) == "desc" ? ascending.reversed() : ascending
    }
}

extension Membership {
    /// As the management API shows it.
    var json: JSONObject {
        [
            "id": JSON(id?.description), "account": .object(account.json), "status": "accepted", "roles": JSON(roles.map(\.name)),
            "permissions": [:],
        ]
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
