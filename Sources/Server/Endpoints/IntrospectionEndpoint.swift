import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `POST /oauth2/introspect` (RFC 7662): what a token is good for now. A pure read.
struct IntrospectionEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        let parameters = try await exchange.form()
        let caller = try await deployment.authenticatedCaller(exchange, parameters)
        let text = try token(parameters)
        if let token = try await deployment.refreshToken(text) { return try await refreshToken(token, caller, exchange).response }
        guard let (claims, standing) = try await deployment.accessToken(text) else { return Self.inactive.response }
        return accessToken(claims, standing, caller, exchange).response
    }

    /// For an access token and a caller that are in memory, which is almost every call.
    func answerAtOnce(_ exchange: Exchange) throws -> Answer? {
        let parameters = try exchange.formAtOnce()
        guard let caller = try deployment.rememberedCaller(exchange, parameters) else { return nil }
        let text = try token(parameters)
        guard let claims = deployment.claims(text) else {
            return RefreshToken(text, keys: deployment.keys.mac) == nil && !deployment.keys.lackKey(of: text) ? Self.inactive : nil
        }
        guard let standing = deployment.standings.lookup(claims.familyID).standing, exchange.now < standing.family.idleExpiresAt else {
            return nil
        }
        return accessToken(claims, standing, caller, exchange)
    }

    private func token(_ parameters: Parameters) throws -> String {
        do {
            guard let token = try parameters.value("token") else {
                throw EndpointError(.badRequest, "invalid_request", "The parameter token is missing.")
            }
            // RFC 7662 §2.1: the hint only speeds the search up, and there is nothing to speed up.
            _ = try parameters.value("token_type_hint")
            return token
        } catch let error as Parameters.Duplicate {
            throw EndpointError(.badRequest, "invalid_request", error.description)
        }
    }

    private func refreshToken(_ token: RefreshToken, _ caller: Deployment.Caller, _ exchange: Exchange) async throws -> Answer {
        // Another node may have rotated it: the generation is read, never remembered.
        guard let standing = try await deployment.store.standing(token.familyID), caller.maySee(standing),
            standing.family.generation == token.generation,
            case .success(let authority) = Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: nil, now: exchange.now)
        else { return Self.inactive }
        return active(
            standing, authority, type: nil, issuedAt: standing.family.rotatedAt ?? standing.family.createdAt,
            expiresAt: min(standing.family.expiresAt, standing.family.idleExpiresAt), tokenID: nil)
    }

    private func accessToken(_ claims: TokenClaims, _ standing: Standing, _ caller: Deployment.Caller, _ exchange: Exchange) -> Answer {
        guard caller.maySee(standing), exchange.now < claims.expiresAt,
            case .success(let authority) = Authority.of(
                standing, tokenScopes: claims.scopes(from: standing.family.originalScopes), tokenID: claims.tokenID, now: exchange.now)
        else { return Self.inactive }
        // A client that looks at its own token has called nothing.
        if case .resourceServer = caller { deployment.usage.introspected(standing, carrying: authority.scopes, at: exchange.now) }
        return active(
            standing, authority, type: "Bearer", issuedAt: claims.issuedAt, expiresAt: min(claims.expiresAt, standing.family.expiresAt),
            tokenID: claims.tokenID)
    }

    private static let inactive = Answer.json(.ok, IntrospectionResponse.inactive)

    private func active(
        _ standing: Standing, _ authority: Authority, type: String?, issuedAt: Int64, expiresAt: Int64, tokenID: UInt64?
    ) -> Answer {
        .json(
            .ok,
            IntrospectionResponse(
                scope: authority.scopes, clientID: standing.client.id, subject: standing.user.id, username: standing.user.email,
                tokenType: type, expiresAt: expiresAt, issuedAt: issuedAt, audience: standing.family.audience,
                issuer: deployment.settings.issuer.description, tokenID: tokenID, installationID: standing.family.installationID,
                authorizationDetails: authority.authorizationDetails
            ).bytes)
    }
}
