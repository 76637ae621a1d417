import HTTPTypes

/// What requests are counted under: each endpoint that programs call often, and an area for all others. A closed list, so that no
/// request can make a new series.
enum MeteredEndpoint: Int, CaseIterable, Sendable {
    case authorize, token, introspect, revoke, userinfo, logout, metadata, keys, verify, health, management, pages, `internal`, unknown

    /// The label's value.
    var label: String {
        switch self {
        case .authorize: "/oauth2/auth"
        case .token: "/oauth2/token"
        case .introspect: "/oauth2/introspect"
        case .revoke: "/oauth2/revoke"
        case .userinfo: "/oauth2/userinfo"
        case .logout: "/oauth2/logout"
        case .metadata: "metadata"
        case .keys: "/.well-known/jwks.json"
        case .verify: "/verify"
        case .health: "/health"
        case .management: "management"
        case .pages: "pages"
        case .internal: "internal"
        case .unknown: "unknown"
        }
    }

    /// Of a route, by its pattern; read once, when the routes are made.
    init(path: String, shape: ErrorShape) {
        let exact: [(String, MeteredEndpoint)] = [
            ("/oauth2/auth", .authorize), ("/oauth2/token", .token), ("/oauth2/introspect", .introspect), ("/oauth2/revoke", .revoke),
            ("/oauth2/userinfo", .userinfo), ("/oauth2/logout", .logout), ("/.well-known/jwks.json", .keys),
        ]
        if let known = exact.first(where: { path.hasSuffix($0.0) }) {
            self = known.1
        } else if path.contains("/.well-known/") {
            self = .metadata
        } else if shape == .gateway {
            self = .verify
        } else if path.hasPrefix("/health/") {
            self = .health
        } else if shape == .envelope {
            self = .management
        } else if shape == .page {
            self = .pages
        } else {
            self = .internal
        }
    }
}

/// How a request ended, as far as whoever watches the server can act on it.
enum MeteredOutcome: Int, CaseIterable, Sendable {
    case ok
    /// The caller's mistake: 4xx other than a refusal.
    case clientError
    /// 401, 403: the caller may not.
    case refused
    /// 503: to be tried again.
    case unavailable
    /// Any other 5xx: a mistake of this server.
    case error

    /// The label's value.
    var label: String {
        switch self {
        case .ok: "ok"
        case .clientError: "client_error"
        case .refused: "refused"
        case .unavailable: "unavailable"
        case .error: "error"
        }
    }

    init(status: Int) {
        switch status {
        case ..<400: self = .ok
        case 401, 403: self = .refused
        case 400..<500: self = .clientError
        case 503: self = .unavailable
        default: self = .error
        }
    }
}
