import Testing

@testable import OAuth

@Suite("The keys that a server publishes")
struct PublishedKeySetTests {
    private let key: SigningKey
    private let other: SigningKey

    init() throws {
        key = try SigningKey(algorithm: .es256, storedForm: Array(repeating: 7, count: 32), activeFrom: 0)
        other = try SigningKey(algorithm: .edDSA, storedForm: Array(repeating: 9, count: 32), activeFrom: 0)
    }

    private func set(_ keys: JSON...) throws -> PublishedKeySet {
        try #require(PublishedKeySet(["keys": .array(keys)]))
    }

    @Test("a JWT of a known key is signed, one of another key is of an unknown key")
    func verdicts() throws {
        let token = try key.sign(type: "at+jwt", claims: ["sub": "u1"])
        #expect(try set(other.publicJWK, key.publicJWK).verify(token, types: ["at+jwt"]) == .signed(["sub": "u1"]))
        #expect(try set(other.publicJWK).verify(token, types: ["at+jwt"]) == .unknownKey)
        #expect(PublishedKeySet().verify(token, types: ["at+jwt"]) == .unknownKey)
        #expect(try set(key.publicJWK).verify(token, types: ["jwt"]) == .invalid)
        #expect(try set(key.publicJWK).verify("ey.no.jwt", types: ["at+jwt"]) == .invalid)
    }

    @Test("a changed claim, a changed header and a cut signature are invalid (RFC 7515 §5.2)")
    func forged() throws {
        let keys = try set(key.publicJWK)
        let token = try key.sign(type: "at+jwt", claims: ["sub": "u1"])
        let parts = token.split(separator: ".").map(String.init)
        let claims = Base64URL.encode(Array(#"{"sub":"u2"}"#.utf8))
        #expect(keys.verify("\(parts[0]).\(claims).\(parts[2])", types: ["at+jwt"]) == .invalid)
        #expect(keys.verify("\(parts[0]).\(parts[1]).\(parts[2].dropLast(2))", types: ["at+jwt"]) == .invalid)
        for algorithm in ["none", "HS256", "EdDSA"] {
            let header = Base64URL.encode(Array(#"{"alg":"\#(algorithm)","typ":"at+jwt","kid":"\#(key.id)"}"#.utf8))
            #expect(keys.verify("\(header).\(parts[1]).\(parts[2])", types: ["at+jwt"]) == .invalid)
        }
        let critical = Base64URL.encode(Array(#"{"alg":"ES256","typ":"at+jwt","kid":"\#(key.id)","crit":["x"]}"#.utf8))
        #expect(keys.verify("\(critical).\(parts[1]).\(parts[2])", types: ["at+jwt"]) == .invalid)
    }

    @Test("keys of kinds that nothing here knows are left out, and do not make the others unusable")
    func unknownKinds() throws {
        let token = try key.sign(type: "at+jwt", claims: ["sub": "u1"])
        let keys = try set(["kty": "EC", "crv": "P-384", "kid": "x"], ["kty": "ML-DSA", "kid": "y"], "no key", key.publicJWK)
        #expect(keys.verify(token, types: ["at+jwt"]) == .signed(["sub": "u1"]))
        #expect(PublishedKeySet(["no": "keys"]) == nil)
    }
}
