import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/apps`: what members connected to an account, and the ways to end it.
struct MembersApps: Sendable {
    let deployment: Deployment

    private static let perPage = 100

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.viewApps, in: exchange.captures[0])
        let query = try exchange.queryParameters()
        let isByMember = (try? query.value("by")) == "member"
        let page = min(max(1, (try? query.value("page")).flatMap { Int($0) } ?? 1), 1_000_000)
        try await deployment.uses.flush(to: deployment.store)
        let (found, total) = try await deployment.store.authorizations(
            accountID: account.id, .init(), byMember: isByMember, limit: Self.perPage, offset: (page - 1) * Self.perPage,
            now: exchange.now)
        let verdicts = try await AppGovernance(deployment: deployment).verdicts(account.id, now: exchange.now)
        let reach = try await ResourceFields(deployment: deployment).words(
            found.map { $0.grant.authorization.resources.kept(to: [account.id]) })
        let url = deployment.url("/accounts/\(account.id)/apps")
        let order = isByMember ? "by=member&" : ""
        let first = (page - 1) * Self.perPage
        let shown = MembersAppsPage(
            frame: deployment.frame(session, managing: account, as: principal, at: .apps), title: "Members' apps",
            accountName: account.name,
            action: isByMember ? url + "?by=member" : url,
            csrf: session.formToken.text, canManage: principal.may(.manageApps, in: account.id) && !account.isSuspended,
            isByMember: isByMember, byAppURL: url, byMemberURL: url + "?by=member", ended: Self.ended(query),
            groups: groups(found, verdicts, isByMember) { reach($0.grant.authorization.resources, account.id) },
            range: total > Self.perPage ? "\(first + 1) to \(first + found.count) of \(total)" : nil,
            previousURL: page > 1 ? url + "?\(order)page=\(page - 1)" : nil,
            nextURL: first + found.count < total ? url + "?\(order)page=\(page + 1)" : nil)
        return .page(.ok, shown.html)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.manageApps, in: exchange.captures[0])
        let actor = principal.actor(exchange)
        func identifier(_ name: String) -> Identifier? { (try? form.value(name)).flatMap { Identifier($0) } }
        var count = 0
        switch try? form.value("action") {
        case "end":
            guard let id = identifier("authorization") else { throw Self.nothingChosen }
            count = try await deployment.store.takeAccount(account.id, outOf: id, actor: actor, now: exchange.now) ? 1 : 0
        case "end_all":
            let filter = Store.AuthorizationFilter(clientID: identifier("client"), userID: identifier("user"))
            guard filter != .init() else { throw Self.nothingChosen }
            count = try await deployment.store.takeAccount(account.id, outOf: filter, actor: actor, now: exchange.now)
        default: throw Self.nothingChosen
        }
        let isByMember = (try? exchange.queryParameters().value("by")) == "member"
        return .seeOther(deployment.url("/accounts/\(account.id)/apps?\(isByMember ? "by=member&" : "")ended=\(count)"))
    }

    private static let nothingChosen = PageProblem(
        title: "Choose what to end", explanation: "Nothing was chosen, so nothing was ended.")

    private static func ended(_ query: Parameters) -> String? {
        guard let count = (try? query.value("ended")).flatMap({ Int($0) }), count >= 0 else { return nil }
        return switch count {
        case 0: "It had ended already."
        case 1: "One connection ended. Its next call is refused."
        default: "\(count) connections ended. Their next calls are refused."
        }
    }

    /// The store's order keeps what belongs together side by side.
    private func groups(
        _ found: [MemberAuthorization], _ verdicts: AppGovernance.Verdicts, _ isByMember: Bool,
        reach: (MemberAuthorization) -> String?
    ) -> [MembersAppsPage.Group] {
        var order: [Identifier] = []
        var members: [Identifier: [MemberAuthorization]] = [:]
        for each in found {
            let key = isByMember ? each.user.id : each.grant.client.id
            if members[key] == nil { order.append(key) }
            members[key, default: []].append(each)
        }
        return order.compactMap { id in
            guard let all = members[id], let one = all.first else { return nil }
            let name = isByMember ? one.user.name : one.grant.client.name
            return MembersAppsPage.Group(
                id: id.description, name: name, monogram: Monogram.text(name),
                detail: isByMember ? one.user.email : "by \(one.grant.owner.name)",
                entries: all.map { entry($0, verdicts, isByMember, reach($0)) },
                endAll: isByMember ? "End every app of \(name)" : "End \(name) for everyone",
                warning: isByMember
                    ? "Every app that \(name) connected loses this account at once."
                    : "\(name) loses this account at once, whoever connected it. Members can connect it again; to keep it out, block it in the app policy."
            )
        }
    }

    private static func words(_ obstacle: PolicyObstacle) -> String {
        switch obstacle {
        case .blocked: "blocked by the app policy"
        case .closed: "kept out: the account is closed"
        case .notApproved: "kept out: not approved"
        case .lifetimeOver(let seconds): "ended by the app policy after \(PolicyObstacle.words(seconds))"
        }
    }

    private func entry(
        _ each: MemberAuthorization, _ verdicts: AppGovernance.Verdicts, _ isByMember: Bool, _ reach: String?
    ) -> MembersAppsPage.Entry {
        let authorization = each.grant.authorization
        let names = authorization.scopes.ofAPI.labels.map { deployment.catalogue.current.catalogue.scope($0)?.name ?? $0 }
        let rest = names.count - 6
        return MembersAppsPage.Entry(
            id: authorization.id.description, name: isByMember ? each.grant.client.name : each.user.name,
            detail: isByMember ? "by \(each.grant.owner.name)" : each.user.email, keptOut: verdicts.obstacle(each).map(Self.words),
            scopes: names.isEmpty ? "nothing here" : names.prefix(6).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : ""),
            reach: reach, grantedAt: ShownTime(authorization.createdAt), endsAt: authorization.expiresAt.map { ShownTime($0) },
            lastUsedAt: authorization.lastUsedAt.map { ShownTime($0) }, lastUsedFrom: authorization.lastUsedAddress,
            what: "the access of \(each.grant.client.name) for \(each.user.name)")
    }
}
