import Delegation
import OAuth
import Storage

/// Turns a policy, and what members asked for, into what the page shows.
struct AppPolicyView {
    let form: PolicyForm
    let account: Account
    let deployment: Deployment
    let names: [Identifier: (name: String, owner: String)]

    /// Scopes are spread out where there are few.
    private static let manyScopes = 12
    private static let lifetimes: [Int64] = [86_400, 7 * 86_400, 30 * 86_400, 90 * 86_400, 365 * 86_400]

    private var catalogue: Catalogue { deployment.catalogue.current.catalogue }

    var modes: [FormChoice] {
        [
            (AppPolicy.Mode.open, "Open", "Members may connect any app that is not blocked."),
            (
                .approved, "Approved apps only",
                "Members ask, an administrator approves. The account's own apps and the platform's count as approved."
            ),
            (.closed, "Closed", "No app comes in but those that are allowed by name below."),
        ].map { mode, name, description in
            FormChoice(value: mode.rawValue, name: name, description: description, isChosen: form.input.mode == mode.rawValue)
        }
    }

    var lifetimes: [FormChoice] {
        let own = form.input.longestLifetime.map { Self.lifetimes.contains($0) ? [] : [$0] } ?? []
        let choices = (Self.lifetimes + own).sorted().map {
            FormChoice(value: String($0), name: PolicyObstacle.words($0), isChosen: form.input.longestLifetime == $0)
        }
        return [FormChoice(value: "", name: "As long as the member allows", isChosen: form.input.longestLifetime == nil)] + choices
    }

    var risks: [FormChoice] {
        [
            (Risk.destructive, "Everything that deletes", "All permissions that can delete something."),
            (.write, "Everything that changes", "All permissions that can add or change something."),
            (.read, "Everything that reads", "All permissions that only look."),
        ].map { risk, name, description in
            FormChoice(value: risk.rawValue, name: name, description: description, isChosen: form.input.risks.contains(risk.rawValue))
        }
    }

    var categories: [AppPolicyPage.Category] {
        let chosen = ScopeSet(form.input.scopes)
        return catalogue.categories.compactMap { category in
            let scopes = catalogue.scopes.filter { $0.category == category }.map {
                FormChoice(value: $0.label, name: $0.name, description: $0.description, isChosen: chosen.contains($0.label))
            }
            let count = scopes.count { $0.isChosen }
            return scopes.isEmpty
                ? nil : AppPolicyPage.Category(name: category, isOpen: count > 0, scopes: scopes, count: "\(count) of \(scopes.count)")
        }
    }

    func rules(_ chosen: String) -> [FormChoice] {
        [("", "As above"), ("allow", "Allow"), ("block", "Block")].map {
            FormChoice(value: $0.0, name: $0.1, isChosen: chosen == $0.0)
        }
    }

    /// Those that members connected, and those that the policy names.
    func clients(_ subjects: [PolicyPreview.Subject]) -> [AppPolicyPage.ClientRow] {
        let connected = Dictionary(grouping: subjects, by: \.client.id).mapValues { Set($0.map(\.authorization.userID)).count }
        let named = Dictionary(form.rules.map { ($0.client, $0.rule) }) { first, _ in first }
        let ids = Set(connected.keys).union(form.rules.compactMap { Identifier($0.client) })
        let rows = ids.compactMap { id -> AppPolicyPage.ClientRow? in
            guard let (name, owner) = names[id] else { return nil }
            let count = connected[id] ?? 0
            return AppPolicyPage.ClientRow(
                id: id.description, name: name, owner: owner,
                use: count == 0 ? "not connected" : count == 1 ? "1 member connected it" : "\(count) members connected it",
                rules: rules(named[id.description] ?? ""))
        }
        return rows.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    func preview(_ preview: PolicyPreview, _ policy: AppPolicy) -> AppPolicyPage.Preview {
        let headline: String
        if preview.stopped > 0 {
            headline =
                "\(Self.count(preview.stopped, "connection")) of \(Self.count(preview.stoppedMembers, "member")) would stop working here, "
                + "with \(Self.count(preview.stoppedClients, "app"))."
        } else if preview.narrowed > 0 {
            headline = "Nothing would stop working, but \(Self.count(preview.narrowed, "connection")) would lose permissions."
        } else if preview.resumed > 0 {
            headline = "\(Self.count(preview.resumed, "connection")) would work again."
        } else if preview.widened > 0 {
            headline = "\(Self.count(preview.widened, "connection")) would get permissions back."
        } else {
            headline =
                policy.isAuditOnly ? "Nothing would stop working: the policy only records." : "Nothing that is connected now would change."
        }
        return AppPolicyPage.Preview(
            digest: policy.digest, headline: headline, stopsSomething: preview.stopped + preview.narrowed > 0,
            lines: preview.lines.map(Self.line))
    }

    private static func line(_ line: PolicyPreview.Line) -> String {
        var parts: [String] = []
        if line.stopped > 0 { parts.append("stops for \(count(line.stoppedMembers.count, "member"))") }
        if line.narrowed > 0 { parts.append("loses permissions in \(count(line.narrowed, "connection"))") }
        if line.resumed > 0 { parts.append("works again in \(count(line.resumed, "connection"))") }
        if line.widened > 0 { parts.append("gets permissions back in \(count(line.widened, "connection"))") }
        return "\(line.clientName): \(parts.joined(separator: ", "))"
    }

    private static func count(_ number: Int, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }

    func request(_ named: NamedAppRequest, _ policy: AppPolicy) -> AppPolicyPage.Request {
        let required = named.client.requiredScopes.ofAPI.labels.map { catalogue.scope($0)?.name ?? $0 }
        var hindrance: String?
        if policy.clients[named.client.id] == .block {
            hindrance = "The policy blocks this app by name. Change that below before you approve it."
        } else if policy.mode == .closed, policy.clients[named.client.id] == nil {
            hindrance = "The account is closed. To let this app in, allow it by name below."
        }
        return AppPolicyPage.Request(
            id: named.request.id.description, userName: named.user.name, email: named.user.email, clientName: named.client.name,
            ownerName: named.owner.name, reason: named.request.reason.isEmpty ? nil : named.request.reason,
            madeAt: ShownTime(named.request.createdAt),
            required: required.isEmpty ? "nothing in the account" : required.joined(separator: ", "),
            optional: named.client.optionalScopes.ofAPI.labels.map {
                FormChoice(value: $0, name: catalogue.scope($0)?.name ?? $0, isChosen: named.request.scopes.contains($0))
            }, hindrance: hindrance)
    }

    func approvals(_ approvals: [AppApproval], _ people: [Identifier: String]) -> [AppPolicyPage.Approval] {
        approvals.map { approval in
            let scopes = approval.scopes?.ofAPI.labels.map { catalogue.scope($0)?.name ?? $0 }
            return AppPolicyPage.Approval(
                id: approval.id.description, clientName: names[approval.clientID]?.name ?? approval.clientID.description,
                audience: approval.userID.map { people[$0] ?? $0.description } ?? "every member",
                scopes: scopes.map { $0.joined(separator: ", ") } ?? "everything that it asks for",
                approvedAt: ShownTime(approval.approvedAt))
        }
    }
}
