import Crypto
import CryptoExtras

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The public keys that a client proves itself with (RFC 7591 §2 `jwks`, RFC 7517 §5).
public struct ClientKeySet: Sendable, Equatable {
    /// What is wrong with a key set.
    public struct Problem: Error, Sendable, Equatable {
        /// Inside the set (RFC 6901).
        public let pointer: String
        /// A whole sentence.
        public let text: String
    }

    public static let mostKeys = 10
    /// The longest text, in bytes.
    public static let longest = 16 * 1024

    public let keys: [ClientKey]

    /// Reads a JWK Set; members that nothing here uses are left out.
    public init(_ json: JSON) throws(Problem) {
        guard json.bytes.count <= Self.longest else {
            throw Problem(pointer: "", text: "The key set is longer than \(Self.longest / 1024) KiB.")
        }
        guard let entries = json["keys"]?.arrayValue else {
            throw Problem(pointer: "", text: "A key set is an object with the member keys, a list (RFC 7517 §5).")
        }
        guard (1...Self.mostKeys).contains(entries.count) else {
            throw Problem(pointer: "/keys", text: "A key set has 1 to \(Self.mostKeys) keys.")
        }
        var keys: [ClientKey] = []
        for (index, entry) in entries.enumerated() {
            do throws(Problem) {
                let key = try ClientKey(entry)
                if keys.contains(where: { $0.id != nil && $0.id == key.id }) {
                    throw Problem(pointer: "/kid", text: "Another key of the set has the same kid.")
                }
                keys.append(key)
            } catch {
                throw Problem(pointer: "/keys/\(index)" + error.pointer, text: error.text)
            }
        }
        self.keys = keys
    }

    /// Reads the text of one that was stored.
    public init?(stored: String) {
        guard let json = try? JSON(parsing: stored), let keys = try? ClientKeySet(json) else { return nil }
        self = keys
    }

    public var json: JSON { ["keys": .array(keys.map(\.json))] }

    /// Those that a signature may be of: by its `kid` where the header names one, or all of that algorithm.
    func candidates(algorithm: String, id: String?) -> [ClientKey] {
        keys.filter { $0.algorithm.rawValue == algorithm && (id == nil || $0.id == id) }
    }
}

/// A public key of a client (RFC 7517 §4). Its algorithm follows from its type; no signature ever chooses it (RFC 8725 §3.1).
public struct ClientKey: Sendable, Equatable {
    private enum Material: Sendable, Equatable {
        /// The point, x and y.
        case es256([UInt8])
        case edDSA([UInt8])
        case rs256(modulus: [UInt8], exponent: [UInt8])
    }

    /// Bits of an RSA key.
    private static let largestModulus = 4096
    private static let longestID = 256
    /// RFC 7518 §6.2.2, §6.3.2, §6.4.1.
    private static let privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

    public let algorithm: SigningAlgorithm
    /// Its `kid`.
    public let id: String?
    private let material: Material

    init(_ json: JSON) throws(ClientKeySet.Problem) {
        guard let members = json.objectValue else { throw Self.problem("", "A key is a JSON object (RFC 7517 §4).") }
        for name in Self.privateMembers where members[name] != nil {
            throw Self.problem(
                "/" + name, "The member \(name) makes this a private or shared key. Make a new key pair, and send its public half alone.")
        }
        switch (members["kty"]?.stringValue, members["crv"]?.stringValue) {
        case ("EC", "P-256"):
            algorithm = .es256
            material = .es256(try Self.coordinate("x", members) + (try Self.coordinate("y", members)))
        case ("OKP", "Ed25519"):
            algorithm = .edDSA
            material = .edDSA(try Self.coordinate("x", members))
        case ("RSA", _):
            algorithm = .rs256
            material = try Self.rsa(members)
        default:
            throw Self.problem("/kty", "A key should be of the type EC with the curve P-256, OKP with Ed25519, or RSA.")
        }
        if let name = members["alg"], name.stringValue != algorithm.rawValue {
            throw Self.problem("/alg", "A key of this type is for \(algorithm.rawValue) alone.")
        }
        if let use = members["use"], use != "sig" { throw Self.problem("/use", "The key should be for signatures: use sig.") }
        if let operations = members["key_ops"], operations.stringsValue?.contains("verify") != true {
            throw Self.problem("/key_ops", "The key should be for verifying: key_ops with verify.")
        }
        if let id = members["kid"] {
            guard let text = id.stringValue, (1...Self.longestID).contains(text.utf8.count) else {
                throw Self.problem("/kid", "A kid is a text of 1 to \(Self.longestID) bytes.")
            }
            self.id = text
        } else {
            id = nil
        }
        guard isUsable else { throw Self.problem("", "The key's numbers are no key of this type.") }
    }

