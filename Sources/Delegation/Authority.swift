import OAuth

/// What a token may do now: the token's scopes ∩ the family's ∩ the authorization's, per account what the user's role
/// and the account's app policy allow there today, and nothing at all where something is suspended, disabled, expired or ended.
///
/// It is computed when a token is used and never kept in one, so that every change acts at once.
public struct Authority: Sendable, Equatable {
    /// An account that the token reaches.
    public struct GrantedAccount: Sendable, Equatable {
        public let id: Identifier
        public let nameInAPI: String
        /// What the token may do there: the scopes that the user's roles allow, and the protocol's own.
        public let scopes: ScopeSet
        /// What of it the user left out inside of the account.
        public let resources: NarrowedResources
        /// What the account's app policy takes away from that, or would if it were enforced; nil: nothing.
        public let policy: PolicyEffect?
        let name: String
    }

    /// An account that was granted and that its app policy keeps the client out of.
    public struct RefusedAccount: Sendable, Equatable {
        public let id: Identifier
        public let nameInAPI: String
        public let name: String
        public let obstacle: PolicyObstacle
    }

    public let userID: Identifier
    public let clientID: Identifier
    /// What the token holds, whether or not a role allows it anywhere today.
    public let heldScopes: ScopeSet
    /// What the token is good for: the protocol's own scopes and those allowed in at least one account.
    public let scopes: ScopeSet
    /// Ascending by identifier. An account where the role allows nothing is still among them.
    public let accounts: [GrantedAccount]
    public let refusedAccounts: [RefusedAccount]
    /// The first second at which an app policy takes one of the accounts away by time alone; nil: none does.
    public let policyEndsAt: Int64?

    /// The one function that decides what a token may do.
    /// - Parameters:
    ///   - tokenScopes: the scopes that the token was issued for.
    ///   - tokenID: the access token's own id; nil for a refresh token, which only its family ends.
    ///   - now: epoch seconds.
    public static func of(
        _ standing: Standing, tokenScopes: ScopeSet, tokenID: UInt64?, now: Int64
    ) -> Result<Authority, Inactive> {
        if let reason = Inactive(standing, tokenID: tokenID, now: now) { return .failure(reason) }
        let held = tokenScopes.within(standing.family.scopes).within(standing.authorization.scopes)
        var refused: [RefusedAccount] = []
        var end: Int64?
        let accounts = grantedAccounts(standing, held, now: now, refused: &refused, firstEnd: &end)
        return .success(
            Authority(
                userID: standing.user.id, clientID: standing.client.id, heldScopes: held, scopes: effective(held, accounts),
                accounts: accounts, refusedAccounts: refused, policyEndsAt: end))
    }

    /// One entry per account, as introspection and tokens name them (RFC 9396 §2); with `scope` where less may be done there than the
    /// token may do somewhere.
    /// - Returns: the text of the JSON array.
    public var authorizationDetails: [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(authorizationDetailsLength)
        appendAuthorizationDetails(to: &text)
        return text
    }

    /// About how long that text is, in bytes.
    public var authorizationDetailsLength: Int { accounts.reduce(2) { $0 + 80 + $1.resources.byteCount } }

