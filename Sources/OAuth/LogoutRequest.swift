/// A request of the logout endpoint (OpenID Connect RP-Initiated Logout 1.0 §2).
public struct LogoutRequest: Sendable, Equatable {
    public let idTokenHint: String?
    public let clientID: Identifier?
    public let postLogoutRedirectURI: String?
    public let state: String?
    /// What a page that asks first has to send again, as it was sent.
    public let fields: [Parameters.Field]

    public init(_ parameters: Parameters) throws(Parameters.Duplicate) {
        var fields: [Parameters.Field] = []
        for name in ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "logout_hint", "ui_locales"] {
            if let value = try parameters.value(name) { fields.append(Parameters.Field(name: name, value: value)) }
        }
        func value(_ name: String) -> String? { fields.first { $0.name == name }?.value }
        idTokenHint = value("id_token_hint")
        clientID = value("client_id").flatMap { Identifier($0) }
        postLogoutRedirectURI = value("post_logout_redirect_uri")
        state = value("state")
        self.fields = fields
    }
}
