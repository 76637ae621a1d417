import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{a}/app_policy`, `…/app_requests`, `…/app_approvals`, and `/user/app_requests`: who may connect what, for programs.
struct AppPolicyEndpoint: Sendable {
    let deployment: Deployment

    private var governance: AppGovernance { AppGovernance(deployment: deployment) }

    // MARK: The policy

    func get(_ exchange: Exchange) async throws -> Response {
        let (_, account) = try await administrator(exchange, .viewApps)
        return try await current(account)
    }

    func put(_ exchange: Exchange) async throws -> Response {
        let (principal, account) = try await administrator(exchange, .manageApps)
        let policy = try await readPolicy(exchange, for: account)
        try await governance.put(policy, account.id, actor: principal.actor(exchange), now: exchange.now)
        return try await current(account)
    }

    func preview(_ exchange: Exchange) async throws -> Response {
        let (_, account) = try await administrator(exchange, .viewApps)
        let policy = try await readPolicy(exchange, for: account)
        return Envelope.result(try await governance.preview(policy, account.id, now: exchange.now).json)
    }

    private func current(_ account: Account) async throws -> Response {
        let (policy, updatedAt) = try await governance.policy(account.id)
        var json = policy.json
        json["updated_at"] = JSON(updatedAt.map(Timestamp.text))
        return Envelope.result(.object(json))
    }

    /// What is not there is as in an account without a policy: PUT replaces the whole (RFC 9110 §9.3.4).
    private func readPolicy(_ exchange: Exchange, for account: Account) async throws -> AppPolicy {
        var body = try await ManagementBody(exchange)
        let input = AppPolicyInput(
            mode: body.string("mode"), longestLifetime: body.integer("longest_lifetime", in: AppPolicy.lifetimes),
            scopes: body.strings("approval_scopes") ?? [], risks: body.strings("approval_risks") ?? [],
            allowed: body.strings("allowed_clients") ?? [], blocked: body.strings("blocked_clients") ?? [],
            isAuditOnly: body.bool("audit_only") ?? false)
        try body.check()
        return try await input.checked(deployment, for: account.id)
    }

    // MARK: Requests

    func listRequests(_ exchange: Exchange) async throws -> Response {
        let (_, account) = try await administrator(exchange, .viewApps)
        let (page, perPage) = try PageRequest.read(exchange)
        let status = try exchange.oneInQuery("status", of: ["pending", "approved", "denied"]).flatMap(AppRequest.Status.init)
        let (requests, total) = try await deployment.store.appRequests(
            accountID: account.id, status: status, limit: perPage, offset: (page - 1) * perPage)
        return Envelope.page(requests.map { .object($0.json) }, of: total, page: page, perPage: perPage)
    }

    func approve(_ exchange: Exchange) async throws -> Response {
        let (principal, account) = try await administrator(exchange, .manageApps)
        let request = try await governance.request(exchange.captures[1], account.id)
        var body = try await ManagementBody(exchange)
        let (audience, optional, answer) = (body.string("for") ?? "member", body.strings("optional_scopes"), body.string("answer"))
        if !["member", "everyone"].contains(audience) { body.reject("/for", "for should be member or everyone.") }
        try body.check()
        try await governance.approve(
            request, .init(isForEveryone: audience == "everyone", optionalScopes: optional, answer: answer),
            actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(.object(try await governance.request(exchange.captures[1], account.id).json))
    }

    func deny(_ exchange: Exchange) async throws -> Response {
        let (principal, account) = try await administrator(exchange, .manageApps)
        let request = try await governance.request(exchange.captures[1], account.id)
        var body = try await ManagementBody(exchange)
        let answer = body.string("answer")
        try body.check()
        try await governance.deny(request, answer: answer, actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(.object(try await governance.request(exchange.captures[1], account.id).json))
    }

    func ask(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageApps, exchange)
        var body = try await ManagementBody(exchange)
        for name in ["account_id", "client_id"] { body.require(name) }
        let wish = AppGovernance.Wish(
            accountID: body.string("account_id").flatMap { Identifier($0) }, clientID: body.string("client_id").flatMap { Identifier($0) },
            scopes: ScopeSet(body.strings("scopes") ?? []), reason: (body.string("reason") ?? "").trimmed)
        try body.check()
        let request = try await governance.ask(
            wish, as: user, actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(.object(try await governance.request("\(request.id)", request.accountID).json))
    }

    func own(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewApps, exchange)
        let (page, perPage) = try PageRequest.read(exchange)
        let requests = try await deployment.store.appRequests(userID: user.id, limit: 1000)
        return Envelope.page(
            PageRequest.slice(requests, page: page, perPage: perPage).map { .object($0.json) }, of: requests.count, page: page,
            perPage: perPage)
    }

    // MARK: Approvals

    func listApprovals(_ exchange: Exchange) async throws -> Response {
        let (_, account) = try await administrator(exchange, .viewApps)
        let (page, perPage) = try PageRequest.read(exchange)
        let approvals = try await deployment.store.appApprovals(accountID: account.id)
        return Envelope.page(
            PageRequest.slice(approvals, page: page, perPage: perPage).map { .object($0.json) }, of: approvals.count, page: page,
            perPage: perPage)
    }

    func withdraw(_ exchange: Exchange) async throws -> Response {
        let (principal, account) = try await administrator(exchange, .manageApps)
        guard let id = Identifier(String(exchange.captures[1])),
            try await deployment.store.withdrawApproval(id, accountID: account.id, actor: principal.actor(exchange), now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such approval.") }
        return Envelope.result(["id": .string(id.description)])
    }

    private func administrator(_ exchange: Exchange, _ permission: Permission) async throws -> (Principal, Account) {
        let principal = try await deployment.requirePrincipal(exchange)
        return (principal, try principal.require(permission, in: exchange.captures[0]))
    }
}

extension PolicyPreview {
    var json: JSON {
        [
            "authorizations": .integer(Int64(stopped)), "members": .integer(Int64(stoppedMembers)),
            "clients": .integer(Int64(stoppedClients)), "narrowed": .integer(Int64(narrowed)), "resumed": .integer(Int64(resumed)),
            "widened": .integer(Int64(widened)),
            "by_client": .array(
                lines.map { line in
                    [
                        "client_id": .string(line.clientID.description), "client_name": .string(line.clientName),
                        "authorizations": .integer(Int64(line.stopped)), "members": .integer(Int64(line.stoppedMembers.count)),
                        "narrowed": .integer(Int64(line.narrowed)), "resumed": .integer(Int64(line.resumed)),
                        "widened": .integer(Int64(line.widened)),
                    ]
                }),
        ]
    }
}

extension NamedAppRequest {
    var json: JSONObject {
        [
            "id": .string(request.id.description), "status": .string(request.status.rawValue),
            "account_id": .string(request.accountID.description),
            "client": [
                "client_id": .string(client.id.description), "client_name": .string(client.name), "owner_name": .string(owner.name),
                "required_scopes": JSON(client.requiredScopes.labels), "optional_scopes": JSON(client.optionalScopes.labels),
            ],
            "user": [
                "id": .string(user.id.description), "email": .string(user.email), "name": .string(user.name),
            ],
            "scopes": JSON(request.scopes.labels), "reason": .string(request.reason),
            "created_at": .string(Timestamp.text(request.createdAt)), "decided_at": JSON(request.decidedAt.map(Timestamp.text)),
            "decided_by": JSON(request.decidedBy?.description), "answer": JSON(request.answer),
        ]
    }
}

extension AppApproval {
    var json: JSONObject {
        [
            "id": .string(id.description), "client_id": .string(clientID.description),
            "for": .string(userID == nil ? "everyone" : "member"), "user_id": JSON(userID?.description),
            "scopes": scopes.map { JSON($0.labels) } ?? .null, "approved_at": .string(Timestamp.text(approvedAt)),
            "approved_by": JSON(approvedBy?.description),
        ]
    }
}
