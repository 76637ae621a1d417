import Testing

@testable import OAuth

@Suite struct SigningKeyTests {
    /// RFC 7638 §3.1.
    @Test func `RFC 7638 §3.1 thumbprint`() {
        let modulus =
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
            + "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbI"
            + "SD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        #expect(SigningKey.thumbprint([("e", "AQAB"), ("kty", "RSA"), ("n", modulus)]) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")
    }

    /// RFC 8037 appendix A.1 to A.3.
    @Test func `RFC 8037 key and thumbprint`() throws {
        let secret = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let key = try SigningKey(algorithm: .edDSA, storedForm: secret, activeFrom: 0)
        #expect(key.publicJWK["x"]?.stringValue == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        #expect(key.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `a key comes back from its stored form and shows only its public half`(algorithm: SigningAlgorithm) throws {
        let key = try Fixture.signingKey(algorithm)
        let again = try SigningKey(algorithm: algorithm, storedForm: key.storedForm.reveal(), activeFrom: 0)
        #expect(again.id == key.id)
        #expect(key.publicJWK["kid"]?.stringValue == key.id)
        #expect(key.publicJWK["alg"]?.stringValue == algorithm.rawValue)
        for name in ["d", "p", "q", "dp", "dq", "qi", "k"] { #expect(key.publicJWK[name] == nil) }
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `an empty or alien stored form is refused`(algorithm: SigningAlgorithm) {
        #expect(throws: (any Error).self) { try SigningKey(algorithm: algorithm, storedForm: [], activeFrom: 0) }
        #expect(throws: (any Error).self) { try SigningKey(algorithm: algorithm, storedForm: [1, 2, 3], activeFrom: 0) }
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `what one key signs only the ring with it verifies`(algorithm: SigningAlgorithm) throws {
        let key = try Fixture.signingKey(algorithm)
        let text = try key.sign(type: "JWT", claims: ["sub": "x"])
        #expect(SigningKeyRing([key]).verify(text, type: "JWT")?["sub"]?.stringValue == "x")
        #expect(SigningKeyRing([key]).verify(text, type: "at+jwt") == nil)
        #expect(SigningKeyRing([]).verify(text, type: "JWT") == nil)
    }

    /// A changed base64url character may only be refused; that it is in the signature, header or claims makes no difference.
    @Test(arguments: SigningAlgorithm.allCases)
    func `a JWT that differs anywhere is refused`(algorithm: SigningAlgorithm) throws {
        let keys = SigningKeyRing([try Fixture.signingKey(algorithm)])
        let text = try Fixture.signingKey(algorithm).sign(type: "JWT", claims: ["sub": "x"])
        for variant in variants(of: text) { #expect(keys.verify(variant, type: "JWT") == nil, "\(variant)") }
    }

    /// CVE-2024-37568, CVE-2026-44699: the algorithm is the key's, never the token's.
    @Test(arguments: ["none", "None", "HS256", "RS256", "EdDSA", ""])
    func `the header cannot choose another algorithm`(algorithm: String) throws {
        let key = try Fixture.signingKey(.es256)
        let header: JSON = ["alg": .string(algorithm), "typ": "JWT", "kid": .string(key.id)]
        let message = Base64URL.encode(header.bytes) + "." + Base64URL.encode(JSON.object(["sub": "x"]).bytes)
        // Signed by the right key over this very header, so that nothing but the algorithm is wrong.
        let genuine = Base64URL.encode(try key.signature(for: Array(message.utf8)))
        for signature in [genuine, "", Base64URL.encode([UInt8](repeating: 0, count: 64))] {
            #expect(SigningKeyRing([key]).verify(message + "." + signature, type: "JWT") == nil)
        }
    }

    /// RFC 7515 §4.1.11: an extension that is not understood.
    @Test func `a critical extension is refused`() throws {
        let key = try Fixture.signingKey(.es256)
        for (extra, isAccepted) in [(nil, true), ("crit", false)] as [(String?, Bool)] {
            var header: JSONObject = ["alg": "ES256", "typ": "JWT", "kid": .string(key.id)]
            if let extra { header[extra] = ["b64"] }
            let message = Base64URL.encode(JSON.object(header).bytes) + "." + Base64URL.encode(JSON.object(["sub": "x"]).bytes)
            let signature = Base64URL.encode(try key.signature(for: Array(message.utf8)))
            #expect((SigningKeyRing([key]).verify(message + "." + signature, type: "JWT") != nil) == isAccepted)
        }
    }

    @Test(arguments: ["", ".", "..", "...", "e30.e30.", "a.b.c", "e30.e30.e30"])
    func `what is no JWS is refused`(text: String) throws {
        #expect(try Fixture.signingKeys().verify(text, type: "JWT") == nil)
    }
}

@Suite struct SigningKeyRingTests {
    @Test func `the newest active key signs, and the ones before it stay accepted`() throws {
        let old = try Fixture.signingKey(.es256, byte: 1, activeFrom: 100, retiredAt: 200)
        let new = try Fixture.signingKey(.es256, byte: 2, activeFrom: 202)
        let ring = SigningKeyRing([old, new])
        for (time, key) in [(99, old), (100, old), (199, old), (201, old), (202, new), (900, new)] as [(Int64, SigningKey)] {
            #expect(try ring.current(for: .es256, at: time).id == key.id)
        }
        #expect(throws: KeyUnavailable()) { try ring.current(for: .rs256, at: 300) }
        #expect(ring.verify(try old.sign(type: "JWT", claims: [:]), type: "JWT") != nil)
    }

    @Test func `the JWKS lists every key and no secret`() throws {
        let ring = try Fixture.signingKeys()
        let keys = try #require(JSON(parsing: ring.jwks)["keys"]?.arrayValue)
        #expect(Set(keys.compactMap { $0["alg"]?.stringValue }) == Set(SigningAlgorithm.allCases.map(\.rawValue)))
        #expect(keys.allSatisfy { $0["use"]?.stringValue == "sig" && $0["d"] == nil })
    }
}

@Suite struct JWTAccessTokenTests {
    private func token() throws -> JWTAccessToken {
        JWTAccessToken(
            token: AccessToken(
                familyID: Fixture.family, tokenID: 5, issuedAt: Fixture.now, lifetime: 600, selection: .all, audience: Fixture.resource),
            issuer: try Fixture.issuer(), subject: Fixture.user, clientID: Fixture.client().id, audience: Fixture.resource,
            scope: ["dns.read"], authenticatedAt: Fixture.now - 5)
    }

    @Test func `RFC 9068 §2.2 claims`() throws {
        let keys = try Fixture.signingKeys()
        let claims = try #require(keys.verify(try token().text(keys: keys, algorithm: .es256), type: "at+jwt"))
        #expect(claims["iss"]?.stringValue == "https://login.example.com")
        #expect(claims["sub"]?.stringValue == Fixture.user.description)
        #expect(claims["aud"]?.stringValue == Fixture.resource)
        #expect(claims["client_id"]?.stringValue == Fixture.client().id.description)
        #expect(claims["exp"]?.integerValue == Fixture.now + 600)
        #expect(claims["iat"]?.integerValue == Fixture.now)
        #expect(claims["auth_time"]?.integerValue == Fixture.now - 5)
        #expect(claims["scope"]?.stringValue == "dns.read")
        #expect(claims["jti"]?.stringValue == TokenIdentifier(owner: Fixture.family, tokenID: 5).text)
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `it reads back to the claims of the opaque form`(algorithm: SigningAlgorithm) throws {
        let keys = try Fixture.signingKeys()
        let text = try token().text(keys: keys, algorithm: algorithm)
        let claims = try #require(JWTAccessToken(text, keys: keys, issuer: try Fixture.issuer())).claims
        #expect(claims.familyID == Fixture.family)
        #expect(claims.tokenID == 5)
        #expect(claims.expiresAt == Fixture.now + 600)
        #expect(claims.scopes(from: ["dns.read", "dns.write"]) == ["dns.read"])
        #expect(claims.scopes(from: ["dns.write"]) == [])
    }

    @Test func `another issuer's token and an ID token are refused`() throws {
        let keys = try Fixture.signingKeys()
        let text = try token().text(keys: keys, algorithm: .es256)
        #expect(JWTAccessToken(text, keys: keys, issuer: try Issuer("https://other.example.com")) == nil)
        #expect(IDToken.Hint(text, keys: keys, issuer: try Fixture.issuer()) == nil)
    }
}

@Suite struct IDTokenTests {
    private func token(nonce: String? = "n", accessToken: String? = nil) throws -> IDToken {
        IDToken(
            issuer: try Fixture.issuer(), subject: Fixture.user, audience: Fixture.client().id, issuedAt: Fixture.now,
            expiresAt: Fixture.now + 60, authenticatedAt: Fixture.now - 7, nonce: nonce, accessToken: accessToken)
    }

    private func claims(_ token: IDToken, _ algorithm: SigningAlgorithm = .es256) throws -> JSONObject {
        let keys = try Fixture.signingKeys()
        return try #require(keys.verify(try token.text(keys: keys, algorithm: algorithm), type: "JWT"))
    }

    @Test func `OpenID Connect Core §2 claims`() throws {
        let claims = try claims(try token())
        #expect(claims["iss"]?.stringValue == "https://login.example.com")
        #expect(claims["sub"]?.stringValue == Fixture.user.description)
        #expect(claims["aud"]?.stringValue == Fixture.client().id.description)
        #expect(claims["exp"]?.integerValue == Fixture.now + 60)
        #expect(claims["auth_time"]?.integerValue == Fixture.now - 7)
        #expect(claims["nonce"]?.stringValue == "n")
        for name in ["name", "preferred_username", "email", "email_verified", "at_hash"] { #expect(claims[name] == nil) }
    }

    @Test func `claims of the user come only where they were set`() throws {
        var token = try token(nonce: nil)
        token.name = "Ada"
        token.preferredUsername = "ada@example.com"
        token.email = "ada@example.com"
        let claims = try claims(token)
        #expect(claims["nonce"] == nil)
        #expect(claims["name"]?.stringValue == "Ada")
        #expect(claims["preferred_username"]?.stringValue == "ada@example.com")
        #expect(claims["email"]?.stringValue == "ada@example.com")
        #expect(claims["email_verified"]?.boolValue == true)
        #expect(Set(claims.names).isSubset(of: IDToken.claimNames))
    }

    /// OpenID Connect Core appendix A.3 has this access token and `at_hash`.
    @Test func `at_hash`() throws {
        let text = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
        for algorithm in [SigningAlgorithm.es256, .rs256] {
            #expect(try claims(try token(accessToken: text), algorithm)["at_hash"]?.stringValue == "77QmUPtjPfzWtF2AnpK9RQ")
        }
        let long = try #require(try claims(try token(accessToken: text), .edDSA)["at_hash"]?.stringValue)
        #expect(Base64URL.decode(long)?.count == 32)
    }

    @Test func `a hint names user and client however old it is`() throws {
        let keys = try Fixture.signingKeys()
        let text = try token().text(keys: keys, algorithm: .rs256)
        let hint = try #require(IDToken.Hint(text, keys: keys, issuer: try Fixture.issuer()))
        #expect(hint.subject == Fixture.user)
        #expect(hint.audience == Fixture.client().id)
        #expect(IDToken.Hint(text, keys: keys, issuer: try Issuer("https://other.example.com")) == nil)
        #expect(IDToken.Hint(text, keys: SigningKeyRing([]), issuer: try Fixture.issuer()) == nil)
    }
}
