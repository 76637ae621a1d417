import Delegation
import OAuth

/// Turns API tokens, and the form that makes one, into what the pages show.
struct TokenView {
    let deployment: Deployment
    let principal: Principal
    /// nil: the tokens are the user's own.
    let account: Account?
    let now: Int64

    private var groups: [PermissionGroup] { deployment.permissionGroups }

    /// Categories are open where there are few permissions.
    private static let manyPermissions = 12

    // MARK: The list

    func entry(_ token: APIToken, url: String) -> TokensPage.Entry {
        let status = token.status(now: now)
        return TokensPage.Entry(
            url: url, name: token.name, status: status == .active ? nil : status.rawValue, may: token.policies.map(words),
            isUnlimited: token.policies.isEmpty, lastUsedAt: token.lastUsedAt.map { ShownTime($0) }, lastUsedFrom: token.lastUsedAddress,
            endsAt: token.expiresAt.map { ShownTime($0) }, createdAt: ShownTime(token.createdAt))
    }

    /// `DNS: read, DNS: change and 3 more in Northwind`
    private func words(_ policy: TokenPolicy) -> String {
        let names = policy.permissions.map { label in groups.first { $0.label == label }?.name ?? label }
        let rest = names.count - 3
        let what = names.prefix(3).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        let sentence = account == nil ? "\(what) – \(placeNames(policy))" : what
        return policy.effect == .deny ? "Not: " + sentence : sentence
    }

    private func placeNames(_ policy: TokenPolicy) -> String {
        if policy.places.contains(.everywhere) { return "everywhere" }
        return policy.places.map { place -> String in
            switch place {
            case .everywhere: "everywhere"
            case .user: "your own user"
            case .account(let id): principal.membership(in: id)?.account.name ?? "an account that you left"
            }
        }.sorted().joined(separator: ", ")
    }

    // MARK: The form

    func policies(_ form: TokenForm) -> [TokenFields.Policy] {
        form.policies.enumerated().map { index, policy in
            TokenFields.Policy(
                key: String(index), number: String(index + 1), policyID: policy.id ?? "",
                effects: [("allow", "Allow"), ("deny", "Deny, whatever else allows it")].map {
                    FormChoice(value: $0.0, name: $0.1, isChosen: policy.effect == $0.0)
                }, places: places(policy), fixedPlaces: fixedPlaces(policy), categories: categories(policy),
                canRemove: form.policies.count > 1)
        }
    }

    private func places(_ policy: TokenForm.Policy) -> [FormChoice] {
        if account != nil { return [] }
        let general = [
            ("*", "Everywhere", "Your own user and every account of yours, those that you join later too."),
            ("user", "Your own user", "Your connected apps, your tokens, your memberships."),
        ]
        let known = principal.memberships.map(\.account).sorted { $0.name < $1.name }.map { ($0.id.description, $0.name, "") }
        let gone = policy.places.filter { place in !(general + known).contains { $0.0 == place } }.map {
            ($0, "An account that you left", "Leave it out to save.")
        }
        return (general + known + gone).map {
            FormChoice(value: $0.0, name: $0.1, description: $0.2, isChosen: policy.places.contains($0.0))
        }
    }

    private func fixedPlaces(_ policy: TokenForm.Policy) -> [String] {
        guard let account else { return [] }
        return policy.places.isEmpty ? [account.id.description] : policy.places
    }

    /// What may be given, and what the policy has already.
    private func categories(_ policy: TokenForm.Policy) -> [TokenFields.Category] {
        let chosen = Set(policy.permissions)
        let offered = groups.filter { group in
            (account == nil || group.kind == .account) && (chosen.contains(group.label) || principal.mayGive(group, in: account?.id))
        }
        var order: [String] = []
        for group in offered where !order.contains(heading(group)) { order.append(heading(group)) }
        return order.map { category in
            let choices = offered.filter { heading($0) == category }.map {
                FormChoice(value: $0.label, name: $0.name, isChosen: chosen.contains($0.label))
            }
            let count = choices.count { $0.isChosen }
            return TokenFields.Category(
                name: category, isOpen: count > 0 || offered.count <= Self.manyPermissions, permissions: choices,
                count: "\(count) of \(choices.count)")
        }
    }

    /// An API has categories of its own, and one of them may be called like ours.
    private func heading(_ group: PermissionGroup) -> String {
        if UserPermission(rawValue: group.label) != nil { return "Your own user" }
        return Permission(rawValue: group.label) == nil ? group.category : "Managing the account"
    }

    func expiries(_ form: TokenForm, _ token: APIToken?) -> [FormChoice] {
        var choices: [(String, String)] = TokenForm.lifetimes.map { (String($0), "\($0 / 86_400) days") }
        if let token {
            choices.insert(("keep", token.expiresAt.map { "As it is: \(ShownTime($0).text)" } ?? "As it is: never"), at: 0)
        }
        choices.append(("date", "On a day"))
        if token == nil || token?.expiresAt != nil { choices.append(("never", "Never")) }
        return choices.map { FormChoice(value: $0.0, name: $0.1, isChosen: form.expiry == $0.0) }
    }
}
