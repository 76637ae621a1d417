/// The issuer identifier (RFC 8414 §2): the configured public URL of the server, and the root of every URL of ours.
public struct Issuer: Sendable, Hashable, CustomStringConvertible {
    /// Why a text cannot be an issuer.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case notURL, hasUserinfo, hasQueryOrFragment, hasTrailingSlash, notSecure, unusualPath

        public var description: String {
            switch self {
            case .notURL: "The issuer should be a URL such as https://login.example.com."
            case .hasUserinfo: "The issuer should not carry a user name or password."
            case .hasQueryOrFragment: "The issuer should have no query and no fragment."
            case .hasTrailingSlash: "The issuer should not end in a slash."
            case .notSecure: "The issuer should begin with https://; http:// is for 127.0.0.1, [::1] and localhost only."
            case .unusualPath: "The path of the issuer should be made of letters, digits, '-', '_' and '.' between single slashes."
            }
        }
    }

    /// The URL exactly as it was configured.
    public let description: String
    /// Scheme, host and port.
    public let origin: String
    /// Empty, or `/…` without a slash at its end.
    public let path: String
    /// Whether the scheme is https.
    public let isSecure: Bool

    public init(_ text: String) throws(Problem) {
        guard let url = URLText(text), url.hasAuthority else { throw .notURL }
        if url.hasUserinfo { throw .hasUserinfo }
        if url.host.isEmpty { throw .notURL }
        // RFC 8414 §2: no query or fragment components.
        if url.query != nil || url.fragment != nil { throw .hasQueryOrFragment }
        if url.path.hasSuffix("/") { throw .hasTrailingSlash }
        if url.scheme != "https", !url.isLoopbackHTTP { throw .notSecure }
        guard Self.isPlainPath(url.path) else { throw .unusualPath }
        description = text
        path = url.path
        origin = String(text.dropLast(url.path.count))
        isSecure = url.scheme == "https"
    }

    /// - Parameter path: begins with a slash.
    public func url(_ path: String) -> String { description + path }

    /// RFC 8414 §3.1: the well-known part stands between the host and the issuer's own path.
    public var authorizationServerMetadataPath: String { "/.well-known/oauth-authorization-server" + path }

    /// OpenID Connect Discovery §4.1: the well-known part stands after the issuer's path.
    public var openIDConfigurationPath: String { path + "/.well-known/openid-configuration" }

    private static func isPlainPath(_ path: String) -> Bool {
        path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().allSatisfy { segment in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { URLText.isLetter($0) || URLText.isDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
        }
    }
}
