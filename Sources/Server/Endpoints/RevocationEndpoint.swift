import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `POST /oauth2/revoke` (RFC 7009): a refresh token ends its installation, an access token itself.
/// Unknown and foreign tokens get the same 200 and stay as they are; a store that fails is a 503, never a 200.
struct RevocationEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        let parameters = try await exchange.form()
        let client = try await deployment.authenticatedClient(exchange, parameters)
        let request: RevocationRequest
        do {
            request = try RevocationRequest(parameters)
        } catch {
            throw EndpointError(error)
        }
        try await revoke(request.token.reveal(), client, exchange)
        return .json(.ok, [UInt8]("{}".utf8))
    }

    private func revoke(_ text: String, _ client: Client, _ exchange: Exchange) async throws {
        let actor = exchange.actor(nil, clientID: client.id)
        if let token = try await deployment.refreshToken(text) {
            guard let standing = try await deployment.standing(token.familyID), standing.client.id == client.id else { return }
            _ = try await deployment.store.endFamily(token.familyID, actor: actor, now: exchange.now)
        } else if let (claims, standing) = try await deployment.accessToken(text) {
            guard standing.client.id == client.id, exchange.now < claims.expiresAt else { return }
            try await deployment.store.revokeAccessToken(
                claims.tokenID, familyID: claims.familyID, expiresAt: claims.expiresAt, actor: actor, now: exchange.now)
        }
    }
}
