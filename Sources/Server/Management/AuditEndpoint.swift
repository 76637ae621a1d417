import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// The audit log for programs, in the two shapes that SDKs know.
struct AuditEndpoint: Sendable {
    let deployment: Deployment

    /// `GET /accounts/{account}/audit_logs`: by page number.
    func ofAccount(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewAudit, in: exchange.captures[0])
        return try await numbered(.account(account.id), exchange) { AuditRecord($0, account: account.id) }
    }

    /// `GET /user/audit_logs`.
    func ofUser(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewUser, exchange)
        return try await numbered(.user(user.id), exchange) { AuditRecord($0, reader: user.id) }
    }

    private func numbered(
        _ scope: AuditScope, _ exchange: Exchange, _ record: (AuditEntry) -> AuditRecord
    ) async throws -> Response {
        let page = try exchange.numberInQuery("page", default: 1, in: 1...1_000_000)
        let perPage = try exchange.numberInQuery("per_page", default: 100, in: 1...1000)
        let isAscending = try isAscending(exchange)
        let question = AuditQuestion(
            kind: try exchange.textInQuery("action.type"), actorEmail: try exchange.textInQuery("actor.email"),
            address: try exchange.textInQuery("actor.ip"), since: try exchange.textInQuery("since"),
            before: try exchange.textInQuery("before"), id: try exchange.textInQuery("id"))
        var entries: [AuditEntry] = []
        if let filter = try await question.filter(in: deployment.store) {
            entries = try await deployment.store.audit(
                scope, filter, isAscending: isAscending, offset: (page - 1) * perPage, limit: perPage)
        }
        return Envelope.result(
            .array(entries.map { record($0).numberedJSON }),
            info: ["count": .integer(Int64(entries.count)), "page": .integer(Int64(page)), "per_page": .integer(Int64(perPage))])
    }

    /// `GET /accounts/{account}/logs/audit`: by cursor.
    func byCursor(_ exchange: Exchange) async throws -> Response {
        let account = try await deployment.requirePrincipal(exchange).require(.viewAudit, in: exchange.captures[0])
        let (since, before) = (try exchange.textInQuery("since"), try exchange.textInQuery("before"))
        let missing = [("since", since), ("before", before)].filter { $0.1 == nil }
        if !missing.isEmpty { throw InvalidInput(missing.map { .init(pointer: "", text: "\($0.0) is missing.") }) }
        let limit = try exchange.numberInQuery("limit", default: 100, in: 1...1000)
        let isAscending = try isAscending(exchange)
        var position: AuditPosition?
        if let cursor = try exchange.textInQuery("cursor") {
            position = AuditCursor.read(cursor)
            if position == nil { throw EnvelopeError.invalid("The cursor is not one that was given out here.") }
        }
        let question = AuditQuestion(since: since, before: before)
        // One more than is asked for tells whether there is more.
        var entries: [AuditEntry] = []
        if let filter = try await question.filter(in: deployment.store) {
            entries = try await deployment.store.audit(
                .account(account.id), filter, isAscending: isAscending, after: position, limit: limit + 1)
        }
        let shown = entries.prefix(limit)
        var info: JSONObject = ["count": .integer(Int64(shown.count))]
        if entries.count > limit, let last = shown.last { info["cursors"] = ["after": .string(AuditCursor.text(last.position))] }
        return Envelope.result(.array(shown.map { AuditRecord($0, account: account.id).json(in: account) }), info: .object(info))
    }

    private func isAscending(_ exchange: Exchange) throws -> Bool {
        try exchange.oneInQuery("direction", of: ["asc", "desc"]) == "asc"
    }
}

extension AuditRecord {
    /// What it happened to.
    private var resource: (type: String, id: Identifier?) {
        switch event.subject {
        case .authorization: ("authorization", showsPersonal(event.authorizationID))
        case .client: ("client", event.clientID)
        case .account, .policy: ("account", event.accountID)
        case .user, .membership: ("user", userID)
        case .resourceServer: ("resource_server", nil)
        case .keys: ("keys", nil)
        case .catalogue: ("catalogue", nil)
        case .everything, .none: (String(event.kind.prefix { $0 != "." }), userID ?? event.clientID)
        }
    }

    private func valueText(_ name: String) -> JSON {
        guard let value = details[name] else { return .null }
        return .string(value.stringValue ?? value.text)
    }

    private var context: String? {
        if event.actorTokenID != nil { return "api_token" }
        if event.actorClientID != nil { return "oauth" }
        return event.actorID == nil ? nil : "dash"
    }

    /// As `audit_logs` lists it.
    var numberedJSON: JSON {
        [
            "id": .string(id),
            "action": ["type": .string(event.kind), "result": .bool(!EventWords.isFailure(event.kind)), "info": .string(what)],
            "actor": [
                "id": JSON(actorID?.description), "email": JSON(actorEmail), "ip": JSON(address),
                "type": event.actorID != nil ? "user" : isOperator ? "admin" : .null,
            ],
            "interface": event.actorTokenID != nil || event.actorClientID != nil ? "API" : event.actorID != nil ? "UI" : .null,
            "metadata": .object(metadata), "newValue": valueText("after"), "oldValue": valueText("before"),
            "owner": ["id": JSON(event.accountID?.description)],
            "resource": ["id": JSON(resource.id?.description), "type": .string(resource.type)], "when": .string(when),
        ]
    }

    /// What else is known, by the names of the columns.
    var metadata: JSONObject {
        var metadata = details
        for (name, id) in [
            ("client_id", event.clientID), ("user_id", userID), ("authorization_id", showsPersonal(event.authorizationID)),
            ("installation_id", showsPersonal(event.installationID)), ("token_id", tokenID), ("actor_client_id", event.actorClientID),
        ] {
            if let id { metadata[name] = .string(id.description) }
        }
        return metadata
    }

    private func showsPersonal(_ id: Identifier?) -> Identifier? { entry.showsPerson ? id : nil }

    /// As `logs/audit` lists it.
    func json(in account: Account) -> JSON {
        [
            "id": .string(id), "account": ["id": .string(account.id.description), "name": .string(account.name)],
            "action": [
                "description": .string(what), "result": EventWords.isFailure(event.kind) ? "failure" : "success", "time": .string(when),
                "type": .string(event.kind),
            ],
            "actor": [
                "id": JSON(actorID?.description), "context": JSON(context), "email": JSON(actorEmail), "ip_address": JSON(address),
                "token_id": JSON(tokenID?.description), "token_name": JSON(tokenName),
                "type": event.actorID != nil
                    ? "user" : event.actorTokenID != nil ? "account" : isAutomatic || isOperator ? "system" : .null,
            ],
            "raw": ["user_agent": JSON(userAgent)],
            "resource": [
                "id": JSON(resource.id?.description), "product": "oauth", "type": .string(resource.type), "scope": "accounts",
                "request": .object(metadata),
            ],
        ]
    }
}
