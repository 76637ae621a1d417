import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{a}/authorizations`: what members granted on an account, for its administrators' programs.
struct AccountAuthorizationsEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewApps, in: exchange.captures[0])
        let (page, perPage) = try PageRequest.read(exchange)
        let filter = try filter(exchange)
        try await deployment.uses.flush(to: deployment.store)
        let (found, total) = try await deployment.store.authorizations(
            accountID: account.id, filter, limit: perPage, offset: (page - 1) * perPage, now: exchange.now)
        let verdicts = try await AppGovernance(deployment: deployment).verdicts(account.id, now: exchange.now)
        return Envelope.page(
            found.map { .object($0.json(verdicts)) }, of: total, page: page, perPage: perPage)
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewApps, in: exchange.captures[0])
        try await deployment.uses.flush(to: deployment.store)
        guard let id = Identifier(String(exchange.captures[1])),
            let found = try await deployment.store.authorization(id, accountID: account.id, now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such authorization.") }
        let verdicts = try await AppGovernance(deployment: deployment).verdicts(account.id, now: exchange.now)
        return Envelope.result(.object(found.json(verdicts)))
    }

    /// Takes this account out of one authorization.
    func revoke(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(.manageApps, in: exchange.captures[0])
        guard let id = Identifier(String(exchange.captures[1])),
            try await deployment.store.takeAccount(account.id, outOf: id, actor: principal.actor(exchange), now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such authorization.") }
        return Envelope.result(["id": .string(id.description)])
    }

    /// One client for everyone, or one member's all. Never everything at once by leaving the filter away.
    func revokeMany(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try principal.require(.manageApps, in: exchange.captures[0])
        let filter = try filter(exchange)
        guard filter != .init() else { throw EnvelopeError.invalid("Say which: client_id, user_id or both.") }
        let count = try await deployment.store.takeAccount(
            account.id, outOf: filter, actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(["count": .integer(Int64(count))])
    }

    private func filter(_ exchange: Exchange) throws -> Store.AuthorizationFilter {
        Store.AuthorizationFilter(
            clientID: try exchange.identifierInQuery("client_id"), userID: try exchange.identifierInQuery("user_id"))
    }
}

extension MemberAuthorization {
    /// As its user sees it, but for what concerns other accounts.
    func json(_ verdicts: AppGovernance.Verdicts) -> JSONObject {
        let accountID = verdicts.accountID
        var grant = grant
        grant.accounts = grant.accounts.filter { $0.id == accountID }
        grant.authorization.accountIDs = [accountID]
        grant.families = grant.families.filter { $0.accountIDs.contains(accountID) }
        for index in grant.families.indices { grant.families[index].accountIDs = [accountID] }
        let applied = verdicts.applied(self)
        var json = AuthorizationView(grant, now: verdicts.now) { applied.end(grantedAt: $0.createdAt) }.json
        json["refused_by_policy"] = JSON(verdicts.obstacle(self)?.code)
        json["owner_name"] = .string(grant.owner.name)
        json["user"] = ["id": .string(user.id.description), "email": .string(user.email), "name": .string(user.name)]
        return json
    }
}
