import OAuth
import Testing

/// A request that is right in everything, to be changed in one thing by each test.
private func rightRequest(_ changes: [(String, String?)] = [], adding: [(String, String)] = []) -> Parameters {
    var fields: [(String, String)] = [
        ("response_type", "code"), ("client_id", Fixture.client().id.description), ("redirect_uri", "https://app.example.com/callback"),
        ("scope", "dns.read openid"), ("state", "s"), ("code_challenge", Fixture.challenge), ("code_challenge_method", "S256"),
    ]
    for (name, value) in changes {
        fields.removeAll { $0.0 == name }
        if let value { fields.append((name, value)) }
    }
    return Fixture.parameters(fields + adding)
}

private func request(_ parameters: Parameters, client: Client = Fixture.client()) throws -> AuthorizationRequest {
    let redirectURI = try AuthorizationRequest.redirectURI(parameters, client: client)
    return try AuthorizationRequest(parameters, client: client, redirectURI: redirectURI, resource: Fixture.resource)
}

private func code(of parameters: Parameters, client: Client = Fixture.client()) throws -> AuthorizationError.Code? {
    do {
        _ = try request(parameters, client: client)
        return nil
    } catch let error as AuthorizationError {
        #expect(error.description.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C })
        return error.code
    }
}

@Suite struct AddresseeTests {
    @Test func `the client is named once, by an identifier`() throws {
        #expect(try AuthorizationRequest.clientID(rightRequest()) == Fixture.client().id)
        #expect(throws: AuthorizationPageError.missingClientID) { try AuthorizationRequest.clientID(rightRequest([("client_id", nil)])) }
        #expect(throws: AuthorizationPageError.missingClientID) { try AuthorizationRequest.clientID(rightRequest([("client_id", "")])) }
        #expect(throws: AuthorizationPageError.unknownClient) {
            try AuthorizationRequest.clientID(rightRequest([("client_id", "x' OR 1")]))
        }
        #expect(throws: AuthorizationPageError.duplicate(name: "client_id")) {
            try AuthorizationRequest.clientID(rightRequest(adding: [("client_id", "x")]))
        }
    }

    @Test func `a redirect URI that is not registered is shown here`() {
        #expect(throws: AuthorizationPageError.redirectURINotRegistered(requested: "https://evil.test/")) {
            try AuthorizationRequest.redirectURI(rightRequest([("redirect_uri", "https://evil.test/")]), client: Fixture.client())
        }
        #expect(throws: AuthorizationPageError.duplicate(name: "redirect_uri")) {
            try AuthorizationRequest.redirectURI(rightRequest(adding: [("redirect_uri", "https://evil.test/")]), client: Fixture.client())
        }
    }

    /// RFC 6749 §3.1.2.3; OpenID Connect Core §3.1.2.1.
    @Test func `the only registered URI may be left out, but not with openid`() throws {
        let without = rightRequest([("redirect_uri", nil), ("scope", "dns.read")])
        #expect(try AuthorizationRequest.redirectURI(without, client: Fixture.client()).text == "https://app.example.com/callback")
        #expect(try request(without).redirectURI == nil)
        #expect(throws: AuthorizationPageError.missingRedirectURI) {
            try AuthorizationRequest.redirectURI(rightRequest([("redirect_uri", nil)]), client: Fixture.client())
        }
        let two = Fixture.client(redirectURIs: ["https://app.example.com/callback", "https://app.example.com/other"])
        #expect(throws: AuthorizationPageError.missingRedirectURI) { try AuthorizationRequest.redirectURI(without, client: two) }
    }
}

@Suite struct AuthorizationRequestTests {
    @Test func `a right request is read whole`() throws {
        let request = try request(
            rightRequest(adding: [
                ("nonce", "n"), ("prompt", "login consent"), ("max_age", "60"), ("login_hint", "ada@example.com"), ("id_token_hint", "ey"),
                ("ui_locales", "fr"), ("resource", Fixture.resource), ("resource", Fixture.resource + "/"), ("account", "a1"),
                ("account", "a2"), ("unknown", "x"), ("unknown", "y"), ("response_mode", "query"), ("display", "page"),
            ]))
        #expect(request.clientID == Fixture.client().id)
        #expect(request.redirectURI == "https://app.example.com/callback")
        #expect(request.scopes == ["dns.read", "openid"])
        #expect(request.state == "s")
        #expect(request.nonce == "n")
        #expect(request.codeChallenge?.text == Fixture.challenge)
        #expect(request.prompt == [.login, .consent])
        #expect(request.maxAge == 60)
        #expect(request.loginHint == "ada@example.com")
        #expect(request.idTokenHint == "ey")
        #expect(request.accounts == ["a1", "a2"])
        #expect(AuthorizationRequest(json: try JSON(parsing: request.json.text)) == request)
    }

    @Test func `what was left out is nil, in the stored form too`() throws {
        let request = try request(rightRequest([("state", nil)]))
        #expect(request.state == nil && request.nonce == nil && request.maxAge == nil && request.prompt.isEmpty)
        #expect(AuthorizationRequest(json: try JSON(parsing: request.json.text)) == request)
    }

