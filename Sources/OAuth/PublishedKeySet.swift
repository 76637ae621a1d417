/// The public keys that an authorization server publishes (RFC 7517 §5), as whoever checks its JWTs reads them.
///
/// A set may have any number of keys, and keys of kinds that nothing here knows: those are left out, and what they signed counts as
/// signed by an unknown key.
public struct PublishedKeySet: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// One of the keys signed it; no claim was looked at.
        case signed(JSONObject)
        /// It names a key that is not in the set: the set may be older than the key.
        case unknownKey
        /// It is no JWT of that type, or its signature does not hold.
        case invalid
    }

    /// The longest text that is read, in bytes.
    public static let longest = 256 * 1024
    /// The longest JWT that is looked at, in bytes.
    private static let longestToken = 16 * 1024

    private let keys: [String: ClientKey]

    /// Without any key.
    public init() { keys = [:] }

    /// - Returns: nil where it is no JWK Set.
    public init?(_ json: JSON) {
        guard let entries = json["keys"]?.arrayValue else { return nil }
        var keys: [String: ClientKey] = [:]
        for entry in entries {
            guard let key = try? ClientKey(entry), let id = key.id else { continue }
            // RFC 7517 §4.5: within a set each kid stands for one key; of two the first is taken, whoever sends them.
            if keys[id] == nil { keys[id] = key }
        }
        self.keys = keys
    }

    public var isEmpty: Bool { keys.isEmpty }

    /// Checks the signature and the header of a JWT in compact form (RFC 7515 §3.1, §5.2).
    /// - Parameter types: what `typ` may be (RFC 8725 §3.11), in lower case.
    public func verify(_ text: String, types: [String]) -> Verdict {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longestToken, parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
            let claimBytes = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
            let header = try? JSON(parsing: headerBytes).objectValue, let id = header["kid"]?.stringValue,
            let algorithm = header["alg"]?.stringValue, types.contains(header["typ"]?.stringValue?.lowercased() ?? ""),
            // RFC 7515 §4.1.11: an extension that is not understood. RFC 7797 §6: and one that changes what is signed.
            header["crit"] == nil, header["b64"] == nil
        else { return .invalid }
        // RFC 8725 §3.1: none of the algorithms here is `none` or one with a shared key.
        guard SigningAlgorithm(rawValue: algorithm) != nil else { return .invalid }
        guard let key = keys[id] else { return .unknownKey }
        guard algorithm == key.algorithm.rawValue,
            key.isValid(signature, for: Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count))),
            let claims = try? JSON(parsing: claimBytes).objectValue
        else { return .invalid }
        return .signed(claims)
    }
}
