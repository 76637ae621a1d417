import Testing

@testable import OAuth

@Suite struct ClientAssertionTests {
    private static let client = Identifier(high: 7, low: 0x20)
    private static let now: Int64 = 1_795_525_509
    private let issuer: Issuer

    init() throws { issuer = try Fixture.issuer() }

    /// Those of a good assertion, changed.
    private func claims(_ change: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
        var claims: JSONObject = [
            "iss": .string(Self.client.description), "sub": .string(Self.client.description), "aud": .string(issuer.description),
            "iat": .integer(Self.now), "exp": .integer(Self.now + 60), "jti": "j1",
        ]
        change(&claims)
        return claims
    }

    private func keys(_ algorithms: SigningAlgorithm...) throws -> ClientKeySet {
        try ClientKeySet(["keys": .array(try algorithms.map { try Fixture.signingKey($0).publicJWK })])
    }

    private func use(_ change: (inout JSONObject) -> Void) throws -> ClientAssertion.Use {
        let text = try Fixture.signingKey(.es256).sign(type: "JWT", claims: claims(change))
        guard let assertion = ClientAssertion(text) else { throw TokenError.invalidClient("It cannot be read.") }
        #expect(assertion.isSigned(by: try keys(.es256)))
        return try assertion.use(by: Self.client, issuer: issuer, now: Self.now)
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `RFC 7523 §3 what a client's key signed is taken`(algorithm: SigningAlgorithm) throws {
        let text = try Fixture.signingKey(algorithm).sign(type: "JWT", claims: claims())
        let assertion = try #require(ClientAssertion(text))
        #expect(assertion.clientID == Self.client.description)
        #expect(assertion.isSigned(by: try keys(algorithm)))
        let taken = try assertion.use(by: Self.client, issuer: issuer, now: Self.now)
        #expect(taken.expiresAt == Self.now + 60 + ClientAssertion.skew && taken.hash.count == 32)
        let others = SigningAlgorithm.allCases.filter { $0 != algorithm }
        #expect(!assertion.isSigned(by: try keys(others[0], others[1])))
        #expect(!assertion.isSigned(by: nil))
        #expect(!"\(assertion)".contains(text.split(separator: ".")[2]))
    }

    /// RFC 10070: a list, an endpoint's URL or another spelling of the issuer.
    @Test func `RFC 10070 the audience is the issuer and nothing else`() throws {
        let audiences: [JSON] = [
            [.string(issuer.description)], .string(issuer.description + "/"), .string(issuer.url("/oauth2/token")),
            .string(issuer.url("/oauth2/par")), "", .null, 1,
        ]
        for audience in audiences { #expect(throws: TokenError.self, "\(audience)") { try use { $0["aud"] = audience } } }
    }

    @Test func `a use is known by client and jti`() throws {
        let first = try use { _ in }
        #expect(try use { $0["exp"] = .integer(Self.now + 90) }.hash == first.hash)
        #expect(try use { $0["jti"] = "j2" }.hash != first.hash)
        let other = Identifier(high: 7, low: 0x21)
        let text = try Fixture.signingKey(.es256).sign(
            type: "JWT",
            claims: claims {
                $0["iss"] = .string(other.description)
                $0["sub"] = .string(other.description)
            })
        let taken = try #require(ClientAssertion(text)).use(by: other, issuer: issuer, now: Self.now)
        #expect(taken.hash != first.hash)
    }

    /// Each limit and the second beyond it.
    @Test func `RFC 7523 §3 times`() throws {
        let (now, skew) = (Self.now, ClientAssertion.skew)
        for good in [now - skew + 1, now + ClientAssertion.longestLifetime + skew] {
            #expect(try use { $0["exp"] = .integer(good) }.expiresAt == good + skew)
        }
        for bad in [now - skew, now + ClientAssertion.longestLifetime + skew + 1, -1, Int64.max] {
            #expect(throws: TokenError.self) { try use { $0["exp"] = .integer(bad) } }
        }
        for claim in ["nbf", "iat"] {
            _ = try use { $0[claim] = .integer(now + skew) }
            #expect(throws: TokenError.self) { try use { $0[claim] = .integer(now + skew + 1) } }
            #expect(throws: TokenError.self) { try use { $0[claim] = "now" } }
        }
        #expect(throws: TokenError.self) { try use { $0["exp"] = nil } }
        #expect(try use { $0["exp"] = .number(Double(now) + 60.5) }.expiresAt == now + 60 + skew)
        #expect(throws: TokenError.self) { try use { $0["exp"] = .number(1e300) } }
        #expect(throws: TokenError.self) { try use { $0["exp"] = .number(.nan) } }
    }

    @Test(arguments: ["iss", "sub", "jti"])
    func `RFC 7523 §3 what has to be there`(claim: String) throws {
        for value: JSON? in [nil, "", 1, ["x"], "another", .string(String(repeating: "j", count: 257))]
        where claim != "jti" || value != "another" {
            #expect(throws: (any Error).self) { try use { $0[claim] = value } }
        }
    }

    /// CVE-2024-37568, CVE-2026-44699: the algorithm is the key's.
    @Test(arguments: ["none", "HS256", "RS256", "EdDSA", ""])
    func `the header cannot choose another algorithm`(algorithm: String) throws {
        let parts = try Fixture.signingKey(.es256).sign(type: "JWT", claims: claims()).split(separator: ".")
        let header = Base64URL.encode(JSON.object(["alg": .string(algorithm), "typ": "JWT"]).bytes)
        for signature in [String(parts[2]), ""] {
            let assertion = ClientAssertion("\(header).\(parts[1]).\(signature)")
            #expect(assertion?.isSigned(by: try keys(.es256, .rs256, .edDSA)) != true)
        }
    }

    @Test(arguments: SigningAlgorithm.allCases)
    func `one that differs anywhere is refused`(algorithm: SigningAlgorithm) throws {
        let text = try Fixture.signingKey(algorithm).sign(type: "JWT", claims: claims())
        let known = try keys(algorithm)
        for variant in variants(of: text) { #expect(ClientAssertion(variant)?.isSigned(by: known) != true, "\(variant)") }
    }

    @Test(arguments: ["at+jwt", "logout+jwt", ""])
    func `RFC 8725 §3.11 a JWT of another kind is refused`(type: String) throws {
        let text = try Fixture.signingKey(.es256).sign(type: type, claims: claims())
        #expect(ClientAssertion(text)?.isSigned(by: try keys(.es256)) == false)
    }
}

@Suite struct ClientKeySetTests {
    @Test(arguments: SigningAlgorithm.allCases)
    func `a key comes back from what is stored of it`(algorithm: SigningAlgorithm) throws {
        let key = try Fixture.signingKey(algorithm)
        let set = try ClientKeySet(["keys": [key.publicJWK], "more": 1])
        #expect(set.keys.map(\.algorithm) == [algorithm] && set.keys[0].id == key.id)
        #expect(ClientKeySet(stored: set.json.text) == set)
        #expect(ClientKeySet(stored: "{}") == nil && ClientKeySet(stored: "") == nil)
    }

    @Test(arguments: ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
    func `RFC 7518 §6 a private member is refused, whatever it holds`(name: String) throws {
        for value: JSON in ["AQAB", .null, ""] {
            var members = try #require(try Fixture.signingKey(.rs256).publicJWK.objectValue)
            members[name] = value
            #expect(throws: ClientKeySet.Problem.self) { try ClientKeySet(["keys": [.object(members)]]) }
        }
    }

    @Test func `where a kid is named only that key is tried`() throws {
        let set = try ClientKeySet(["keys": [try Fixture.signingKey(.es256).publicJWK, try Fixture.signingKey(.edDSA).publicJWK]])
        #expect(set.candidates(algorithm: "ES256", id: nil).count == 1 && set.candidates(algorithm: "none", id: nil).isEmpty)
        #expect(set.candidates(algorithm: "ES256", id: set.keys[1].id).isEmpty)
    }
}
