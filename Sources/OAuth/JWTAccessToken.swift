/// An access token that a resource server can check for itself (RFC 9068).
public struct JWTAccessToken: Sendable, Equatable {
    public let token: AccessToken
    public let issuer: Issuer
    public let subject: Identifier
    public let clientID: Identifier
    public let audience: String
    public let scope: ScopeSet
    /// Epoch seconds.
    public let authenticatedAt: Int64
    /// The installation that the token belongs to, as introspection names it.
    public let installationID: Identifier?
    /// RFC 9396 §9.1: a JSON array. Too long a one stands in no token; introspection has it.
    public let authorizationDetails: [UInt8]?

    /// Bytes of `authorization_details` that a token carries at most.
    public static let longestDetails = 2048

    public init(
        token: AccessToken, issuer: Issuer, subject: Identifier, clientID: Identifier, audience: String, scope: ScopeSet,
        authenticatedAt: Int64, installationID: Identifier? = nil, authorizationDetails: [UInt8]? = nil
    ) {
        self.token = token
        self.issuer = issuer
        self.subject = subject
        self.clientID = clientID
        self.audience = audience
        self.scope = scope
        self.authenticatedAt = authenticatedAt
        self.installationID = installationID
        self.authorizationDetails = authorizationDetails.flatMap { $0.count <= Self.longestDetails ? $0 : nil }
    }

    /// Reads a token that one of the keys signed as an access token of this issuer; nil for anything else.
    /// It may have expired: `claims` says when.
    public init?(_ text: String, keys: SigningKeyRing, issuer: Issuer) {
        guard let claims = keys.verify(text, type: Self.type), claims["iss"]?.stringValue == issuer.description,
            let subject = claims["sub"]?.stringValue.flatMap({ Identifier($0) }), let audience = claims["aud"]?.stringValue,
            let expiresAt = claims["exp"]?.integerValue, let issuedAt = claims["iat"]?.integerValue,
            let identifier = claims["jti"]?.stringValue.flatMap({ TokenIdentifier($0) }),
            let clientID = claims["client_id"]?.stringValue.flatMap({ Identifier($0) }), let scope = claims["scope"]?.stringValue,
            let authenticatedAt = claims["auth_time"]?.integerValue, let lifetime = UInt32(exactly: expiresAt - issuedAt)
        else { return nil }
        let token = AccessToken(
            familyID: identifier.owner, tokenID: identifier.tokenID, issuedAt: issuedAt, lifetime: lifetime, selection: .all,
            audience: audience)
        self.init(
            token: token, issuer: issuer, subject: subject, clientID: clientID, audience: audience, scope: ScopeSet(stored: scope),
            authenticatedAt: authenticatedAt)
    }

    /// RFC 9068 §2.2.
    /// - Throws: `KeyUnavailable` where no key of that algorithm is active.
    public func text(keys: SigningKeyRing, algorithm: SigningAlgorithm) throws -> String {
        var claims: JSONObject = [
            "iss": .string(issuer.description), "sub": .string(subject.description), "aud": .string(audience),
            "exp": .integer(token.issuedAt + Int64(token.lifetime)), "iat": .integer(token.issuedAt),
            "jti": .string(TokenIdentifier(owner: token.familyID, tokenID: token.tokenID).text),
            "client_id": .string(clientID.description), "scope": .string(scope.description), "auth_time": .integer(authenticatedAt),
        ]
        if let installationID { claims["installation"] = .string(installationID.description) }
        if let details = authorizationDetails.flatMap({ try? JSON(parsing: $0) }) { claims["authorization_details"] = details }
        return try keys.current(for: algorithm, at: token.issuedAt).sign(type: Self.type, claims: claims)
    }

    public var claims: TokenClaims {
        TokenClaims(
            familyID: token.familyID, tokenID: token.tokenID, issuedAt: token.issuedAt,
            expiresAt: token.issuedAt + Int64(token.lifetime), scopes: .labels(scope), audience: audience)
    }

    /// RFC 9068 §2.1.
    private static let type = "at+jwt"
}
