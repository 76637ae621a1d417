import Delegation
import HTTPTypes
import Hummingbird
import NIOCore
import OAuth
import Storage

/// `/accounts/{account}/audit`: the log on pages, and whole as a file.
struct AuditPages: Sendable {
    let deployment: Deployment

    private static let perPage = 50

    private struct Reader {
        let session: SignedIn
        let principal: Principal
        let account: Account
        let parameters: Parameters
        let question: AuditQuestion

        func field(_ name: String) -> String? { (try? parameters.value(name))?.trimmed }
    }

    func list(_ exchange: Exchange) async throws -> Response {
        guard let reader = try await reader(exchange) else { return deployment.signInFirst(exchange) }
        var (entries, problem): ([AuditEntry], String?) = ([], nil)
        let position = reader.field("cursor").flatMap { AuditCursor.read($0) }
        do {
            if let filter = try await reader.question.filter(in: deployment.store) {
                entries = try await deployment.store.audit(
                    .account(reader.account.id), filter, after: position, limit: Self.perPage + 1)
            }
        } catch let invalid as InvalidInput {
            problem = invalid.problems.map(\.text).joined(separator: " ")
        }
        let clients = try await deployment.store.auditedClients(accountID: reader.account.id)
        let page = page(reader, entries, isFirst: position == nil, clients: clients, problem: problem)
        return .page(problem == nil ? .ok : .badRequest, page.html)
    }

    func csv(_ exchange: Exchange) async throws -> Response { try await export(.csv, exchange) }
    func jsonLines(_ exchange: Exchange) async throws -> Response { try await export(.jsonl, exchange) }

    private func export(_ form: AuditExport, _ exchange: Exchange) async throws -> Response {
        guard let reader = try await reader(exchange) else { return deployment.signInFirst(exchange) }
        let filter = try await reader.question.filter(in: deployment.store)
        let (store, account) = (deployment.store, reader.account.id)
        let body = ResponseBody { writer in
            if let filter {
                try await AuditExport.pieces(form, of: account, filter, in: store) { try await writer.write(ByteBuffer(string: $0)) }
            } else {
                try await writer.write(ByteBuffer(string: form.opening))
            }
            try await writer.finish(nil)
        }
        return Response(
            status: .ok,
            headers: [
                .contentType: form.contentType, .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"audit-\(reader.account.id).\(form.rawValue)\"",
            ], body: body)
    }

    /// Who asks, and for what; nil where nobody is signed in.
    private func reader(_ exchange: Exchange) async throws -> Reader? {
        guard let session = try await deployment.session(exchange) else { return nil }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.viewAudit, in: exchange.captures[0])
        let parameters = try exchange.queryParameters()
        func field(_ name: String) -> String? { (try? parameters.value(name))?.trimmed }
        let question = AuditQuestion(
            kind: field("kind"), actorEmail: field("actor"), address: field("address"), clientID: field("client"),
            since: field("since"), before: field("before"))
        return Reader(session: session, principal: principal, account: account, parameters: parameters, question: question)
    }

    private func page(
        _ reader: Reader, _ entries: [AuditEntry], isFirst: Bool, clients: [(id: Identifier, name: String)], problem: String?
    ) -> AuditPage {
        let path = deployment.url(.audit, of: reader.account)
        let filters = ["kind", "client", "actor", "address", "since", "before"].compactMap { name in
            reader.field(name).map { (name, $0) }
        }
        let query = filters.isEmpty ? "" : "?" + Parameters.encode(filters)
        let shown = entries.prefix(Self.perPage)
        let older = entries.count > Self.perPage ? shown.last.map { AuditCursor.text($0.position) } : nil
        return AuditPage(
            frame: deployment.frame(reader.session, managing: reader.account, as: reader.principal, at: .audit), action: path,
            kinds: kinds(reader.question.kind),
            clients: clients.map {
                .init(value: $0.id.description, name: $0.name, isChosen: $0.id.description == reader.question.clientID)
            },
            actorEmail: reader.question.actorEmail ?? "", address: reader.question.address ?? "", since: reader.question.since ?? "",
            before: reader.question.before ?? "", problem: problem, isFiltered: !filters.isEmpty,
            rows: shown.map { row(AuditRecord($0, account: reader.account.id)) }, newerURL: isFirst ? nil : path + query,
            olderURL: older.map { path + "?" + Parameters.encode(filters + [("cursor", $0)]) }, hasOtherPages: !isFirst || older != nil,
            csvURL: path + ".csv" + query, jsonLinesURL: path + ".jsonl" + query)
    }

    private func kinds(_ chosen: String?) -> [AuditPage.OptionGroup] {
        EventWords.groups.map { group in
            let all = AuditPage.Option(value: group.prefix, name: "\(group.name): all", isChosen: group.prefix == chosen)
            let each = group.members.map { AuditPage.Option(value: $0.kind, name: $0.text, isChosen: $0.kind == chosen) }
            return AuditPage.OptionGroup(name: group.name, options: each.count > 1 ? [all] + each : each)
        }
    }

    private func row(_ record: AuditRecord) -> AuditPage.Row {
        let isAboutSomebodyElse = record.userID != record.actorID
        var facts = [AuditPage.Fact(name: "Event", value: record.id), AuditPage.Fact(name: "Kind", value: record.event.kind)]
        if let agent = record.userAgent, !agent.isEmpty { facts.append(.init(name: "Program", value: agent)) }
        facts += record.metadata.members.map { AuditPage.Fact(name: Self.words($0.name), value: Self.words($0.value)) }
        return AuditPage.Row(
            id: record.id, when: ShownTime(record.event.at), what: record.what, isAlarming: EventWords.isAlarming(record.event.kind),
            who: record.who, through: record.through, origin: record.address, client: record.entry.clientName,
            user: isAboutSomebodyElse ? record.userID.map { record.userEmail ?? "a deleted user (\($0))" } : nil, facts: facts)
    }

    private static func words(_ name: String) -> String {
        let words = name.map { $0 == "_" ? " " : String($0) }.joined()
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    private static func words(_ value: JSON) -> String {
        value.stringValue ?? value.stringsValue?.joined(separator: " ") ?? value.text
    }
}
