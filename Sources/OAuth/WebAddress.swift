/// The addresses that a registration names besides its redirect URIs: pages about the client, and origins of its scripts.
public enum WebAddress {
    /// Why an address cannot be registered. The texts are for whoever gave it.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case notAbsolute, tooLong, hasUserinfo, notSecure, hasNoHost, notOrigin

        public var description: String {
            switch self {
            case .notAbsolute: "It should be an absolute URL of printable ASCII characters, such as https://app.example.com/."
            case .tooLong: "It should be at most \(RedirectURI.maximumLength) characters long."
            case .hasUserinfo: "It should not carry a user name or password."
            case .notSecure: "It should begin with https://."
            case .hasNoHost: "It should name a host."
            case .notOrigin:
                "It should be an origin alone, such as https://app.example.com; http:// is for 127.0.0.1, [::1] and localhost only."
            }
        }
    }

    /// Checks the address of a page or picture that people are shown.
    public static func requirePage(_ text: String) throws(Problem) {
        let url = try read(text)
        if url.scheme.lowercased() != "https" { throw .notSecure }
        guard url.hasAuthority, RedirectURI.isHost(url.host) else { throw .hasNoHost }
    }

    /// Checks an origin as browsers send it (RFC 6454 §6.2).
    public static func requireOrigin(_ text: String) throws(Problem) {
        let url = try read(text)
        guard url.hasAuthority, RedirectURI.isHost(url.host), url.path.isEmpty, url.query == nil, url.fragment == nil,
            url.scheme == "https" || url.isLoopbackHTTP, url.host == url.host.lowercased()
        else { throw .notOrigin }
    }

    private static func read(_ text: String) throws(Problem) -> URLText {
        if text.utf8.count > RedirectURI.maximumLength { throw .tooLong }
        guard let url = URLText(text) else { throw text.contains("@") ? .hasUserinfo : .notAbsolute }
        if url.hasUserinfo { throw .hasUserinfo }
        return url
    }
}
