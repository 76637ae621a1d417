import OAuth

/// What one decision of a user allowed a client. An authorization is the union of its consents and the bound of each:
/// what two of them allow apart, they do not allow together.
public struct Consent: Sendable, Equatable {
    public var scopes: ScopeSet
    /// Ascending.
    public var accountIDs: [Identifier]
    /// Epoch seconds; nil: until it is revoked.
    public var expiresAt: Int64?

    public init(scopes: ScopeSet, accountIDs: [Identifier], expiresAt: Int64?) {
        self.scopes = scopes
        self.accountIDs = accountIDs
        self.expiresAt = expiresAt
    }

    public func isInForce(at now: Int64) -> Bool { expiresAt.map { now < $0 } ?? true }

    /// Whether it allows all that another one does, for as long.
    public func covers(_ other: Consent) -> Bool {
        other.scopes.isSubset(of: scopes) && other.accountIDs.allSatisfy(accountIDs.ascendingContains) && !ends(before: other)
    }

    /// What is left of it where scopes and accounts were taken away.
    public func within(_ scopes: ScopeSet, _ accountIDs: [Identifier]) -> Consent {
        Consent(
            scopes: self.scopes.within(scopes), accountIDs: self.accountIDs.filter(accountIDs.ascendingContains), expiresAt: expiresAt)
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
