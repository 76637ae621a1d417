import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/app-requests/new`: a member asks the administrators of an account to let an app in.
struct AppRequestPages: Sendable {
    let deployment: Deployment

    private static let unknown = PageProblem(
        status: .notFound, title: "There is nothing here",
        explanation: "The link names an app or an account that you do not have. It may be for another person, or out of date.")

    func show(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        return try await page(try exchange.queryParameters(), session, exchange)
    }

    func ask(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let wish = AppGovernance.Wish(
            accountID: identifier("account", form), clientID: identifier("client", form), scopes: ScopeSet(form.all("scope")),
            reason: ((try? form.value("reason")) ?? "").trimmed)
        do {
            let request = try await AppGovernance(deployment: deployment).ask(
                wish, as: session.user, actor: exchange.actor(session.userID), now: exchange.now)
            return .seeOther(
                deployment.appRequestURL(accountID: request.accountID, clientID: request.clientID, scopes: request.scopes))
        } catch let problem as InvalidInput {
            return try await page(form, session, exchange, problem: problem.problems.map(\.text).joined(separator: " "))
        }
    }

    private func identifier(_ name: String, _ parameters: Parameters) -> Identifier? {
        (try? parameters.value(name)).flatMap { Identifier($0) }
    }

    private func page(
        _ parameters: Parameters, _ session: SignedIn, _ exchange: Exchange, problem: String? = nil
    ) async throws -> Response {
        let principal = try await deployment.principal(session)
        guard let accountID = identifier("account", parameters), let account = principal.membership(in: accountID)?.account,
            let clientID = identifier("client", parameters),
            let entry = try await deployment.clients.client(clientID, in: deployment.store),
            let client = try? await AppGovernance(deployment: deployment).client(clientID, session.user)
        else { throw Self.unknown }
        let before = try await deployment.store.appRequests(userID: session.userID, limit: 1000)
            .first { $0.request.accountID == accountID && $0.request.clientID == clientID }?.request
        let waiting = before?.status == .pending ? before : nil
        let asked = parameters.all("scope").flatMap { $0.split(separator: " ").map(String.init) }
        let wanted = ScopeSet(asked).union(waiting?.scopes ?? [])
        let catalogue = deployment.catalogue.current.catalogue
        let page = AppRequestPage(
            frame: deployment.frame(session), title: "Ask for \(client.name)", action: deployment.url("/app-requests/new"),
            csrf: session.formToken.text, accountID: account.id.description, accountName: account.name,
            clientID: client.id.description, clientName: client.name, ownerName: entry.owner.name, monogram: Monogram.text(client.name),
            scopes: catalogue.scopes.filter { client.optionalScopes.contains($0.label) }.map {
                FormChoice(value: $0.label, name: $0.name, description: $0.description, isChosen: wanted.contains($0.label))
            }, reason: (try? parameters.value("reason")) ?? waiting?.reason ?? "", problem: problem, earlier: before.map(earlier),
            isWaiting: waiting != nil)
        return .page(problem == nil ? .ok : .badRequest, page.html)
    }

    private func earlier(_ request: AppRequest) -> AppRequestPage.Earlier {
        let status =
            switch request.status {
            case .pending: "You asked. An administrator has not decided yet."
            case .approved: "It was approved. Go back to the app and connect it."
            case .denied: "It was denied."
            }
        return .init(status: status, at: ShownTime(request.decidedAt ?? request.createdAt), answer: request.answer)
    }
}
