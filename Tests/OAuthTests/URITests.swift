import OAuth
import Testing

@Suite struct IssuerTests {
    @Test(arguments: [
        ("https://login.example.com", "https://login.example.com", "", true),
        ("https://example.com:8443/auth", "https://example.com:8443", "/auth", true),
        ("http://127.0.0.1:8400", "http://127.0.0.1:8400", "", false), ("http://[::1]:1", "http://[::1]:1", "", false),
        ("http://localhost", "http://localhost", "", false), ("https://example.com/a/b-c_d.e", "https://example.com", "/a/b-c_d.e", true),
    ])
    func `an issuer is kept as it was written`(text: String, origin: String, path: String, isSecure: Bool) throws {
        let issuer = try Issuer(text)
        #expect(issuer.description == text)
        #expect(issuer.origin == origin)
        #expect(issuer.path == path)
        #expect(issuer.isSecure == isSecure)
        #expect(issuer.url("/oauth2/auth") == text + "/oauth2/auth")
        #expect(issuer.authorizationServerMetadataPath == "/.well-known/oauth-authorization-server" + path)
        #expect(issuer.openIDConfigurationPath == path + "/.well-known/openid-configuration")
    }

    @Test(
        arguments: [
            ("", .notURL), ("login.example.com", .notURL), ("https:", .notURL), ("https://", .notURL), ("https:///x", .notURL),
            ("https://a b.example.com", .notURL), ("https://example.com:99999", .notURL), ("https://example.com:", .notURL),
            ("https://u@example.com", .hasUserinfo), ("https://example.com?x", .hasQueryOrFragment),
            ("https://example.com#x", .hasQueryOrFragment),
            ("https://example.com/", .hasTrailingSlash), ("https://example.com/a/", .hasTrailingSlash), ("http://example.com", .notSecure),
            ("ftp://example.com", .notSecure), ("http://localhost.evil.test", .notSecure), ("https://example.com//a", .unusualPath),
            ("https://example.com/a/../b", .unusualPath), ("https://example.com/%61", .unusualPath), ("https://example.com/{x}", .notURL),
        ] as [(String, Issuer.Problem)])
    func `anything else says why not`(text: String, problem: Issuer.Problem) {
        #expect(throws: problem) { try Issuer(text) }
    }
}

@Suite struct RedirectURIRegistrationTests {
    @Test(arguments: [
        ("https://app.example.com/callback", false), ("https://app.example.com", false), ("https://app.example.com:8443/cb?x=1", false),
        ("http://127.0.0.1/callback", false), ("http://[::1]:8000/cb", false), ("http://localhost:3000/cb", true),
        ("com.example.app:/callback", true), ("com.example.app://callback", true), ("https://app.example.com/a%2Fb", false),
    ])
    func `these can be registered`(text: String, isNative: Bool) {
        #expect(throws: Never.self) { try RedirectURI.requireRegistrable(text, isNative: isNative) }
    }

    /// CVE-2026-7504 (several `@`), GHSA-86j7-9j95-vpqj (schemes), CVE-2026-18211 (prefix of localhost), and their siblings.
    @Test(
        arguments: [
            ("", .notAbsolute), ("/callback", .notAbsolute), ("//app.example.com/cb", .notAbsolute), ("app.example.com", .notAbsolute),
            ("https://app.example.com/ü", .notAbsolute), ("https://app.example.com/\n", .notAbsolute),
            ("https://app.example.com/\u{0}", .notAbsolute),
            ("https://app.example.com/a b", .notAbsolute), ("https://app.example.com/%zz", .notAbsolute),
            ("https://app.example.com\\evil", .notAbsolute),
            (" https://app.example.com", .notAbsolute), ("https://app.example.com\t", .notAbsolute),
            ("https://u@app.example.com/", .hasUserinfo), ("https://u:p@app.example.com/", .hasUserinfo),
            ("https://a@b@app.example.com/", .hasUserinfo), ("https://@app.example.com/", .hasUserinfo),
            ("https://app.example.com:443@evil.test/", .hasUserinfo),
            ("https://app.example.com/#", .hasFragment), ("https://app.example.com/#x", .hasFragment),
            ("com.example.app:/cb#x", .hasFragment),
            ("https://*.example.com/", .hasWildcard), ("https://app.example.com/*", .hasWildcard), ("https:///cb", .hasNoHost),
            ("https:cb", .hasNoHost),
            ("https://a%2eb/", .hasNoHost), ("http:cb", .hasNoHost),
            ("javascript:alert(1)", .dangerousScheme), ("JaVaScRiPt:alert(1)", .dangerousScheme), ("data:text/html,x", .dangerousScheme),
            ("DATA:text/html,<script>", .dangerousScheme), ("file:///etc/passwd", .dangerousScheme), ("vbscript:x", .dangerousScheme),
            ("VBScript:x", .dangerousScheme), ("blob:https://x/y", .dangerousScheme),
            ("http://app.example.com/cb", .notSecure), ("http://localhost.evil.test/", .notSecure),
            ("http://127.0.0.1.evil.test/", .notSecure),
            ("http://127.0.0.2/", .notSecure), ("http://LOCALHOST.evil/", .notSecure), ("myapp:/callback", .schemeNeedsDot),
            ("myapp://cb", .schemeNeedsDot),
        ] as [(String, RedirectURI.Problem)])
    func `these cannot`(text: String, problem: RedirectURI.Problem) {
        #expect(throws: problem) { try RedirectURI.requireRegistrable(text, isNative: true) }
    }

