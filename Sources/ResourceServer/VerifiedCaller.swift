import Hummingbird
import OAuth

/// Who makes a request, as Latchkey vouches for it.
public struct VerifiedCaller: Sendable, Equatable {
    /// The user's identifier, `sub` of the same user's ID tokens.
    public let user: String
    /// The `client_id` of the app that acts for the user.
    public let client: String
    /// Of `GatewayCheck`: the account that the request's path names; where it names none, every account that the user granted.
    /// Of `BearerCheck`: every account that the user granted. Ascending.
    public let accounts: [String]
    /// What the token may do now in at least one of those accounts (RFC 6749 §3.3).
    public let scope: ScopeSet
    /// What the user left out inside of those accounts, for operations that show or touch several resources.
    public let resources: VerifiedResources
    /// By account, where the user's role or the account's app policy allows less than `scope`.
    private let scopesByAccount: [String: ScopeSet]

    /// - Parameter scopesByAccount: what may be done in an account, where it is less than `scope`.
    public init(
        user: String, client: String, accounts: [String], scope: ScopeSet, resources: VerifiedResources = VerifiedResources(),
        scopesByAccount: [String: ScopeSet] = [:]
    ) {
        self.user = user
        self.client = client
        self.accounts = accounts
        self.scope = scope
        self.resources = resources
        self.scopesByAccount = scopesByAccount
    }

    /// What the token may do in one account; nothing in one that the user did not grant.
    public func scope(in account: String) -> ScopeSet {
        accounts.contains(account) ? scopesByAccount[account] ?? scope : []
    }
}

/// A request context with a place for who makes the request. `BearerCheck` and `GatewayCheck` need it and fill it in.
public protocol VerifiedCallerContext: RequestContext {
    /// nil where the operation is open to anybody.
    var caller: VerifiedCaller? { get set }
}

/// What `GatewayCheck` needs.
public typealias GatewayCheckContext = VerifiedCallerContext
