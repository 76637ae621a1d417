import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A key that JWTs are signed with. The algorithm belongs to the key; no token ever chooses it.
public struct SigningKey: Sendable {
    private enum Material: Sendable {
        case es256(P256.Signing.PrivateKey, P256.Signing.PublicKey)
        case edDSA(Curve25519.Signing.PrivateKey, Curve25519.Signing.PublicKey)
        case rs256(_RSA.Signing.PrivateKey, _RSA.Signing.PublicKey)
    }

    public let algorithm: SigningAlgorithm
    /// The key's `kid`: its thumbprint (RFC 7638).
    public let id: String
    /// The public half, as it stands in the JWKS (RFC 7517 §4).
    public let publicJWK: JSON
    /// Epoch seconds from which it signs.
    public let activeFrom: Int64
    /// Epoch seconds from which another key signs in its place; what it signed stays valid while it is in the ring.
    public let retiredAt: Int64?
    private let material: Material

    /// - Parameter storedForm: the private key: the raw scalar for ES256 and EdDSA, PKCS #1 DER for RS256.
    /// - Throws: `CryptoKitError` and its like where the bytes are no such key.
    public init(algorithm: SigningAlgorithm, storedForm: [UInt8], activeFrom: Int64, retiredAt: Int64? = nil) throws {
        self.algorithm = algorithm
        self.activeFrom = activeFrom
        self.retiredAt = retiredAt
        let thumbprint: [(String, String)]
        switch algorithm {
        case .es256:
            let key = try P256.Signing.PrivateKey(rawRepresentation: storedForm)
            let point = Array(key.publicKey.rawRepresentation)
            thumbprint = [
                ("crv", "P-256"), ("kty", "EC"), ("x", Base64URL.encode(point.prefix(32))), ("y", Base64URL.encode(point.suffix(32))),
            ]
            material = .es256(key, key.publicKey)
        case .edDSA:
            let key = try Curve25519.Signing.PrivateKey(rawRepresentation: storedForm)
            thumbprint = [("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64URL.encode(Array(key.publicKey.rawRepresentation)))]
            material = .edDSA(key, key.publicKey)
        case .rs256:
            let key = try _RSA.Signing.PrivateKey(derRepresentation: storedForm)
            let primitives = try key.publicKey.getKeyPrimitives()
            thumbprint = [
                ("e", Base64URL.encode(Array(primitives.publicExponent))), ("kty", "RSA"),
                ("n", Base64URL.encode(Array(primitives.modulus))),
            ]
            material = .rs256(key, key.publicKey)
        }
        id = Self.thumbprint(thumbprint)
        var jwk = JSONObject()
        for (name, value) in thumbprint { jwk[name] = .string(value) }
        jwk["use"] = "sig"
        jwk["alg"] = .string(algorithm.rawValue)
        jwk["kid"] = .string(id)
        publicJWK = .object(jwk)
    }

    /// The private key in the form that `init` reads. It is to be sealed before it is stored.
    public var storedForm: Secret<[UInt8]> {
        switch material {
        case .es256(let key, _): Secret(Array(key.rawRepresentation))
        case .edDSA(let key, _): Secret(Array(key.rawRepresentation))
        case .rs256(let key, _): Secret(Array(key.derRepresentation))
        }
    }

    /// RFC 7638 §3: SHA-256 over the required members alone, in the order of their names, without spaces.
    static func thumbprint(_ members: [(String, String)]) -> String {
        var object = JSONObject()
        for (name, value) in members { object[name] = .string(value) }
        return Base64URL.encode(Array(SHA256.hash(data: JSON.object(object).bytes)))
    }

    /// A JWS in compact form (RFC 7515 §3.1).
    /// - Parameter type: the header's `typ`, by which one kind of JWT is told from another (RFC 8725 §3.11).
    public func sign(type: String, claims: JSONObject) throws -> String {
        let header: JSON = ["alg": .string(algorithm.rawValue), "typ": .string(type), "kid": .string(id)]
        var text: [UInt8] = []
        Base64URL.append(header.bytes, to: &text)
        text.append(UInt8(ascii: "."))
        Base64URL.append(JSON.object(claims).bytes, to: &text)
        let signature = try signature(for: text)
        text.append(UInt8(ascii: "."))
        Base64URL.append(signature, to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        switch material {
        case .es256(_, let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: message)
        case .edDSA(_, let key): return key.isValidSignature(signature, for: message)
        case .rs256(_, let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: message, padding: .insecurePKCS1v1_5)
        }
    }

    func signature(for message: [UInt8]) throws -> [UInt8] {
        switch material {
        case .es256(let key, _): Array(try key.signature(for: message).rawRepresentation)
        case .edDSA(let key, _): Array(try key.signature(for: message))
        // RFC 7518 §3.3: RS256 is PKCS #1 v1.5, which OpenID Connect requires (Core §15.1).
        case .rs256(let key, _): Array(try key.signature(for: message, padding: .insecurePKCS1v1_5).rawRepresentation)
        }
    }

    fileprivate func isActive(at time: Int64) -> Bool {
        activeFrom <= time && retiredAt.map { time < $0 } ?? true
    }
}

/// All keys whose signatures are accepted.
public struct SigningKeyRing: Sendable {
    /// Newest first.
    private let keys: [SigningKey]
    /// The JWK Set of the public halves, as it is published (RFC 7517 §5).
    public let jwks: [UInt8]

    public init(_ keys: [SigningKey]) {
        self.keys = keys.sorted { ($0.activeFrom, $0.id) > ($1.activeFrom, $1.id) }
        jwks = JSON.object(["keys": .array(self.keys.map(\.publicJWK))]).bytes
    }

    public func contains(id: String) -> Bool { keys.contains { $0.id == id } }

    /// The key that signs by that algorithm at that time.
    public func current(for algorithm: SigningAlgorithm, at time: Int64) throws(KeyUnavailable) -> SigningKey {
        let all = keys.filter { $0.algorithm == algorithm }
        let candidates = all.filter { $0.activeFrom <= time }
        // Between a key's retirement and its successor's first use the retired one still serves; before all of them, after a clock
        // that was ahead when they were made was set right, the oldest does.
        guard let key = candidates.first(where: { $0.isActive(at: time) }) ?? candidates.first ?? all.last else { throw KeyUnavailable() }
        return key
    }

    /// The claims of a JWT of that type that one of the keys signed; nil for anything else. No claim is looked at.
    public func verify(_ text: String, type: String) -> JSONObject? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= 16 * 1024, parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
            let claimBytes = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
            let header = try? JSON(parsing: headerBytes).objectValue, let id = header["kid"]?.stringValue,
            let key = keys.first(where: { $0.id == id }),
            // RFC 8725 §3.1: the key says which algorithm it is for; `none` and the HMAC family have no key here.
            header["alg"]?.stringValue == key.algorithm.rawValue, header["typ"]?.stringValue == type,
            // RFC 7515 §4.1.11: an extension that is not understood.
            header["crit"] == nil,
            key.isValid(signature, for: Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count)))
        else { return nil }
        return try? JSON(parsing: claimBytes).objectValue
    }
}
