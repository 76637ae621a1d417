import OAuth

/// What somebody builds, and the settings that fit it: grants, authentication and PKCE follow from it (RFC 6749 §2.1, RFC 8252,
/// RFC 9700).
public enum ClientKind: String, Sendable, CaseIterable {
    case webApp = "web"
    case singlePage = "spa"
    case native
    case agent

    public var name: String {
        switch self {
        case .webApp: "Web app"
        case .singlePage: "Single-page app"
        case .native: "Native app or CLI"
        case .agent: "Agent or service"
        }
    }

    /// Who should choose it.
    public var description: String {
        switch self {
        case .webApp: "People use it in a browser, and it has a server of its own."
        case .singlePage: "It runs in the browser alone, without a server of its own."
        case .native: "It runs on people's devices: a phone or desktop app, a command line, an agent on one's own machine."
        case .agent: "It runs on your servers and acts for people while they are away: AI agents, bots, scheduled jobs."
        }
    }

    /// What it gets.
    public var settings: String {
        switch self {
        case .webApp: "Authorization code with PKCE, client secret, refresh tokens, sign-in (ID tokens)."
        case .singlePage: "Authorization code with PKCE, no secret, refresh tokens that change with each use."
        case .native: "Authorization code with PKCE, no secret, refresh tokens, redirects to 127.0.0.1 or a scheme of its own."
        case .agent: "Authorization code with PKCE, client secret, refresh tokens."
        }
    }

    /// Why that fits.
    public var reason: String {
        switch self {
        case .webApp: "A server can keep a secret; PKCE protects the code on its way through the browser all the same."
        case .singlePage: "Whatever is sent to a browser can be read there, so it can keep no secret; PKCE proves that the code is its own."
        case .native: "Whatever is installed can be taken apart, so it can keep no secret; PKCE keeps other apps from using its code."
        case .agent: "It stays connected without anybody at the keyboard. It signs nobody in, so it gets no ID tokens."
        }
    }

    public var authenticationMethod: Client.AuthenticationMethod {
        switch self {
        case .webApp, .agent: .basic
        case .singlePage, .native: .none
        }
    }

    public var grantTypes: [Client.GrantType] { [.authorizationCode, .refreshToken] }

    public var responseTypes: [Client.ResponseType] { self == .webApp ? [.code, .idToken] : [.code] }

    /// What a redirect URI of it looks like.
    public var exampleRedirectURI: String {
        switch self {
        case .webApp, .agent: "https://app.example.com/callback"
        case .singlePage: "https://app.example.com/"
        case .native: "http://127.0.0.1/callback"
        }
    }

    /// What a registered client most likely is: nobody is asked to keep it up to date.
    public init(_ client: Client) {
        if client.isPublicClient {
            self = client.redirectURIs.contains(where: Self.isOnDevice) ? .native : .singlePage
        } else {
            self = client.responseTypes.contains(.idToken) ? .webApp : .agent
        }
    }

    /// What a registered client is, in words that claim no more than its registration tells.
    public static func words(_ client: Client) -> String {
        let kind = ClientKind(client)
        return kind == .agent ? "App on a server" : kind.name
    }

    private static func isOnDevice(_ uri: String) -> Bool {
        guard let url = URLText(uri) else { return false }
        return url.scheme.lowercased() != "https"
    }
}
