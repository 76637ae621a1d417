import OAuth

/// What a form says about resources: for each account and type whether all of them are meant or only some, and which.
///
/// Fields: `resources_ACCOUNT_TYPE` = `all` or `some`, and `resource` = `ACCOUNT/TYPE/ID`, repeated.
public struct ResourceSelection: Sendable, Equatable {
    public struct Key: Sendable, Hashable {
        public let accountID: Identifier
        public let type: String

        public init(_ accountID: Identifier, _ type: String) {
            self.accountID = accountID
            self.type = type
        }
    }

    /// Which of the identifiers that were named there are.
    public typealias Known = [Key: ResourceIDs]

    /// Why it cannot be granted. The texts are for the user.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case noneChosen(plural: String, account: String)
        case unknown(id: String, name: String, account: String)
        case tooMany
        case unreadable
        case unseen(plural: String, account: String)

        public var description: String {
            switch self {
            case .noneChosen(let plural, let account): "Choose at least one of the \(plural) of \(account), or all of them."
            case .unknown(let id, let name, let account): "There is no \(name) \(id.prefix(100)) in \(account). Choose again."
            case .tooMany:
                "More than \(ResourceChoice.maximumCount) resources, or ids of more than \(ResourceChoice.maximumBytes / 1024) KiB together, "
                    + "cannot be chosen for one app. Choose all of them, or fewer."
            case .unreadable: "The choice of resources cannot be read. Choose all or some."
            case .unseen(let plural, let account):
                "The page had no room for the \(plural) of \(account). They are listed now: choose all or some of them."
            }
        }
    }

    /// Where only the chosen ones are meant.
    public var narrowed: Set<Key> = []
    /// What is ticked, also where all are meant: another tick on the page brings it back.
    public var chosen: [Key: ResourceIDs] = [:]
    /// About which the form said anything.
    public private(set) var stated: Set<Key> = []
    private var isReadable = true

    public init() {}

    public init(_ form: Parameters) {
        var named: [Key: [String]] = [:]
        for field in form.fields {
            if field.name == "resource" {
                let parts = field.value.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
                guard parts.count == 3, let account = Identifier(parts[0]) else { continue }
                named[Key(account, String(parts[1])), default: []].append(String(parts[2]))
            } else if field.name.hasPrefix("resources_") {
                let parts = field.name.dropFirst("resources_".count).split(separator: "_", maxSplits: 1)
                guard parts.count == 2, let account = Identifier(parts[0]) else { continue }
                stated.insert(Key(account, String(parts[1])))
                switch field.value {
                case "all": break
                case "some": narrowed.insert(Key(account, String(parts[1])))
                default: isReadable = false
                }
            }
        }
        chosen = named.mapValues { ResourceIDs($0) }
    }

    /// What an authorization has, as a form shows it first.
    public init(_ choice: ResourceChoice) {
        for (account, types) in choice.accounts {
            for (type, selection) in types {
                guard case .some(let ids) = selection else { continue }
                narrowed.insert(Key(account, type))
                chosen[Key(account, type)] = ids
            }
        }
    }

    /// Without what there is not.
    public func kept(to known: Known) -> ResourceSelection {
        var kept = self
        kept.chosen = chosen.reduce(into: [:]) { $0[$1.key] = $1.value.intersection(known[$1.key] ?? ResourceIDs()) }
        return kept
    }

    /// - Parameters:
    ///   - accounts: those that are chosen; what the form says about others counts for nothing.
    ///   - known: which of the identifiers there are.
    public func check(
        in accounts: [(id: Identifier, name: String)], types: [ResourceType], known: Known
    ) throws(Problem) {
        if !isReadable { throw .unreadable }
        var (count, bytes) = (0, 0)
        for account in accounts {
            for type in types {
                let key = Key(account.id, type.label)
                guard narrowed.contains(key) else { continue }
                let ids = chosen[key] ?? ResourceIDs()
                if ids.isEmpty { throw .noneChosen(plural: type.plural, account: account.name) }
                if let unknown = ids.subtracting(known[key] ?? ResourceIDs()).strings.first {
                    throw .unknown(id: unknown, name: type.name, account: account.name)
                }
                count += ids.count
                bytes += ids.byteCount
            }
        }
        if count > ResourceChoice.maximumCount || bytes > ResourceChoice.maximumBytes { throw .tooMany }
    }

    /// Where the form decides about resources in some of the chosen accounts, all of them have to have been on the page. A program that
    /// says nothing about resources anywhere means all.
    /// - Parameter unshown: what there is to choose where the page may have had no room for it.
    func checkSeen(
        in accounts: [(id: Identifier, name: String)], types: [ResourceType], unshown: Set<Key>
    ) throws(Problem) {
        guard accounts.contains(where: { account in stated.contains { $0.accountID == account.id } }) else { return }
        for account in accounts {
            for type in types {
                let key = Key(account.id, type.label)
                if unshown.contains(key), !stated.contains(key) { throw .unseen(plural: type.plural, account: account.name) }
            }
        }
    }

    /// The choice in these accounts; for each type that is narrowed or that the scopes are about.
    public func choice(in accountIDs: [Identifier], types: [ResourceType], scopes: ScopeSet) -> ResourceChoice {
        var choice: [Identifier: ResourceChoice.Types] = [:]
        for account in accountIDs {
            var selections: ResourceChoice.Types = [:]
            for type in types {
                let key = Key(account, type.label)
                if narrowed.contains(key) {
                    selections[type.label] = .some(chosen[key] ?? ResourceIDs())
                } else if !type.scopes.intersection(scopes).isEmpty {
                    selections[type.label] = .all
                }
            }
            choice[account] = selections
        }
        return ResourceChoice(choice)
    }

    /// What a form about an authorization changes: only what differs from what it has, so that a form that was left as it was
    /// changes nothing.
    public func change(of choice: ResourceChoice, in accountIDs: [Identifier]) -> [Identifier: ResourceChoice.Types] {
        var change: [Identifier: ResourceChoice.Types] = [:]
        for key in stated where accountIDs.contains(key.accountID) {
            let wanted: ResourceChoice.Selection = narrowed.contains(key) ? .some(chosen[key] ?? ResourceIDs()) : .all
            if wanted != choice[key.accountID, key.type] ?? .all { change[key.accountID, default: [:]][key.type] = wanted }
        }
        return change
    }
}
