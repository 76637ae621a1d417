/// What a client presented to prove who it is, by exactly one method (RFC 6749 §2.3).
public struct ClientAuthentication: Sendable {
    public let method: Client.AuthenticationMethod
    /// As it was sent; it may be no identifier at all.
    public let clientID: String
    /// Empty where there is none.
    private let secret: Secret<String>
    /// Not judged yet.
    public let assertion: ClientAssertion?

    /// - Parameter authorization: the value of the `Authorization` field.
    public init(authorization: String?, parameters: Parameters) throws(TokenError) {
        let parameterID = try Self.value("client_id", parameters)
        let parameterSecret = try Self.value("client_secret", parameters)
        let assertion = try Self.value("client_assertion", parameters)
        let assertionType = try Self.value("client_assertion_type", parameters)
        if assertion != nil || assertionType != nil {
            // RFC 6749 §2.3: not more than one method in each request.
            if authorization != nil || parameterSecret != nil {
                throw .invalidRequest("Send a client assertion or the client's secret, not both.")
            }
            let read = try Self.assertion(assertion, type: assertionType)
            // RFC 7521 §4.2: a client_id beside it names the same client.
            if let parameterID, parameterID != read.clientID {
                throw .invalidClient("The client_id in the body is not the sub of the client assertion.")
            }
            method = .privateKeyJWT
            clientID = read.clientID
            secret = Secret("")
            self.assertion = read
            return
        }
        self.assertion = nil
        guard let authorization else {
            guard let parameterID else { throw .invalidClient("The client did not say who it is: client_id is missing.") }
            method = parameterSecret == nil ? .none : .post
            clientID = parameterID
            secret = Secret(parameterSecret ?? "")
            return
        }
        let (basicID, basicSecret) = try Self.basic(authorization)
        // RFC 6749 §2.3: not more than one method in each request.
        if parameterSecret != nil { throw .invalidRequest("Send the client's secret in the header or in the body, not in both.") }
        if let parameterID, parameterID != basicID {
            throw .invalidRequest("The client_id in the body is not the one in the Authorization header.")
        }
        method = .basic
        clientID = basicID
        secret = Secret(basicSecret)
    }

    /// Whether the secret is one of those with these SHA-256 hashes. It takes the same time whichever it is, if any;
    /// with no hashes at all it does the same work once.
    public func matches(_ hashes: [[UInt8]]) -> Bool { match(hashes) != nil }

    /// The same, naming the hash of the secret that was presented; nil: it is none of them.
    public func match(_ hashes: [[UInt8]]) -> [UInt8]? {
        let presented = Credential.hash(secret.reveal())
        let candidates = hashes.isEmpty ? [[UInt8](repeating: 0, count: 32)] : hashes
        let isFound = candidates.reduce(false) { found, hash in
            let isEqual = Credential.areEqual(presented, hash)
            return found || isEqual
        }
        return isFound && method != .none && !hashes.isEmpty ? presented : nil
    }

    private static func assertion(_ text: String?, type: String?) throws(TokenError) -> ClientAssertion {
        guard type == ClientAssertion.type else {
            throw .invalidClient("The client_assertion_type should be that of RFC 7523, ending in jwt-bearer.")
        }
        guard let text, let assertion = ClientAssertion(text) else {
            throw .invalidClient("The client_assertion is not a signed JWT with a sub.")
        }
        return assertion
    }

    private static func value(_ name: String, _ parameters: Parameters) throws(TokenError) -> String? {
        do {
            return try parameters.value(name)
        } catch {
            throw TokenError(error)
        }
    }

    /// RFC 7617 §2, RFC 6749 §2.3.1: both halves are form-encoded inside the base64 text.
    private static func basic(_ field: String) throws(TokenError) -> (id: String, secret: String) {
        let malformed = TokenError.invalidClient("The Authorization header is not a Basic credential.")
        let bytes = field.utf8
        guard let space = bytes.firstIndex(of: 0x20), bytes[..<space].elementsEqual("basic".utf8, by: { $0 | 0x20 == $1 }) else {
            throw malformed
        }
        guard bytes.count <= 8192, let decoded = decodeBase64(bytes[space...].drop { $0 == 0x20 }),
            let colon = decoded.firstIndex(of: UInt8(ascii: ":"))
        else { throw malformed }
        do {
            return (
                try Parameters.decode(decoded[..<colon], limit: 4096), try Parameters.decode(decoded[(colon + 1)...], limit: 4096)
            )
        } catch {
            throw malformed
        }
    }

    /// RFC 4648 §4: the standard alphabet; padding may be missing.
    private static func decodeBase64(_ text: Substring.UTF8View) -> [UInt8]? {
        var characters = Array(text)
        if characters.count % 4 == 0 {
            for _ in 0..<2 where characters.last == UInt8(ascii: "=") { characters.removeLast() }
        }
        for index in characters.indices {
            switch characters[index] {
            case UInt8(ascii: "+"): characters[index] = UInt8(ascii: "-")
            case UInt8(ascii: "/"): characters[index] = UInt8(ascii: "_")
            case UInt8(ascii: "-"), UInt8(ascii: "_"): return nil
            default: continue
            }
        }
        return Base64URL.decode(characters)
    }
}
