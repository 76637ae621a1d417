import OAuth

/// What somebody may do in an account through the pages and the management API. The labels stand in roles and in the
/// policies of API tokens, and as scopes where the catalogue has them.
public enum Permission: String, Sendable, CaseIterable {
    case viewClients = "latchkey.clients.view"
    case manageClients = "latchkey.clients.manage"
    case viewMembers = "latchkey.members.view"
    case manageMembers = "latchkey.members.manage"
    case viewApps = "latchkey.apps.view"
    case manageApps = "latchkey.apps.manage"
    case viewResources = "latchkey.resources.view"
    case manageResources = "latchkey.resources.manage"
    case viewAudit = "latchkey.audit.view"
    case viewTokens = "latchkey.tokens.view"
    case manageTokens = "latchkey.tokens.manage"
    case manageAccount = "latchkey.account.manage"

    /// In plain words.
    public var name: String {
        switch self {
        case .viewClients: "OAuth clients: view"
        case .manageClients: "OAuth clients: create, change, delete"
        case .viewMembers: "Members: view"
        case .manageMembers: "Members: invite, change, remove"
        case .viewApps: "Members' apps and app policy: view"
        case .manageApps: "Members' apps and app policy: change"
        case .viewResources: "Resources: view"
        case .manageResources: "Resources: register and remove"
        case .viewAudit: "Audit log: view"
        case .viewTokens: "API tokens: view"
        case .manageTokens: "API tokens: create, change, delete"
        case .manageAccount: "Account: rename"
        }
    }

    /// Whether it leaves everything as it is.
    public var isView: Bool { rawValue.hasSuffix(".view") }
}

/// What an API token may do with its user's own things, in no account.
public enum UserPermission: String, Sendable, CaseIterable {
    case viewUser = "latchkey.user.view"
    case manageMemberships = "latchkey.user.memberships.manage"
    case viewApps = "latchkey.user.apps.view"
    case manageApps = "latchkey.user.apps.manage"
    case viewTokens = "latchkey.user.tokens.view"
    case manageTokens = "latchkey.user.tokens.manage"
    case viewSessions = "latchkey.user.sessions.view"
    case manageSessions = "latchkey.user.sessions.manage"

    /// In plain words.
    public var name: String {
        switch self {
        case .viewUser: "Your user: view"
        case .manageMemberships: "Your memberships: leave an account"
        case .viewApps: "Your connected apps: view"
        case .manageApps: "Your connected apps: narrow and end"
        case .viewTokens: "Your API tokens: view"
        case .manageTokens: "Your API tokens: create, change, delete"
        case .viewSessions: "Your sessions: view"
        case .manageSessions: "Your sessions: end"
        }
    }
}

/// One line of what an API token may do: permissions, and the accounts where they hold or do not.
public struct TokenPolicy: Sendable, Equatable {
    public enum Effect: String, Sendable, CaseIterable { case allow, deny }

    /// Where a policy holds.
    public enum Place: Sendable, Hashable {
        /// In every account of the token's owner, and with the user's own things.
        case everywhere
        case account(Identifier)
        /// With the user's own things.
        case user
    }

    public var id: Identifier
    public var effect: Effect
    /// Labels of `Permission`s and `UserPermission`s, or scopes of the catalogue.
    public var permissions: [String]
    public var places: Set<Place>

    public init(id: Identifier, effect: Effect, permissions: [String], places: Set<Place>) {
        self.id = id
        self.effect = effect
        self.permissions = permissions
        self.places = places
    }

    func covers(_ label: String, at place: Place) -> Bool {
        permissions.contains(label) && (places.contains(.everywhere) || places.contains(place))
    }
}

extension [TokenPolicy] {
    /// A denial wins over every permission.
    public func allow(_ label: String, in account: Identifier) -> Bool { allow(label, at: .account(account)) }

    func allow(_ label: String, at place: TokenPolicy.Place) -> Bool {
        let fitting = filter { $0.covers(label, at: place) }
        return fitting.contains { $0.effect == .allow } && !fitting.contains { $0.effect == .deny }
    }

    /// Whether a permission holds in every account, and no denial of it holds in any.
    func allowEverywhere(_ label: String) -> Bool {
        allow(label, at: .everywhere) && !contains { $0.effect == .deny && $0.permissions.contains(label) }
    }

    /// Whether they allow anything at all in an account.
    func reach(_ account: Identifier) -> Bool {
        contains { policy in
            policy.effect == .allow && (policy.places.contains(.everywhere) || policy.places.contains(.account(account)))
                && policy.permissions.contains { UserPermission(rawValue: $0) == nil }
        }
    }
}

/// Who asks for something at a page or at the management API, and how far they reach.
///
/// It is made anew for each request from what storage says now, so that a lost role or a disabled token acts at once.
public struct Principal: Sendable, Equatable {
    /// What limits somebody beyond their own roles.
    public enum Reach: Sendable, Equatable {
        /// A session, or an API token without policies.
        case everything
        /// An API token.
        case policies([TokenPolicy])
        /// An OAuth access token: its scopes, in its accounts.
        case authority(Authority)
    }

    /// nil: a token that an account itself owns.
    public let user: User?
    /// The API token that was presented.
    public let token: APIToken?
    public var tokenID: Identifier? { token?.id }
    /// The client that acts, with an access token.
    public var clientID: Identifier? {
        if case .authority(let authority) = reach { authority.clientID } else { nil }
    }
    /// Every account where the user, or the token's owner, has a place.
    public let memberships: [Membership]
    public let reach: Reach

    public init(user: User?, token: APIToken? = nil, memberships: [Membership], reach: Reach) {
        self.user = user
        self.token = token
        self.memberships = memberships
        self.reach = reach
    }

    /// The place in an account; nil for a stranger, to whom the account does not exist. A credential that reaches into some
    /// accounts alone is a stranger in the others.
    public func membership(in account: Identifier) -> Membership? {
        guard reaches(account) else { return nil }
        return memberships.first { $0.account.id == account }
    }

    /// The places in those accounts that the credential reaches into.
    public var reachedMemberships: [Membership] { memberships.filter { reaches($0.account.id) } }

    private func reaches(_ account: Identifier) -> Bool {
        switch reach {
        case .everything: true
        case .policies(let policies): policies.reach(account)
        case .authority(let authority): authority.accounts.contains { $0.id == account }
        }
    }

    /// Whether something may be done with the user's own things: by the user, with a token that may do everything, or with one
    /// whose policies say so. An app's access token never may.
    public func mayAsUser(_ permission: UserPermission) -> Bool {
        guard user != nil else { return false }
        switch reach {
        case .everything: return true
        case .policies(let policies): return policies.allow(permission.rawValue, at: .user)
        case .authority: return false
        }
    }

    /// Whether something may be done in an account: both the role there and the credential have to allow it.
    public func may(_ permission: Permission, in account: Identifier) -> Bool {
        may(permission.rawValue, in: account)
    }

    /// The same for any label, such as a scope that an API token is to get.
    public func may(_ label: String, in account: Identifier) -> Bool {
        guard let membership = membership(in: account), membership.allows(label) else { return false }
        switch reach {
        case .everything: return true
        case .policies(let policies): return policies.allow(label, in: account)
        case .authority(let authority): return authority.accounts.contains { $0.id == account && $0.scopes.contains(label) }
        }
    }
}
