import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// From a token's text to what is known about its family now.
extension Deployment {
    /// What storage knows about a family, from memory where that can be trusted.
    func standing(_ familyID: Identifier) async throws -> Standing? {
        let (known, epoch) = standings.lookup(familyID)
        // Only the node that refreshes a family hears of it: elsewhere its idle end in memory is no reason to refuse anything.
        if let known, now() < known.family.idleExpiresAt { return known }
        guard let loaded = try await store.standing(familyID) else { return nil }
        standings.keep(loaded, loadedIn: epoch)
        return loaded
    }

    /// The claims of an access token of either form, and its family; nil for anything that was not issued here.
    /// Whether it is still good is for `Authority` to say.
    func accessToken(_ text: String) async throws -> (claims: TokenClaims, standing: Standing)? {
        var claims = claims(text)
        if claims == nil, try await learnsKey(of: text) { claims = self.claims(text) }
        guard let claims, let standing = try await standing(claims.familyID) else { return nil }
        return (claims, standing)
    }

    /// A refresh token that was issued here, whatever became of it.
    func refreshToken(_ text: String) async throws -> RefreshToken? {
        guard text.hasPrefix("lkr_") else { return nil }
        if let token = RefreshToken(text, keys: keys.mac) { return token }
        return try await learnsKey(of: text) ? RefreshToken(text, keys: keys.mac) : nil
    }

    /// Another node may have made a token with a key that this one has not heard of yet.
    /// - Returns: whether the keys were read again.
    func learnsKey(of token: String) async throws -> Bool {
        guard keys.lackKey(of: token) else { return false }
        try await keys.reread(from: store)
        return true
    }

    /// The claims alone.
    func claims(_ text: String) -> TokenClaims? {
        if let token = AccessToken(text, keys: keys.mac) { return token.claims }
        if text.hasPrefix("ey"), let token = JWTAccessToken(text, keys: keys.signing, issuer: settings.issuer) { return token.claims }
        return nil
    }

    /// The authority of the bearer token of a request to one of our own endpoints.
    func requireAuthority(
        _ exchange: Exchange, refusal: (_ challenge: String, _ error: String?, _ description: String) -> any Error
    ) async throws -> (standing: Standing, authority: Authority) {
        let text: String
        switch BearerToken.read(exchange.request.headers[values: .authorization]) {
        case .absent: throw refusal(challenge(), nil, "Send an access token.")
        case .malformed: throw invalid("The credential is not a bearer token.", refusal)
        case .token(let token): text = token
        }
        guard let (claims, standing) = try await accessToken(text), exchange.now < claims.expiresAt,
            case .success(let authority) = Authority.of(
                standing, tokenScopes: claims.scopes(from: standing.family.originalScopes), tokenID: claims.tokenID, now: exchange.now)
        else { throw invalid("The access token is unknown, has expired or was revoked.", refusal) }
        uses.record(standing.family.id, at: exchange.now, address: exchange.address)
        usage.called(.own, standing.client.id, at: exchange.now)
        return (standing, authority)
    }

    private func invalid(
        _ description: String, _ refusal: (_ challenge: String, _ error: String?, _ description: String) -> any Error
    ) -> any Error {
        refusal(challenge(error: "invalid_token", description: description), "invalid_token", description)
    }

    static func envelopeRefusal(challenge: String, error: String?, description: String) -> any Error {
        EnvelopeError.unauthorized(description, challenge: challenge)
    }
}
