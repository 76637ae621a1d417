/// What an authorization code stands for. The code itself is random and says nothing; this is kept beside its hash.
public struct AuthorizationCode: Sendable, Equatable {
    public var clientID: Identifier
    public var userID: Identifier
    public var authorizationID: Identifier
    /// Where the code was sent to.
    public var redirectURI: String
    /// Whether the authorization request named the redirect URI, so that the token request has to as well.
    public var isRedirectURIExplicit: Bool
    public var challenge: CodeChallenge?
    public var nonce: String?
    public var scopes: ScopeSet
    /// Ascending, each once.
    public var accountIDs: [Identifier]
    /// What was chosen inside of them.
    public var resources: ResourceChoice
    /// The end that the user chose, in epoch seconds; nil: until revoked.
    public var grantExpiresAt: Int64?
    /// When the user last proved who they are, in epoch seconds.
    public var authenticatedAt: Int64
    /// The resource that access is given to (RFC 8707).
    public var audience: String
    public var sessionID: Identifier?
    public var userAgent: String
    /// Epoch seconds, here and below.
    public var createdAt: Int64
    public var expiresAt: Int64

    public init(
        clientID: Identifier, userID: Identifier, authorizationID: Identifier, redirectURI: String, isRedirectURIExplicit: Bool,
        challenge: CodeChallenge?, nonce: String?, scopes: ScopeSet, accountIDs: [Identifier],
        resources: ResourceChoice = .everything, grantExpiresAt: Int64?, authenticatedAt: Int64, audience: String,
        sessionID: Identifier?, userAgent: String, createdAt: Int64, expiresAt: Int64
    ) {
        self.clientID = clientID
        self.userID = userID
        self.authorizationID = authorizationID
        self.redirectURI = redirectURI
        self.isRedirectURIExplicit = isRedirectURIExplicit
        self.challenge = challenge
        self.nonce = nonce
        self.scopes = scopes
        self.accountIDs = accountIDs
        self.resources = resources
        self.grantExpiresAt = grantExpiresAt
        self.authenticatedAt = authenticatedAt
        self.audience = audience
        self.sessionID = sessionID
        self.userAgent = userAgent
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    /// Everything about a token request that a typo or a stranger can get wrong. Nothing is used up by it.
    public func check(_ request: TokenRequest.Code, client: Client, now: Int64) throws(TokenError) {
        // RFC 6749 §4.1.3: issued to the authenticated client. First, so that a stranger learns nothing more.
        if clientID != client.id { throw .invalidGrant("The code is unknown.") }
        if now >= expiresAt { throw .invalidGrant("The code has expired.") }
        try requireRedirectURI(request.redirectURI)
        try requireVerifier(request.verifier)
        for resource in request.resources where !ResourceIdentifier.matches(resource, audience) {
            throw .invalidTarget("The resource was not part of the authorization.")
        }
    }

    /// RFC 6749 §4.1.3: `redirect_uri` is required where the authorization request had it, and identical.
    private func requireRedirectURI(_ sent: String?) throws(TokenError) {
        if sent == redirectURI || sent == nil && !isRedirectURIExplicit { return }
        throw .invalidGrant("The redirect_uri is not the one of the authorization request.")
    }

    /// RFC 7636 §4.6; RFC 9700 §2.1.1: a verifier without a challenge is refused too, or PKCE could be taken away.
    private func requireVerifier(_ verifier: Secret<String>?) throws(TokenError) {
        switch (challenge, verifier) {
        case (nil, nil): return
        case (nil, _?): throw .invalidGrant("A code_verifier was sent, but the authorization request had no code_challenge.")
        case (_?, nil): throw .invalidGrant("The code_verifier is missing.")
        case (let challenge?, let verifier?):
            if !challenge.isMet(by: verifier.reveal()) { throw .invalidGrant("The code_verifier does not match the code_challenge.") }
        }
    }
}

// MARK: - The stored form

extension AuthorizationCode {
    public init?(json: JSON) {
        func identifier(_ name: String) -> Identifier? { json[name]?.stringValue.flatMap { Identifier($0) } }
        guard let clientID = identifier("client_id"), let userID = identifier("user_id"),
            let authorizationID = identifier("authorization_id"), let redirectURI = json["redirect_uri"]?.stringValue,
            let isExplicit = json["redirect_uri_explicit"]?.boolValue, let scopes = json["scope"]?.stringValue,
            let accounts = json["accounts"]?.stringsValue, let authenticatedAt = json["authenticated_at"]?.integerValue,
            let audience = json["audience"]?.stringValue, let userAgent = json["user_agent"]?.stringValue,
            let createdAt = json["created_at"]?.integerValue, let expiresAt = json["expires_at"]?.integerValue,
            // A code of the release before had none.
            let resources = ResourceChoice(text: json["resources"]?.stringValue ?? "")
        else { return nil }
        let challenge = json["code_challenge"]?.stringValue
        self.init(
            clientID: clientID, userID: userID, authorizationID: authorizationID, redirectURI: redirectURI,
            isRedirectURIExplicit: isExplicit, challenge: challenge.flatMap { CodeChallenge($0) }, nonce: json["nonce"]?.stringValue,
            scopes: ScopeSet(stored: scopes), accountIDs: accounts.compactMap { Identifier($0) },
            resources: resources, grantExpiresAt: json["grant_expires_at"]?.integerValue, authenticatedAt: authenticatedAt,
            audience: audience,
            sessionID: identifier("session_id"), userAgent: userAgent, createdAt: createdAt, expiresAt: expiresAt)
        // A challenge that cannot be read back must not become a code without one.
        if challenge != nil, self.challenge == nil { return nil }
    }

    public var json: JSON {
        [
            "client_id": .string(clientID.description), "user_id": .string(userID.description),
            "authorization_id": .string(authorizationID.description), "redirect_uri": .string(redirectURI),
            "redirect_uri_explicit": .bool(isRedirectURIExplicit), "code_challenge": JSON(challenge?.text), "nonce": JSON(nonce),
            "scope": .string(scopes.description), "accounts": JSON(accountIDs.map(\.description)),
            "resources": .string(resources.text),
            "grant_expires_at": JSON(grantExpiresAt), "authenticated_at": .integer(authenticatedAt), "audience": .string(audience),
            "session_id": JSON(sessionID?.description), "user_agent": .string(userAgent), "created_at": .integer(createdAt),
            "expires_at": .integer(expiresAt),
        ]
    }
}
