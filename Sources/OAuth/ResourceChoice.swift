/// To which resources inside of accounts access was narrowed, by account and by type of resource.
///
/// An account that is not in it was never narrowed: everything in it. For an account that is in it, each type that the scopes
/// of the decision were about is there, with `all` or with a choice. A type that is missing is not narrowed either, but no
/// decision was about it, so that it adds nothing where decisions are united.
public struct ResourceChoice: Sendable, Equatable {
    public enum Selection: Sendable, Equatable {
        /// Also those that there will be.
        case all
        case some(ResourceIDs)

        public var ids: ResourceIDs? { if case .some(let ids) = self { ids } else { nil } }

        func covers(_ other: Selection) -> Bool {
            switch (self, other) {
            case (.all, _): true
            case (.some, .all): false
            case (.some(let ids), .some(let others)): others.isSubset(of: ids)
            }
        }

        func intersection(_ other: Selection) -> Selection {
            switch (self, other) {
            case (.all, let selection), (let selection, .all): selection
            case (.some(let left), .some(let right)): .some(left.intersection(right))
            }
        }

        func union(_ other: Selection) -> Selection {
            switch (self, other) {
            case (.all, _), (_, .all): .all
            case (.some(let left), .some(let right)): .some(left.union(right))
            }
        }
    }

    /// By the label of the type.
    public typealias Types = [String: Selection]

    public private(set) var accounts: [Identifier: Types]

    public init(_ accounts: [Identifier: Types] = [:]) { self.accounts = accounts }

    /// Nothing was narrowed.
    public static let everything = ResourceChoice()

    /// The most identifiers that one authorization may name.
    public static let maximumCount = 5000
    /// The most bytes that they may have together: as many identifiers of the usual length. Every installation keeps its own copy.
    public static let maximumBytes = 192 * 1024

    /// nil: nothing was said about it, which is as good as all.
    public subscript(account: Identifier, type: String) -> Selection? { accounts[account]?[type] }

    /// How many identifiers it names.
    public var count: Int {
        accounts.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + ($1.ids?.count ?? 0) } }
    }

    /// How many bytes these identifiers have.
    public var byteCount: Int {
        accounts.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + ($1.ids?.byteCount ?? 0) } }
    }

    /// Whether it is more than an authorization may name, and more than it named before: what is too much may still shrink.
    public func isTooMuch(after before: ResourceChoice) -> Bool {
        (count > Self.maximumCount && count > before.count) || (byteCount > Self.maximumBytes && byteCount > before.byteCount)
    }

    /// The choices in an account, by type; empty where nothing is narrowed.
    public func narrowed(in account: Identifier) -> NarrowedResources {
        guard let types = accounts[account] else { return NarrowedResources() }
        return NarrowedResources(types.compactMap { type, selection in selection.ids.map { (type, $0) } })
    }

    /// Whether it allows all that another one does, in these accounts.
    public func covers(_ other: ResourceChoice, in accountIDs: [Identifier]) -> Bool {
        accountIDs.allSatisfy { account in
            (accounts[account] ?? [:]).allSatisfy { type, selection in selection.covers(other[account, type] ?? .all) }
        }
    }

    /// Whether a change of it gives nothing more than it does.
    public func covers(_ change: [Identifier: Types]) -> Bool {
        change.allSatisfy { account, types in
            types.allSatisfy { type, wanted in (self[account, type] ?? .all).covers(wanted) }
        }
    }

    public func kept(to accountIDs: [Identifier]) -> ResourceChoice {
        ResourceChoice(accounts.filter { accountIDs.contains($0.key) })
    }

    /// The intersection.
    public func within(_ other: ResourceChoice) -> ResourceChoice {
        if other.accounts.isEmpty || self == other { return self }
        return ResourceChoice(
            accounts.merging(other.accounts) { mine, theirs in mine.merging(theirs) { $0.intersection($1) } })
    }

    /// The union with what was decided later, each with the accounts that it was about.
    public func adding(_ other: ResourceChoice, ofAccounts mine: [Identifier], and theirs: [Identifier]) -> ResourceChoice {
        var united = kept(to: mine)
        for account in theirs {
            if !mine.contains(account) {
                united.accounts[account] = other.accounts[account]
            } else if let before = accounts[account], let after = other.accounts[account] {
                united.accounts[account] = before.merging(after) { $0.union($1) }
            } else {
                united.accounts[account] = nil
            }
        }
        return united
    }
}

// MARK: - Changing it later

extension ResourceChoice {
    /// The user's own change of what the whole authorization reaches: what is named becomes the choice.
    public func setting(_ change: [Identifier: Types]) -> ResourceChoice {
        ResourceChoice(accounts.merging(change) { before, after in before.merging(after) { $1 } })
    }

