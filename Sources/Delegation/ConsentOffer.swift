import OAuth

/// What a consent page can offer: which accounts may be chosen, which scopes may be granted there, what of it is new, and
/// whether the page is needed at all.
public struct ConsentOffer: Sendable, Equatable {
    /// An account of which the user is a member.
    public struct OfferedAccount: Sendable, Equatable {
        public let id: Identifier
        public let nameInAPI: String
        public let name: String
        /// Why it cannot be chosen; nil: it can.
        public let obstacle: Obstacle?
        /// The request asked for it by name.
        public let isPreselected: Bool
        /// The client has access to it already.
        public let isGrantedBefore: Bool
        /// The longest lifetime that the account's app policy leaves, in seconds; nil: any.
        public let longestLifetime: Int64?

        public var isSelectable: Bool { obstacle == nil }

        func isNamed(_ name: String) -> Bool { nameInAPI == name || id.description == name }
    }

    /// Why an account cannot be chosen.
    public enum Obstacle: Sendable, Equatable {
        case suspended
        /// The user's role there lacks these required scopes; the names are those of the catalogue.
        case roleLacks(names: [String])
        /// The account's app policy keeps the client out.
        case policy(PolicyObstacle)
        /// The account's app policy wants an approval for these required scopes; the names are those of the catalogue.
        case needsApproval(names: [String])

        /// Whether an administrator of the account can be asked to change it.
        public var canBeAskedFor: Bool {
            switch self {
            case .suspended, .roleLacks: false
            case .policy(let obstacle): obstacle.canBeAskedFor
            case .needsApproval: true
            }
        }

        public var text: String {
            switch self {
            case .suspended: "This account is suspended."
            case .roleLacks(let names):
                "Your role in this account does not allow what this app requires: \(names.joined(separator: ", "))."
            case .policy(.blocked): "The administrators of this account have blocked this app."
            case .policy(.closed): "The administrators of this account let no app in that they have not allowed by name."
            case .policy(.notApproved): "The administrators of this account have to approve this app first."
            case .policy(.lifetimeOver(let seconds)): "This account gives access for \(PolicyObstacle.words(seconds)) at most."
            case .needsApproval(let names):
                "An administrator of this account has to approve what this app requires first: \(names.joined(separator: ", "))."
            }
        }
    }

    /// A scope that is asked for.
    public struct OfferedScope: Sendable, Equatable {
        public let label: String
        public let name: String
        public let description: String
        /// What the client says that it needs it for.
        public let purpose: String?
        public let risk: Risk
        /// The user cannot decline it.
        public let isRequired: Bool
        /// The accounts that may be chosen and where the role allows it, ascending; of a protocol scope none, it needs none.
        public let grantableIn: [Identifier]
        /// It can be granted at all; otherwise it is shown, disabled.
        public let isGrantable: Bool
        /// The accounts that may be chosen and where an administrator has to approve it first, ascending.
        public let withheldIn: [Identifier]
        /// The client holds it already.
        public let isGrantedBefore: Bool
        /// What it opens.
        public let operations: [Operation]

        public var isProtocolScope: Bool { ScopeSet.protocolScopes.contains(label) }
        /// Why it is disabled.
        public var obstacleText: String? {
            if isGrantable { return nil }
            if !withheldIn.isEmpty { return "An administrator has to approve this first." }
            return "Your role does not allow this in any account that you can choose."
        }
    }

    public struct OfferedCategory: Sendable, Equatable {
        public let name: String
        /// In the catalogue's order.
        public let scopes: [OfferedScope]
    }

    public let client: Client
    /// Whether this user may authorize this client at all; if not, the page explains and offers only the way back.
    public let mayAuthorize: Bool
    /// By name, those that may be chosen first.
    public let accounts: [OfferedAccount]
    /// Who the user is, and whether the app stays connected.
    public let protocolScopes: [OfferedScope]
    /// The scopes of the API, in the catalogue's order.
    public let categories: [OfferedCategory]
    /// The authorization that this request would add to; nil where there is none in force.
    public let existing: Authorization?
    /// What is granted without a page where the request is inside what the user granted before and the client proves who it
    /// is; nil: ask. The caller still asks where the request says so (`prompt=consent`).
    public let coveredGrant: ConsentChoice.Grant?

    /// What access can be narrowed to inside the accounts: the types that the scopes are about.
    public let resourceTypes: [ResourceType]

