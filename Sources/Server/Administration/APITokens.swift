import Delegation
import OAuth
import Storage

/// Whose tokens somebody is at.
enum TokenSide: Sendable { case user, account }

/// Making, changing and ending API tokens, for pages and the management API alike. Whether the caller may do so with this owner's
/// tokens at all was checked before; here it is made sure that no token comes out stronger than whoever makes it.
extension Deployment {
    /// Everything that a token may be given.
    var permissionGroups: [PermissionGroup] { PermissionGroup.all(catalogue.current.catalogue) }

    /// - Returns: the token's text, which is not kept and never shown again.
    func create(_ token: APIToken, by principal: Principal, _ exchange: Exchange) async throws -> String {
        try checkTimes(of: token, before: nil, now: exchange.now)
        try checkNotExceeded(principal, by: token)
        let value = Credential.text(prefix: .apiToken, random: random.bytes(Credential.randomLength))
        try await store.createAPIToken(token, hash: Credential.hash(value), actor: principal.actor(exchange), now: exchange.now)
        return value
    }

    /// Whoever may do less than a token may still rename, disable and shorten it.
    func update(_ token: APIToken, before: APIToken, by principal: Principal, _ exchange: Exchange) async throws {
        try requireOther(token, than: principal)
        try checkTimes(of: token, before: before, now: exchange.now)
        if token.isLooser(than: before) { try checkNotExceeded(principal, by: token) }
        let isDone = try await store.updateAPIToken(token, before: before, actor: principal.actor(exchange), now: exchange.now)
        if !isDone { throw AccessProblem.conflict("The token was changed by somebody else at the same moment. Read it again.") }
    }

    /// Gives the token another value; the one before stops at once.
    func roll(_ token: APIToken, by principal: Principal, _ exchange: Exchange) async throws -> String {
        try requireOther(token, than: principal)
        try checkNotExceeded(principal, by: token)
        let value = Credential.text(prefix: .apiToken, random: random.bytes(Credential.randomLength))
        let isDone = try await store.rollAPIToken(
            token, hash: Credential.hash(value), actor: principal.actor(exchange), now: exchange.now)
        if !isDone { throw AccessProblem.conflict("The token was changed by somebody else at the same moment. Read it again.") }
        return value
    }

    func delete(_ token: APIToken, by principal: Principal, _ exchange: Exchange) async throws {
        guard try await store.deleteAPIToken(token, actor: principal.actor(exchange), now: exchange.now) else {
            throw AccessProblem.notFound("There is no such API token.")
        }
    }

    /// The newest first, with every use up to now.
    func apiTokens(of owner: APIToken.Owner) async throws -> [APIToken] {
        try await uses.flush(to: store)
        return try await store.apiTokens(of: owner)
    }

    /// The owner's token that a path names.
    func apiToken(_ id: Substring, of owner: APIToken.Owner) async throws -> APIToken {
        try await uses.flush(to: store)
        guard let id = Identifier(id), let token = try await store.apiToken(id, of: owner) else {
            throw AccessProblem.notFound("There is no such API token.")
        }
        return token
    }

    /// A token must not free itself of its end or its address.
    private func requireOther(_ token: APIToken, than principal: Principal) throws(AccessProblem) {
        if principal.tokenID == token.id { throw .forbidden("A token cannot change itself. It can only be deleted with itself.") }
    }

    private func checkTimes(of token: APIToken, before: APIToken?, now: Int64) throws(InvalidInput) {
        var problems: [InvalidInput.Problem] = []
        if let end = token.expiresAt, end <= now, end != before?.expiresAt {
            problems.append(.init(pointer: "/expires_on", text: "expires_on should be in the future."))
        }
        if let start = token.notBefore, let end = token.expiresAt, start >= end {
            problems.append(.init(pointer: "/not_before", text: "not_before should be earlier than expires_on."))
        }
        if !problems.isEmpty { throw InvalidInput(problems) }
    }

    private func checkNotExceeded(_ principal: Principal, by token: APIToken) throws(AccessProblem) {
        do {
            try principal.checkNotExceeded(by: token, maker: principal.token)
        } catch {
            throw .exceeding(Deployment.problem(error, token, principal))
        }
    }

    private static func problem(_ excess: Principal.TokenExcess, _ token: APIToken, _ principal: Principal) -> InvalidInput.Problem {
        switch excess {
        case .permission(let policy, let permission, let account):
            let label = token.policies[policy].permissions[permission]
            let place =
                account.map { "in the account \(principal.membership(in: $0)?.account.name ?? $0.description)" }
                ?? "everywhere that this policy names"
            return .init(
                pointer: "/policies/\(policy)/permission_groups/\(permission)/id",
                text: "You may not do \(label) \(place) yourself, so the token may not either.")
        case .unlimited: return .init(pointer: "/policies", text: "This token may do everything that its user may, which yours may not.")
        case .expiry: return .init(pointer: "/expires_on", text: "A token that another token makes cannot last longer than that one.")
        case .address:
            return .init(pointer: "/condition", text: "A token that another token makes needs the same condition as that one.")
        }
    }
}

extension Principal {
    /// The owner whose tokens may be looked at or changed. An app is never given a credential that outlives its own, so it may look
    /// at an account's tokens at most.
    /// - Parameter account: as the path names it, for the tokens of an account.
    func requireOwner(of account: Substring?, toChange: Bool) throws(AccessProblem) -> APIToken.Owner {
        let owner: APIToken.Owner
        if let account {
            owner = .account(try require(toChange ? Permission.manageTokens : .viewTokens, in: account).id)
        } else {
            owner = .user(try require(toChange ? UserPermission.manageTokens : .viewTokens).id)
        }
        if toChange, clientID != nil { throw .forbidden("An app's access token cannot manage API tokens.") }
        return owner
    }

    /// Whether a token may get this from the principal in some account at least, or in this one.
    func mayGive(_ group: PermissionGroup, in account: Identifier?) -> Bool {
        if let permission = UserPermission(rawValue: group.label) { return mayAsUser(permission) }
        if let account { return may(group.label, in: account) }
        return memberships.contains { may(group.label, in: $0.account.id) }
    }
}
