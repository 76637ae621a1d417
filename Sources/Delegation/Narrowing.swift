import OAuth

/// An authorization after its user took something away: the same, or less.
public struct Narrowing: Sendable, Equatable {
    /// Why a narrowing is refused. The texts are for the user.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case scopeNotHeld(String)
        case accountNotHeld(String)
        /// The client cannot work without it.
        case scopeRequired(String)
        case noAccountLeft
        /// What the app reaches is no longer what the choice was made from.
        case changed
        /// The authorization is no longer in force.
        case ended
        /// What is wrong, and where.
        case resources(String, pointer: String)

        public var description: String {
            switch self {
            case .scopeNotHeld(let label): "This app does not have the scope \(label), so it cannot stay."
            case .accountNotHeld(let id): "This app does not have access to the account \(id), so it cannot stay."
            case .scopeRequired(let label): "This app cannot work without the scope \(label). To take it away, revoke the app."
            case .noAccountLeft: "At least one account must stay. To take the last one away, revoke the app."
            case .changed: "What this app reaches was changed meanwhile, so nothing was changed now. Look again."
            case .ended: "This app is no longer connected."
            case .resources(let text, _): text
            }
        }

        /// The member of the request's body that is wrong (RFC 6901).
        public var pointer: String {
            switch self {
            case .scopeNotHeld, .scopeRequired: "/scopes"
            case .accountNotHeld, .noAccountLeft: "/accounts"
            case .changed, .ended: ""
            case .resources(_, let pointer): pointer
            }
        }
    }

    /// What is left of the scopes.
    public let scopes: ScopeSet
    /// What is left of the accounts, ascending.
    public let accountIDs: [Identifier]
    /// What the user chose anew inside of them, by account and type; it may be more than before.
    public let resources: [Identifier: ResourceChoice.Types]

    /// - Parameters:
    ///   - keepingScopes: the labels that stay; nil: all. `openid` and `offline_access` stay whether they are named or not,
    ///     because they are the connection itself.
    ///   - keepingAccounts: the identifiers of the accounts that stay, as text; nil: all.
    ///   - choosing: what is chosen anew inside of the accounts.
    public init(
        _ authorization: Authorization, client: Client, keepingScopes: [String]?, keepingAccounts: [String]?,
        choosing: [Identifier: ResourceChoice.Types] = [:]
    ) throws(Problem) {
        var kept = ScopeSet(keepingScopes ?? authorization.scopes.labels)
        if let label = kept.labels.first(where: { !authorization.scopes.contains($0) }) { throw .scopeNotHeld(label) }
        kept = kept.union(authorization.scopes.intersection(["openid", "offline_access"]))
        let dropped = authorization.scopes.subtracting(kept)
        if let label = dropped.labels.first(where: client.requires) { throw .scopeRequired(label) }

        var accounts = authorization.accountIDs
        if let keepingAccounts {
            var named: Set<Identifier> = []
            for text in keepingAccounts {
                guard let id = Identifier(text), authorization.accountIDs.ascendingContains(id) else { throw .accountNotHeld(text) }
                named.insert(id)
            }
            accounts = named.sorted()
        }
        if accounts.isEmpty, !authorization.accountIDs.isEmpty { throw .noAccountLeft }
        for account in choosing.keys where !authorization.accountIDs.ascendingContains(account) {
            throw .resources("This app does not have access to the account \(account).", pointer: "/resources/\(account)")
        }
        if authorization.resources.kept(to: accounts).setting(choosing).isTooMuch(after: authorization.resources) {
            throw .resources(ResourceSelection.Problem.tooMany.description, pointer: "/resources")
        }
        scopes = kept
        accountIDs = accounts
        resources = choosing.filter { accounts.ascendingContains($0.key) }
    }

    /// What is left of one of the authorization's families: it shrinks with the authorization and never grows back.
    public func narrowed(_ family: TokenFamily) -> TokenFamily {
        var family = family
        family.scopes = family.scopes.within(scopes)
        family.accountIDs = family.accountIDs.filter(accountIDs.ascendingContains)
        return family
    }
}
