import OAuth

/// The rules of the check in front of the protected API: may this request pass?
///
/// It is decided in two steps, because the first needs no token and its answer must not depend on one: `match` finds the
/// operation, `decide` holds it against what the token may do.
public struct GatewayDecision: Sendable {
    /// How far a request comes without a token.
    public enum Step: Sendable, Equatable {
        /// It passes, whatever token was sent or not.
        case open
        /// It is refused, whatever token was sent or not.
        case refused(Refusal)
        case needsToken(Asked)
    }

    /// An operation that takes a token, with the account that the path names.
    public struct Asked: Sendable, Equatable {
        /// Each of them is enough; all labels of one must be held. An empty one asks for any active token.
        public let alternatives: [ScopeSet]
        /// The value of the path's account parameter; nil where the operation has none.
        public let account: String?
        /// The resources that the path names.
        public var resources: [OperationMatcher.NamedResource] = []
        /// The types of which the operation may show several.
        public var listed: [String] = []
    }

    public enum Decision: Sendable, Equatable {
        case allowed(Allowed)
        case refused(Refusal)
    }

    /// What the protected API is told about a request that passes, beside the user and the client.
    public struct Allowed: Sendable, Equatable {
        /// The names that the API uses for the accounts where the operation is allowed, ascending, separated by commas.
        public let accountHeader: String
        /// What the token is good for: in the account that the path names, or else in any.
        public let scopes: ScopeSet
        /// What the API has to leave out: the text of `X-Latchkey-Resources`.
        public var resourceHeader = ""
        /// The accounts whose app policy would have refused this, had it been enforced.
        public var unenforced: [Unenforced] = []
    }

    /// What a policy that only watches would have refused.
    public struct Unenforced: Sendable, Equatable {
        public let accountID: Identifier
        public let obstacle: PolicyObstacle?
        public let withheld: ScopeSet
    }

    let catalogue: Catalogue
    let matcher: OperationMatcher
    let answersPreflight: Bool

    /// - Parameter answersPreflight: whether `OPTIONS` on a described path passes, unless the document describes it itself.
    public init(catalogue: Catalogue, matcher: OperationMatcher, answersPreflight: Bool) {
        self.catalogue = catalogue
        self.matcher = matcher
        self.answersPreflight = answersPreflight
    }

    /// Finds the operation.
    /// - Parameter target: the raw request target, as the caller sent it.
    public func match(method: String, target: Substring) -> Step {
        switch matcher.match(method: method, target: target) {
        case .operation(let match):
            switch match.operation.access {
            case .open: return .open
            case .unreachable: return .refused(.unreachable(method: method, target: target))
            case .alternatives(let alternatives):
                return .needsToken(
                    Asked(
                        alternatives: alternatives, account: match.accountParameterValue, resources: match.resources,
                        listed: match.listed))
            }
        case .unknown:
            // Fetch §4.8: a preflight never carries credentials, so it cannot be asked for a token.
            if answersPreflight, method == "OPTIONS", matcher.describes(target) { return .open }
            return catalogue.opensUnknownOperations ? .open : .refused(.unknown(method: method, target: target))
        case .malformed:
            return .refused(.malformed(method: method, target: target))
        }
    }

    /// RFC 6750 §3.1: a request without a token gets a challenge and no error code.
    public func missingToken(_ asked: Asked) -> Refusal {
        .unauthorized(asked, error: nil, "This request needs an access token in the Authorization header.")
    }

    /// A token that is not ours, is malformed or is no longer good.
    /// - Parameter reason: why it is no longer good, where that may be told: only to somebody who holds a token of ours.
    public func invalidToken(_ asked: Asked, _ reason: Inactive? = nil) -> Refusal {
        .unauthorized(asked, error: "invalid_token", reason?.description ?? "The access token is unknown, malformed or expired.")
    }

    /// Holds an operation against what the token may do now.
    public func decide(_ asked: Asked, authority: Authority) -> Decision {
        guard let name = asked.account else { return decideInAnyAccount(asked, authority) }
        // The API's own name wins where one account's name is another's identifier.
        let granted =
            authority.accounts.first { $0.nameInAPI == name } ?? authority.accounts.first { $0.id.description == name }
        guard let granted else {
            let refused =
                authority.refusedAccounts.first { $0.nameInAPI == name } ?? authority.refusedAccounts.first { $0.id.description == name }
            if let refused { return .refused(.policyRefuses(refused, name: name, held: authority.heldScopes)) }
            let lacking = Shortfall.least(of: asked.alternatives, held: authority.heldScopes, allowed: authority.heldScopes)
            return .refused(.accountMissing(name, lacking, held: authority.heldScopes))
        }
        let resource = asked.resources.first { !granted.resources.allows($0.type, $0.id) }
        if asked.alternatives.contains(where: { $0.isSubset(of: granted.scopes) }) {
            if let resource { return .refused(resourceMissing(resource, asked, authority, account: name)) }
            return .allowed(
                Allowed(
                    accountHeader: granted.nameInAPI, scopes: granted.scopes,
                    resourceHeader: ResourceHeader.text(asked.listed, [granted]),
                    unenforced: Self.unenforced(asked.alternatives, [granted])))
        }
        let lacking = Shortfall.least(of: asked.alternatives, held: authority.heldScopes, granted)
        return .refused(.scopesMissing(lacking, account: name, resource: resource.map(words), in: granted))
    }

