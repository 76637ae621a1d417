import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/user/tokens` and `/accounts/{account}/tokens`: API tokens, which are the callers' own credentials too.
struct APITokensEndpoint: Sendable {
    let deployment: Deployment
    let side: TokenSide

    func list(_ exchange: Exchange) async throws -> Response {
        let (owner, _) = try await requireOwner(exchange, toChange: false)
        let (page, perPage) = try PageRequest.read(exchange)
        let tokens = try await deployment.apiTokens(of: owner)
        let groups = deployment.permissionGroups
        let results = PageRequest.slice(tokens, page: page, perPage: perPage).map { $0.json(groups, now: exchange.now) }
        return Envelope.page(results.map(JSON.object), of: tokens.count, page: page, perPage: perPage)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        let (owner, principal) = try await requireOwner(exchange, toChange: true)
        let blank = APIToken(id: deployment.random.identifier(), owner: owner, name: "", createdAt: exchange.now)
        let token = try await read(exchange, from: blank, isNew: true, principal)
        let value = try await deployment.create(token, by: principal, exchange)
        var json = token.json(deployment.permissionGroups, now: exchange.now)
        json["value"] = .string(value)
        return Envelope.result(.object(json))
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let (owner, _) = try await requireOwner(exchange, toChange: false)
        return Envelope.result(.object(try await token(exchange, of: owner).json(deployment.permissionGroups, now: exchange.now)))
    }

    func update(_ exchange: Exchange) async throws -> Response {
        let (owner, principal) = try await requireOwner(exchange, toChange: true)
        let before = try await token(exchange, of: owner)
        var token = try await read(exchange, from: before, isNew: false, principal)
        try await deployment.update(token, before: before, by: principal, exchange)
        token.modifiedAt = exchange.now
        return Envelope.result(.object(token.json(deployment.permissionGroups, now: exchange.now)))
    }

    func delete(_ exchange: Exchange) async throws -> Response {
        let (owner, principal) = try await requireOwner(exchange, toChange: true)
        let token = try await token(exchange, of: owner)
        try await deployment.delete(token, by: principal, exchange)
        return Envelope.result(["id": .string(token.id.description)])
    }

    /// Another value for the same token; the result is that text alone.
    func roll(_ exchange: Exchange) async throws -> Response {
        let (owner, principal) = try await requireOwner(exchange, toChange: true)
        let token = try await token(exchange, of: owner)
        return Envelope.result(.string(try await deployment.roll(token, by: principal, exchange)))
    }

    /// What the presented token is. One that is disabled or has expired gets no further than 401.
    func verify(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        guard let token = principal.token else { throw EnvelopeError.forbidden("This is not an API token.") }
        switch (side, token.owner) {
        case (.user, .user): break
        case (.account, .account(let id)) where exchange.captures.first.flatMap({ Identifier($0) }) == id: break
        case (.user, .account(let id)):
            throw EnvelopeError.forbidden("This token belongs to an account. Verify it at /accounts/\(id)/tokens/verify.")
        case (.account, _): throw EnvelopeError.notFound("This token is not one of this account's.")
        }
        var json: JSONObject = [
            "id": .string(token.id.description), "status": .string(token.status(now: exchange.now).rawValue),
        ]
        if let notBefore = token.notBefore { json["not_before"] = .string(Timestamp.text(notBefore)) }
        if let expiresAt = token.expiresAt { json["expires_on"] = .string(Timestamp.text(expiresAt)) }
        return Envelope.result(.object(json))
    }

    /// What a token may be given. Which groups there are is no secret, so any caller may ask; `is_selectable` says which of them
    /// this one may give.
    func permissionGroups(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let account = try account(exchange, principal)
        let (name, scope) = (try exchange.textInQuery("name"), try exchange.textInQuery("scope"))
        let groups = deployment.permissionGroups.filter { group in
            (account == nil || group.kind == .account) && (name == nil || group.name.lowercased() == name?.lowercased())
                && (scope == nil || group.kind.rawValue == scope)
        }
        let results = groups.map { group -> JSON in
            [
                "id": .string(group.id.description), "name": .string(group.name), "label": .string(group.label),
                "category": .string(group.category), "scopes": JSON([group.kind.rawValue]),
                "is_selectable": .bool(principal.mayGive(group, in: account)),
            ]
        }
        return Envelope.page(results, of: results.count, page: 1, perPage: max(1, results.count))
    }

    // MARK: Whose tokens

    private func account(_ exchange: Exchange, _ principal: Principal) throws(AccessProblem) -> Identifier? {
        if side == .user { return nil }
        guard let id = exchange.captures.first.flatMap({ Identifier($0) }), principal.membership(in: id) != nil else {
            throw .notFound("There is no such account.")
        }
        return id
    }

    private func requireOwner(_ exchange: Exchange, toChange: Bool) async throws -> (owner: APIToken.Owner, principal: Principal) {
        let principal = try await deployment.requirePrincipal(exchange)
        return (try principal.requireOwner(of: side == .user ? nil : exchange.captures[0], toChange: toChange), principal)
    }

    private func token(_ exchange: Exchange, of owner: APIToken.Owner) async throws -> APIToken {
        try await deployment.apiToken(exchange.captures[side == .user ? 0 : 1], of: owner)
    }

    private func read(_ exchange: Exchange, from before: APIToken, isNew: Bool, _ principal: Principal) async throws -> APIToken {
        var body = APITokenBody(
            try await ManagementBody(exchange), owner: before.owner, principal: principal, groups: deployment.permissionGroups,
            random: deployment.random)
        return try body.token(from: before, isNew: isNew)
    }
}
