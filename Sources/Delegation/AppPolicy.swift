import OAuth

/// What the administrators of an account let apps do there, whoever connects them.
public struct AppPolicy: Sendable, Equatable {
    /// Which clients reach the account.
    public enum Mode: String, Sendable, CaseIterable {
        /// Every client that is not blocked.
        case open
        /// Only approved ones; the account's own and the platform's count as approved.
        case approved
        /// None but those that are allowed by name.
        case closed
    }

    /// What is decided about one client by name.
    public enum ClientRule: String, Sendable, CaseIterable {
        /// It passes in every mode and needs no further approval.
        case allow
        /// It passes in none, whoever approved it.
        case block
    }

    /// The shortest lifetime that a policy can set, and the longest, in seconds.
    public static let lifetimes: ClosedRange<Int64> = 3600...(3650 * 86_400)

    public var mode: Mode
    /// How long an installation reaches the account after it began, in seconds; nil: for as long as it was granted.
    public var longestLifetime: Int64?
    /// Labels that need an administrator's approval.
    public var guardedScopes: ScopeSet
    /// Risks whose scopes need an administrator's approval.
    public var guardedRisks: Set<Risk>
    public var clients: [Identifier: ClientRule]
    /// Refuses nothing; what it would have refused is recorded.
    public var isAuditOnly: Bool

    public init(
        mode: Mode = .open, longestLifetime: Int64? = nil, guardedScopes: ScopeSet = [], guardedRisks: Set<Risk> = [],
        clients: [Identifier: ClientRule] = [:], isAuditOnly: Bool = false
    ) {
        self.mode = mode
        self.longestLifetime = longestLifetime
        self.guardedScopes = guardedScopes
        self.guardedRisks = guardedRisks
        self.clients = clients
        self.isAuditOnly = isAuditOnly
    }

    public func clients(_ rule: ClientRule) -> [Identifier] {
        clients.filter { $0.value == rule }.keys.sorted()
    }
}

/// An administrator's yes to a client.
public struct AppApproval: Sendable, Equatable {
    public var id: Identifier
    public var accountID: Identifier
    public var clientID: Identifier
    /// nil: for every member.
    public var userID: Identifier?
    /// The scopes that were approved; nil: whatever the client asks for.
    public var scopes: ScopeSet?
    /// Epoch seconds.
    public var approvedAt: Int64
    public var approvedBy: Identifier?

    public init(
        id: Identifier, accountID: Identifier, clientID: Identifier, userID: Identifier?, scopes: ScopeSet?, approvedAt: Int64,
        approvedBy: Identifier?
    ) {
        self.id = id
        self.accountID = accountID
        self.clientID = clientID
        self.userID = userID
        self.scopes = scopes
        self.approvedAt = approvedAt
        self.approvedBy = approvedBy
    }

    func concerns(_ client: Identifier, _ user: Identifier) -> Bool {
        clientID == client && (userID == nil || userID == user)
    }
}

/// What the policy of one account comes to for one client and one member.
public struct ClientPolicy: Sendable, Equatable {
    public let accountID: Identifier
    public let mode: AppPolicy.Mode
    public let longestLifetime: Int64?
    public let isAuditOnly: Bool
    /// What needs approval, the risks spelled out.
    let guardedScopes: ScopeSet
    let rule: AppPolicy.ClientRule?
    /// It belongs to the account itself or to the platform.
    let isOwn: Bool
    let approval: Approval

    enum Approval: Sendable, Equatable {
        case none
        case everything
        case scopes(ScopeSet)
    }

    /// - Parameters:
    ///   - approvals: at least those of the account for the client.
    ///   - risks: of every label that matters; one without a known risk counts as destructive.
    public init(
        _ policy: AppPolicy, accountID: Identifier, client: Client, userID: Identifier, approvals: [AppApproval],
        risks: [String: Risk], scopes: ScopeSet
    ) {
        self.accountID = accountID
        mode = policy.mode
        longestLifetime = policy.longestLifetime
        isAuditOnly = policy.isAuditOnly
        rule = policy.clients[client.id]
        isOwn = client.accountID == accountID || client.isPlatformOwned
        guardedScopes =
            policy.guardedRisks.isEmpty
            ? policy.guardedScopes
            : scopes.filter { policy.guardedScopes.contains($0) || policy.guardedRisks.contains(risks[$0] ?? .destructive) }
        let fitting = approvals.filter { $0.accountID == accountID && $0.concerns(client.id, userID) }
        if fitting.isEmpty {
            approval = .none
        } else if fitting.contains(where: { $0.scopes == nil }) {
            approval = .everything
        } else {
            approval = .scopes(fitting.reduce([]) { $0.union($1.scopes ?? []) })
        }
    }

