import Delegation
import OAuth

/// App policies of accounts and the approvals that go with them.
extension Store {
    /// The policy of an account and when it was last changed; nil: it never was, so it is open.
    public func appPolicy(accountID: Identifier) async throws -> (policy: AppPolicy, updatedAt: Int64)? {
        try await read { db in try db.appPolicy(accountID) }
    }

    /// Puts a policy in force for everything that was granted before and after.
    /// - Returns: `.conflict` where the account or one of the clients is gone.
    public func setAppPolicy(_ policy: AppPolicy, accountID: Identifier, actor: Actor, now: Int64) async throws -> Creation {
        try await write { db in
            if try db.rows("SELECT 1 FROM accounts WHERE id = $1", [Value(accountID)]).isEmpty { return .conflict }
            let clients = policy.clients.keys.sorted()
            for client in clients where try db.rows("SELECT 1 FROM clients WHERE id = $1", [Value(client)]).isEmpty { return .conflict }
            let before = try db.transaction.appPolicy(accountID)?.policy ?? AppPolicy()
            if before == policy { return .created }
            try db.run(
                """
                INSERT INTO app_policies (account_id, mode, longest_lifetime, guarded_scopes, guarded_risks, is_audit_only, updated_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                ON CONFLICT (account_id) DO UPDATE SET mode = excluded.mode, longest_lifetime = excluded.longest_lifetime,
                    guarded_scopes = excluded.guarded_scopes, guarded_risks = excluded.guarded_risks,
                    is_audit_only = excluded.is_audit_only, updated_at = excluded.updated_at
                """,
                [
                    Value(accountID), .text(policy.mode.rawValue), Value(policy.longestLifetime), .text(policy.guardedScopes.description),
                    .text(policy.guardedRisks.map(\.rawValue).sorted().joined(separator: " ")), Value(policy.isAuditOnly), .integer(now),
                ])
            try db.run("DELETE FROM app_policy_clients WHERE account_id = $1", [Value(accountID)])
            for client in clients {
                try db.run(
                    "INSERT INTO app_policy_clients (account_id, client_id, rule) VALUES ($1, $2, $3)",
                    [Value(accountID), Value(client), Value(policy.clients[client]?.rawValue)])
            }
            try db.record(
                NewEvent(
                    kind: "policy.changed", accountID: accountID,
                    details: ["before": .object(before.json), "after": .object(policy.json)]), actor, at: now)
            return .created
        }
    }

    /// The approvals of an account, the newest first.
    public func appApprovals(accountID: Identifier) async throws -> [AppApproval] {
        try await read { db in try db.appApprovals(accountID) }
    }

    /// Takes an approval back.
    /// - Returns: false where there is none.
    public func withdrawApproval(_ id: Identifier, accountID: Identifier, actor: Actor, now: Int64) async throws -> Bool {
        try await write { db in
            let row = try db.rows(
                "DELETE FROM app_approvals WHERE id = $1 AND account_id = $2 RETURNING client_id, user_id", [Value(id), Value(accountID)]
            ).first
            guard let row else { return false }
            try db.record(
                NewEvent(
                    kind: "policy.approval_withdrawn", clientID: row[0].identifier, userID: row[1].identifier, accountID: accountID),
                actor, at: now)
            return true
        }
    }

    /// What a change of the policy is measured on.
    public func policyFacts(
        accountID: Identifier, now: Int64
    ) async throws -> (subjects: [PolicyPreview.Subject], approvals: [AppApproval], risks: [String: Risk]) {
        try await read { db in (try db.policySubjects(accountID, now), try db.appApprovals(accountID), try db.scopeRisks()) }
    }

    /// Which of some clients an account knows: public ones, its own, and private ones of others that its members connected or asked
    /// for, or that its policy names already. Nobody learns from a policy what other accounts have.
    public func clients(_ ids: Set<Identifier>, knownTo accountID: Identifier) async throws -> Set<Identifier> {
        try await read { db in
            try ids.filter { id in
                try !db.rows(
                    """
                    SELECT 1 FROM clients c WHERE c.id = $1 AND (c.visibility = 'public' OR c.account_id = $2
                        OR EXISTS (SELECT 1 FROM app_policy_clients p WHERE p.account_id = $2 AND p.client_id = c.id)
                        OR EXISTS (SELECT 1 FROM app_approvals v WHERE v.account_id = $2 AND v.client_id = c.id)
                        OR EXISTS (SELECT 1 FROM app_requests q WHERE q.account_id = $2 AND q.client_id = c.id)
                        OR EXISTS (
                            SELECT 1 FROM authorizations z JOIN authorization_accounts g ON g.authorization_id = z.id
                            WHERE z.client_id = c.id AND z.ended_at IS NULL AND g.account_id = $2))
                    """, [Value(id), Value(accountID)]
                ).isEmpty
            }
        }
    }

