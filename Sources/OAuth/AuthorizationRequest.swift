/// A checked authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core §3.1.2.1, RFC 8707 §2).
///
/// It is read in two steps. Client and redirect URI come first (`clientID`, `redirectURI`): until both hold, whatever is
/// wrong is shown here. Everything else comes after, and whatever is wrong with it goes to the verified URI.
public struct AuthorizationRequest: Sendable, Equatable {
    /// OpenID Connect Core §3.1.2.1 `prompt`.
    public enum Prompt: String, Sendable, CaseIterable {
        case none, login, consent
        case selectAccount = "select_account"
    }

    public let clientID: Identifier
    /// As it was sent; nil where it was left out, which binds the token request too (RFC 6749 §4.1.3).
    public let redirectURI: String?
    public let scopes: ScopeSet
    public let state: String?
    public let nonce: String?
    public let codeChallenge: CodeChallenge?
    public let prompt: Set<Prompt>
    /// Seconds since the user last proved who they are.
    public let maxAge: Int64?
    public let loginHint: String?
    public let idTokenHint: String?
    /// Accounts to preselect, as the request names them; a parameter of our own.
    public let accounts: [String]

    /// The client that the request names.
    public static func clientID(_ parameters: Parameters) throws(AuthorizationPageError) -> Identifier {
        guard let text = try pageValue("client_id", parameters) else { throw .missingClientID }
        guard let id = Identifier(text) else { throw .unknownClient }
        return id
    }

    /// The redirect URI that the request names or leaves to the registration.
    public static func redirectURI(_ parameters: Parameters, client: Client) throws(AuthorizationPageError) -> RedirectURI.Verified {
        if let requested = try pageValue("redirect_uri", parameters) {
            return try RedirectURI.match(requested: requested, registered: client.redirectURIs)
        }
        // RFC 6749 §3.1.2.3: it may be left out where one alone is registered; OpenID Connect Core §3.1.2.1: never with openid.
        let isOpenID = parameters.all("scope").contains { $0.split(separator: " ").contains("openid") }
        guard !isOpenID, client.redirectURIs.count == 1 else { throw .missingRedirectURI }
        return try RedirectURI.match(requested: client.redirectURIs[0], registered: client.redirectURIs)
    }

    /// Checks all that is left, in an order that names the most basic mistake first.
    /// - Parameters:
    ///   - redirectURI: proof that the error can be sent to the client.
    ///   - resource: the identifier of the protected API.
    public init(
        _ parameters: Parameters, client: Client, redirectURI: RedirectURI.Verified, resource: String
    ) throws(AuthorizationError) {
        let checks = AuthorizationChecks(parameters: parameters, client: client)
        try checks.requireEachOnce()
        try checks.requireLengths()
        try checks.refuseRequestObjects()
        try checks.requireCodeGrant()
        try checks.requireResponseType()
        try checks.requireResponseMode()
        try checks.requireResource(resource)
        clientID = client.id
        self.redirectURI = try checks.value("redirect_uri")
        scopes = try checks.scopes()
        state = try checks.value("state")
        nonce = try checks.value("nonce")
        codeChallenge = try checks.codeChallenge()
        prompt = try checks.prompt()
        maxAge = try checks.maxAge()
        loginHint = try checks.value("login_hint")
        idTokenHint = try checks.value("id_token_hint")
        accounts = parameters.all("account")
    }

    /// Verifies the redirect URI once more, since the registration may have changed while the request waited.
    public func verifiedRedirectURI(client: Client) throws(AuthorizationPageError) -> RedirectURI.Verified {
        if let redirectURI { return try RedirectURI.match(requested: redirectURI, registered: client.redirectURIs) }
        guard client.redirectURIs.count == 1 else { throw .missingRedirectURI }
        return try RedirectURI.match(requested: client.redirectURIs[0], registered: client.redirectURIs)
    }

    private static func pageValue(_ name: String, _ parameters: Parameters) throws(AuthorizationPageError) -> String? {
        if parameters.unreadable.contains(name) { throw .unreadable(name: name) }
        do {
            return try parameters.value(name)
        } catch {
            throw .duplicate(name: name)
        }
    }
}

// MARK: - The stored form

extension AuthorizationRequest {
    public init?(json: JSON) {
        guard let client = json["client_id"]?.stringValue.flatMap({ Identifier($0) }), let scopes = json["scope"]?.stringValue,
            let prompt = json["prompt"]?.stringsValue, let accounts = json["accounts"]?.stringsValue
        else { return nil }
        clientID = client
        redirectURI = json["redirect_uri"]?.stringValue
        self.scopes = ScopeSet(stored: scopes)
        state = json["state"]?.stringValue
        nonce = json["nonce"]?.stringValue
        codeChallenge = json["code_challenge"]?.stringValue.flatMap { CodeChallenge($0) }
        // A challenge that cannot be read back must not become a request without one.
        if let stored = json["code_challenge"], stored != .null, codeChallenge == nil { return nil }
        self.prompt = Set(prompt.compactMap { Prompt(rawValue: $0) })
        maxAge = json["max_age"]?.integerValue
        loginHint = json["login_hint"]?.stringValue
        idTokenHint = json["id_token_hint"]?.stringValue
        self.accounts = accounts
    }

    public var json: JSON {
        [
            "client_id": .string(clientID.description), "redirect_uri": JSON(redirectURI), "scope": .string(scopes.description),
            "state": JSON(state), "nonce": JSON(nonce), "code_challenge": JSON(codeChallenge?.text),
            "prompt": JSON(prompt.map(\.rawValue).sorted()), "max_age": JSON(maxAge), "login_hint": JSON(loginHint),
            "id_token_hint": JSON(idTokenHint), "accounts": JSON(accounts),
        ]
    }
}
