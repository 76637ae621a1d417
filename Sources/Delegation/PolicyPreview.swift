import OAuth

/// What a change of an account's policy would do to what its members have connected.
public struct PolicyPreview: Sendable, Equatable {
    /// One authorization on the account, as far as a policy looks at it.
    public struct Subject: Sendable {
        public let authorization: Authorization
        public let client: Client
        /// The user's place in the account.
        public let membership: Membership
        /// The installations that still live.
        public let families: [TokenFamily]

        public init(authorization: Authorization, client: Client, membership: Membership, families: [TokenFamily]) {
            self.authorization = authorization
            self.client = client
            self.membership = membership
            self.families = families
        }
    }

    /// What it comes to for one client.
    public struct Line: Sendable, Equatable {
        public let clientID: Identifier
        public let clientName: String
        /// Authorizations that no longer reach the account, and the members whose they are.
        public var stopped = 0
        public var stoppedMembers: Set<Identifier> = []
        /// Authorizations that reach it with fewer scopes.
        public var narrowed = 0
        /// Authorizations that reach it again.
        public var resumed = 0
        /// Authorizations that reach it with more scopes.
        public var widened = 0
    }

    /// By name of the client; those for which nothing changes are left out.
    public let lines: [Line]

    public var stopped: Int { lines.reduce(0) { $0 + $1.stopped } }
    public var stoppedMembers: Int { lines.reduce(into: Set<Identifier>()) { $0.formUnion($1.stoppedMembers) }.count }
    public var stoppedClients: Int { lines.count { $0.stopped > 0 } }
    public var narrowed: Int { lines.reduce(0) { $0 + $1.narrowed } }
    public var resumed: Int { lines.reduce(0) { $0 + $1.resumed } }
    public var widened: Int { lines.reduce(0) { $0 + $1.widened } }

    /// - Parameters:
    ///   - approvals: those of the account.
    ///   - risks: of every label in the catalogue.
    public init(
        from before: AppPolicy, to after: AppPolicy, subjects: [Subject], approvals: [AppApproval], risks: [String: Risk], now: Int64
    ) {
        var lines: [Identifier: Line] = [:]
        for subject in subjects {
            let had = Self.reach(subject, before, approvals, risks, now)
            let has = Self.reach(subject, after, approvals, risks, now)
            if had == has { continue }
            var line = lines[subject.client.id] ?? Line(clientID: subject.client.id, clientName: subject.client.name)
            switch (had, has) {
            case (nil, _): line.resumed += 1
            case (_, nil):
                line.stopped += 1
                line.stoppedMembers.insert(subject.authorization.userID)
            case (let had?, let has?): if had.isSubset(of: has) { line.widened += 1 } else { line.narrowed += 1 }
            }
            lines[subject.client.id] = line
        }
        self.lines = lines.values.sorted { ($0.clientName, $0.clientID) < ($1.clientName, $1.clientID) }
    }

    /// The scopes with which any installation reaches the account; nil: none does.
    private static func reach(
        _ subject: Subject, _ policy: AppPolicy, _ approvals: [AppApproval], _ risks: [String: Risk], _ now: Int64
    ) -> ScopeSet? {
        let held = subject.authorization.scopes
        let applied = ClientPolicy(
            policy, accountID: subject.membership.account.id, client: subject.client, userID: subject.authorization.userID,
            approvals: approvals, risks: risks, scopes: held)
        var reached: ScopeSet?
        for family in subject.families where family.accountIDs.ascendingContains(subject.membership.account.id) {
            let allowed = subject.membership.allowed(family.scopes.within(held))
            let effect = applied.effect(on: allowed, grantedAt: family.createdAt, now: now)
            if let effect, effect.isEnforced {
                if effect.obstacle == nil { reached = (reached ?? []).union(allowed.subtracting(effect.withheld)) }
            } else {
                reached = (reached ?? []).union(allowed)
            }
        }
        return reached
    }
}
