/// An error of the authorization endpoint for which there is no redirect URI to send it to: it is shown here, on a page.
/// That is what tells it from `AuthorizationError`, and why no redirect can ever carry it.
public enum AuthorizationPageError: Error, Sendable, Equatable {
    case missingClientID
    case unknownClient
    case suspendedClient
    case frozenClient
    /// `client_id` or `redirect_uri` was sent more than once.
    case duplicate(name: String)
    /// `client_id` or `redirect_uri` is not UTF-8 in percent-encoding.
    case unreadable(name: String)
    case missingRedirectURI
    case redirectURINotRegistered(requested: String)
    /// Only the name of the loopback host differs, which the person who builds the app should see.
    case loopbackNameDiffers(requested: String, registered: String)

    public var title: String {
        switch self {
        case .missingClientID, .unknownClient: "This app is not known here"
        case .suspendedClient: "This app is suspended"
        case .frozenClient: "This app is paused"
        case .duplicate, .unreadable, .missingRedirectURI: "This link is not complete"
        case .redirectURINotRegistered, .loopbackNameDiffers: "This app may not ask from there"
        }
    }

    /// Public; whole sentences.
    public var explanation: String {
        switch self {
        case .missingClientID: "The link that brought you here does not say which app it is for: client_id is missing."
        case .unknownClient: "The link that brought you here names an app that does not exist, or no longer."
        case .suspendedClient: "The app was suspended and cannot be given access for now."
        case .frozenClient:
            "Whoever runs the app has paused it, so it cannot be given access for now. What you gave it before stands still until then."
        case .duplicate(let name): "The link that brought you here has \(name) more than once."
        case .unreadable(let name): "The link that brought you here has a \(name) that cannot be read."
        case .missingRedirectURI: "The link that brought you here does not say where to return to: redirect_uri is missing."
        case .redirectURINotRegistered: "The app asks to return to an address that is not registered for it, so we do not send you there."
        case .loopbackNameDiffers:
            "The app asks to return to another name of this machine than the one that is registered for it. The two are not the same."
        }
    }

    /// Facts for whoever builds the app.
    public var details: [(name: String, value: String)] {
        switch self {
        case .redirectURINotRegistered(let requested): [("Requested", requested)]
        case .loopbackNameDiffers(let requested, let registered): [("Requested", requested), ("Registered", registered)]
        default: []
        }
    }
}

/// An error that the authorization endpoint sends to the client's verified redirect URI (RFC 6749 §4.1.2.1).
public struct AuthorizationError: Error, Sendable, Equatable {
    /// RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 8707 §2; no other code may be sent.
    public enum Code: String, Sendable, CaseIterable {
        case invalidRequest = "invalid_request"
        case unauthorizedClient = "unauthorized_client"
        case accessDenied = "access_denied"
        case unsupportedResponseType = "unsupported_response_type"
        case invalidScope = "invalid_scope"
        case temporarilyUnavailable = "temporarily_unavailable"
        case loginRequired = "login_required"
        case consentRequired = "consent_required"
        case invalidTarget = "invalid_target"
        case requestNotSupported = "request_not_supported"
        case requestURINotSupported = "request_uri_not_supported"
        case registrationNotSupported = "registration_not_supported"
    }

    public let code: Code
    /// Public; ASCII without `"` and `\` (RFC 6749 §4.1.2.1); never quotes what was sent.
    public let description: String

    public init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    public static let accessDenied = AuthorizationError(.accessDenied, "The access was declined.")
    public static let loginRequired = AuthorizationError(.loginRequired, "The user has to sign in, which prompt=none rules out.")
    public static let consentRequired = AuthorizationError(.consentRequired, "The user has to be asked, which prompt=none rules out.")
    public static let temporarilyUnavailable = AuthorizationError(
        .temporarilyUnavailable, "The server cannot answer right now. Try again shortly.")

    public static func invalidRequest(_ description: String) -> AuthorizationError { AuthorizationError(.invalidRequest, description) }

    init(_ duplicate: Parameters.Duplicate) { self = .invalidRequest(duplicate.description) }
}
