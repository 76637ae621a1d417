/// A successful answer of the token endpoint (RFC 6749 §5.1, OpenID Connect Core §3.1.3.3).
public struct TokenResponse: Sendable {
    public var accessToken: String
    /// Seconds.
    public var expiresIn: Int64
    /// What was granted; it stands in every answer, whether it differs from the request or not.
    public var scope: ScopeSet
    public var refreshToken: String?
    public var idToken: String?

    public init(accessToken: String, expiresIn: Int64, scope: ScopeSet, refreshToken: String? = nil, idToken: String? = nil) {
        self.accessToken = accessToken
        self.expiresIn = expiresIn
        self.scope = scope
        self.refreshToken = refreshToken
        self.idToken = idToken
    }

    public var bytes: [UInt8] {
        var members = JSONMembers(reserving: 1024)
        members.append("access_token", accessToken)
        members.append("token_type", "Bearer")
        members.append("expires_in", expiresIn)
        members.append("scope", scope.description)
        if let refreshToken { members.append("refresh_token", refreshToken) }
        if let idToken { members.append("id_token", idToken) }
        return members.finish()
    }
}
