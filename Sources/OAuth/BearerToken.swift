/// The credential of a request to a protected resource (RFC 6750 §2.1). The form and query variants are not accepted.
public enum BearerToken: Sendable, Equatable {
    /// No credential, or one of another scheme.
    case absent
    /// A bearer credential that cannot be one, or several.
    case malformed
    case token(String)

    /// The longest token that is looked at, in bytes.
    public static let maximumLength = 8192

    /// - Parameter fields: the values of all `Authorization` fields of the request.
    public static func read(_ fields: [String]) -> BearerToken {
        guard let field = fields.first else { return .absent }
        if fields.count > 1 { return .malformed }
        var bytes = field.utf8[...]
        let scheme = bytes.prefix { $0 != 0x20 }
        // RFC 9110 §11.1: schemes are case-insensitive. RFC 6750 §3.1: another method is as none.
        guard scheme.count == 6, scheme.elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }) else { return .absent }
        bytes = bytes.dropFirst(6).drop { $0 == 0x20 }
        guard !bytes.isEmpty, bytes.count <= maximumLength, bytes.allSatisfy(isTokenCharacter) else { return .malformed }
        return .token(String(Substring(bytes)))
    }

    /// RFC 6750 §2.1: `b64token`.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x2B, 0x2F, 0x3D: true
        default: false
        }
    }
}

/// The value of a `WWW-Authenticate` field (RFC 6750 §3, RFC 9728 §5.1).
public struct BearerChallenge: Sendable, Equatable {
    /// nil where the request carried no token (RFC 6750 §3.1).
    public var error: String?
    public var description: String?
    /// What a token would have to carry.
    public var scope: ScopeSet
    /// URL of the protected resource's metadata.
    public var resourceMetadata: String

    public init(error: String? = nil, description: String? = nil, scope: ScopeSet = [], resourceMetadata: String) {
        self.error = error
        self.description = description
        self.scope = scope
        self.resourceMetadata = resourceMetadata
    }

    public var text: String {
        var parameters: [String] = []
        if let error {
            parameters.append("error=" + Self.quoted(error))
            if let description { parameters.append("error_description=" + Self.quoted(description)) }
        }
        if !scope.isEmpty { parameters.append("scope=" + Self.quoted(scope.description)) }
        parameters.append("resource_metadata=" + Self.quoted(resourceMetadata))
        return "Bearer " + parameters.joined(separator: ", ")
    }

    /// RFC 6750 §3: neither `"` nor `\` nor anything outside printable ASCII may stand in a value.
    private static func quoted(_ text: String) -> String {
        let safe = text.utf8.map { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C ? $0 : UInt8(ascii: "'") }
        return "\"" + String(decoding: safe, as: UTF8.self) + "\""
    }
}
