import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/oauth2/userinfo` (OpenID Connect Core §5.3): claims about the user, as far as the token's scopes go.
struct UserInfoEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        let (standing, authority) = try await deployment.requireAuthority(exchange) { challenge, error, description in
            guard let error else { return EndpointError.missingToken(challenge: challenge) }
            return EndpointError(.unauthorized, error, description, challenge: challenge)
        }
        guard authority.scopes.contains("openid") else {
            throw EndpointError(
                .forbidden, "insufficient_scope", "The access token does not carry the scope openid.",
                challenge: deployment.challenge(error: "insufficient_scope", scope: ["openid"]))
        }
        var claims: JSONObject = ["sub": .string(standing.user.id.description)]
        if authority.scopes.contains("profile") {
            claims["name"] = .string(standing.user.name)
            claims["preferred_username"] = .string(standing.user.email)
        }
        if authority.scopes.contains("email") {
            claims["email"] = .string(standing.user.email)
            claims["email_verified"] = true
        }
        return .json(.ok, .object(claims))
    }
}