    let allowedScopes: [Identifier: ScopeSet]

    /// Seconds that the authorization in force lasts from now; nil: there is none, or it lasts until it is revoked.
    private let timeLeft: Int64?

    /// An account and what one client meets in it.
    private struct Place {
        let membership: Membership
        /// nil: none, or one that only watches.
        let policy: ClientPolicy?

        /// What the role allows and the policy does not withhold.
        func allowed(_ scopes: ScopeSet) -> ScopeSet {
            let allowed = membership.allowed(scopes)
            return policy.map { allowed.subtracting($0.withheld(from: allowed)) } ?? allowed
        }
    }

    /// - Parameters:
    ///   - requested: the scopes of the authorization request. A label that the client or the catalogue has no more is left out.
    ///   - memberships: every account of the user.
    ///   - policies: what the app policies of those accounts come to for the client and the user.
    ///   - existing: the authorization of this user for this client; one that has ended counts as none.
    ///   - consents: the decisions that it is made of.
    ///   - preselectedAccounts: names in the API or identifiers, as the request gave them.
    ///   - now: epoch seconds.
    public init(
        client: Client, requested: ScopeSet, catalogue: Catalogue, memberships: [Membership], policies: [ClientPolicy],
        existing: Authorization?, consents: [Consent], preselectedAccounts: [String], now: Int64
    ) {
        let asked = Self.asked(requested, client, catalogue)
        let required = asked.ofAPI.filter(client.requires)
        let inForce = existing.flatMap { $0.isInForce(at: now) ? $0 : nil }
        self.client = client
        self.existing = inForce
        timeLeft = inForce?.expiresAt.map { $0 - now }
        resourceTypes = catalogue.resourceTypes(of: asked.ofAPI)
        mayAuthorize = client.mayBeAuthorized(by: memberships)
        let places = memberships.map { membership in
            Place(membership: membership, policy: policies.first { $0.accountID == membership.account.id && !$0.isAuditOnly })
        }
        accounts = Self.accounts(places, required, catalogue, inForce, Set(preselectedAccounts), now)

        let selectable = accounts.filter(\.isSelectable).map(\.id).sorted()
        var allowed: [Identifier: ScopeSet] = [:]
        var withheld: [Identifier: ScopeSet] = [:]
        for place in places where selectable.ascendingContains(place.membership.account.id) {
            let id = place.membership.account.id
            allowed[id] = place.allowed(asked.ofAPI)
            if let policy = place.policy { withheld[id] = policy.withheld(from: place.membership.allowed(asked.ofAPI)) }
        }
        allowedScopes = allowed

        func offered(_ label: String, _ entry: ScopeEntry?) -> OfferedScope {
            let grantableIn = entry == nil ? [] : selectable.filter { allowed[$0]?.contains(label) == true }
            let words = entry.map { ($0.name, $0.description) } ?? Self.words(forProtocolScope: label)
            return OfferedScope(
                label: label, name: words.0, description: words.1, purpose: client.purposes[label], risk: entry?.risk ?? .read,
                isRequired: client.requires(label), grantableIn: grantableIn, isGrantable: entry == nil || !grantableIn.isEmpty,
                withheldIn: selectable.filter { withheld[$0]?.contains(label) == true },
                isGrantedBefore: inForce?.scopes.contains(label) == true,
                operations: entry.map { $0.operations.map { catalogue.operations[$0] } } ?? [])
        }
        protocolScopes = ["openid", "profile", "email", "offline_access"].filter(asked.contains).map { offered($0, nil) }
        categories = catalogue.categories.compactMap { category in
            let scopes = catalogue.scopes.filter { $0.category == category && asked.contains($0.label) }
            return scopes.isEmpty ? nil : OfferedCategory(name: category, scopes: scopes.map { offered($0.label, $0) })
        }
        var covered: ConsentChoice.Grant?
        if mayAuthorize, let inForce {
            let live = consents.filter { $0.isInForce(at: now) }.map { $0.within(inForce) }
            covered = Self.coveredGrant(client, asked, live, accounts, preselectedAccounts, allowed, now)
        }
        coveredGrant = covered
    }

    // MARK: What the page needs to know

    /// Every scope that is asked for, as it is shown.
    public var scopes: [OfferedScope] { protocolScopes + categories.flatMap(\.scopes) }

