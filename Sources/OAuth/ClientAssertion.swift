/// A JWT that a client signed to prove who it is (RFC 7523 §2.2). It is read first and judged later, when the client's keys are known.
public struct ClientAssertion: Sendable {
    /// RFC 7523 §2.2 `client_assertion_type`.
    public static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    /// Seconds that its end may lie ahead.
    public static let longestLifetime: Int64 = 300
    /// Seconds by which the client's clock may differ from ours.
    public static let skew: Int64 = 30

    private static let longest = 8 * 1024
    private static let longestID = 256

    /// What has to be remembered so that the assertion is good once (RFC 7523 §3 item 7).
    public struct Use: Sendable, Equatable {
        /// SHA-256 of the client and the assertion's `jti`.
        public let hash: [UInt8]
        /// Epoch seconds, from which nobody would accept it any more.
        public let expiresAt: Int64
    }

    /// The client that it says it is of, as it was sent.
    public let clientID: String
    private let header: JSONObject
    private let claims: JSONObject
    private let message: Secret<[UInt8]>
    private let signature: Secret<[UInt8]>

    /// - Returns: nil for what is no JWS in compact form with claims and a subject (RFC 7515 §3.1, RFC 7519 §3).
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.longest, parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
            let claimBytes = Base64URL.decode(parts[1]), let signature = Base64URL.decode(parts[2]),
            let header = try? JSON(parsing: headerBytes).objectValue, let claims = try? JSON(parsing: claimBytes).objectValue,
            let subject = claims["sub"]?.stringValue, !subject.isEmpty
        else { return nil }
        self.header = header
        self.claims = claims
        clientID = subject
        message = Secret(Array(text.utf8.prefix(parts[0].count + 1 + parts[1].count)))
        self.signature = Secret(signature)
    }

    /// Whether one of the client's keys signed it, by that key's own algorithm. `none` and the HMAC family have no key here.
    public func isSigned(by keys: ClientKeySet?) -> Bool {
        guard let keys, let algorithm = header["alg"]?.stringValue, Self.isType(header["typ"]),
            // RFC 7515 §4.1.11: an extension that is not understood.
            header["crit"] == nil, header["b64"] == nil
        else { return false }
        var id: String?
        if let named = header["kid"] {
            guard let text = named.stringValue else { return false }
            id = text
        }
        return keys.candidates(algorithm: algorithm, id: id).contains { $0.isValid(signature.reveal(), for: message.reveal()) }
    }

    /// Checks the claims of one whose signature holds (RFC 7523 §3).
    /// - Parameter now: epoch seconds.
    public func use(by client: Identifier, issuer: Issuer, now: Int64) throws(TokenError) -> Use {
        let name = client.description
        guard claims["iss"]?.stringValue == name, claims["sub"]?.stringValue == name else {
            throw .invalidClient("The iss and sub of the client assertion should both be the client_id.")
        }
        // RFC 10070: an assertion made for another server must be of no use here, so nothing but our own name will do:
        // no list, no URL of an endpoint.
        guard claims["aud"]?.stringValue == issuer.description else {
            throw .invalidClient("The aud of the client assertion should be the issuer of this server, a single text and no list.")
        }
        guard let end = Self.date(claims["exp"]) else { throw .invalidClient("The client assertion has no exp.") }
        guard now < end + Self.skew else { throw .invalidClient("The client assertion has expired.") }
        guard end <= now + Self.longestLifetime + Self.skew else {
            throw .invalidClient("The client assertion is good for too long: exp may be at most 5 minutes ahead.")
        }
        for claim in ["nbf", "iat"] {
            guard let value = claims[claim] else { continue }
            guard let date = Self.date(value), date <= now + Self.skew else {
                throw .invalidClient("The \(claim) of the client assertion is no date or lies ahead.")
            }
        }
        guard let id = claims["jti"]?.stringValue, (1...Self.longestID).contains(id.utf8.count) else {
            throw .invalidClient("The client assertion should have a jti of 1 to 256 bytes, a new one each time.")
        }
        return Use(hash: Credential.hash(name + " " + id), expiresAt: end + Self.skew)
    }

    /// RFC 8725 §3.11: a JWT of another kind is not taken for one of these.
    private static func isType(_ type: JSON?) -> Bool {
        guard let type else { return true }
        return ["jwt", "client-authentication+jwt"].contains(type.stringValue?.lowercased() ?? "")
    }

    /// RFC 7519 §2 NumericDate, the fraction cut off.
    private static func date(_ value: JSON?) -> Int64? {
        let year9999: Int64 = 253_402_300_799
        switch value {
        case .integer(let seconds): return (0...year9999).contains(seconds) ? seconds : nil
        case .number(let seconds): return seconds >= 0 && seconds <= Double(year9999) ? Int64(seconds) : nil
        default: return nil
        }
    }
}
