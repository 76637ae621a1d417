import OAuth
import Testing

@Suite struct BearerTokenTests {
    @Test(
        arguments: [
            ([], .absent), (["Basic aWQ6"], .absent), ([""], .absent), (["Bearerx y"], .absent), (["DPoP abc"], .absent),
            (["Bearer abc"], .token("abc")), (["bearer abc"], .token("abc")), (["BEARER  abc"], .token("abc")),
            (["Bearer a-._~+/9=="], .token("a-._~+/9==")), (["Bearer"], .malformed), (["Bearer "], .malformed),
            (["Bearer a b"], .malformed),
            (["Bearer a,b"], .malformed), (["Bearer é"], .malformed), (["Bearer a\""], .malformed), (["Bearer a\t"], .malformed),
            (["Bearer a", "Bearer a"], .malformed), (["Basic a", "Bearer a"], .malformed),
            (["Bearer " + String(repeating: "a", count: BearerToken.maximumLength + 1)], .malformed),
        ] as [([String], BearerToken)])
    func `the credential of a request`(fields: [String], expected: BearerToken) {
        #expect(BearerToken.read(fields) == expected)
    }
}

@Suite struct BearerChallengeTests {
    /// RFC 6750 §3.1: no error where no token was sent.
    @Test func `without a token`() {
        #expect(
            BearerChallenge(description: "left out", resourceMetadata: "https://a/.well-known/x").text
                == #"Bearer resource_metadata="https://a/.well-known/x""#)
    }

    @Test func `with what is missing`() {
        let challenge = BearerChallenge(
            error: "insufficient_scope", description: "More is needed.", scope: ["b", "a"], resourceMetadata: "https://a/x")
        #expect(
            challenge.text
                == #"Bearer error="insufficient_scope", error_description="More is needed.", scope="a b", resource_metadata="https://a/x""#)
    }

    @Test func `nothing breaks out of a quoted value`() {
        let challenge = BearerChallenge(error: "e\"\r\nSet-Cookie: x\\", description: "é\u{0}", resourceMetadata: "https://a/x")
        #expect(challenge.text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x5C })
        #expect(challenge.text.filter { $0 == "\"" }.count == 6)
    }
}

@Suite struct ServerMetadataTests {
    @Test func `the document lists what works and nothing else`() throws {
        let json = ServerMetadata(issuer: try Issuer("https://example.com/auth"), scopes: ["dns.read"]).json
        let expected: JSON = [
            "issuer": "https://example.com/auth", "authorization_endpoint": "https://example.com/auth/oauth2/auth",
            "token_endpoint": "https://example.com/auth/oauth2/token", "revocation_endpoint": "https://example.com/auth/oauth2/revoke",
            "introspection_endpoint": "https://example.com/auth/oauth2/introspect",
            "userinfo_endpoint": "https://example.com/auth/oauth2/userinfo",
            "end_session_endpoint": "https://example.com/auth/oauth2/logout",
            "jwks_uri": "https://example.com/auth/.well-known/jwks.json",
            "scopes_supported": ["dns.read", "email", "offline_access", "openid", "profile"], "response_types_supported": ["code"],
            "response_modes_supported": ["query"], "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"],
            "authorization_response_iss_parameter_supported": true, "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA"], "claim_types_supported": ["normal"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "preferred_username", "email",
                "email_verified",
            ],
            "prompt_values_supported": ["none", "login", "consent", "select_account"], "claims_parameter_supported": false,
            "request_parameter_supported": false, "request_uri_parameter_supported": false,
        ]
        #expect(json == expected)
        #expect(try JSON(parsing: ServerMetadata(issuer: try Fixture.issuer()).bytes)["issuer"]?.stringValue == "https://login.example.com")
    }
}