    /// What that change does to one part of the authorization, such as a token family: it loses what was taken away and gets
    /// what was added. What the authorization had and keeps is not given to a part that did not have it: nobody decided that.
    /// - Parameter bound: what the whole authorization reached before.
    public func following(_ change: [Identifier: Types], from bound: ResourceChoice) -> ResourceChoice {
        var followed = self
        for (account, types) in change {
            for (type, wanted) in types {
                let mine = self[account, type] ?? .all
                let had = bound[account, type] ?? .all
                switch (had, wanted) {
                case (.all, .all): continue
                case (.some, .all): followed.accounts[account, default: [:]][type] = .all
                case (.all, .some): followed.accounts[account, default: [:]][type] = mine.intersection(wanted)
                case (.some(let before), .some(let after)):
                    followed.accounts[account, default: [:]][type] = mine.intersection(wanted)
                        .union(.some(after.subtracting(before)))
                }
            }
        }
        return followed
    }

    /// The same, in memory together with another one where both name the same.
    public func sharing(_ other: ResourceChoice) -> ResourceChoice {
        if self == other { return other }
        return ResourceChoice(
            accounts.reduce(into: [:]) { shared, entry in
                shared[entry.key] = entry.value.reduce(into: [:]) { types, each in
                    let known = other[entry.key, each.key]
                    types[each.key] = known == each.value ? known : each.value
                }
            })
    }
}

/// What an account's resources are narrowed to: the types that are, ascending.
public struct NarrowedResources: Sendable, Equatable {
    public struct List: Sendable, Equatable {
        public let type: String
        public let ids: ResourceIDs
        /// Percent-encoded, a comma between them, as they stand in a header of every answer about them; nil: too long for any.
        public let headerText: [UInt8]?

        init(type: String, ids: ResourceIDs) {
            self.type = type
            self.ids = ids
            headerText = ids.headerText(within: NarrowedResources.maximumHeaderLength)
        }
    }

    /// Bytes: what every gateway takes as one header.
    public static let maximumHeaderLength = 4096

    public let lists: [List]

    public init(_ lists: [(String, ResourceIDs)] = []) {
        self.lists = lists.map { List(type: $0.0, ids: $0.1) }.sorted { $0.type < $1.type }
    }

    public var isEmpty: Bool { lists.isEmpty }

    /// About how long its JSON is.
    public var byteCount: Int { lists.reduce(0) { $0 + 64 + $1.ids.elements.count } }

    /// nil: all of them.
    public func ids(of type: String) -> ResourceIDs? { list(of: type)?.ids }

    /// nil: all of them.
    public func list(of type: String) -> List? {
        if lists.isEmpty { return nil }
        return lists.first { $0.type == type }
    }

    public func allows(_ type: String, _ id: String) -> Bool { ids(of: type).map { $0.contains(id) } ?? true }

    public var json: JSON {
        .object(lists.reduce(into: JSONObject()) { $0[$1.type] = JSON($1.ids.strings) })
    }

    /// The text of the same JSON.
    public func append(to output: inout [UInt8]) {
        output.append(UInt8(ascii: "{"))
        for (index, list) in lists.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            output.append(UInt8(ascii: "\""))
            output.append(contentsOf: list.type.utf8)
            output.append(contentsOf: "\":[".utf8)
            output.append(contentsOf: list.ids.elements)
            output.append(UInt8(ascii: "]"))
        }
        output.append(UInt8(ascii: "}"))
    }
}

// MARK: - The stored form

extension ResourceChoice {
    /// A line `@ACCOUNT` per account and behind it one per type: the label alone for all, or the label and what is chosen, each
    /// behind a tabulator. Empty: everything.
    public var text: String {
        var output: [UInt8] = []
        for (account, types) in accounts.sorted(by: { $0.key < $1.key }) {
            output.append(contentsOf: "@\(account)\n".utf8)
            for (type, selection) in types.sorted(by: { $0.key < $1.key }) {
                output.append(contentsOf: type.utf8)
                if case .some(let ids) = selection {
                    ids.append(to: &output)
                    if ids.isEmpty { output.append(ResourceIDs.separator) }
                }
                output.append(UInt8(ascii: "\n"))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// - Returns: nil for anything that `text` does not write: a choice that cannot be read must not become everything.
    public init?(text: String) {
        accounts = [:]
        if text.isEmpty { return }
        var account: Identifier?
        for line in Array(text.utf8).split(separator: UInt8(ascii: "\n")) {
            if line.first == UInt8(ascii: "@") {
                account = Identifier(String(decoding: line.dropFirst(), as: UTF8.self))
                guard let account else { return nil }
                accounts[account] = [:]
                continue
            }
            let mark = line.firstIndex(of: ResourceIDs.separator)
            let type = String(decoding: line[..<(mark ?? line.endIndex)], as: UTF8.self)
            guard let account, Self.isType(type) else { return nil }
            guard let mark else {
                accounts[account]?[type] = .all
                continue
            }
            guard let ids = ResourceIDs(stored: line[mark...]) else { return nil }
            accounts[account]?[type] = .some(ids)
        }
    }

    /// Whether a text can be the label of a type of resource: `zone`, `load_balancer`.
    public static func isType(_ text: String) -> Bool {
        (1...40).contains(text.utf8.count) && text.utf8.first.map { (0x61...0x7A).contains($0) } == true
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D }
    }
}
