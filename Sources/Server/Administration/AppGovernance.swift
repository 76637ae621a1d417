import Crypto
import Delegation
import OAuth
import Storage

/// What administrators of an account do about their members' apps. The pages and the management API both end up here.
struct AppGovernance: Sendable {
    let deployment: Deployment

    /// The policy in force; an account that has none is open.
    func policy(_ accountID: Identifier) async throws -> (policy: AppPolicy, updatedAt: Int64?) {
        guard let stored = try await deployment.store.appPolicy(accountID: accountID) else { return (AppPolicy(), nil) }
        return (stored.policy, stored.updatedAt)
    }

    /// What would stop working, measured on what is connected now.
    func preview(_ policy: AppPolicy, _ accountID: Identifier, now: Int64) async throws -> PolicyPreview {
        let current = try await self.policy(accountID).policy
        let facts = try await deployment.store.policyFacts(accountID: accountID, now: now)
        return PolicyPreview(
            from: current, to: policy, subjects: facts.subjects, approvals: facts.approvals, risks: facts.risks, now: now)
    }

    func put(_ policy: AppPolicy, _ accountID: Identifier, actor: Actor, now: Int64) async throws {
        guard try await deployment.store.setAppPolicy(policy, accountID: accountID, actor: actor, now: now) == .created else {
            throw InvalidInput("One of the clients is gone. Look at the policy again.")
        }
    }

    // MARK: What is connected

    /// Says of authorizations whether the policy in force keeps them out.
    struct Verdicts: Sendable {
        let accountID: Identifier
        let policy: AppPolicy
        let approvals: [AppApproval]
        let now: Int64

        /// Why none of its installations reaches the account; nil: one does, or would if it began now.
        func obstacle(_ each: MemberAuthorization) -> PolicyObstacle? {
            if policy.isAuditOnly { return nil }
            return applied(each).obstacle(grantedAt: each.grant.families.map(\.createdAt).max(), now: now)
        }

        /// What the policy comes to for whoever connected it.
        func applied(_ each: MemberAuthorization) -> ClientPolicy {
            ClientPolicy(
                policy, accountID: accountID, client: each.grant.client, userID: each.user.id, approvals: approvals, risks: [:],
                scopes: [])
        }
    }

    func verdicts(_ accountID: Identifier, now: Int64) async throws -> Verdicts {
        Verdicts(
            accountID: accountID, policy: try await policy(accountID).policy,
            approvals: try await deployment.store.appApprovals(accountID: accountID), now: now)
    }

    // MARK: Requests

    /// What a member asks for, as it was sent.
    struct Wish {
        var accountID: Identifier?
        var clientID: Identifier?
        var scopes: ScopeSet
        var reason: String
    }

    static let longestText = 500

    /// Asks in a member's name.
    func ask(_ wish: Wish, as user: User, actor: Actor, now: Int64) async throws -> AppRequest {
        let client = try await client(wish.clientID, user)
        let memberships = try await deployment.store.memberships(userID: user.id)
        guard let account = memberships.first(where: { $0.account.id == wish.accountID })?.account else {
            throw InvalidInput("You are not a member of such an account.", pointer: "/account_id")
        }
        if let label = wish.scopes.labels.first(where: { !client.scopes.contains($0) }) {
            throw InvalidInput("The app does not ask for the scope \(label.prefix(100)).", pointer: "/scopes")
        }
        guard wish.reason.utf8.count <= Self.longestText else {
            throw InvalidInput("The reason is longer than \(Self.longestText) bytes.", pointer: "/reason")
        }
        let request = AppRequest(
            id: deployment.random.identifier(), accountID: account.id, userID: user.id, clientID: client.id, scopes: wish.scopes,
            reason: wish.reason, createdAt: now)
        guard try await deployment.store.makeAppRequest(request, actor: actor, now: now) == .created else {
            throw InvalidInput("The app or the account is gone.", pointer: "/client_id")
        }
        return request
    }

    /// A client that the user may know of: a private one only where they belong to its account.
    func client(_ id: Identifier?, _ user: User) async throws -> Client {
        let problem = InvalidInput("There is no such app.", pointer: "/client_id")
        guard let id, let entry = try await deployment.clients.client(id, in: deployment.store) else { throw problem }
        if entry.client.visibility == .public { return entry.client }
        let memberships = try await deployment.store.memberships(userID: user.id)
        guard memberships.contains(where: { $0.account.id == entry.client.accountID }) else { throw problem }
        return entry.client
    }

    /// An administrator's yes.
    struct Approval {
        /// For every member; false: for the one who asked.
        var isForEveryone: Bool
        /// The optional scopes that come with it; nil: those that were asked for, or all that the app has today where none was named.
        var optionalScopes: [String]?
        var answer: String?
    }

