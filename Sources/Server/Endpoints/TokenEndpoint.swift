import Delegation
import HTTPTypes
import OAuth
import Storage

/// `POST /oauth2/token` (RFC 6749 §3.2): a code or a refresh token goes in, tokens come out.
struct TokenEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Answer {
        let parameters = try await exchange.form()
        let client = try await deployment.authenticatedClient(exchange, parameters)
        do {
            // Before anything is used up or rotated: what a frozen client holds is to work again when it is thawed.
            if client.isFrozen { throw Self.refusal(.clientFrozen) }
            switch try TokenRequest(parameters, client: client) {
            case .authorizationCode(let request): return try await redeem(request, client, exchange)
            case .refreshToken(let request): return try await refresh(request, client, exchange)
            }
        } catch let error as TokenError {
            deployment.usage.refused(UsageReason(error.code), client.id, at: exchange.now)
            throw EndpointError(error)
        }
    }

    // MARK: RFC 6749 §4.1.3

    private func redeem(_ request: TokenRequest.Code, _ client: Client, _ exchange: Exchange) async throws -> Answer {
        guard Credential.isWellFormed(request.code.reveal(), prefix: .authorizationCode) else {
            throw TokenError.invalidGrant("The code is unknown.")
        }
        let ids = (family: deployment.random.identifier(), installation: deployment.random.identifier(at: exchange.now))
        // Before the client is looked up: whatever drops it from now on begins a new epoch.
        let epoch = deployment.standings.lookup(ids.family).epoch
        let known = deployment.clients.known(client.id)
        let outcome = try await deployment.store.redeem(
            codeHash: Credential.hash(request.code.reveal()), registration: known,
            actor: exchange.actor(nil, clientID: client.id), now: exchange.now
        ) { code in
            Result { () throws(TokenError) in
                // Everything that a typo or a stranger can get wrong comes before the code is used up.
                try code.check(request, client: client, now: exchange.now)
                return newFamily(code, ids.family, ids.installation, exchange)
            }
        }
        switch outcome {
        case .redeemed(let code, var standing):
            if !deployment.standings.keep(standing, loadedIn: epoch), known != nil {
                // The client that was known may have changed while the code waited for its turn. That the code came once more, and ended what
                // it gave, is answered all the same: the tokens are good for nothing.
                guard var now = try await deployment.standing(ids.family) else { throw TokenError.invalidGrant("The code is unknown.") }
                now.family.revokedAt = standing.family.revokedAt
                standing = now
            }
            let authority = try requireAuthority(standing, scopes: code.scopes, exchange)
            return try tokens(
                standing, authority, selection: .all, rotatedAt: exchange.now, nonce: code.nonce, for: .authorizationCode, exchange)
        case .refused(let error): throw error
        case .replayed: throw TokenError.invalidGrant("The code was used before. What it gave has been ended.")
        case .unknown: throw TokenError.invalidGrant("The code is unknown.")
        }
    }

    private func newFamily(
        _ code: AuthorizationCode, _ id: Identifier, _ installationID: Identifier, _ exchange: Exchange
    ) -> TokenFamily {
        let lifetimes = deployment.settings.lifetimes
        let end = lifetimes.familyEnd(startingAt: exchange.now, grantEndsAt: code.grantExpiresAt)
        return TokenFamily(
            id: id, authorizationID: code.authorizationID, originalScopes: code.scopes, scopes: code.scopes,
            accountIDs: code.accountIDs, resources: code.resources, installationID: installationID, createdAt: exchange.now, expiresAt: end,
            idleExpiresAt: lifetimes.idleEnd(usedAt: exchange.now, familyEndsAt: end), redirectURI: code.redirectURI,
            userAgent: code.userAgent, authenticatedAt: code.authenticatedAt, audience: code.audience)
    }

    // MARK: RFC 6749 §6

    private func refresh(_ request: TokenRequest.Refresh, _ client: Client, _ exchange: Exchange) async throws -> Answer {
        let lifetimes = deployment.settings.lifetimes
        guard let token = try await deployment.refreshToken(request.token.reveal()),
            let before = try await deployment.standing(token.familyID),
            // RFC 6749 §6: bound to the client that it was issued to; a foreign one changes nothing.
            before.client.id == client.id
        else { throw TokenError.invalidGrant("The refresh token is unknown.") }
        let wanted = try RefreshScope.selection(request.scope, family: before.family)
        try requireResource(request.resources, before)
        _ = try requireAuthority(before, scopes: wanted, exchange)

        let idleEnd = lifetimes.idleEnd(usedAt: exchange.now, familyEndsAt: before.family.expiresAt)
        let outcome = try await deployment.store.rotate(
            token.familyID, generation: token.generation, grace: lifetimes.refreshGrace, idleExpiresAt: idleEnd,
            actor: exchange.actor(nil, clientID: client.id), now: exchange.now)
        var standing = before
        let rotatedAt: Int64
        switch outcome {
        case .rotated(let generation):
            standing.family.generation = generation
            standing.family.idleExpiresAt = idleEnd
            standing.family.rotatedAt = exchange.now
            rotatedAt = exchange.now
            deployment.standings.rotated(token.familyID, generation: generation, idleExpiresAt: idleEnd, at: exchange.now)
        case .replayed(let generation, let at):
            standing.family.generation = generation
            rotatedAt = at
            deployment.metrics.graceReplays.add()
        case .reused:
            deployment.metrics.reuseDetected.add()
            throw TokenError.invalidGrant("The refresh token was used before. Its installation has been ended.")
        case .ended: throw TokenError.invalidGrant("The refresh token has ended.")
        }
        // What the user took away while this request ran is not given back by it. What ended after the rotation, perhaps because the
        // token that it used up came once more, is answered all the same: the tokens are good for nothing.
        guard let now = try await deployment.standing(token.familyID) else { throw TokenError.invalidGrant("The refresh token has ended.") }
        standing.authorization = now.authorization
        standing.policies = now.policies
        standing.family.scopes = now.family.scopes
        standing.family.accountIDs = now.family.accountIDs
        standing.reach = now.reach
        if case .replayed = outcome { standing.family.revokedAt = now.family.revokedAt }
        let scopes = wanted.intersection(standing.family.scopes)
        let authority = try requireAuthority(standing, scopes: scopes, exchange)
        let selection = ScopeSelection(selecting: wanted, from: standing.family.originalScopes)
        return try tokens(standing, authority, selection: selection, rotatedAt: rotatedAt, nonce: nil, for: .refreshToken, exchange)
    }

    // MARK: The answer

    private func requireResource(_ resources: [String], _ standing: Standing) throws(TokenError) {
        // RFC 8707 §2.2: at refresh the resource may be named again, not changed.
        for resource in resources where !ResourceIdentifier.matches(resource, standing.family.audience) {
            throw .invalidTarget("The resource was not part of the authorization.")
        }
    }

    private func requireAuthority(_ standing: Standing, scopes: ScopeSet, _ exchange: Exchange) throws(TokenError) -> Authority {
        switch Authority.of(standing, tokenScopes: scopes, tokenID: nil, now: exchange.now) {
        case .success(let authority): return authority
        case .failure(let inactive): throw Self.refusal(inactive)
        }
    }

    /// RFC 6749 §5.2: apps throw a refresh token away at `invalid_grant`; one of a frozen client is good again after it.
    private static func refusal(_ inactive: Inactive) -> TokenError {
        inactive == .clientFrozen ? .unauthorizedClient(inactive.description) : .invalidGrant(inactive.description)
    }

    private func tokens(
        _ standing: Standing, _ authority: Authority, selection: ScopeSelection, rotatedAt: Int64, nonce: String?,
        for grant: Client.GrantType, _ exchange: Exchange
    ) throws -> Answer {
        let family = standing.family
        let lifetime = deployment.settings.lifetimes.accessLifetime(
            familyEndsAt: family.expiresAt, policyEndsAt: authority.policyEndsAt, now: exchange.now)
        let access = try deployment.issuedAccessToken(standing, authority, selection: selection, lifetime: lifetime, exchange)
        var response = TokenResponse(accessToken: access, expiresIn: lifetime, scope: authority.scopes)
        if standing.client.issuesRefreshTokens {
            response.refreshToken = try RefreshToken(familyID: family.id, generation: family.generation)
                .text(keys: deployment.keys.mac, issuedAt: rotatedAt)
        }
        if family.originalScopes.contains("openid"), authority.scopes.contains("openid") {
            response.idToken = try deployment.issuedIDToken(standing, authority, accessToken: access, nonce: nonce, exchange)
        }
        deployment.usage.issued(grant, standing.client.id, at: exchange.now)
        deployment.metrics.issued(grant)
        return .json(.ok, response.bytes)
    }
}
