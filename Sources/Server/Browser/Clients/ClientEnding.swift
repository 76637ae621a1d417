import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}/stop`: freezing, thawing and deleting, with the consequences counted before.
struct ClientEnding: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        return .page(.ok, try await page(visit, try await visit.client()).html)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let form = try await visit.form()
        try visit.requireManaging()
        let registered = try await visit.client()
        let client = registered.client
        let url = visit.url(.ending, of: client)
        switch try? form.value("action") {
        case "freeze":
            _ = try await visit.administration.setFrozen(true, exchange.captures[1], in: exchange.captures[0])
            return .seeOther(url + "?done=freeze")
        case "thaw":
            _ = try await visit.administration.setFrozen(false, exchange.captures[1], in: exchange.captures[0])
            return .seeOther(url + "?done=thaw")
        case "delete":
            guard ((try? form.value("typed_name")) ?? "").trimmed == client.name else {
                let problem = "This is not the client's name, so nothing was deleted."
                return .page(.badRequest, try await page(visit, registered, nameProblem: problem).html)
            }
            _ = try await visit.administration.delete(exchange.captures[1], in: exchange.captures[0])
            return .seeOther(visit.listURL + "?deleted=1")
        default: throw ClientVisit.nothingChosen
        }
    }

    private func page(_ visit: ClientVisit, _ registered: RegisteredClient, nameProblem: String? = nil) async throws -> ClientEndPage {
        let client = registered.client
        let exchange = visit.exchange
        let consequences = try await visit.administration.consequences(of: exchange.captures[1], in: exchange.captures[0])
        return ClientEndPage(
            frame: visit.frame(registered, at: .ending), title: "Freeze or delete · \(client.name)", action: visit.url(.ending, of: client),
            csrf: visit.session.formToken.text, canManage: visit.canManage, clientName: client.name, isFrozen: client.isFrozen,
            counts: ConsequenceCount.list(consequences.all, calls: consequences.callsLastDay),
            secretsURL: visit.url(.secrets, of: client), hasSecrets: client.keepsSecret, done: Self.done(exchange, client),
            nameProblem: nameProblem)
    }

    private static func done(_ exchange: Exchange, _ client: Client) -> String? {
        switch try? exchange.queryParameters().value("done") {
        case "freeze" where client.isFrozen: "\(client.name) is frozen."
        case "thaw" where !client.isFrozen: "\(client.name) goes on."
        default: nil
        }
    }
}
