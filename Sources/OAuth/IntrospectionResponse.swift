/// The answer of the introspection endpoint about an active token (RFC 7662 §2.2).
public struct IntrospectionResponse: Sendable {
    /// About any token that is not active: nothing else is said (RFC 7662 §2.2).
    public static let inactive = Array(#"{"active":false}"#.utf8)

    public var scope: ScopeSet
    public var clientID: Identifier
    public var subject: Identifier
    public var username: String?
    /// `Bearer`; nil for a refresh token, which is no token of RFC 6749 §7.1.
    public var tokenType: String?
    /// Epoch seconds, here and below.
    public var expiresAt: Int64
    public var issuedAt: Int64
    public var audience: String
    public var issuer: String
    /// nil for a refresh token.
    public var tokenID: UInt64?
    /// The installation that the token belongs to, as the user's list shows it.
    public var installationID: Identifier

    public init(
        scope: ScopeSet, clientID: Identifier, subject: Identifier, username: String?, tokenType: String?, expiresAt: Int64,
        issuedAt: Int64, audience: String, issuer: String, tokenID: UInt64?, installationID: Identifier
    ) {
        self.scope = scope
        self.clientID = clientID
        self.subject = subject
        self.username = username
        self.tokenType = tokenType
        self.expiresAt = expiresAt
        self.issuedAt = issuedAt
        self.audience = audience
        self.issuer = issuer
        self.tokenID = tokenID
        self.installationID = installationID
    }

    /// - Parameters:
    ///   - length: about how many bytes of details there are.
    ///   - details: writes `authorization_details`, the text of a JSON array (RFC 9396 §9.2). It can be long, so it is written in place.
    public func bytes(length: Int, details: (inout [UInt8]) -> Void) -> [UInt8] {
        var members = JSONMembers(reserving: 768 + length)
        members.append("active", JSON.bool(true))
        members.append("scope", scope.description)
        members.append("client_id", clientID.description)
        members.append("sub", subject.description)
        if let username { members.append("username", username) }
        if let tokenType { members.append("token_type", tokenType) }
        members.append("exp", expiresAt)
        members.append("iat", issuedAt)
        members.append("aud", audience)
        members.append("iss", issuer)
        if let tokenID { members.append("jti", TokenIdentifier(owner: installationID, tokenID: tokenID).text) }
        members.append("installation", installationID.description)
        members.append("authorization_details", writing: details)
        return members.finish()
    }
}
