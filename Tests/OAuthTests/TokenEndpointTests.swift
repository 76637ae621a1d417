import OAuth
import Testing

@Suite struct ClientAuthenticationTests {
    private func read(_ authorization: String?, _ fields: [(String, String)] = []) throws -> ClientAuthentication {
        try ClientAuthentication(authorization: authorization, parameters: Fixture.parameters(fields))
    }

    private func code(_ authorization: String?, _ fields: [(String, String)] = []) -> TokenError.Code? {
        do {
            _ = try read(authorization, fields)
            return nil
        } catch {
            return (error as? TokenError)?.code
        }
    }

    @Test(arguments: ["Basic ", "basic ", "BASIC ", "bAsIc  "])
    func `the scheme is case-insensitive`(scheme: String) throws {
        let presented = try read(scheme + StandardBase64.encode("id:secret"))
        #expect(presented.method == .basic)
        #expect(presented.clientID == "id")
        #expect(presented.matches([Credential.hash("secret")]))
    }

    /// RFC 6749 §2.3.1.
    @Test(arguments: [
        ("a%3Ab:c%20d", "a:b", "c d"), ("a+b:c+d", "a b", "c d"), ("id:s:t", "id", "s:t"), ("id:%C3%A9", "id", "é"),
        ("id:~._-", "id", "~._-"),
    ])
    func `both halves are form-decoded`(text: String, id: String, secret: String) throws {
        let presented = try read("Basic " + StandardBase64.encode(text))
        #expect(presented.clientID == id)
        #expect(presented.matches([Credential.hash(secret)]))
    }

    @Test(arguments: [
        "Basic", "Basic ", "Basic !!!!", "Basic " + StandardBase64.encode("no colon"), "Basic " + StandardBase64.encode("id:%zz"),
        "Basic " + StandardBase64.encode("id:%00"), "Bearer lka_x", "Basic aWQ6c2VjcmV0 x", "",
    ])
    func `what is no Basic credential is invalid_client`(authorization: String) {
        #expect(code(authorization) == .invalidClient)
    }

    @Test func `base64 may come without padding`() throws {
        #expect(try read("Basic aWQ6c2VjcmV0cw").clientID == "id")
        #expect(try read("Basic aWQ6c2VjcmV0cw==").clientID == "id")
        #expect(code("Basic aWQ6c2VjcmV0cw=") == .invalidClient)
    }

    @Test func `one method per request`() throws {
        let basic = "Basic " + StandardBase64.encode("id:secret")
        #expect(code(basic, [("client_secret", "secret")]) == .invalidRequest)
        #expect(code(basic, [("client_id", "id"), ("client_secret", "secret")]) == .invalidRequest)
        #expect(code(basic, [("client_id", "other")]) == .invalidRequest)
        #expect(try read(basic, [("client_id", "id")]).method == .basic)
        #expect(code(nil, [("client_id", "id"), ("client_id", "id")]) == .invalidRequest)
        #expect(code(nil, [("client_id", "id"), ("client_secret", "a"), ("client_secret", "b")]) == .invalidRequest)
        #expect(code(nil, [("client_id", "id"), ("client_assertion", "ey")]) == .invalidClient)
        #expect(code(nil, [("client_id", "id"), ("client_assertion_type", "x")]) == .invalidClient)
        #expect(code(nil) == .invalidClient)
        #expect(code(nil, [("client_secret", "secret")]) == .invalidClient)
    }

    @Test func `in the body, with and without a secret`() throws {
        let post = try read(nil, [("client_id", "id"), ("client_secret", "secret")])
        #expect(post.method == .post && post.clientID == "id" && post.matches([Credential.hash("secret")]))
        let none = try read(nil, [("client_id", "id"), ("client_secret", "")])
        #expect(none.method == .none && none.clientID == "id")
    }