    @Test(
        arguments: [
            ([("response_type", nil)], .invalidRequest), ([("response_type", "token")], .unsupportedResponseType),
            ([("response_type", "code id_token")], .unsupportedResponseType), ([("response_mode", "form_post")], .invalidRequest),
            ([("response_mode", "fragment")], .invalidRequest), ([("request", "ey")], .requestNotSupported),
            ([("request_uri", "https://x")], .requestURINotSupported), ([("registration", "{}")], .registrationNotSupported),
            ([("code_challenge", nil)], .invalidRequest), ([("code_challenge", nil), ("code_challenge_method", nil)], .invalidRequest),
            ([("code_challenge_method", nil)], .invalidRequest), ([("code_challenge_method", "plain")], .invalidRequest),
            ([("code_challenge_method", "s256")], .invalidRequest), ([("code_challenge", "short")], .invalidRequest),
            ([("code_challenge", String(repeating: "=", count: 43))], .invalidRequest), ([("scope", "dns.read nope")], .invalidScope),
            ([("scope", "dns.read \"")], .invalidScope), ([("scope", "dns.réad")], .invalidScope),
            ([("prompt", "none login")], .invalidRequest),
            ([("prompt", "create")], .invalidRequest), ([("max_age", "-1")], .invalidRequest), ([("max_age", "1.5")], .invalidRequest),
            ([("max_age", "+1")], .invalidRequest), ([("max_age", "99999999999999999999")], .invalidRequest),
            ([("resource", "https://other.example.com")], .invalidTarget), ([("resource", Fixture.resource + "#x")], .invalidTarget),
            ([("state", String(repeating: "x", count: 4097))], .invalidRequest),
            ([("nonce", String(repeating: "x", count: 4097))], .invalidRequest),
        ] as [([(String, String?)], AuthorizationError.Code)])
    func `each mistake has its code`(changes: [(String, String?)], expected: AuthorizationError.Code) throws {
        #expect(try code(of: rightRequest(changes)) == expected)
    }

    @Test(arguments: [
        "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age", "login_hint",
        "id_token_hint", "response_mode", "request", "ui_locales",
    ])
    func `a parameter given twice is refused`(name: String) throws {
        let value = try rightRequest().value(name) ?? "x"
        #expect(try code(of: rightRequest(adding: [(name, value), (name, value)])) == .invalidRequest)
    }

    @Test func `one resource of several that is unknown is refused`() throws {
        #expect(try code(of: rightRequest(adding: [("resource", Fixture.resource), ("resource", "https://x")])) == .invalidTarget)
    }

    @Test(arguments: [384, 4096])
    func `a long state or nonce survives whole`(length: Int) throws {
        let text = String(repeating: "x", count: length)
        let request = try request(rightRequest([("state", text), ("nonce", text)]))
        #expect(request.state == text)
        #expect(request.nonce == text)
    }

    @Test func `a client without the code grant is told so`() throws {
        #expect(try code(of: rightRequest(), client: Fixture.client(grants: [.refreshToken])) == .unauthorizedClient)
    }

    /// CVE-2024-23647, CVE-2023-48228: leaving the challenge out does not switch PKCE off.
    @Test func `PKCE can be left out by a confidential client that is marked so, and by nobody else`() throws {
        let without = rightRequest([("code_challenge", nil), ("code_challenge_method", nil)])
        #expect(try code(of: without, client: Fixture.client(requiresPKCE: false)) == nil)
        #expect(try code(of: without, client: Fixture.client(requiresPKCE: true)) == .invalidRequest)
        #expect(try code(of: without, client: Fixture.client(method: .none, requiresPKCE: false)) == .invalidRequest)
        let half = rightRequest([("code_challenge", nil)])
        #expect(try code(of: half, client: Fixture.client(requiresPKCE: false)) == .invalidRequest)
    }

    @Test(
        arguments: [
            (nil, ["dns.read", "dns.write", "zone.read"]), ("", ["dns.read", "dns.write", "zone.read"]), ("openid", ["openid"]),
            ("openid address phone", ["openid"]),
            ("openid profile email offline_access", ["openid", "profile", "email", "offline_access"]),
            ("dns.read  dns.read", ["dns.read"]),
        ] as [(String?, ScopeSet)])
    func `scopes`(scope: String?, expected: ScopeSet) throws {
        #expect(try request(rightRequest([("scope", scope)])).scopes == expected)
    }

    @Test func `offline_access is dropped where no refresh token is given`() throws {
        let client = Fixture.client(grants: [.authorizationCode])
        #expect(try request(rightRequest([("scope", "openid offline_access")]), client: client).scopes == ["openid"])
    }

    @Test func `the redirect URI is verified again later`() throws {
        let request = try request(rightRequest())
        #expect(try request.verifiedRedirectURI(client: Fixture.client()).text == "https://app.example.com/callback")
        #expect(throws: AuthorizationPageError.self) {
            try request.verifiedRedirectURI(client: Fixture.client(redirectURIs: ["https://new.example.com/"]))
        }
    }

    @Test func `a stored request whose challenge was damaged is not read as one without`() throws {
        var json = try #require(try request(rightRequest()).json.objectValue)
        json["code_challenge"] = "damaged"
        #expect(AuthorizationRequest(json: .object(json)) == nil)
        json["code_challenge"] = .null
        #expect(AuthorizationRequest(json: .object(json))?.codeChallenge == nil)
    }
}

@Suite struct CodeChallengeTests {
    /// RFC 7636 appendix B.
    @Test func `RFC 7636 appendix B`() throws {
        let challenge = try #require(CodeChallenge(Fixture.challenge))
        #expect(challenge.isMet(by: Fixture.verifier))
        for variant in variants(of: Fixture.verifier) { #expect(!challenge.isMet(by: variant)) }
        #expect(!challenge.isMet(by: Fixture.challenge))
    }

    @Test(arguments: [42, 129])
    func `the syntax has bounds`(length: Int) {
        #expect(CodeChallenge(String(repeating: "a", count: length)) == nil)
    }

    @Test(arguments: ["=", "+", "/", " ", "é", "%"])
    func `only unreserved characters`(character: String) {
        #expect(CodeChallenge(String(repeating: "a", count: 43) + character) == nil)
    }
}
