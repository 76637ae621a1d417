import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// Making the credentials that an endpoint hands out, and the links that it names.
extension Deployment {
    /// The text of a new access token in the form that the settings ask for.
    func issuedAccessToken(
        _ standing: Standing, _ authority: Authority, selection: ScopeSelection, lifetime: Int64, _ exchange: Exchange
    ) throws -> String {
        let token = AccessToken(
            familyID: standing.family.id, tokenID: random.word(), issuedAt: exchange.now, lifetime: UInt32(clamping: lifetime),
            selection: selection, audience: nil)
        switch settings.accessTokenFormat {
        case .opaque: return try token.text(keys: keys.mac)
        case .jwt:
            return try JWTAccessToken(
                token: token, issuer: settings.issuer, subject: standing.user.id, clientID: standing.client.id,
                audience: standing.family.audience, scope: authority.scopes, authenticatedAt: standing.family.authenticatedAt,
                installationID: standing.family.installationID, authorizationDetails: authority.authorizationDetails
            ).text(keys: keys.signing, algorithm: .es256)
        }
    }

    /// OpenID Connect Core §2; profile claims are at userinfo and, as far as the scopes go, here.
    func issuedIDToken(
        _ standing: Standing, _ authority: Authority, accessToken: String, nonce: String?, _ exchange: Exchange
    ) throws -> String {
        var token = IDToken(
            issuer: settings.issuer, subject: standing.user.id, audience: standing.client.id, issuedAt: exchange.now,
            expiresAt: exchange.now + 3600, authenticatedAt: standing.family.authenticatedAt, nonce: nonce, accessToken: accessToken)
        if authority.scopes.contains("profile") {
            token.name = standing.user.name
            token.preferredUsername = standing.user.email
        }
        if authority.scopes.contains("email") { token.email = standing.user.email }
        return try token.text(keys: keys.signing, algorithm: standing.client.idTokenAlgorithm)
    }

    /// Who an ID token that was issued here names; it may have expired (OpenID Connect Core §3.1.2.1).
    func hint(_ text: String) -> (userID: Identifier, clientID: Identifier)? {
        guard let hint = IDToken.Hint(text, keys: keys.signing, issuer: settings.issuer) else { return nil }
        return (hint.subject, hint.audience)
    }

    func user(hintedBy text: String, clientID: Identifier) -> Identifier? {
        guard let hint = hint(text), hint.clientID == clientID else { return nil }
        return hint.userID
    }

    /// Where the user can grant what was missing; the app adds its redirect URI, state and challenge.
    func authorizeURL(clientID: Identifier, scopes: ScopeSet, account: String? = nil) -> String {
        var fields = [("response_type", "code"), ("client_id", clientID.description)]
        if !scopes.isEmpty { fields.append(("scope", scopes.description)) }
        if let account { fields.append(("account", account)) }
        return url("/oauth2/auth?") + Parameters.encode(fields)
    }

    /// Where a member of an account can ask its administrators to let an app in.
    /// - Parameter scopes: what it is wanted for in particular.
    func appRequestURL(accountID: Identifier, clientID: Identifier, scopes: ScopeSet = []) -> String {
        var fields = [("account", accountID.description), ("client", clientID.description)]
        if !scopes.isEmpty { fields.append(("scope", scopes.description)) }
        return url("/app-requests/new?") + Parameters.encode(fields)
    }

    /// Where a request to the protected API came from, as the gateway says it: the last hop before it.
    func callerAddress(_ exchange: Exchange) -> String {
        guard let last = exchange.request.headers[.xForwardedFor]?.split(separator: ",").last else { return exchange.address }
        let address = String(last).trimmed
        let isAddress = address.utf8.count <= 45 && address.allSatisfy { $0.isHexDigit || $0 == "." || $0 == ":" }
        return isAddress && !address.isEmpty ? address : exchange.address
    }
}
