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

        public var isSelectable: Bool { obstacle == nil }

        func isNamed(_ name: String) -> Bool { nameInAPI == name || id.description == name }
    }

    /// Why an account cannot be chosen.
    public enum Obstacle: Sendable, Equatable {
        case suspended
        /// The user's role there lacks these required scopes; the names are those of the catalogue.
        case roleLacks(names: [String])

        public var text: String {
            switch self {
            case .suspended: "This account is suspended."
            case .roleLacks(let names):
                "Your role in this account does not allow what this app requires: \(names.joined(separator: ", "))."
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
        /// The client holds it already.
        public let isGrantedBefore: Bool
        /// What it opens.
        public let operations: [Operation]

        public var isProtocolScope: Bool { ScopeSet.protocolScopes.contains(label) }
        /// Why it is disabled.
        public var obstacleText: String? {
            isGrantable ? nil : "Your role does not allow this in any account that you can choose."
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

    let allowedScopes: [Identifier: ScopeSet]

    /// - Parameters:
    ///   - requested: the scopes of the authorization request. A label that the client or the catalogue has no more is left out.
    ///   - memberships: every account of the user.
    ///   - existing: the authorization of this user for this client; one that has ended counts as none.
    ///   - consents: the decisions that it is made of.
    ///   - preselectedAccounts: names in the API or identifiers, as the request gave them.
    ///   - now: epoch seconds.
    public init(
        client: Client, requested: ScopeSet, catalogue: Catalogue, memberships: [Membership], existing: Authorization?,
        consents: [Consent], preselectedAccounts: [String], now: Int64
    ) {
        let asked = Self.asked(requested, client, catalogue)
        let required = asked.ofAPI.filter(client.requires)
        let inForce = existing.flatMap { $0.isInForce(at: now) ? $0 : nil }
        self.client = client
        self.existing = inForce
        mayAuthorize = client.mayBeAuthorized(by: memberships)
        accounts = Self.accounts(memberships, required, catalogue, inForce, Set(preselectedAccounts))

        let selectable = accounts.filter(\.isSelectable).map(\.id).sorted()
        var allowed: [Identifier: ScopeSet] = [:]
        for membership in memberships where selectable.ascendingContains(membership.account.id) {
            allowed[membership.account.id] = membership.allowed(asked.ofAPI)
        }
        allowedScopes = allowed

        func offered(_ label: String, _ entry: ScopeEntry?) -> OfferedScope {
            let grantableIn = entry == nil ? [] : selectable.filter { allowed[$0]?.contains(label) == true }
            let words = entry.map { ($0.name, $0.description) } ?? Self.words(forProtocolScope: label)
            return OfferedScope(
                label: label, name: words.0, description: words.1, purpose: client.purposes[label], risk: entry?.risk ?? .read,
                isRequired: client.requires(label), grantableIn: grantableIn, isGrantable: entry == nil || !grantableIn.isEmpty,
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
            let live = consents.filter { $0.isInForce(at: now) }.map { $0.within(inForce.scopes, inForce.accountIDs) }
            covered = Self.coveredGrant(client, asked, live, accounts, preselectedAccounts, allowed)
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
        let names = categories.flatMap(\.scopes).filter { $0.isRequired && !$0.isGrantable }.map(\.name)
        return "Your role does not allow, in any one account, what this app requires: \(names.joined(separator: ", "))."
    }

    /// How the form stands before the user touches it: everything that may be granted, and the account if there is no choice.
    public var initialChoice: ConsentChoice.Selection {
        let selectable = accounts.filter { $0.isSelectable && asksForAccounts }
        let preselected = selectable.filter(\.isPreselected)
        let chosen = preselected.isEmpty && selectable.count == 1 ? selectable : preselected
        return ConsentChoice.Selection(
            accountIDs: chosen.map(\.id).sorted(), scopes: ScopeSet(scopes.filter(\.isGrantable).map(\.label)), lifetime: 0)
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
        _ memberships: [Membership], _ required: ScopeSet, _ catalogue: Catalogue, _ existing: Authorization?, _ named: Set<String>
    ) -> [OfferedAccount] {
        let offered = memberships.map { membership in
            let account = membership.account
            let lacking = required.subtracting(membership.allowed(required))
            let names = lacking.labels.map { catalogue.scope($0)?.name ?? $0 }
            return OfferedAccount(
                id: account.id, nameInAPI: account.nameInAPI, name: account.name,
                obstacle: account.isSuspended ? .suspended : names.isEmpty ? nil : .roleLacks(names: names),
                isPreselected: named.contains(account.nameInAPI) || named.contains(account.id.description),
                isGrantedBefore: existing?.accountIDs.ascendingContains(account.id) == true)
        }
        return offered.sorted { left, right in
            if left.isSelectable != right.isSelectable { return left.isSelectable }
            return (left.name, left.id) < (right.name, right.id)
        }
    }

    /// Of the consents that allow all that is asked, the one that reaches the most accounts, for the longest.
    private static func coveredGrant(
        _ client: Client, _ asked: ScopeSet, _ consents: [Consent], _ accounts: [OfferedAccount], _ named: [String],
        _ allowed: [Identifier: ScopeSet]
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
            let granted = asked.filter { label in !api.contains(label) || chosen.contains { allowed[$0]?.contains(label) == true } }
            let candidate = Consent(scopes: granted, accountIDs: api.isEmpty ? [] : chosen, expiresAt: consent.expiresAt)
            if let known = best {
                let (reach, knownReach) = (candidate.accountIDs.count, known.accountIDs.count)
                guard reach > knownReach || reach == knownReach && known.ends(before: candidate) else { continue }
            }
            best = candidate
        }
        return best.map { ConsentChoice.Grant(scopes: $0.scopes, accountIDs: $0.accountIDs, expiresAt: $0.expiresAt) }
    }

    /// What a scope of OpenID Connect means, in plain words.
    public static func words(forProtocolScope label: String) -> (name: String, description: String) {
        switch label {
        case "openid": ("Know who you are", "Recognise you when you come back. It learns an identifier, nothing more.")
        case "profile": ("See your name", "Read the name that stands in your profile.")
        case "email": ("See your e-mail address", "Read your e-mail address and whether it is confirmed.")
        default:
            ("Stay connected when you are away", "Go on using the access below while you are not there, until it ends or you revoke it.")
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