    /// Why the client does not reach the account at all.
    /// - Parameter grantedAt: when the installation began; nil: it is only being asked for.
    public func obstacle(grantedAt: Int64?, now: Int64) -> PolicyObstacle? {
        switch (rule, mode) {
        case (.block, _): return .blocked
        case (.allow, _), (nil, .open): break
        case (nil, .approved): if !isOwn, approval == .none { return .notApproved }
        case (nil, .closed): return .closed
        }
        if let longestLifetime, let grantedAt, now - grantedAt >= longestLifetime { return .lifetimeOver(longestLifetime) }
        return nil
    }

    /// The second at which an installation no longer reaches the account; nil: the policy sets no end, or only records it.
    /// - Parameter grantedAt: when the installation began, in epoch seconds.
    public func end(grantedAt: Int64) -> Int64? {
        isAuditOnly ? nil : longestLifetime.map { grantedAt + $0 }
    }

    /// The part of some scopes that waits for an administrator.
    func withheld(from scopes: ScopeSet) -> ScopeSet {
        if rule == .allow || isOwn || approval == .everything || (mode == .open && guardedScopes.isEmpty) { return [] }
        let needing = mode == .open ? scopes.intersection(guardedScopes).ofAPI : scopes.ofAPI
        guard case .scopes(let approved) = approval else { return mode == .open ? needing : [] }
        return needing.subtracting(approved)
    }

    /// What it takes away from scopes that a role allows; nil: nothing.
    func effect(on scopes: ScopeSet, grantedAt: Int64?, now: Int64) -> PolicyEffect? {
        let obstacle = obstacle(grantedAt: grantedAt, now: now)
        let withheld = obstacle == nil ? withheld(from: scopes) : []
        if obstacle == nil, withheld.isEmpty { return nil }
        return PolicyEffect(obstacle: obstacle, withheld: withheld, isEnforced: !isAuditOnly)
    }
}

/// What a policy takes away.
public struct PolicyEffect: Sendable, Equatable {
    /// The whole account is out of reach.
    public let obstacle: PolicyObstacle?
    /// Scopes that wait for an administrator.
    public let withheld: ScopeSet
    /// false: it is only recorded.
    public let isEnforced: Bool
}

/// Why a policy keeps a client out of an account.
public enum PolicyObstacle: Sendable, Hashable {
    case blocked
    case closed
    case notApproved
    /// The longest lifetime, in seconds.
    case lifetimeOver(Int64)

    /// Whether an administrator can be asked to let the client in.
    public var canBeAskedFor: Bool { if case .lifetimeOver = self { false } else { true } }

    /// In one word, for events and programs.
    public var code: String {
        switch self {
        case .blocked: "blocked"
        case .closed: "closed"
        case .notApproved: "not_approved"
        case .lifetimeOver: "lifetime_over"
        }
    }

    /// - Parameter account: how the account is called.
    func text(account: String) -> String {
        switch self {
        case .blocked: "The app policy of the account \(account) blocks this app."
        case .closed: "The app policy of the account \(account) keeps all apps out that an administrator has not allowed by name."
        case .notApproved: "The app policy of the account \(account) admits approved apps only, and this one is not approved."
        case .lifetimeOver(let seconds):
            "The app policy of the account \(account) ends access after \(Self.words(seconds)). Ask the user to authorize again."
        }
    }

    /// A lifetime in words: `7 days`, `1 hour`.
    public static func words(_ seconds: Int64) -> String {
        let (unit, name): (Int64, String) =
            seconds % 86_400 == 0
            ? (86_400, "day") : seconds % 3600 == 0 ? (3600, "hour") : seconds % 60 == 0 ? (60, "minute") : (1, "second")
        let count = seconds / unit
        return count == 1 ? "1 \(name)" : "\(count) \(name)s"
    }
}