    /// Accounts are chosen unless only protocol scopes are asked.
    public var asksForAccounts: Bool { !categories.isEmpty }

    /// Whether there is anything to approve; if not, the page says why and offers only to decline.
    public var canApprove: Bool { mayAuthorize && (!asksForAccounts || accounts.contains(where: \.isSelectable)) }

    /// Why nothing can be approved; nil: something can.
    public var obstacleText: String? {
        if canApprove { return nil }
        if !mayAuthorize { return "This app is private, and you are not a member of the account that owns it." }
        if accounts.isEmpty { return "You are not a member of any account, so there is nothing that this app could be given access to." }
        if accounts.allSatisfy({ $0.obstacle == .suspended }) { return "All of your accounts are suspended." }
        if accounts.contains(where: { $0.obstacle?.canBeAskedFor == true }) {
            return "The administrators of your accounts have not let this app in. You can ask them below."
        }
        let names = categories.flatMap(\.scopes).filter { $0.isRequired && !$0.isGrantable }.map(\.name)
        return "Your role does not allow, in any one account, what this app requires: \(names.joined(separator: ", "))."
    }

    /// How the form stands before the user touches it: everything that may be granted, the account if there is no choice, and of an
    /// authorization in force about as long as it lasts, in the resources that it is narrowed to.
    public var initialChoice: ConsentChoice.Selection {
        let selectable = accounts.filter { $0.isSelectable && asksForAccounts }
        let preselected = selectable.filter(\.isPreselected)
        let chosen = preselected.isEmpty && selectable.count == 1 ? selectable : preselected
        return ConsentChoice.Selection(
            accountIDs: chosen.map(\.id).sorted(), scopes: ScopeSet(scopes.filter(\.isGrantable).map(\.label)),
            lifetime: initialLifetime(in: chosen.map(\.id)), resources: ResourceSelection(existing?.resources ?? .everything))
    }

    /// The longest lifetime that the app policies leave, in seconds; nil: any.
    /// - Parameter accountIDs: the chosen accounts; while none is, what is possible in any of them.
    public func longestLifetime(in accountIDs: [Identifier]) -> Int64? {
        let selectable = accounts.filter(\.isSelectable)
        let chosen = selectable.filter { accountIDs.contains($0.id) }
        if !chosen.isEmpty { return chosen.compactMap(\.longestLifetime).min() }
        return selectable.contains { $0.longestLifetime == nil } ? nil : selectable.compactMap(\.longestLifetime).max()
    }

    /// Whether a lifetime that can be chosen (0: until it is revoked) is one that the accounts leave.
    public func isAvailable(lifetime: Int64, in accountIDs: [Identifier]) -> Bool {
        guard let longest = longestLifetime(in: accountIDs) else { return true }
        return lifetime != 0 && lifetime <= longest
    }

    /// The longest of the lifetimes that can be chosen there.
    public func longestChoice(in accountIDs: [Identifier]) -> Int64 {
        ConsentChoice.lifetimes.first { isAvailable(lifetime: $0, in: accountIDs) } ?? ConsentChoice.lifetimes.last ?? 0
    }

    /// The shortest choice that takes no time from an authorization that ends: whoever gave an app a week gives it one more
    /// permission, and not for good.
    private func initialLifetime(in accountIDs: [Identifier]) -> Int64 {
        let longest = longestChoice(in: accountIDs)
        guard let timeLeft else { return longest }
        return ConsentChoice.lifetimes.last { $0 >= timeLeft && isAvailable(lifetime: $0, in: accountIDs) } ?? longest
    }

    // MARK: How it is worked out

    private static func asked(_ requested: ScopeSet, _ client: Client, _ catalogue: Catalogue) -> ScopeSet {
        var asked = requested.filter { label in
            ScopeSet.protocolScopes.contains(label) || (client.scopes.contains(label) && catalogue.scope(label) != nil)
        }
        // The granted scope names `offline_access` exactly when a refresh token comes, asked for or not.
        asked = asked.subtracting(["offline_access"])
        return client.issuesRefreshTokens ? asked.union(["offline_access"]) : asked
    }