    /// The same behind what is written already: long choices are copied once, as they are kept.
    public func appendAuthorizationDetails(to text: inout [UInt8]) {
        text.append(UInt8(ascii: "["))
        for (index, account) in accounts.enumerated() {
            text.append(contentsOf: (index > 0 ? "," : "").utf8)
            text.append(contentsOf: #"{"type":"account","identifier":""#.utf8)
            text.append(contentsOf: account.id.description.utf8)
            text.append(UInt8(ascii: "\""))
            if account.scopes.count != scopes.count {
                text.append(contentsOf: #","scope":"#.utf8)
                text.append(contentsOf: JSON.string(account.scopes.description).bytes)
            }
            if !account.resources.isEmpty {
                text.append(contentsOf: #","resources":"#.utf8)
                account.resources.append(to: &text)
            }
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: "]"))
    }

    private static func grantedAccounts(
        _ standing: Standing, _ held: ScopeSet, now: Int64, refused: inout [RefusedAccount], firstEnd: inout Int64?
    ) -> [GrantedAccount] {
        let family = standing.family.accountIDs
        let authorization = standing.authorization.accountIDs
        var accounts: [GrantedAccount] = []
        for membership in standing.memberships where !membership.account.isSuspended {
            let account = membership.account
            guard family.ascendingContains(account.id), authorization.ascendingContains(account.id) else { continue }
            let allowed = membership.allowed(held)
            let policy = standing.policies.first { $0.accountID == account.id }
            let effect = policy?.effect(on: allowed, grantedAt: standing.family.createdAt, now: now)
            if let effect, effect.isEnforced, let obstacle = effect.obstacle {
                refused.append(RefusedAccount(id: account.id, nameInAPI: account.nameInAPI, name: account.name, obstacle: obstacle))
                continue
            }
            if let end = policy?.end(grantedAt: standing.family.createdAt) { firstEnd = min(end, firstEnd ?? end) }
            let scopes = effect.map { $0.isEnforced ? allowed.subtracting($0.withheld) : allowed } ?? allowed
            accounts.append(
                GrantedAccount(
                    id: account.id, nameInAPI: account.nameInAPI, scopes: scopes,
                    resources: standing.reach.isEmpty ? NarrowedResources() : standing.reach[account.id] ?? NarrowedResources(),
                    policy: effect, name: account.name))
        }
        if accounts.count > 1 { accounts.sort { $0.id < $1.id } }
        return accounts
    }

    private static func effective(_ held: ScopeSet, _ accounts: [GrantedAccount]) -> ScopeSet {
        // An account's scopes are a part of the held ones, so as many are all of them.
        if accounts.contains(where: { $0.scopes.count == held.count }) { return held }
        return held.filter { label in
            ScopeSet.protocolScopes.contains(label) || accounts.contains { $0.scopes.contains(label) }
        }
    }
}

/// Why a token is good for nothing. The texts are public and ASCII: they stand in `error_description`.
public enum Inactive: Error, Sendable, Equatable, CaseIterable, CustomStringConvertible {
    case tokenRevoked
    case familyRevoked
    case familyExpired
    /// The installation was not used for longer than a refresh token lives.
    case familyIdle
    case authorizationEnded
    case authorizationExpired
    case clientSuspended
    /// The client's owner has it stand still. Nothing has ended: it goes on when the client is thawed.
    case clientFrozen
    case clientAccountSuspended
    case userDisabled
    /// The client is private and the user has left the account that owns it.
    case notMember

    init?(_ standing: Standing, tokenID: UInt64?, now: Int64) {
        let family = standing.family
        let authorization = standing.authorization
        if family.revokedAt != nil {
            self = .familyRevoked
        } else if let tokenID, family.revokedTokenIDs.contains(tokenID) {
            self = .tokenRevoked
        } else if authorization.endedAt != nil {
            self = .authorizationEnded
        } else if now >= family.expiresAt {
            self = .familyExpired
        } else if now >= family.idleExpiresAt {
            self = .familyIdle
        } else if let end = authorization.expiresAt, now >= end {
            self = .authorizationExpired
        } else if standing.client.status != .active {
            self = .clientSuspended
        } else if standing.client.isFrozen {
            self = .clientFrozen
        } else if standing.clientAccount.isSuspended {
            self = .clientAccountSuspended
        } else if standing.user.isDisabled {
            self = .userDisabled
        } else if !standing.client.mayBeAuthorized(by: standing.memberships) {
            self = .notMember
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .tokenRevoked: "The access token was revoked."
        case .familyRevoked: "The installation that this token belongs to was ended."
        case .familyExpired: "The access that was granted has expired. Ask the user to authorize again."
        case .familyIdle: "The installation was not used for too long. Ask the user to authorize again."
        case .authorizationEnded: "The authorization was revoked. Ask the user to authorize again."
        case .authorizationExpired: "The authorization has expired. Ask the user to authorize again."
        case .clientSuspended: "The client is suspended."
        case .clientFrozen: "The client is frozen by its owner. Nothing was revoked: keep the tokens and try again when it is thawed."
        case .clientAccountSuspended: "The account that owns the client is suspended."
        case .userDisabled: "The user is disabled."
        case .notMember: "The client is private, and the user is no longer a member of the account that owns it."
        }
    }
}

extension Client {
    /// A private client is for members of the account that owns it; a public one is for anybody.
    func mayBeAuthorized(by memberships: [Membership]) -> Bool {
        visibility == .public || memberships.contains { $0.account.id == accountID }
    }

    /// Whether a user may not decline a scope. Who the user is and whether the app stays connected are the connection
    /// itself; `profile` and `email` are the user's to keep back unless the client registered them as required.
    public func requires(_ label: String) -> Bool {
        label == "openid" || label == "offline_access" || (scopes.contains(label) && !optionalScopes.contains(label))
    }
}

extension ScopeSet {
    /// The intersection, without building a new set in the usual case that this one is a part of the other.
    func within(_ other: ScopeSet) -> ScopeSet { isSubset(of: other) ? self : intersection(other) }
}

extension [Identifier] {
    /// Binary search in identifiers that ascend.
    func ascendingContains(_ id: Identifier) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] == id { return true }
            if self[middle] < id { low = middle + 1 } else { high = middle }
        }
        return false
    }
}