    /// The members that make the key, and no others.
    public var json: JSON {
        var members: JSONObject
        switch material {
        case .es256(let point):
            members = [
                "kty": "EC", "crv": "P-256", "x": .string(Base64URL.encode(point.prefix(32))),
                "y": .string(Base64URL.encode(point.suffix(32))),
            ]
        case .edDSA(let point): members = ["kty": "OKP", "crv": "Ed25519", "x": .string(Base64URL.encode(point))]
        case .rs256(let modulus, let exponent):
            members = ["kty": "RSA", "n": .string(Base64URL.encode(modulus)), "e": .string(Base64URL.encode(exponent))]
        }
        members["use"] = "sig"
        members["alg"] = .string(algorithm.rawValue)
        if let id { members["kid"] = .string(id) }
        return .object(members)
    }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        switch material {
        case .es256(let point):
            guard let key = try? P256.Signing.PublicKey(rawRepresentation: point),
                let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(signature, for: message)
        case .edDSA(let point):
            guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: point) else { return false }
            return key.isValidSignature(signature, for: message)
        case .rs256(let modulus, let exponent):
            guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else { return false }
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: message, padding: .insecurePKCS1v1_5)
        }
    }

    private var isUsable: Bool {
        switch material {
        case .es256(let point): (try? P256.Signing.PublicKey(rawRepresentation: point)) != nil
        case .edDSA(let point): (try? Curve25519.Signing.PublicKey(rawRepresentation: point)) != nil
        case .rs256(let modulus, let exponent): (try? _RSA.Signing.PublicKey(n: modulus, e: exponent)) != nil
        }
    }

    private static func problem(_ pointer: String, _ text: String) -> ClientKeySet.Problem {
        ClientKeySet.Problem(pointer: pointer, text: text)
    }

    /// RFC 7518 §6.2.1.2: of full length, leading zeros included.
    private static func coordinate(_ name: String, _ members: JSONObject) throws(ClientKeySet.Problem) -> [UInt8] {
        guard let bytes = members[name]?.stringValue.flatMap({ Base64URL.decode($0) }), bytes.count == 32 else {
            throw problem("/" + name, "The member \(name) should be 32 bytes in base64url, without padding.")
        }
        return bytes
    }

    private static func rsa(_ members: JSONObject) throws(ClientKeySet.Problem) -> Material {
        guard let modulus = members["n"]?.stringValue.flatMap({ Base64URL.decode($0) }), let first = modulus.first, first != 0 else {
            throw problem("/n", "The member n should be a number in base64url, without padding and leading zeros.")
        }
        let bits = modulus.count * 8 - first.leadingZeroBitCount
        guard (2048...largestModulus).contains(bits) else {
            throw problem("/n", "An RSA key should have 2048 to \(largestModulus) bits; this one has \(bits).")
        }
        // A long exponent would make every check slow.
        guard let exponent = members["e"]?.stringValue.flatMap({ Base64URL.decode($0) }), (1...4).contains(exponent.count),
            let last = exponent.last, last & 1 == 1, exponent != [1]
        else { throw problem("/e", "The member e should be an odd number of at most 4 bytes in base64url, such as AQAB.") }
        return .rs256(modulus: modulus, exponent: exponent)
    }
}
