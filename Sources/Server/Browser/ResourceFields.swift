import Delegation
import OAuth
import Storage

/// Loads what forms show of the resources of accounts, and says in words what was chosen of them.
struct ResourceFields: Sendable {
    let deployment: Deployment

    /// How many a list shows beside those that are chosen.
    private static let shown = 100
    /// How many of the chosen ones a list shows; the others are kept all the same.
    private static let shownChosen = 300
    /// How many lists a page has room for; an account beyond them gets its own once it is chosen.
    private static let maximumFields = 24
    /// How many each shows where more lists than that are needed.
    private static let shownOfMany = 20
    /// Searching begins to help where a list no longer fits a screen.
    private static let manyResources = 8

    /// The names of the chosen resources that are registered.
    typealias Names = [ResourceSelection.Key: [String: String]]

    /// - Parameters:
    ///   - accounts: in the order in which they get lists; those that are chosen first.
    ///   - chosen: which of them are; they have their lists however many there are.
    ///   - form: what was posted, with the texts that are searched for.
    /// - Returns: by account; an account that has nothing to choose is not there. What was chosen where there is no list is kept.
    func fields(
        _ accounts: [(id: Identifier, name: String)], chosen: Set<Identifier>, types: [ResourceType], selection: ResourceSelection,
        form: Parameters?
    ) async throws -> [Identifier: [ResourceField]] {
        if types.isEmpty { return [:] }
        let all = accounts.flatMap { account in types.map { (account: account, type: $0) } }
        let keys = all.prefix(Self.maximumFields) + all.dropFirst(Self.maximumFields).filter { chosen.contains($0.account.id) }
        let shown = keys.count > Self.maximumFields ? Self.shownOfMany : Self.shown
        let searches = keys.map { key in
            (key: ResourceSelection.Key(key.account.id, key.type.label), search: search(key.account.id, key.type, form))
        }
        let excerpts = try await deployment.store.resourceExcerpts(searches, limit: shown)
        let names = try await deployment.store.resourceNames(selection.chosen.filter { excerpts[$0.key] != nil })
        var fields: [Identifier: [ResourceField]] = [:]
        for (key, search) in zip(keys, searches) {
            guard let excerpt = excerpts[search.key] ?? empty(search.key, selection) else { continue }
            fields[key.account.id, default: []].append(
                field(
                    key.type, key.account.name, search.key, excerpt, selection, names: names[search.key] ?? [:], search: search.search,
                    shown: shown, isSearch: form?.all("update").isEmpty == false))
        }
        for key in all.dropFirst(Self.maximumFields) where !chosen.contains(key.account.id) {
            fields[key.account.id, default: []].append(unlisted(key.type, key.account, selection))
        }
        return fields
    }

    /// What a form decides about although the page that it comes from had no room for a list of it.
    /// - Returns: of the accounts that are chosen there; where nothing is registered there is nothing to decide.
    func unshown(_ form: Parameters, accounts: [Identifier], types: [ResourceType]) async throws -> Set<ResourceSelection.Key> {
        let stated = ResourceSelection(form).stated
        if stated.isEmpty || accounts.count * types.count <= Self.maximumFields { return [] }
        let posted = Set(form.all("account"))
        let keys = accounts.filter { posted.contains($0.description) }
            .flatMap { account in types.map { ResourceSelection.Key(account, $0.label) } }.filter { !stated.contains($0) }
        return Set(try await deployment.store.resourceExcerpts(keys.map { ($0, "") }, limit: 0).keys)
    }

    /// In place of a list: what is chosen goes with the form, and the list comes once the account is chosen.
    private func unlisted(
        _ type: ResourceType, _ account: (id: Identifier, name: String), _ selection: ResourceSelection
    ) -> ResourceField {
        let key = ResourceSelection.Key(account.id, type.label)
        let isSome = selection.narrowed.contains(key)
        let chosen = selection.chosen[key] ?? ResourceIDs()
        return ResourceField(
            fieldKey: "\(account.id)_\(type.label)", fieldTitle: type.title, accountLabel: account.name, allText: "", isAll: !isSome,
            isOpen: false, chosenText: isSome ? type.count(chosen.count) : "All \(type.plural)", pluralText: type.plural, fieldSearch: "",
            hasFieldSearch: false, isTruncated: false, shownText: "", options: [],
            keptValues: chosen.strings.map { "\(account.id)/\(type.label)/\($0)" }, isUnlisted: true)
    }