    @Test func `a client with a secret has no scheme of its own`() {
        #expect(throws: RedirectURI.Problem.privateSchemeWithSecret) {
            try RedirectURI.requireRegistrable("com.example.app:/cb", isNative: false)
        }
    }

    @Test func `the length is bounded`() {
        let long = "https://app.example.com/" + String(repeating: "x", count: RedirectURI.maximumLength)
        #expect(throws: RedirectURI.Problem.tooLong) { try RedirectURI.requireRegistrable(long, isNative: false) }
    }
}

@Suite struct RedirectURIMatchTests {
    @Test(arguments: [
        ("https://app.example.com/cb", "https://app.example.com/cb"), ("http://127.0.0.1:51004/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8000/cb"), ("http://[::1]:2/cb?x=1", "http://[::1]:1/cb?x=1"),
        ("http://localhost:3001/cb", "http://localhost:3000/cb"), ("com.example.app:/cb", "com.example.app:/cb"),
    ])
    func `equal, or loopback with another port`(requested: String, registered: String) throws {
        let verified = try RedirectURI.match(requested: requested, registered: ["https://other.example.com", registered])
        #expect(verified.text == requested)
    }

    /// CVE-2025-4143, CVE-2020-15233, CVE-2026-18211, CVE-2024-52289, CVE-2024-1132, CVE-2023-6291 and their siblings.
    @Test(arguments: [
        ("https://app.example.com/cb/", "https://app.example.com/cb"), ("https://app.example.com/CB", "https://app.example.com/cb"),
        ("https://APP.example.com/cb", "https://app.example.com/cb"), ("https://app.example.com:443/cb", "https://app.example.com/cb"),
        ("https://app.example.com/cb?x=1", "https://app.example.com/cb"), ("https://app.example.com/cb#x", "https://app.example.com/cb"),
        ("https://app.example.com/x/../cb", "https://app.example.com/cb"), ("https://app.example.com/%63b", "https://app.example.com/cb"),
        ("https://app.example.com/..;/cb", "https://app.example.com/cb"), ("https://appaexample.com/cb", "https://app.example.com/cb"),
        ("https://app.example.com.evil.test/cb", "https://app.example.com/cb"),
        ("https://u@app.example.com/cb", "https://app.example.com/cb"),
        ("http://127.0.0.1:1/cb?x=1", "http://127.0.0.1/cb"), ("http://127.0.0.1:1/other", "http://127.0.0.1/cb"),
        ("https://127.0.0.1:1/cb", "http://127.0.0.1/cb"), ("http://127.0.0.1.evil.test/cb", "http://127.0.0.1/cb"),
        ("http://localhost.evil.test/cb", "http://localhost/cb"), ("http://127.0.0.1:1@evil.test/cb", "http://127.0.0.1/cb"),
        ("http://u@127.0.0.1:1/cb", "http://127.0.0.1/cb"), ("http://a@b@127.0.0.1:1/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:1/cb#", "http://127.0.0.1/cb"), ("http://127.0.0.1:70000/cb", "http://127.0.0.1/cb"),
        ("http://127.0.0.1:/cb", "http://127.0.0.1/cb"), ("http://127.0.0.1:+1/cb", "http://127.0.0.1/cb"),
        ("http://app.example.com:2/cb", "http://app.example.com:1/cb"),
        ("HTTP://127.0.0.1/cb", "http://127.0.0.1/cb"), ("", "https://app.example.com/cb"),
    ])
    func `anything else is shown here`(requested: String, registered: String) {
        #expect(throws: AuthorizationPageError.redirectURINotRegistered(requested: requested)) {
            try RedirectURI.match(requested: requested, registered: [registered])
        }
    }

    @Test(arguments: [
        "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "https://u@app.example.com/", "https://app.example.com/#x",
    ])
    func `what should never have been registered is refused again`(text: String) {
        #expect(throws: AuthorizationPageError.self) { try RedirectURI.match(requested: text, registered: [text]) }
    }

    @Test func `the names of the loopback host do not stand for each other, and both are told`() throws {
        let error = AuthorizationPageError.loopbackNameDiffers(
            requested: "http://localhost:5000/cb", registered: "http://127.0.0.1/cb")
        #expect(throws: error) {
            try RedirectURI.match(requested: "http://localhost:5000/cb", registered: ["https://a.example", "http://127.0.0.1/cb"])
        }
        #expect(error.details.map(\.value) == ["http://localhost:5000/cb", "http://127.0.0.1/cb"])
    }

    @Test(arguments: [
        ("https://a.example/cb", "https://a.example/cb?code=c%20d&state=s%26t&iss=https%3A%2F%2Flogin.example.com"),
        ("https://a.example/cb?x=1", "https://a.example/cb?x=1&code=c%20d&state=s%26t&iss=https%3A%2F%2Flogin.example.com"),
        ("https://a.example/cb?", "https://a.example/cb?code=c%20d&state=s%26t&iss=https%3A%2F%2Flogin.example.com"),
    ])
    func `the answer is added to the query that is there`(registered: String, location: String) throws {
        let verified = try RedirectURI.match(requested: registered, registered: [registered])
        #expect(verified.location(code: "c d", state: "s&t", issuer: try Fixture.issuer()) == location)
    }

    @Test func `an error carries iss, and state only where there was one`() throws {
        let verified = try RedirectURI.match(requested: "https://a.example/cb", registered: ["https://a.example/cb"])
        let location = verified.location(error: .accessDenied, state: nil, issuer: try Fixture.issuer())
        let query = try Parameters(String(location.dropFirst("https://a.example/cb?".count)))
        #expect(query.fields.map(\.name) == ["error", "error_description", "iss"])
        #expect(try query.value("error") == "access_denied")
        #expect(try query.value("iss") == "https://login.example.com")
    }

    /// OpenID conformance and field reports: long states come back whole.
    @Test func `a state of 384 characters survives`() throws {
        let state = String(repeating: "é%+&= ", count: 64)
        let verified = try RedirectURI.match(requested: "https://a.example/cb", registered: ["https://a.example/cb"])
        let location = verified.location(code: "c", state: state, issuer: try Fixture.issuer())
        #expect(try Parameters(String(location.dropFirst("https://a.example/cb?".count))).value("state") == state)
    }
}

@Suite struct ResourceIdentifierTests {
    @Test(arguments: [
        ("https://api.example.com", "https://api.example.com", true), ("https://api.example.com/", "https://api.example.com", true),
        ("https://api.example.com", "https://api.example.com/", true), ("https://api.example.com/v1", "https://api.example.com/v1", true),
        ("https://api.example.com/v1/", "https://api.example.com/v1", false),
        ("https://api.example.com//", "https://api.example.com", false),
        ("https://api.example.com?", "https://api.example.com", false), ("https://api.example.com#", "https://api.example.com", false),
        ("https://u@api.example.com", "https://api.example.com", false),
        ("https://api.example.com.evil.test", "https://api.example.com", false),
        ("", "https://api.example.com", false), ("x", "y", false), ("", "urn:api", false), ("urn:api", "urn:api", true),
    ])
    func `an origin equals itself with a slash`(requested: String, accepted: String, expected: Bool) {
        #expect(ResourceIdentifier.matches(requested, accepted) == expected)
    }
}
