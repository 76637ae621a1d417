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
        }
    }

    /// Whether it leaves everything as it is.
    public var isView: Bool { rawValue.hasSuffix(".view") }
}

/// One line of what an API token may do: permissions, and the accounts where they hold or do not.
public struct TokenPolicy: Sendable, Equatable {
    public enum Effect: String, Sendable, CaseIterable { case allow, deny }

    /// Where a policy holds.
    public enum Place: Sendable, Hashable {
        case everywhere
        case account(Identifier)
    }

    public var id: Identifier
    public var effect: Effect
    /// Labels of `Permission`s, or scopes of the catalogue.
    public var permissions: [String]
    public var places: Set<Place>

    public init(id: Identifier, effect: Effect, permissions: [String], places: Set<Place>) {
        self.id = id
        self.effect = effect
        self.permissions = permissions
        self.places = places
    }

    func covers(_ label: String, in account: Identifier) -> Bool {
        permissions.contains(label) && (places.contains(.everywhere) || places.contains(.account(account)))
    }
}

extension [TokenPolicy] {
    /// A denial wins over every permission.
    public func allow(_ label: String, in account: Identifier) -> Bool {
        let fitting = filter { $0.covers(label, in: account) }
        return fitting.contains { $0.effect == .allow } && !fitting.contains { $0.effect == .deny }
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
    public let tokenID: Identifier?
    /// The client that acts, with an access token.
    public var clientID: Identifier? {
        if case .authority(let authority) = reach { authority.clientID } else { nil }
    }
    /// Every account where the user, or the token's owner, has a place.
    public let memberships: [Membership]
    public let reach: Reach

    public init(user: User?, tokenID: Identifier? = nil, memberships: [Membership], reach: Reach) {
        self.user = user
        self.tokenID = tokenID
        self.memberships = memberships
        self.reach = reach
    }

    /// The place in an account; nil for a stranger, to whom the account does not exist.
    public func membership(in account: Identifier) -> Membership? {
        if case .authority(let authority) = reach, !authority.accounts.contains(where: { $0.id == account }) { return nil }
        return memberships.first { $0.account.id == account }
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
