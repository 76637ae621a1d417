import Hummingbird
import OAuth

/// Who makes a request, as Latchkey vouches for it.
public struct VerifiedCaller: Sendable, Equatable {
    /// The user's identifier, `sub` of the same user's ID tokens.
    public let user: String
    /// The `client_id` of the app that acts for the user.
    public let client: String
    /// The account that the request's path names; where it names none, every account that the user granted, ascending.
    public let accounts: [String]
    /// What the token may do now in those accounts (RFC 6749 §3.3).
    public let scope: ScopeSet
    /// What the user left out inside of those accounts, for operations that show or touch several resources.
    public let resources: VerifiedResources

    public init(user: String, client: String, accounts: [String], scope: ScopeSet, resources: VerifiedResources = VerifiedResources()) {
        self.user = user
        self.client = client
        self.accounts = accounts
        self.scope = scope
        self.resources = resources
    }
}

/// A request context with a place for who makes the request. `GatewayCheck` needs it and fills it in.
public protocol GatewayCheckContext: RequestContext {
    /// nil where the operation is open to anybody.
    var caller: VerifiedCaller? { get set }
}