    func approve(
        _ named: NamedAppRequest, _ approval: Approval, actor: Actor, now: Int64
    ) async throws {
        let policy = try await policy(named.request.accountID).policy
        if policy.clients[named.client.id] == .block {
            throw AccessProblem.forbidden("The app policy blocks this app, and a block wins over an approval. Change the policy first.")
        }
        if policy.mode == .closed, policy.clients[named.client.id] == nil {
            throw AccessProblem.forbidden(
                "The account is closed: only apps that the policy allows by name come in. Change the policy first.")
        }
        if let label = approval.optionalScopes?.first(where: { !named.client.optionalScopes.contains($0) }) {
            throw InvalidInput("\(label.prefix(100)) is not an optional scope of the app.", pointer: "/optional_scopes")
        }
        try requireShort(approval.answer)
        // As it asks today: what the app adds later is another request.
        let optional = named.client.optionalScopes
        let asked = named.request.scopes.isEmpty ? optional : optional.intersection(named.request.scopes)
        let scopes = named.client.requiredScopes.union(approval.optionalScopes.map { ScopeSet($0) } ?? asked)
        let outcome = try await deployment.store.approveAppRequest(
            named.request.id,
            with: AppApproval(
                id: deployment.random.identifier(), accountID: named.request.accountID, clientID: named.client.id,
                userID: approval.isForEveryone ? nil : named.request.userID, scopes: scopes, approvedAt: now, approvedBy: actor.userID),
            answer: approval.answer, actor: actor, now: now)
        try require(outcome)
    }

    func deny(_ named: NamedAppRequest, answer: String?, actor: Actor, now: Int64) async throws {
        try requireShort(answer)
        let outcome = try await deployment.store.denyAppRequest(
            named.request.id, accountID: named.request.accountID, answer: answer, actor: actor, now: now)
        try require(outcome)
    }

    func request(_ id: Substring, _ accountID: Identifier) async throws -> NamedAppRequest {
        guard let id = Identifier(String(id)), let found = try await deployment.store.appRequest(id, accountID: accountID) else {
            throw AccessProblem.notFound("There is no such request.")
        }
        return found
    }

    private func requireShort(_ answer: String?) throws {
        if let answer, answer.utf8.count > Self.longestText {
            throw InvalidInput("The answer is longer than \(Self.longestText) bytes.", pointer: "/answer")
        }
    }

    private func require(_ outcome: Store.DecisionOutcome) throws {
        switch outcome {
        case .decided: break
        case .unknown: throw AccessProblem.notFound("There is no such request.")
        case .alreadyDecided: throw InvalidInput("The request was decided before.")
        }
    }
}

/// A policy as somebody sent it, before it is known to be one.
struct AppPolicyInput {
    var mode: String?
    var longestLifetime: Int64?
    var scopes: [String] = []
    var risks: [String] = []
    var allowed: [String] = []
    var blocked: [String] = []
    var isAuditOnly = false

    /// How many scopes or clients a policy may name.
    static let limit = 1000

    /// A client that the account does not know is no client.
    /// - Throws: `InvalidInput` with everything that is wrong.
    func checked(_ deployment: Deployment, for accountID: Identifier) async throws -> AppPolicy {
        var problems: [InvalidInput.Problem] = []
        func reject(_ pointer: String, _ text: String) { problems.append(.init(pointer: pointer, text: text)) }
        let mode = mode.map { AppPolicy.Mode(rawValue: $0) } ?? .open
        if mode == nil { reject("/mode", "mode should be one of \(AppPolicy.Mode.allCases.map(\.rawValue).joined(separator: ", ")).") }
        if let longestLifetime, !AppPolicy.lifetimes.contains(longestLifetime) {
            let (least, most) = (AppPolicy.lifetimes.lowerBound, AppPolicy.lifetimes.upperBound)
            reject("/longest_lifetime", "longest_lifetime should be from \(least) to \(most) seconds.")
        }
        let catalogue = deployment.catalogue.current.catalogue
        if let label = scopes.first(where: { catalogue.scope($0) == nil }) {
            reject("/approval_scopes", "There is no scope \(label.prefix(100)).")
        }
        if let risk = risks.first(where: { Risk(rawValue: $0) == nil }) {
            reject("/approval_risks", "There is no risk \(risk.prefix(100)): read, write, destructive.")
        }
        let named = (allowed.prefix(Self.limit) + blocked.prefix(Self.limit)).compactMap { Identifier($0) }
        let known = try await deployment.store.clients(Set(named), knownTo: accountID)
        var clients: [Identifier: AppPolicy.ClientRule] = [:]
        for (rule, texts, pointer) in [(AppPolicy.ClientRule.allow, allowed, "/allowed_clients"), (.block, blocked, "/blocked_clients")] {
            if texts.count > Self.limit { reject(pointer, "A policy can name \(Self.limit) clients of a kind at most.") }
            for text in texts.prefix(Self.limit) {
                guard let id = Identifier(text), known.contains(id) else {
                    reject(pointer, "There is no client \(text.prefix(100)).")
                    continue
                }
                if let other = clients[id], other != rule { reject(pointer, "The client \(text) cannot be allowed and blocked at once.") }
                clients[id] = rule
            }
        }
        guard problems.isEmpty, let mode else { throw InvalidInput(problems) }
        return AppPolicy(
            mode: mode, longestLifetime: longestLifetime, guardedScopes: ScopeSet(scopes),
            guardedRisks: Set(risks.compactMap { Risk(rawValue: $0) }), clients: clients, isAuditOnly: isAuditOnly)
    }
}

extension AppPolicy {
    /// Tells one policy from another, so that what is applied is what was looked at.
    var digest: String { Base64URL.encode(Array(SHA256.hash(data: JSON.object(json).bytes).prefix(12))) }
}