    /// What was chosen is shown also where nothing is registered any more.
    private func empty(_ key: ResourceSelection.Key, _ selection: ResourceSelection) -> Store.ResourceExcerpt? {
        selection.narrowed.contains(key) ? Store.ResourceExcerpt(total: 0, found: []) : nil
    }

    private func search(_ account: Identifier, _ type: ResourceType, _ form: Parameters?) -> String {
        String(((try? form?.value("resource_search_\(account)_\(type.label)")) ?? "").trimmed.prefix(100))
    }

    private func field(
        _ type: ResourceType, _ account: String, _ key: ResourceSelection.Key, _ excerpt: Store.ResourceExcerpt,
        _ selection: ResourceSelection, names: [String: String], search: String, shown limit: Int, isSearch: Bool
    ) -> ResourceField {
        let chosen = selection.chosen[key] ?? ResourceIDs()
        let isSome = selection.narrowed.contains(key)
        let listed = chosen.strings.prefix(Self.shownChosen).sorted { (names[$0] ?? $0, $0) < (names[$1] ?? $1, $1) }
        let others = excerpt.found.prefix(limit).filter { !chosen.contains($0.id) }
        func option(_ id: String, _ name: String?, isChosen: Bool) -> ResourceField.Option {
            .init(
                optionValue: "\(key.accountID)/\(type.label)/\(id)", optionName: name ?? id,
                optionID: name == id ? "" : name == nil ? "" : id,
                isChosen: isChosen, isGone: name == nil, optionText: "\(name ?? "") \(id)")
        }
        let isTruncated = excerpt.total > limit
        var shown = ""
        if !search.isEmpty, others.isEmpty { shown = "Nothing else was found for “\(search)”." }
        if excerpt.found.count > limit {
            shown =
                "These are the first \(limit)\(search.isEmpty ? "" : " that were found") of \(excerpt.total). Search for the others."
        }
        if chosen.count > listed.count { shown += " \(chosen.count - listed.count) more are chosen and stay so." }
        return ResourceField(
            fieldKey: "\(key.accountID)_\(type.label)", fieldTitle: type.title, accountLabel: account,
            allText: "All \(type.plural), also those that are added later", isAll: !isSome,
            isOpen: isSome || (isSearch && !search.isEmpty),
            chosenText: isSome ? Self.words(type, chosen.count, of: excerpt.total) : "All \(type.plural)", pluralText: type.plural,
            fieldSearch: search, hasFieldSearch: excerpt.total > Self.manyResources || !search.isEmpty, isTruncated: isTruncated,
            shownText: shown.trimmed,
            options: listed.map { option($0, names[$0], isChosen: true) } + others.map { option($0.id, $0.name, isChosen: false) },
            keptValues: chosen.strings.dropFirst(listed.count).map { "\(key.accountID)/\(type.label)/\($0)" })
    }

    // MARK: In words

    private static func words(_ type: ResourceType, _ count: Int, of total: Int) -> String {
        total >= count && total > 0 ? "\(count) of \(type.count(total))" : type.count(count)
    }

    /// Of each account whose resources are narrowed: `2 of 5 zones`.
    func words(_ choices: [ResourceChoice]) async throws -> (ResourceChoice, Identifier) -> String? {
        let accounts = Set(choices.flatMap { choice in choice.accounts.keys.filter { !choice.narrowed(in: $0).isEmpty } })
        var counts: [Identifier: [String: Int]] = [:]
        for account in accounts { counts[account] = try await deployment.store.resourceCounts(accountID: account) }
        let catalogue = deployment.catalogue.current.catalogue
        let known = counts
        return { choice, account in
            let texts = choice.narrowed(in: account).lists.map { list in
                let type =
                    catalogue.resourceType(list.type)
                    ?? ResourceType(label: list.type, name: list.type, plural: list.type, parameters: [], scopes: [])
                return Self.words(type, list.ids.count, of: known[account]?[list.type] ?? 0)
            }
            return texts.isEmpty ? nil : texts.joined(separator: ", ")
        }
    }
}
