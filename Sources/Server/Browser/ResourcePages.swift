import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/resources`: the register of resources on a page.
struct ResourcePages: Sendable {
    let deployment: Deployment
    private var register: ResourceRegister { ResourceRegister(deployment: deployment) }

    private static let perPage = 50

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.viewResources, in: exchange.captures[0])
        let query = try exchange.queryParameters()
        return try await page(account, query, session, principal)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form(limit: Limits.longBody)
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let principal = try await deployment.principal(session)
        let account = try principal.require(.manageResources, in: exchange.captures[0])
        let type = try register.type((try? form.value("type"))?[...] ?? "")
        do {
            switch try? form.value("action") {
            case "add":
                let entries = Self.entries((try? form.value("lines")) ?? "")
                try await register.put(entries, type: type, in: account, by: principal, exchange)
                return .seeOther(url(account, [("type", type.label), ("added", String(entries.count))]))
            case "remove":
                guard let id = try? form.value("id") else { throw InvalidInput("Choose what to remove.") }
                try await register.remove(id, type: type, in: account, by: principal, exchange)
                return .seeOther(url(account, [("type", type.label), ("removed", "1")]))
            default: throw InvalidInput("Choose what to change.")
            }
        } catch let invalid as InvalidInput {
            return try await page(
                account, form, session, principal, problems: invalid.problems.map(\.text), lines: (try? form.value("lines")) ?? "")
        }
    }

    /// A line each: an id, white space, a name.
    private static func entries(_ lines: String) -> [(id: String, name: String, pointer: String)] {
        lines.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }.map { line in
            let parts = line.split(maxSplits: 1, whereSeparator: \.isWhitespace)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]).trimmed : "", "")
        }
    }

    private func url(_ account: Account, _ fields: [(String, String)]) -> String {
        deployment.url(.resources, of: account) + "?" + Parameters.encode(fields)
    }

    private func page(
        _ account: Account, _ parameters: Parameters, _ session: SignedIn, _ principal: Principal, problems: [String] = [],
        lines: String = ""
    ) async throws -> Response {
        func field(_ name: String) -> String { ((try? parameters.value(name)) ?? "").trimmed }
        let counts = try await deployment.store.resourceCounts(accountID: account.id)
        let type = register.types.first { $0.label == field("type") } ?? register.types.first
        let search = String(field("search").prefix(100))
        let cursor = field("cursor")
        var (resources, next): ([Resource], String?) = ([], nil)
        if let type {
            (resources, next) = try await register.page(
                of: type, in: account, search: search, cursor: cursor.isEmpty ? nil : cursor, limit: Self.perPage)
        }
        let fixed = [("type", type?.label ?? "")] + (search.isEmpty ? [] : [("search", search)])
        let shown = ResourcesPage(
            frame: deployment.frame(session, managing: account, as: principal, at: .resources), accountName: account.name,
            action: deployment.url(.resources, of: account), csrf: session.formToken.text,
            canManage: principal.may(.manageResources, in: account.id) && !account.isSuspended,
            types: register.types.map {
                .init(
                    typeName: $0.title, typeURL: url(account, [("type", $0.label)]), typeCount: String(counts[$0.label] ?? 0),
                    isShown: $0.label == type?.label)
            }, plural: type?.plural ?? "", one: type?.name ?? "", typeLabel: type?.label ?? "", search: search,
            isSearched: !search.isEmpty,
            rows: resources.map { .init(resourceID: $0.id, resourceName: $0.name) },
            nextURL: next.map { url(account, fixed + [("cursor", $0)]) }, firstURL: cursor.isEmpty ? nil : url(account, fixed),
            done: type.flatMap { done(parameters, $0) }, problems: problems, lines: lines)
        return .page(problems.isEmpty ? .ok : .badRequest, shown.html)
    }

    private func done(_ parameters: Parameters, _ type: ResourceType) -> String? {
        func number(_ name: String) -> Int? { (try? parameters.value(name)).flatMap { Int($0) } }
        if let count = number("added"), (1...ResourceRegister.maximumCount).contains(count) { return "Registered \(type.count(count))." }
        return number("removed") == 1 ? "Removed 1 \(type.name)." : nil
    }
}
