import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}`: what a client is registered with.
struct ClientSettings: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let registered = try await visit.client()
        return .page(.ok, page(visit, registered, ClientForm(registered.client), problems: []).html)
    }

    func save(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let parameters = try await visit.form()
        try visit.requireManaging()
        let registered = try await visit.client()
        let form = ClientForm(parameters)
        let registration = form.registration(changing: registered.client)
        if (try? parameters.value("check")) != nil {
            let problems = try await visit.administration.problems(registration, of: exchange.captures[1], in: exchange.captures[0])
            return .json(.ok, FormWrongs(problems, in: form).json)
        }
        do {
            let changed = try await visit.administration.update(exchange.captures[1], in: exchange.captures[0], registration)
            return .seeOther(visit.url(.settings, of: changed.client) + "?saved=1")
        } catch let problem as InvalidInput {
            return .page(.badRequest, page(visit, registered, form, problems: problem.problems).html)
        }
    }

    private func page(
        _ visit: ClientVisit, _ registered: RegisteredClient, _ form: ClientForm, problems: [InvalidInput.Problem]
    ) -> ClientSettingsPage {
        let client = registered.client
        let view = ClientFormView(form, problems, deployment)
        let kind = ClientKind(client)
        return ClientSettingsPage(
            frame: visit.frame(registered, at: .settings), title: "Settings · \(client.name)", action: visit.url(.settings, of: client),
            csrf: visit.session.formToken.text, canManage: visit.canManage, clientID: client.id.description,
            kindName: ClientKind.words(client),
            isSaved: problems.isEmpty && (try? visit.exchange.queryParameters().value("saved")) == "1",
            problem: problems.isEmpty ? nil : ClientFormView.problem, fields: view.nameAndAddresses(kind), links: view.links,
            signOut: view.signOut, signsIn: form.signsIn, staysConnected: form.staysConnected, methods: view.methods,
            keys: view.keys, algorithms: view.algorithms, methodWrongs: view.wrongs.of("token_endpoint_auth_method"), picker: view.picker)
    }
}