    @Test func `only a hash of the secret matches, and never without one`() throws {
        let post = try read(nil, [("client_id", "id"), ("client_secret", "secret")])
        let hash = Credential.hash("secret")
        #expect(post.matches([Credential.hash("old"), hash, Credential.hash("new")]))
        #expect(!post.matches([Credential.hash("old")]))
        #expect(!post.matches([]))
        #expect(!post.matches([[]]))
        #expect(!post.matches([Array(hash.dropLast())]))
        #expect(!(try read(nil, [("client_id", "id")])).matches([Credential.hash("")]))
        #expect(!(try read("Basic " + StandardBase64.encode("id:"))).matches([hash]))
    }
}

@Suite struct TokenRequestTests {
    private func read(_ fields: [(String, String)], client: Client = Fixture.client()) throws -> TokenRequest {
        try TokenRequest(Fixture.parameters(fields), client: client)
    }

    @Test func `RFC 6749 §4.1.3 request`() throws {
        let fields = [
            ("grant_type", "authorization_code"), ("code", "c"), ("redirect_uri", "https://a"), ("code_verifier", "v"), ("resource", "r1"),
            ("resource", "r2"), ("unknown", "x"),
        ]
        guard case .authorizationCode(let request) = try read(fields) else { return #expect(Bool(false), "another grant") }
        #expect(request.code.reveal() == "c")
        #expect(request.redirectURI == "https://a")
        #expect(request.verifier?.reveal() == "v")
        #expect(request.resources == ["r1", "r2"])
    }

    @Test func `RFC 6749 §6 request`() throws {
        guard case .refreshToken(let request) = try read([("grant_type", "refresh_token"), ("refresh_token", "t"), ("scope", "b a")]) else {
            return #expect(Bool(false), "another grant")
        }
        #expect(request.token.reveal() == "t")
        #expect(request.scope == ["a", "b"])
        guard case .refreshToken(let bare) = try read([("grant_type", "refresh_token"), ("refresh_token", "t"), ("scope", "")]) else {
            return #expect(Bool(false), "another grant")
        }
        #expect(bare.scope == nil)
    }

    @Test(
        arguments: [
            ([], .invalidRequest), ([("grant_type", "")], .invalidRequest), ([("grant_type", "password")], .unsupportedGrantType),
            ([("grant_type", "client_credentials")], .unsupportedGrantType), ([("grant_type", "authorization_code")], .invalidRequest),
            ([("grant_type", "authorization_code"), ("code", "")], .invalidRequest), ([("grant_type", "refresh_token")], .invalidRequest),
            ([("grant_type", "refresh_token"), ("refresh_token", "t"), ("scope", "\"")], .invalidScope),
            ([("grant_type", "refresh_token"), ("grant_type", "refresh_token"), ("refresh_token", "t")], .invalidRequest),
            ([("grant_type", "refresh_token"), ("refresh_token", "t"), ("refresh_token", "t")], .invalidRequest),
            ([("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "v"), ("code_verifier", "v")], .invalidRequest),
            ([("grant_type", "authorization_code"), ("code", "c"), ("code", "d")], .invalidRequest),
        ] as [([(String, String)], TokenError.Code)])
    func `each mistake has its code`(fields: [(String, String)], expected: TokenError.Code) {
        let error = #expect(throws: TokenError.self) { try read(fields) }
        #expect(error?.code == expected)
    }

    @Test(arguments: Client.GrantType.allCases)
    func `a grant that the client lacks is unauthorized_client`(grant: Client.GrantType) {
        let others = Client.GrantType.allCases.filter { $0 != grant }
        let error = #expect(throws: TokenError.self) {
            try read([("grant_type", grant.rawValue), ("code", "c"), ("refresh_token", "t")], client: Fixture.client(grants: others))
        }
        #expect(error?.code == .unauthorizedClient)
    }

    @Test func `only invalid_client is a 401`() {
        for code in TokenError.Code.allCases { #expect(TokenError(code, "").status == (code == .invalidClient ? 401 : 400)) }
    }
}

@Suite struct AuthorizationCodeTests {
    private func code(
        challenge: String? = Fixture.challenge, isRedirectURIExplicit: Bool = true, grantExpiresAt: Int64? = nil
    ) -> AuthorizationCode {
        AuthorizationCode(
            clientID: Fixture.client().id, userID: Fixture.user, authorizationID: Fixture.family,
            redirectURI: "https://app.example.com/callback", isRedirectURIExplicit: isRedirectURIExplicit,
            challenge: challenge.flatMap { CodeChallenge($0) }, nonce: "n", scopes: ["dns.read"], accountIDs: [Fixture.account],
            grantExpiresAt: grantExpiresAt, authenticatedAt: Fixture.now - 9, audience: Fixture.resource, sessionID: nil, userAgent: "ua",
            createdAt: Fixture.now, expiresAt: Fixture.now + 60)
    }

    private func request(
        redirectURI: String? = "https://app.example.com/callback", verifier: String? = Fixture.verifier, resources: [String] = []
    ) -> TokenRequest.Code {
        TokenRequest.Code(code: Secret("c"), redirectURI: redirectURI, verifier: verifier.map { Secret($0) }, resources: resources)
    }

    private func failure(
        _ code: AuthorizationCode, _ request: TokenRequest.Code, client: Client = Fixture.client(), now: Int64 = Fixture.now
    ) -> TokenError.Code? {
        do {
            try code.check(request, client: client, now: now)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a right request passes up to the last second`() {
        #expect(failure(code(), request()) == nil)
        #expect(failure(code(), request(), now: Fixture.now + 59) == nil)
        #expect(failure(code(), request(), now: Fixture.now + 60) == .invalidGrant)
    }

    @Test func `another client gets what an unknown code gets`() {
        var other = Fixture.client()
        other.id = Fixture.family
        #expect(failure(code(), request(), client: other) == .invalidGrant)
        #expect(failure(code(), request(resources: ["https://x"]), client: other) == .invalidGrant)
    }

    /// RFC 6749 §4.1.3.
    @Test func `the redirect URI is the one of the authorization request`() {
        #expect(failure(code(), request(redirectURI: nil)) == .invalidGrant)
        #expect(failure(code(), request(redirectURI: "https://app.example.com/callback/")) == .invalidGrant)
        #expect(failure(code(isRedirectURIExplicit: false), request(redirectURI: nil)) == nil)
        #expect(failure(code(isRedirectURIExplicit: false), request()) == nil)
        #expect(failure(code(isRedirectURIExplicit: false), request(redirectURI: "https://x")) == .invalidGrant)
    }

    /// CVE-2025-4144, CVE-2024-22258.
    @Test func `challenge and verifier stand or fall together`() {
        #expect(failure(code(), request(verifier: nil)) == .invalidGrant)
        #expect(failure(code(challenge: nil), request()) == .invalidGrant)
        #expect(failure(code(challenge: nil), request(verifier: nil)) == nil)
        #expect(failure(code(), request(verifier: Fixture.challenge)) == .invalidGrant)
        #expect(failure(code(), request(verifier: "")) == .invalidGrant)
    }

    /// GHSA-p2fr-6hmx-4528.
    @Test func `a resource outside the grant is invalid_target`() {
        #expect(failure(code(), request(resources: [Fixture.resource, Fixture.resource + "/"])) == nil)
        #expect(failure(code(), request(resources: [Fixture.resource, "https://other.example.com"])) == .invalidTarget)
    }

    @Test func `the stored form reads back`() throws {
        for code in [code(), code(challenge: nil, isRedirectURIExplicit: false, grantExpiresAt: 5)] {
            #expect(AuthorizationCode(json: try JSON(parsing: code.json.text)) == code)
        }
        var damaged = try #require(code().json.objectValue)
        damaged["code_challenge"] = "x"
        #expect(AuthorizationCode(json: .object(damaged)) == nil)
    }
}

@Suite struct TokenAnswerTests {
    @Test func `RFC 6749 §5.1 answer`() throws {
        var response = TokenResponse(accessToken: "lka_x", expiresIn: 1800, scope: ["b", "a"])
        #expect(
            try JSON(parsing: response.bytes) == ["access_token": "lka_x", "token_type": "Bearer", "expires_in": 1800, "scope": "a b"])
        response.refreshToken = "lkr_x"
        response.idToken = "ey"
        let json = try JSON(parsing: response.bytes)
        #expect(json["refresh_token"]?.stringValue == "lkr_x")
        #expect(json["id_token"]?.stringValue == "ey")
    }

    @Test func `an inactive token says nothing else`() throws {
        #expect(try JSON(parsing: IntrospectionResponse.inactive) == ["active": false])
    }

    @Test func `RFC 7662 §2.2 answer`() throws {
        let details: JSON = [["type": "account", "identifier": "x"]]
        var response = IntrospectionResponse(
            scope: ["dns.read"], clientID: Fixture.client().id, subject: Fixture.user, username: "a\"d\\é\n@example.com",
            tokenType: "Bearer", expiresAt: 20, issuedAt: 10, audience: Fixture.resource, issuer: "https://login.example.com", tokenID: 1,
            installationID: Fixture.account)
        func text() -> [UInt8] { response.bytes(length: 0) { $0.append(contentsOf: details.bytes) } }
        let json = try JSON(parsing: text())
        #expect(json["active"]?.boolValue == true)
        #expect(json["scope"]?.stringValue == "dns.read")
        #expect(json["client_id"]?.stringValue == Fixture.client().id.description)
        #expect(json["sub"]?.stringValue == Fixture.user.description)
        #expect(json["username"]?.stringValue == "a\"d\\é\n@example.com")
        #expect(json["token_type"]?.stringValue == "Bearer")
        #expect(json["exp"]?.integerValue == 20)
        #expect(json["iat"]?.integerValue == 10)
        #expect(json["aud"]?.stringValue == Fixture.resource)
        #expect(json["iss"]?.stringValue == "https://login.example.com")
        #expect(json["jti"]?.stringValue == TokenIdentifier(owner: Fixture.account, tokenID: 1).text)
        #expect(json["installation"]?.stringValue == Fixture.account.description)
        #expect(json["authorization_details"] == details)
        response.username = nil
        response.tokenType = nil
        response.tokenID = nil
        #expect(try Set(JSON(parsing: text()).objectValue?.names ?? []).isDisjoint(with: ["username", "token_type", "jti"]))
    }

    @Test func `a revocation request needs one token`() throws {
        #expect(try RevocationRequest(Fixture.parameters([("token", "t"), ("token_type_hint", "nonsense")])).token.reveal() == "t")
        for fields in [
            [], [("token", "")], [("token", "a"), ("token", "b")], [("token", "a"), ("token_type_hint", "x"), ("token_type_hint", "y")],
        ]
            as [[(String, String)]]
        {
            let error = #expect(throws: TokenError.self) { try RevocationRequest(Fixture.parameters(fields)) }
            #expect(error?.code == .invalidRequest)
        }
    }

    @Test func `a logout request keeps what it has to send again`() throws {
        let request = try LogoutRequest(
            Fixture.parameters([
                ("state", "s"), ("client_id", Fixture.account.description), ("post_logout_redirect_uri", "https://a"), ("csrf", "x"),
                ("id_token_hint", ""),
            ]))
        #expect(request.clientID == Fixture.account)
        #expect(request.postLogoutRedirectURI == "https://a")
        #expect(request.state == "s")
        #expect(request.idTokenHint == nil)
        #expect(request.fields.map(\.name) == ["client_id", "post_logout_redirect_uri", "state"])
        #expect(throws: Parameters.Duplicate.self) { try LogoutRequest(Fixture.parameters([("state", "a"), ("state", "b")])) }
    }
}