    private static func accounts(
        _ places: [Place], _ required: ScopeSet, _ catalogue: Catalogue, _ existing: Authorization?, _ named: Set<String>, _ now: Int64
    ) -> [OfferedAccount] {
        let offered = places.map { place in
            let account = place.membership.account
            return OfferedAccount(
                id: account.id, nameInAPI: account.nameInAPI, name: account.name,
                obstacle: obstacle(place, required, catalogue, now),
                isPreselected: named.contains(account.nameInAPI) || named.contains(account.id.description),
                isGrantedBefore: existing?.accountIDs.ascendingContains(account.id) == true,
                longestLifetime: place.policy?.longestLifetime)
        }
        return offered.sorted { left, right in
            if left.isSelectable != right.isSelectable { return left.isSelectable }
            return (left.name, left.id) < (right.name, right.id)
        }
    }

    private static func obstacle(_ place: Place, _ required: ScopeSet, _ catalogue: Catalogue, _ now: Int64) -> Obstacle? {
        func names(_ scopes: ScopeSet) -> [String] { scopes.labels.map { catalogue.scope($0)?.name ?? $0 } }
        if place.membership.account.isSuspended { return .suspended }
        let denied = required.subtracting(place.membership.allowed(required))
        if !denied.isEmpty { return .roleLacks(names: names(denied)) }
        guard let policy = place.policy else { return nil }
        if let obstacle = policy.obstacle(grantedAt: nil, now: now) { return .policy(obstacle) }
        let withheld = policy.withheld(from: required)
        return withheld.isEmpty ? nil : .needsApproval(names: names(withheld))
    }

    /// Of the consents that allow all that is asked, the one that reaches the most accounts, for the longest.
    private static func coveredGrant(
        _ client: Client, _ asked: ScopeSet, _ consents: [Consent], _ accounts: [OfferedAccount], _ named: [String],
        _ allowed: [Identifier: ScopeSet], _ now: Int64
    ) -> ConsentChoice.Grant? {
        // RFC 6749 §10.2: without a secret anybody can pretend to be the client, so the user is asked each time.
        if client.isPublicClient { return nil }
        let api = asked.ofAPI
        var best: Consent?
        for consent in consents where asked.isSubset(of: consent.scopes) {
            let before = accounts.filter { consent.accountIDs.ascendingContains($0.id) }
            guard named.allSatisfy({ name in before.contains { $0.isNamed(name) } }) else { continue }
            let chosen = before.filter { $0.isSelectable && (named.isEmpty || $0.isPreselected) }.map(\.id).sorted()
            if chosen.isEmpty, !api.isEmpty { continue }
            // A new installation begins the longest lifetime anew, so where that would give more time the user is asked.
            let longest = before.filter { chosen.contains($0.id) }.compactMap(\.longestLifetime).min()
            if !api.isEmpty, let longest, (consent.expiresAt ?? .max) - now > longest { continue }
            let granted = asked.filter { label in !api.contains(label) || chosen.contains { allowed[$0]?.contains(label) == true } }
            let reached = api.isEmpty ? [] : chosen
            let candidate = Consent(
                scopes: granted, accountIDs: reached, resources: consent.resources.kept(to: reached), expiresAt: consent.expiresAt)
            if let known = best {
                let (reach, knownReach) = (candidate.accountIDs.count, known.accountIDs.count)
                // The newer one of two decisions about the same accounts counts.
                let isNewer = candidate.accountIDs == known.accountIDs && !candidate.ends(before: known)
                guard reach > knownReach || reach == knownReach && (isNewer || known.ends(before: candidate)) else { continue }
            }
            best = candidate
        }
        return best.map {
            ConsentChoice.Grant(scopes: $0.scopes, accountIDs: $0.accountIDs, resources: $0.resources, expiresAt: $0.expiresAt)
        }
    }

    /// What a scope of OpenID Connect means, in plain words.
    public static func words(forProtocolScope label: String) -> (name: String, description: String) {
        switch label {
        case "openid": ("Know who you are", "Recognise you when you come back. It learns an identifier, nothing more.")
        case "profile": ("See your name", "Read the name that stands in your profile.")
        case "email": ("See your e-mail address", "Read your e-mail address and whether it is confirmed.")
        default:
            ("Stay connected when you are away", "Go on using this access while you are not there, until it ends or you revoke it.")
        }
    }
}

extension Authorization {
    /// Not ended and not expired.
    public func isInForce(at now: Int64) -> Bool {
        guard endedAt == nil else { return false }
        guard let expiresAt else { return true }
        return now < expiresAt
    }
}
