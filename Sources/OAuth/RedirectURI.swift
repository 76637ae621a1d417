/// Redirect URIs: what may be registered, and what a request may name.
public enum RedirectURI {
    /// Why a URI cannot be registered (RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §4.1).
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case notAbsolute, tooLong, hasUserinfo, hasFragment, hasWildcard, hasNoHost, dangerousScheme, notSecure, schemeNeedsDot
        case privateSchemeWithSecret

        public var description: String {
            switch self {
            case .notAbsolute: "It should be an absolute URI of printable ASCII characters, such as https://app.example.com/callback."
            case .tooLong: "It should be at most \(maximumLength) characters long."
            case .hasUserinfo: "It should not carry a user name or password."
            case .hasFragment: "It should have no fragment."
            case .hasWildcard: "It should have no wildcard: redirect URIs are compared character by character."
            case .hasNoHost: "It should name a host."
            case .dangerousScheme: "Its scheme can run code or read files in a browser."
            case .notSecure: "It should begin with https://; http:// is for 127.0.0.1, [::1] and localhost only."
            case .schemeNeedsDot: "A scheme of its own should be a domain name in reverse, such as com.example.app:/callback."
            case .privateSchemeWithSecret: "Only an app without a secret may use a scheme of its own; this one should use https://."
            }
        }
    }

    /// The longest URI that is registered, in bytes.
    public static let maximumLength = 2048

    /// Checks a URI that is to be registered for a client.
    /// - Parameter isNative: whether the client is an app on the user's device, without a secret; only such an app has a scheme of its own.
    public static func requireRegistrable(_ text: String, isNative: Bool) throws(Problem) {
        if text.utf8.count > maximumLength { throw .tooLong }
        // A dangerous scheme is named as such even where the rest is no URI.
        let scheme = text.prefix { $0 != ":" }.lowercased()
        if dangerousSchemes.contains(scheme) { throw .dangerousScheme }
        guard let url = URLText(text) else { throw text.contains("@") ? .hasUserinfo : .notAbsolute }
        if url.hasUserinfo { throw .hasUserinfo }
        if url.fragment != nil { throw .hasFragment }
        if text.contains("*") { throw .hasWildcard }
        switch scheme {
        case "https":
            guard url.hasAuthority, isHost(url.host) else { throw .hasNoHost }
        case "http":
            guard url.hasAuthority, isHost(url.host) else { throw .hasNoHost }
            if !url.isLoopbackHTTP { throw .notSecure }
        default:
            // RFC 8252 §7.1: private-use schemes are based on a domain name.
            if !scheme.contains(".") { throw .schemeNeedsDot }
            if !isNative { throw .privateSchemeWithSecret }
        }
    }

    /// Finds the registered URI that a request means.
    /// - Throws: `redirectURINotRegistered` or `loopbackNameDiffers`.
    public static func match(requested: String, registered: [String]) throws(AuthorizationPageError) -> Verified {
        // What registration would refuse is refused here again, however it came to be registered.
        if isAcceptable(requested) {
            // RFC 9700 §4.1.3: exact string matching.
            if registered.contains(requested) { return Verified(text: requested) }
            // RFC 8252 §7.3: any port of a loopback address, since an app takes one that is free.
            if registered.contains(where: { differOnlyInLoopbackPort(requested, $0) }) { return Verified(text: requested) }
            if let other = registered.first(where: { differOnlyInLoopbackHost(requested, $0) }) {
                throw .loopbackNameDiffers(requested: requested, registered: other)
            }
        }
        throw .redirectURINotRegistered(requested: String(requested.prefix(512)))
    }

    private static func isAcceptable(_ text: String) -> Bool {
        guard let url = URLText(text) else { return false }
        return !url.hasUserinfo && url.fragment == nil && !dangerousSchemes.contains(url.scheme.lowercased())
    }

    private static func differOnlyInLoopbackPort(_ requested: String, _ registered: String) -> Bool {
        guard let requested = URLText(requested), let registered = URLText(registered) else { return false }
        return requested.isLoopbackHTTP && registered.isLoopbackHTTP && requested.host == registered.host
            && isSameBehindHost(requested, registered)
    }

    private static func differOnlyInLoopbackHost(_ requested: String, _ registered: String) -> Bool {
        guard let requested = URLText(requested), let registered = URLText(registered) else { return false }
        return requested.isLoopbackHTTP && registered.isLoopbackHTTP && isSameBehindHost(requested, registered)
    }

    private static func isSameBehindHost(_ left: URLText, _ right: URLText) -> Bool {
        left.path == right.path && left.query == right.query && left.fragment == right.fragment
    }

    static func isHost(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host.utf8.count > 3 }
        return !host.isEmpty
            && host.utf8.allSatisfy { URLText.isLetter($0) || URLText.isDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    private static let dangerousSchemes: Set<String> = [
        "javascript", "data", "file", "vbscript", "about", "blob", "filesystem", "view-source", "jar", "mailto", "tel", "ws", "wss", "ftp",
    ]

    /// A URI that a registered one was found for. There is no other way to make one, and no redirect to anything else.
    public struct Verified: Sendable, Equatable {
        /// The URI as the request named it.
        public let text: String

        fileprivate init(text: String) { self.text = text }

        /// RFC 6749 §4.1.2; RFC 9207 §2 adds `iss`.
        public func location(code: String, state: String?, issuer: Issuer) -> String {
            URLText.adding([("code", code), ("state", state), ("iss", issuer.description)], to: text)
        }

        /// RFC 6749 §4.1.2.1; RFC 9207 §2 adds `iss` to errors too.
        public func location(error: AuthorizationError, state: String?, issuer: Issuer) -> String {
            URLText.adding(
                [
                    ("error", error.code.rawValue), ("error_description", error.description), ("state", state),
                    ("iss", issuer.description),
                ], to: text)
        }
    }
}