    private func resourceMissing(
        _ resource: OperationMatcher.NamedResource, _ asked: Asked, _ authority: Authority, account: String?
    ) -> Refusal {
        let met = asked.alternatives.first { $0.isSubset(of: authority.scopes) } ?? []
        return .resourceMissing(words(resource), scopes: met.isEmpty ? authority.heldScopes : met, account: account)
    }

    private func words(_ resource: OperationMatcher.NamedResource) -> Refusal.NamedResource {
        Refusal.NamedResource(typeName: catalogue.resourceType(resource.type)?.name ?? resource.type, id: resource.id)
    }

    /// Without an account in the path, scopes alone decide: those held in at least one granted account, and of these only
    /// the accounts where the resource was chosen that the path names.
    private func decideInAnyAccount(_ asked: Asked, _ authority: Authority) -> Decision {
        let alternatives = asked.alternatives
        let able = authority.accounts.filter { account in alternatives.contains { $0.isSubset(of: account.scopes) } }
        let allowed =
            asked.resources.isEmpty
            ? able : able.filter { account in asked.resources.allSatisfy { account.resources.allows($0.type, $0.id) } }
        // With no account left a token still carries the protocol's own scopes.
        let isEnough = !allowed.isEmpty || alternatives.contains { $0.isSubset(of: authority.scopes) && $0.ofAPI.isEmpty }
        // A resource belongs to an account, so where none is left that has it, no scope is enough.
        if allowed.isEmpty, let first = asked.resources.first, isEnough || !able.isEmpty {
            // Named is the one that no account has; where each has some of them, the first.
            let resource = asked.resources.first { named in !able.contains { $0.resources.allows(named.type, named.id) } } ?? first
            return .refused(resourceMissing(resource, asked, authority, account: nil))
        }
        if isEnough {
            let names = allowed.count == 1 ? allowed[0].nameInAPI : allowed.map(\.nameInAPI).sorted().joined(separator: ",")
            return .allowed(
                Allowed(
                    accountHeader: names, scopes: authority.scopes, resourceHeader: ResourceHeader.text(asked.listed, allowed),
                    unenforced: Self.unenforced(alternatives, allowed)))
        }
        let shortfalls = authority.accounts.map { (Shortfall.least(of: alternatives, held: authority.heldScopes, $0), $0) }
        guard let (least, account) = shortfalls.min(by: { $0.0 < $1.0 }) else {
            if let refused = authority.refusedAccounts.first {
                return .refused(.policyRefuses(refused, name: nil, held: authority.heldScopes))
            }
            return .refused(.noAccountLeft(Shortfall.least(of: alternatives, held: authority.heldScopes, allowed: authority.scopes)))
        }
        return .refused(.scopesMissing(least, account: nil, in: account))
    }

    /// The accounts of a request that passes which a policy that only watches would have kept out of it.
    private static func unenforced(_ alternatives: [ScopeSet], _ accounts: [Authority.GrantedAccount]) -> [Unenforced] {
        var found: [Unenforced] = []
        for account in accounts {
            guard let policy = account.policy, !policy.isEnforced else { continue }
            let left = account.scopes.subtracting(policy.withheld)
            if policy.obstacle == nil, alternatives.contains(where: { $0.isSubset(of: left) }) { continue }
            found.append(Unenforced(accountID: account.id, obstacle: policy.obstacle, withheld: policy.withheld))
        }
        return found
    }
}

/// What a token lacks for an operation: labels that it does not hold, labels that it holds and the user's role denies, and
/// labels for which the account's app policy wants an approval.
struct Shortfall: Comparable {
    var scope: ScopeSet = []
    var role: ScopeSet = []
    var policy: ScopeSet = []
    /// The alternative that it was measured against.
    var alternative: ScopeSet = []

    var count: Int { scope.count + role.count + policy.count }

    /// Fewer labels are less; of as many, those that the user can grant are less than those that need an administrator.
    static func < (left: Shortfall, right: Shortfall) -> Bool {
        (left.count, left.role.count + left.policy.count) < (right.count, right.role.count + right.policy.count)
    }

    /// Measured against the alternative that lacks the least; the first of several.
    static func least(of alternatives: [ScopeSet], held: ScopeSet, allowed: ScopeSet) -> Shortfall {
        let all = alternatives.map { alternative in
            Shortfall(
                scope: alternative.subtracting(held), role: alternative.intersection(held).subtracting(allowed), alternative: alternative)
        }
        return all.min() ?? Shortfall()
    }

    /// The same in a granted account, where what the policy withholds is told apart from what the role denies.
    static func least(of alternatives: [ScopeSet], held: ScopeSet, _ account: Authority.GrantedAccount) -> Shortfall {
        var least = least(of: alternatives, held: held, allowed: account.scopes)
        if let policy = account.policy, policy.isEnforced {
            least.policy = least.role.intersection(policy.withheld)
            least.role = least.role.subtracting(policy.withheld)
        }
        return least
    }
}
