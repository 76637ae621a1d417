import OAuth
import Testing

/// Values that the tests share. Everything is fixed, so that expected tokens can be literals.
enum Fixture {
    static let now: Int64 = 1_700_000_000
    static let family = Identifier(high: 0x0001_0203_0405_0607, low: 0x0809_0A0B_0C0D_0E0F)
    static let user = Identifier(high: 0xAAAA, low: 1)
    static let account = Identifier(high: 0xBBBB, low: 2)
    static let key = MACKey(id: 7, key: [UInt8](repeating: 0x42, count: 32), activeFrom: 1000)
    static let keys = MACKeyRing([key])
    static let resource = "https://api.example.com"
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

    static func issuer() throws -> Issuer { try Issuer("https://login.example.com") }

    static func client(
        method: Client.AuthenticationMethod = .basic, grants: [Client.GrantType] = [.authorizationCode, .refreshToken],
        redirectURIs: [String] = ["https://app.example.com/callback"], requiresPKCE: Bool = true
    ) -> Client {
        Client(
            id: Identifier(high: 0xCCCC, low: 3), accountID: account, name: "App", authenticationMethod: method, grantTypes: grants,
            redirectURIs: redirectURIs, scopes: ["dns.read", "dns.write", "zone.read"], requiresPKCE: requiresPKCE, createdAt: now,
            updatedAt: now)
    }

    static func parameters(_ fields: [(String, String)]) -> Parameters {
        Parameters(fields.map { Parameters.Field(name: $0.0, value: $0.1) })
    }

    /// The same key each time for the same algorithm and byte.
    static func signingKey(_ algorithm: SigningAlgorithm, byte: UInt8 = 1, activeFrom: Int64 = 0, retiredAt: Int64? = nil) throws
        -> SigningKey
    {
        let bytes = algorithm == .rs256 ? RSAFixture.privateKey : [UInt8](repeating: byte, count: 32)
        return try SigningKey(algorithm: algorithm, storedForm: bytes, activeFrom: activeFrom, retiredAt: retiredAt)
    }

    static func signingKeys() throws -> SigningKeyRing {
        SigningKeyRing(try SigningAlgorithm.allCases.map { try signingKey($0) })
    }
}

/// Every text that differs from the given one in one place: a changed, re-cased, missing or added character.
func variants(of text: String) -> [String] {
    let characters = Array(text)
    var variants = [text + "A", text + "=", text + " ", " " + text, text.lowercased(), text.uppercased(), String(text.dropLast()), ""]
    for index in characters.indices {
        var changed = characters
        changed[index] = changed[index] == "A" ? "B" : "A"
        variants.append(String(changed))
        var recased = characters
        recased[index] = Character(characters[index].isLowercase ? characters[index].uppercased() : characters[index].lowercased())
        variants.append(String(recased))
        var shorter = characters
        shorter.remove(at: index)
        variants.append(String(shorter))
    }
    return variants.filter { $0 != text }
}

/// A small generator with a fixed seed (SplitMix64): fuzzing that fails the same way each time.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
