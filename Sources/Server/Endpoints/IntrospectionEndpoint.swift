import Delegation
import HTTPTypes
import OAuth
import Storage

/// `POST /oauth2/introspect` (RFC 7662): what a token is good for now. A pure read.
struct IntrospectionEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Answer {
        let parameters = try await exchange.form()
        let caller = try await deployment.authenticatedCaller(exchange, parameters)
        let text: String
        do {
            guard let token = try parameters.value("token") else {
                throw EndpointError(.badRequest, "invalid_request", "The parameter token is missing.")
            }
            // RFC 7662 §2.1: the hint only speeds the search up, and there is nothing to speed up.
            _ = try parameters.value("token_type_hint")
            text = token
        } catch let error as Parameters.Duplicate {
            throw EndpointError(.badRequest, "invalid_request", error.description)
        }
        return .json(.ok, try await introspect(text, caller, exchange))
    }

    private func introspect(_ text: String, _ caller: Deployment.Caller, _ exchange: Exchange) async throws -> [UInt8] {
        if let token = try await deployment.refreshToken(text) {
            // Another node may have rotated it: the generation is read, never remembered.
            guard let standing = try await deployment.store.standing(token.familyID), caller.maySee(standing),
                standing.family.generation == token.generation,
                case .success(let authority) = Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: nil, now: exchange.now)
            else { return IntrospectionResponse.inactive }
            return response(
                standing, authority, type: nil, issuedAt: standing.family.rotatedAt ?? standing.family.createdAt,
                expiresAt: min(standing.family.expiresAt, standing.family.idleExpiresAt), tokenID: nil)
        }
        guard let (claims, standing) = try await deployment.accessToken(text), caller.maySee(standing), exchange.now < claims.expiresAt,
            case .success(let authority) = Authority.of(
                standing, tokenScopes: claims.scopes(from: standing.family.originalScopes), tokenID: claims.tokenID, now: exchange.now)
        else { return IntrospectionResponse.inactive }
        // A client that looks at its own token has called nothing.
        if case .resourceServer = caller { deployment.usage.introspected(standing, carrying: authority.scopes, at: exchange.now) }
        // RFC 7662 §4: an answer is kept until then, so it must not be good for longer than what it says.
        let end = min(claims.expiresAt, standing.family.expiresAt, authority.policyEndsAt ?? .max)
        return response(
            standing, authority, type: "Bearer", issuedAt: claims.issuedAt, expiresAt: end, tokenID: claims.tokenID)
    }

    private func response(
        _ standing: Standing, _ authority: Authority, type: String?, issuedAt: Int64, expiresAt: Int64, tokenID: UInt64?
    ) -> [UInt8] {
        IntrospectionResponse(
            scope: authority.scopes, clientID: standing.client.id, subject: standing.user.id, username: standing.user.email,
            tokenType: type, expiresAt: expiresAt, issuedAt: issuedAt, audience: standing.family.audience,
            issuer: deployment.settings.issuer.description, tokenID: tokenID, installationID: standing.family.installationID
        ).bytes(length: authority.authorizationDetailsLength) { authority.appendAuthorizationDetails(to: &$0) }
    }
}