    /// Records what policies that only watch would have refused.
    public func recordUnenforced(_ findings: [UnenforcedUse]) async throws {
        try await write { db in
            for finding in findings {
                try db.record(
                    NewEvent(
                        kind: "app_policy.would_refuse", clientID: finding.clientID, userID: finding.userID, accountID: finding.accountID,
                        authorizationID: finding.authorizationID,
                        details: ["obstacle": JSON(finding.obstacle), "withheld": JSON(finding.withheld.labels)]),
                    Actor(userID: nil, address: finding.address), at: finding.at)
            }
        }
    }
}

/// A use of a token that an enforced policy would have refused.
public struct UnenforcedUse: Sendable, Equatable {
    public let authorizationID: Identifier
    public let clientID: Identifier
    public let userID: Identifier
    public let accountID: Identifier
    /// `PolicyObstacle.code`; nil: only scopes were in the way.
    public let obstacle: String?
    public let withheld: ScopeSet
    public let address: String
    public let at: Int64

    public init(
        authorizationID: Identifier, clientID: Identifier, userID: Identifier, accountID: Identifier, obstacle: String?,
        withheld: ScopeSet, address: String, at: Int64
    ) {
        self.authorizationID = authorizationID
        self.clientID = clientID
        self.userID = userID
        self.accountID = accountID
        self.obstacle = obstacle
        self.withheld = withheld
        self.address = address
        self.at = at
    }
}

extension AppPolicy {
    /// The object of the management API, and of events.
    public var json: JSONObject {
        [
            "mode": .string(mode.rawValue), "longest_lifetime": JSON(longestLifetime), "approval_scopes": JSON(guardedScopes.labels),
            "approval_risks": JSON(Risk.allCases.filter(guardedRisks.contains).map(\.rawValue)),
            "allowed_clients": JSON(clients(.allow).map(\.description)), "blocked_clients": JSON(clients(.block).map(\.description)),
            "audit_only": .bool(isAuditOnly),
        ]
    }
}

extension Transaction {
    func appPolicy(_ accountID: Identifier) throws -> (policy: AppPolicy, updatedAt: Int64)? {
        let row = try rows(
            """
            SELECT mode, longest_lifetime, guarded_scopes, guarded_risks, is_audit_only, updated_at FROM app_policies WHERE account_id = $1
            """, [Value(accountID)]
        ).first
        guard let row, var policy = AppPolicy(row[...]), let updatedAt = row[5].integer else { return nil }
        for rule in try rows("SELECT client_id, rule FROM app_policy_clients WHERE account_id = $1", [Value(accountID)]) {
            if let id = rule[0].identifier { policy.clients[id] = rule[1].text.flatMap(AppPolicy.ClientRule.init) }
        }
        return (policy, updatedAt)
    }

    func appApprovals(_ accountID: Identifier) throws -> [AppApproval] {
        try rows(
            """
            SELECT id, account_id, client_id, user_id, scopes, approved_at, approved_by FROM app_approvals WHERE account_id = $1
            ORDER BY approved_at DESC, id
            """, [Value(accountID)]
        ).compactMap { AppApproval($0) }
    }

