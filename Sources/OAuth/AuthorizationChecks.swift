/// The checks of an authorization request after its client and redirect URI are known, each a verb.
struct AuthorizationChecks {
    let parameters: Parameters
    let client: Client

    /// Longest values in bytes. State and nonce of 384 characters are in use; ID tokens are long.
    private static let limits: [(name: String, length: Int)] = [
        ("response_type", 64), ("response_mode", 64), ("client_id", 64), ("redirect_uri", RedirectURI.maximumLength), ("scope", 16 * 1024),
        ("state", 4096), ("nonce", 4096), ("code_challenge", 128), ("code_challenge_method", 64), ("prompt", 256), ("max_age", 20),
        ("login_hint", 512), ("id_token_hint", 8192), ("ui_locales", 512), ("request", 32 * 1024), ("request_uri", 4096),
        ("registration", 16 * 1024),
    ]

    func value(_ name: String) throws(AuthorizationError) -> String? {
        do {
            return try parameters.value(name)
        } catch {
            throw AuthorizationError(error)
        }
    }

    /// RFC 6749 §3.1: parameters must not be included more than once. `resource` may (RFC 8707 §2), and so may our `account`.
    func requireEachOnce() throws(AuthorizationError) {
        for name in Self.limits.map(\.name) + ["resource", "account"] where parameters.unreadable.contains(name) {
            throw .invalidRequest("The parameter \(name) cannot be read: it should be UTF-8 in percent-encoding.")
        }
        for (name, _) in Self.limits { _ = try value(name) }
    }

    func requireLengths() throws(AuthorizationError) {
        for (name, length) in Self.limits {
            if let value = try value(name), value.utf8.count > length { throw .invalidRequest("The parameter \(name) is too long.") }
        }
        for name in ["resource", "account"] where parameters.all(name).contains(where: { $0.utf8.count > 2048 }) {
            throw .invalidRequest("The parameter \(name) is too long.")
        }
        if parameters.all("account").count > Self.maximumAccounts { throw .invalidRequest("There are too many accounts to preselect.") }
    }

    /// What is asked is kept until it is decided, so it is bounded.
    private static let maximumAccounts = 100

    /// OpenID Connect Core §3.1.2.6: what is not supported is answered by its own error, not ignored.
    func refuseRequestObjects() throws(AuthorizationError) {
        if try value("request") != nil { throw AuthorizationError(.requestNotSupported, "The parameter request is not supported.") }
        if try value("request_uri") != nil {
            throw AuthorizationError(.requestURINotSupported, "The parameter request_uri is not supported.")
        }
        if try value("registration") != nil {
            throw AuthorizationError(.registrationNotSupported, "The parameter registration is not supported.")
        }
    }

    func requireCodeGrant() throws(AuthorizationError) {
        if !client.grantTypes.contains(.authorizationCode) {
            throw AuthorizationError(.unauthorizedClient, "The client is not registered for the authorization code grant.")
        }
    }

    /// RFC 6749 §3.1.1; RFC 9700 §2.1.2: no implicit grant.
    func requireResponseType() throws(AuthorizationError) {
        guard let type = try value("response_type") else { throw .invalidRequest("The parameter response_type is missing.") }
        if type != "code" { throw AuthorizationError(.unsupportedResponseType, "The response_type should be code.") }
    }

    func requireResponseMode() throws(AuthorizationError) {
        if let mode = try value("response_mode"), mode != "query" { throw .invalidRequest("The response_mode should be query.") }
    }

    /// RFC 8707 §2: `invalid_target` where the resource is unknown.
    func requireResource(_ accepted: String) throws(AuthorizationError) {
        for resource in parameters.all("resource") where !ResourceIdentifier.matches(resource, accepted) {
            throw AuthorizationError(.invalidTarget, "The resource is not one that access can be given to here.")
        }
    }

    func scopes() throws(AuthorizationError) -> ScopeSet {
        let requested: ScopeSet
        if let text = try value("scope") {
            guard let scopes = ScopeSet(parameter: text) else {
                throw AuthorizationError(.invalidScope, "The scope has characters that no scope may have.")
            }
            requested = scopes
        } else {
            requested = []
        }
        // OpenID Connect Core §5.4: these two may be asked for and carry no claims here.
        let asked = requested.subtracting(["address", "phone"])
        guard asked.isSubset(of: client.scopes.union(ScopeSet.protocolScopes)) else {
            throw AuthorizationError(.invalidScope, "The scope names what the client is not registered for or what does not exist.")
        }
        // RFC 6749 §3.3: without a scope the default is used, which is all that the client has.
        let scopes = requested.isEmpty ? client.scopes : asked
        return client.issuesRefreshTokens ? scopes : scopes.subtracting(["offline_access"])
    }

    /// RFC 7636 §4.4.1; RFC 9700 §2.1.1.
    func codeChallenge() throws(AuthorizationError) -> CodeChallenge? {
        let method = try value("code_challenge_method")
        guard let text = try value("code_challenge") else {
            if method != nil { throw .invalidRequest("The parameter code_challenge is missing.") }
            if client.requiresPKCE || client.isPublicClient {
                throw .invalidRequest("The client has to use PKCE: send code_challenge and code_challenge_method=S256.")
            }
            return nil
        }
        // A missing method means plain (RFC 7636 §4.3), which protects nothing once the request leaks.
        guard method == CodeChallenge.method else { throw .invalidRequest("The code_challenge_method should be S256.") }
        guard let challenge = CodeChallenge(text) else {
            throw .invalidRequest("The code_challenge should be 43 to 128 letters, digits, or - . _ ~ (RFC 7636).")
        }
        return challenge
    }

    /// OpenID Connect Core §3.1.2.1: `none` stands alone.
    func prompt() throws(AuthorizationError) -> Set<AuthorizationRequest.Prompt> {
        var prompts: Set<AuthorizationRequest.Prompt> = []
        for word in (try value("prompt") ?? "").split(separator: " ") {
            guard let prompt = AuthorizationRequest.Prompt(rawValue: String(word)) else {
                throw .invalidRequest("The prompt should be made of none, login, consent and select_account.")
            }
            prompts.insert(prompt)
        }
        if prompts.contains(.none), prompts.count > 1 { throw .invalidRequest("The prompt none cannot stand with others.") }
        return prompts
    }

    func maxAge() throws(AuthorizationError) -> Int64? {
        guard let text = try value("max_age") else { return nil }
        guard text.utf8.allSatisfy(URLText.isDigit), let seconds = Int64(text) else {
            throw .invalidRequest("The max_age should be a number of seconds.")
        }
        return seconds
    }
}
