import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/user/authorizations`: the connected apps of the caller's user, for programs.
/// `/authorizations/self`: what the presented access token's own authorization is.
struct AuthorizationsEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewApps, exchange)
        let (page, perPage) = try PageRequest.read(exchange)
        try await deployment.uses.flush(to: deployment.store)
        let grants = try await deployment.store.authorizations(userID: user.id, now: exchange.now)
        let results = PageRequest.slice(grants, page: page, perPage: perPage).map { AuthorizationView($0, now: exchange.now).json }
        return Envelope.page(results.map(JSON.object), of: grants.count, page: page, perPage: perPage)
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewApps, exchange)
        try await deployment.uses.flush(to: deployment.store)
        return Envelope.result(.object(AuthorizationView(try await grant(exchange, user), now: exchange.now).json))
    }

    func narrow(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageApps, exchange)
        var body = try await ManagementBody(exchange, limit: Limits.choiceBody)
        let (scopes, accounts, resources) = (body.strings("scopes"), body.strings("accounts"), Self.resources(&body))
        if scopes == nil, accounts == nil, resources == nil { body.reject("", "Say what stays: scopes, accounts, resources.") }
        try body.check()
        let grant = try await grant(exchange, user)
        do {
            try await deployment.narrow(
                grant, scopes: scopes, accounts: accounts, resources: resources ?? [:], mayAdd: principal.reach == .everything,
                actor: principal.actor(exchange), now: exchange.now)
        } catch Narrowing.Problem.ended {
            throw EnvelopeError.notFound("There is no such authorization.")
        } catch Narrowing.Problem.changed {
            throw EnvelopeError.conflict(Narrowing.Problem.changed.description)
        } catch let problem as Narrowing.Problem {
            throw EnvelopeError.invalid(problem.description, pointer: problem.pointer)
        }
        return Envelope.result(.object(AuthorizationView(try await self.grant(exchange, user), now: exchange.now).json))
    }

    /// `{account: {type: [ids] | "all"}}`
    private static func resources(_ body: inout ManagementBody) -> [Identifier: ResourceChoice.Types]? {
        guard let value = body.object["resources"], value != .null else { return nil }
        guard let accounts = value.objectValue else {
            body.reject("/resources", "resources should be an object: the accounts, and in each the types.")
            return nil
        }
        var read: [Identifier: ResourceChoice.Types] = [:]
        for (name, types) in accounts.members {
            let pointer = "/resources/\(name.prefix(40))"
            guard let account = Identifier(name), let types = types.objectValue else {
                body.reject(pointer, "This should be the id of an account with an object of types.")
                continue
            }
            for (type, chosen) in types.members {
                if chosen.stringValue == "all" {
                    read[account, default: [:]][type] = .all
                } else if let ids = chosen.stringsValue, ids.allSatisfy(ResourceIDs.isIdentifier) {
                    read[account, default: [:]][type] = .some(ResourceIDs(ids))
                } else {
                    body.reject("\(pointer)/\(type.prefix(60))", "This should be a list of ids, or \"all\".")
                }
            }
        }
        return read
    }

    func end(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageApps, exchange)
        let grant = try await grant(exchange, user)
        _ = try await deployment.store.endAuthorization(
            grant.authorization.id, actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(["id": .string(grant.authorization.id.description)])
    }

    /// The app's other installations go on.
    func endInstallation(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageApps, exchange)
        let grant = try await grant(exchange, user)
        guard let id = Identifier(exchange.captures[1]),
            try await deployment.store.endInstallation(
                id, authorizationID: grant.authorization.id, actor: principal.actor(exchange), now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such installation.") }
        return Envelope.result(["id": .string(id.description)])
    }

    func own(_ exchange: Exchange) async throws -> Response {
        let (standing, _) = try await deployment.requireAuthority(exchange, refusal: Deployment.envelopeRefusal)
        try await deployment.uses.flush(to: deployment.store)
        guard
            let grant = try await deployment.store.authorization(standing.authorization.id, userID: standing.user.id, now: exchange.now)
        else { throw EnvelopeError.notFound("The authorization has ended.") }
        let declined = standing.client.scopes.subtracting(grant.authorization.scopes)
        let url = deployment.authorizeURL(clientID: standing.client.id, scopes: standing.client.scopes)
        var json = AuthorizationView(grant, now: exchange.now).json
        json["declined_scopes"] = JSON(declined.labels)
        json["authorize_url"] = .string(url)
        json["installation"] = .string(standing.family.installationID.description)
        return Envelope.result(.object(json))
    }

    private func grant(_ exchange: Exchange, _ user: User) async throws -> GrantedAuthorization {
        guard let id = Identifier(exchange.captures[0]),
            let grant = try await deployment.store.authorization(id, userID: user.id, now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such authorization.") }
        return grant
    }
}