    /// What the policies of a user's accounts come to for one client: a single query where none has a policy.
    func policies(userID: Identifier, client: Client, scopes: ScopeSet) throws -> [ClientPolicy] {
        let found = try rows(
            """
            SELECT p.mode, p.longest_lifetime, p.guarded_scopes, p.guarded_risks, p.is_audit_only, p.account_id, c.rule
            FROM members m JOIN app_policies p ON p.account_id = m.account_id
            LEFT JOIN app_policy_clients c ON c.account_id = p.account_id AND c.client_id = $1
            WHERE m.user_id = $2 ORDER BY p.account_id
            """, [Value(client.id), Value(userID)])
        if found.isEmpty { return [] }
        let approvals = try rows(
            """
            SELECT id, account_id, client_id, user_id, scopes, approved_at, approved_by FROM app_approvals
            WHERE client_id = $1 AND (user_id IS NULL OR user_id = $2)
            """, [Value(client.id), Value(userID)]
        ).compactMap { AppApproval($0) }
        var risks: [String: Risk]?
        return try found.compactMap { row in
            guard var policy = AppPolicy(row[...]), let accountID = row[5].identifier else { return nil }
            policy.clients[client.id] = row[6].text.flatMap(AppPolicy.ClientRule.init)
            if !policy.guardedRisks.isEmpty, risks == nil { risks = try scopeRisks() }
            return ClientPolicy(
                policy, accountID: accountID, client: client, userID: userID, approvals: approvals, risks: risks ?? [:], scopes: scopes)
        }
    }

    func scopeRisks() throws -> [String: Risk] {
        var risks: [String: Risk] = [:]
        for row in try rows("SELECT label, risk FROM scope_risks", []) {
            if let label = row[0].text { risks[label] = row[1].text.flatMap(Risk.init) }
        }
        return risks
    }

    fileprivate func policySubjects(_ accountID: Identifier, _ now: Int64) throws -> [PolicyPreview.Subject] {
        let found = try rows(
            """
            SELECT a.id, a.user_id, a.client_id, a.scopes, a.created_at, a.expires_at, a.last_used_at, a.last_used_address, a.ended_at
            FROM authorization_accounts g JOIN authorizations a ON a.id = g.authorization_id
            JOIN members m ON m.account_id = g.account_id AND m.user_id = a.user_id
            WHERE g.account_id = $1 AND a.ended_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $2)
            """, [Value(accountID), .integer(now)])
        var clients: [Identifier: Client] = [:]
        var places: [Identifier: Membership] = [:]
        return try found.compactMap { row in
            guard let authorization = try authorization(row) else { return nil }
            if clients[authorization.clientID] == nil { clients[authorization.clientID] = try client(authorization.clientID)?.0 }
            if places[authorization.userID] == nil {
                places[authorization.userID] = try memberships(authorization.userID).first { $0.account.id == accountID }
            }
            guard let client = clients[authorization.clientID], let place = places[authorization.userID] else { return nil }
            let families = try families(of: authorization.id).filter { $0.expiresAt > now && $0.idleExpiresAt > now }
            return PolicyPreview.Subject(authorization: authorization, client: client, membership: place, families: families)
        }
    }
}

extension Change {
    /// The risk of each scope, beside the catalogue that says so: policies ask for it where no catalogue is at hand.
    func saveRisks(of catalogue: [UInt8]) throws {
        guard let json = try? JSON(parsing: catalogue), let catalogue = try? Catalogue(json: json) else { return }
        try run("DELETE FROM scope_risks", [])
        for scope in catalogue.scopes {
            try run(
                "INSERT INTO scope_risks (label, risk) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.text(scope.label), .text(scope.risk.rawValue)])
        }
    }
}

extension AppPolicy {
    /// mode, longest_lifetime, guarded_scopes, guarded_risks, is_audit_only
    init?(_ row: ArraySlice<Value>) {
        let row = Array(row)
        guard let mode = row[0].text.flatMap(Mode.init), let scopes = row[2].text, let risks = row[3].text else { return nil }
        self.init(
            mode: mode, longestLifetime: row[1].integer, guardedScopes: ScopeSet(stored: scopes),
            guardedRisks: Set(risks.split(separator: " ").compactMap { Risk(rawValue: String($0)) }), isAuditOnly: row[4].integer == 1)
    }
}

extension AppApproval {
    /// id, account_id, client_id, user_id, scopes, approved_at, approved_by
    init?(_ row: Row) {
        guard let id = row[0].identifier, let accountID = row[1].identifier, let clientID = row[2].identifier,
            let approvedAt = row[5].integer
        else { return nil }
        self.init(
            id: id, accountID: accountID, clientID: clientID, userID: row[3].identifier, scopes: row[4].text.map { ScopeSet(stored: $0) },
            approvedAt: approvedAt, approvedBy: row[6].identifier)
    }
}
