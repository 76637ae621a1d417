import OAuth

/// What one decision of a user allowed a client. An authorization is the union of its consents and the bound of each:
/// what two of them allow apart, they do not allow together.
public struct Consent: Sendable, Equatable {
    public var scopes: ScopeSet
    /// Ascending.
    public var accountIDs: [Identifier]
    /// What was chosen inside of them.
    public var resources: ResourceChoice
    /// Epoch seconds; nil: until it is revoked.
    public var expiresAt: Int64?

    public init(scopes: ScopeSet, accountIDs: [Identifier], resources: ResourceChoice = .everything, expiresAt: Int64?) {
        self.scopes = scopes
        self.accountIDs = accountIDs
        self.resources = resources
        self.expiresAt = expiresAt
    }

    public func isInForce(at now: Int64) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether it allows all that another one does, for as long.
    public func covers(_ other: Consent) -> Bool {
        other.scopes.isSubset(of: scopes) && other.accountIDs.allSatisfy(accountIDs.ascendingContains) && !ends(before: other)
            && resources.covers(other.resources, in: other.accountIDs)
    }

    /// What is left of it where something was taken away from the authorization.
    public func within(_ authorization: Authorization) -> Consent {
        let accounts = accountIDs.filter(authorization.accountIDs.ascendingContains)
        return Consent(
            scopes: scopes.within(authorization.scopes), accountIDs: accounts,
            resources: resources.kept(to: accounts).within(authorization.resources.kept(to: accounts)), expiresAt: expiresAt)
    }

    func ends(before other: Consent) -> Bool {
        guard let expiresAt else { return false }
        return other.expiresAt.map { expiresAt < $0 } ?? true
    }
}

extension [Consent] {
    /// These and a newer one, without those that another one covers.
    public func adding(_ newer: Consent) -> [Consent] {
        contains { $0.covers(newer) } ? self : filter { !newer.covers($0) } + [newer]
    }
}
