import OAuth

/// A long-lived credential for the management API, of a user or of an account itself.
public struct APIToken: Sendable, Equatable {
    public enum Owner: Sendable, Hashable {
        case user(Identifier)
        case account(Identifier)
    }

    /// As it is shown.
    public enum Status: String, Sendable { case active, disabled, expired }

    /// Why a token that was presented is not taken.
    public enum Refusal: Error, Sendable, Equatable { case disabled, expired, notYet, address }

    public let id: Identifier
    public let owner: Owner
    public var name: String
    public var isDisabled: Bool
    /// Empty: a user's token may do all that the user may; an account's token may do nothing.
    public var policies: [TokenPolicy]
    public var condition: AddressCondition
    /// Epoch seconds, here and below.
    public var notBefore: Int64?
    public var expiresAt: Int64?
    public let createdAt: Int64
    public var modifiedAt: Int64
    public var lastUsedAt: Int64?
    public var lastUsedAddress: String?

    public init(
        id: Identifier, owner: Owner, name: String, isDisabled: Bool = false, policies: [TokenPolicy] = [],
        condition: AddressCondition = AddressCondition(), notBefore: Int64? = nil, expiresAt: Int64? = nil, createdAt: Int64,
        modifiedAt: Int64? = nil, lastUsedAt: Int64? = nil, lastUsedAddress: String? = nil
    ) {
        self.id = id
        self.owner = owner
        self.name = name
        self.isDisabled = isDisabled
        self.policies = policies
        self.condition = condition
        self.notBefore = notBefore
        self.expiresAt = expiresAt
        self.createdAt = createdAt
        self.modifiedAt = modifiedAt ?? createdAt
        self.lastUsedAt = lastUsedAt
        self.lastUsedAddress = lastUsedAddress
    }

    public func status(now: Int64) -> Status {
        if let expiresAt, expiresAt <= now { return .expired }
        return isDisabled ? .disabled : .active
    }

    /// - Throws: why a request with it is refused.
    public func check(address: String, now: Int64) throws(Refusal) {
        switch status(now: now) {
        case .disabled: throw .disabled
        case .expired: throw .expired
        case .active: break
        }
        if let notBefore, now < notBefore { throw .notYet }
        if !condition.allows(address) { throw .address }
    }

    /// How far it reaches, before its owner's roles are looked at.
    public var reach: Principal.Reach {
        if case .user = owner, policies.isEmpty { return .everything }
        return .policies(policies)
    }

    /// Whether this lets anybody do what the token before did not: such a change asks for the same as making it anew.
    public func isLooser(than before: APIToken) -> Bool {
        func content(_ token: APIToken) -> [TokenPolicy] {
            token.policies.map { TokenPolicy(id: token.id, effect: $0.effect, permissions: $0.permissions, places: $0.places) }
        }
        return content(self) != content(before) || condition != before.condition
            || (expiresAt ?? .max) > (before.expiresAt ?? .max) || (notBefore ?? .min) < (before.notBefore ?? .min)
            || (before.isDisabled && !isDisabled)
    }
}

extension Principal {
    /// Why a token may not be made, or given out anew, by this principal.
    public enum TokenExcess: Error, Sendable, Equatable {
        /// The policy's and the permission's positions, and the account; nil: everywhere or the user's own things.
        case permission(policy: Int, permission: Int, account: Identifier?)
        /// A token without policies.
        case unlimited
        /// It would outlive the token that makes it.
        case expiry
        /// It would work where the token that makes it does not.
        case address
    }

    /// Nobody makes a token that may do more than they may themselves at this moment; a token makes none that lasts longer or
    /// works from elsewhere.
    /// - Parameter maker: the API token that was presented, where one was.
    public func checkNotExceeded(by token: APIToken, maker: APIToken?) throws(TokenExcess) {
        if token.policies.isEmpty, reach != .everything { throw .unlimited }
        for (index, policy) in token.policies.enumerated() where policy.effect == .allow {
            for (position, label) in policy.permissions.enumerated() {
                do {
                    try checkHeld(label, policy.places, by: token.owner)
                } catch {
                    throw .permission(policy: index, permission: position, account: error.account)
                }
            }
        }
        guard let maker else { return }
        if (token.expiresAt ?? .max) > (maker.expiresAt ?? .max) { throw .expiry }
        if !maker.condition.isEmpty, token.condition != maker.condition { throw .address }
    }

    private struct Missing: Error { let account: Identifier? }

    private func checkHeld(_ label: String, _ places: Set<TokenPolicy.Place>, by owner: APIToken.Owner) throws(Missing) {
        if let permission = UserPermission(rawValue: label) {
            if !mayAsUser(permission) { throw Missing(account: nil) }
            return
        }
        for place in places {
            switch (place, owner) {
            case (.account(let id), _), (.everywhere, .account(let id)): if !may(label, in: id) { throw Missing(account: id) }
            case (.everywhere, .user): if !mayEverywhere(label) { throw Missing(account: nil) }
            case (.user, _): break
            }
        }
    }

    /// Whether something may be done in every account where the user is, those that may be added later included.
    private func mayEverywhere(_ label: String) -> Bool {
        guard !memberships.isEmpty, memberships.allSatisfy({ may(label, in: $0.account.id) }) else { return false }
        switch reach {
        case .everything: return true
        case .policies(let policies): return policies.allowEverywhere(label)
        case .authority: return false
        }
    }
}
