import Delegation
import OAuth
import Storage

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
            throw .exceeding(Deployment.problem(error, token))
        }
    }

    private static func problem(_ excess: Principal.TokenExcess, _ token: APIToken) -> InvalidInput.Problem {
        switch excess {
        case .permission(let policy, let permission, let account):
            let label = token.policies[policy].permissions[permission]
            let place = account.map { "in the account \($0)" } ?? "everywhere that this policy names"
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
