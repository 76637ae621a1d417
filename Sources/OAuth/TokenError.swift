/// An error of the token endpoint and its siblings (RFC 6749 §5.2), to be told to the client.
public struct TokenError: Error, Sendable, Equatable {
    /// RFC 6749 §5.2 and RFC 8707 §2; no other code may be sent.
    public enum Code: String, Sendable, CaseIterable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case invalidGrant = "invalid_grant"
        case unauthorizedClient = "unauthorized_client"
        case unsupportedGrantType = "unsupported_grant_type"
        case invalidScope = "invalid_scope"
        case invalidTarget = "invalid_target"
    }

    public let code: Code
    /// Public; ASCII without `"` and `\` (RFC 6749 §5.2); never quotes what the client sent.
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// RFC 6749 §5.2: 401 where the client did not prove who it is, else 400.
    public var status: Int { code == .invalidClient ? 401 : 400 }

    public static func invalidRequest(_ description: String) -> TokenError { TokenError(.invalidRequest, description) }
    public static func invalidClient(_ description: String) -> TokenError { TokenError(.invalidClient, description) }
    public static func invalidGrant(_ description: String) -> TokenError { TokenError(.invalidGrant, description) }
    public static func unauthorizedClient(_ description: String) -> TokenError { TokenError(.unauthorizedClient, description) }
    public static func unsupportedGrantType(_ description: String) -> TokenError { TokenError(.unsupportedGrantType, description) }
    public static func invalidScope(_ description: String) -> TokenError { TokenError(.invalidScope, description) }
    public static func invalidTarget(_ description: String) -> TokenError { TokenError(.invalidTarget, description) }

    init(_ duplicate: Parameters.Duplicate) { self = .invalidRequest(duplicate.description) }
}
