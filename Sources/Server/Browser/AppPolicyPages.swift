import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/app-policy`: the policy with its preview, requests to decide, approvals to take back.
struct AppPolicyPages: Sendable {
    let deployment: Deployment

    private var governance: AppGovernance { AppGovernance(deployment: deployment) }

    func show(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.viewApps, in: exchange.captures[0])
        let policy = try await governance.policy(account.id).policy
        return try await page(PolicyForm(policy), account, principal, session, exchange)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.manageApps, in: exchange.captures[0])
        let url = deployment.url("/accounts/\(account.id)/app-policy")
        let actor = principal.actor(exchange)
        do {
            switch try? form.value("action") {
            case "preview", "apply": return try await consider(PolicyForm(form), form, account, principal, session, exchange)
            case "approve":
                let request = try await request(form, account)
                try await governance.approve(
                    request,
                    .init(
                        isForEveryone: (try? form.value("for")) == "everyone",
                        optionalScopes: form.all("optional_scope"), answer: try? form.value("answer")), actor: actor, now: exchange.now)
                return .seeOther(url + "?decided=1")
            case "deny":
                try await governance.deny(
                    try await request(form, account), answer: try? form.value("answer"), actor: actor, now: exchange.now)
                return .seeOther(url + "?decided=1")
            case "withdraw":
                guard let id = (try? form.value("approval")).flatMap({ Identifier($0) }) else { break }
                _ = try await deployment.store.withdrawApproval(id, accountID: account.id, actor: actor, now: exchange.now)
                return .seeOther(url)
            default: break
            }
        } catch let problem as InvalidInput {
            let policy = try await governance.policy(account.id).policy
            return try await page(PolicyForm(policy), account, principal, session, exchange, problems: problem.problems.map(\.text))
        }
        throw PageProblem(title: "Choose what to change", explanation: "Nothing was chosen, so nothing was changed.")
    }

    /// Applies a policy that was looked at; shows what one would do that was not.
    private func consider(
        _ sent: PolicyForm, _ form: Parameters, _ account: Account, _ principal: Principal, _ session: SignedIn, _ exchange: Exchange
    ) async throws -> Response {
        let policy: AppPolicy
        do {
            policy = try await sent.input.checked(deployment, for: account.id)
        } catch let problem as InvalidInput {
            return try await page(sent, account, principal, session, exchange, problems: problem.problems.map(\.text))
        }
        if (try? form.value("action")) == "apply", (try? form.value("previewed")) == policy.digest {
            try await governance.put(policy, account.id, actor: principal.actor(exchange), now: exchange.now)
            return .seeOther(deployment.url("/accounts/\(account.id)/app-policy?saved=1"))
        }
        let preview = try await governance.preview(policy, account.id, now: exchange.now)
        return try await page(PolicyForm(policy), account, principal, session, exchange, preview: (preview, policy))
    }

    private func request(_ form: Parameters, _ account: Account) async throws -> NamedAppRequest {
        try await governance.request(((try? form.value("request")) ?? "")[...], account.id)
    }

    private func page(
        _ form: PolicyForm, _ account: Account, _ principal: Principal, _ session: SignedIn, _ exchange: Exchange,
        problems: [String] = [], preview: (PolicyPreview, AppPolicy)? = nil
    ) async throws -> Response {
        let facts = try await deployment.store.policyFacts(accountID: account.id, now: exchange.now)
        let waiting = try await deployment.store.appRequests(accountID: account.id, status: .pending, limit: 100, offset: 0).requests
        let policy = try await governance.policy(account.id).policy
        let query = try? exchange.queryParameters()
        let view = AppPolicyView(
            form: form, account: account, deployment: deployment, names: try await names(account, form, facts.approvals, facts.subjects))
        let page = AppPolicyPage(
            frame: deployment.frame(session, managing: account, as: principal, at: .policy), title: "App policy", accountName: account.name,
            action: deployment.url("/accounts/\(account.id)/app-policy"),
            csrf: session.formToken.text, canManage: principal.may(.manageApps, in: account.id) && !account.isSuspended,
            isSaved: problems.isEmpty && (try? query?.value("saved")) == "1",
            isDecided: problems.isEmpty && (try? query?.value("decided")) == "1",
            requests: waiting.map { view.request($0, policy) }, modes: view.modes, lifetimes: view.lifetimes, risks: view.risks,
            categories: view.categories, clients: view.clients(facts.subjects), newClient: form.newClient,
            newClientRules: view.rules(form.newRule), isAuditOnly: form.input.isAuditOnly, problems: problems,
            preview: preview.map { view.preview($0.0, $0.1) }, approvals: view.approvals(facts.approvals, try await people(account)))
        return .page(problems.isEmpty ? .ok : .badRequest, page.html)
    }

    private func people(_ account: Account) async throws -> [Identifier: String] {
        let members = try await deployment.store.members(accountID: account.id)
        return Dictionary(members.map { ($0.user.id, $0.user.name) }) { first, _ in first }
    }

    /// Every client that the page speaks of, with the account that owns it.
    private func names(
        _ account: Account, _ form: PolicyForm, _ approvals: [AppApproval], _ subjects: [PolicyPreview.Subject]
    ) async throws -> [Identifier: (name: String, owner: String)] {
        var names: [Identifier: (name: String, owner: String)] = [:]
        let ruled = try await deployment.store.clients(
            Set(form.rules.prefix(2 * AppPolicyInput.limit).compactMap { Identifier($0.client) }), knownTo: account.id)
        let ids = subjects.map(\.client.id) + approvals.map(\.clientID) + ruled
        for id in ids where names[id] == nil {
            if let entry = try await deployment.clients.client(id, in: deployment.store) {
                names[id] = (entry.client.name, entry.owner.name)
            }
        }
        return names
    }
}

/// The policy as it stands in the form.
struct PolicyForm {
    var input: AppPolicyInput
    /// By client, in the form's order.
    var rules: [(client: String, rule: String)]
    var newClient = ""
    var newRule = ""

    init(_ policy: AppPolicy) {
        rules = policy.clients.sorted { $0.key < $1.key }.map { ($0.key.description, $0.value.rawValue) }
        input = AppPolicyInput(
            mode: policy.mode.rawValue, longestLifetime: policy.longestLifetime, scopes: policy.guardedScopes.labels,
            risks: policy.guardedRisks.map(\.rawValue), allowed: policy.clients(.allow).map(\.description),
            blocked: policy.clients(.block).map(\.description), isAuditOnly: policy.isAuditOnly)
    }

    init(_ form: Parameters) {
        func value(_ name: String) -> String { (try? form.value(name)) ?? "" }
        rules = form.all("client").map { ($0, value("rule_" + $0)) }
        newClient = value("new_client").trimmed
        newRule = value("new_rule")
        var all = rules
        if !newClient.isEmpty { all.append((newClient, newRule)) }
        input = AppPolicyInput(
            mode: value("mode"), longestLifetime: Int64(value("lifetime")), scopes: form.all("scope"), risks: form.all("risk"),
            allowed: all.filter { $0.rule == AppPolicy.ClientRule.allow.rawValue }.map(\.client),
            blocked: all.filter { $0.rule == AppPolicy.ClientRule.block.rawValue }.map(\.client), isAuditOnly: value("audit_only") == "1")
    }
}
