import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients` and `…/new`: the list, and how a client comes to be on it.
struct ClientPages: Sendable {
    let deployment: Deployment

    private static let perPage = 50

    func list(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let clients = try await visit.administration.list(in: exchange.captures[0])
        let query = try exchange.queryParameters()
        let number = min(max(1, (try? query.value("page")).flatMap { Int($0) } ?? 1), 1_000_000)
        let shown = clients.reversed().dropFirst((number - 1) * Self.perPage).prefix(Self.perPage)
        let first = (number - 1) * Self.perPage
        let page = ClientsPage(
            frame: visit.frame, accountName: visit.account.name, canManage: visit.canManage, newURL: visit.listURL + "/new",
            isDeleted: (try? query.value("deleted")) == "1",
            clients: shown.map { registered in
                ClientsPage.Entry(
                    url: visit.url(.settings, of: registered.client), clientName: registered.client.name,
                    monogram: Monogram.text(registered.client.name), summary: ClientKind.words(registered.client),
                    createdAt: ShownTime(registered.client.createdAt), marks: ClientVisit.marks(registered))
            }, range: clients.count > Self.perPage ? "\(first + 1) to \(first + shown.count) of \(clients.count)" : nil,
            previousURL: number > 1 ? "\(visit.listURL)?page=\(number - 1)" : nil,
            nextURL: first + shown.count < clients.count ? "\(visit.listURL)?page=\(number + 1)" : nil)
        return .page(.ok, page.html)
    }

    func new(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        try visit.requireManaging()
        let kind = (try? exchange.queryParameters().value("kind")).flatMap(ClientKind.init)
        let form = kind.map { ClientForm($0) }
        return .page(.ok, page(visit, kind, form, wrongs: []).html)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let parameters = try await visit.form()
        try visit.requireManaging()
        guard let kind = (try? parameters.value("kind")).flatMap(ClientKind.init) else {
            return .page(.badRequest, page(visit, nil, nil, wrongs: []).html)
        }
        let form = ClientForm(parameters)
        let registration = form.registration(kind)
        if (try? parameters.value("check")) != nil {
            let problems = try await visit.administration.problems(registration, of: nil, in: exchange.captures[0])
            return .json(.ok, FormWrongs(problems, in: form).json)
        }
        do {
            let (registered, secret) = try await visit.administration.create(registration, in: exchange.captures[0])
            let client = registered.client
            let page = ClientCreatedPage(
                frame: visit.frame(registered, at: nil), title: "\(client.name) is ready", clientID: client.id.description,
                secret: secret?.reveal(), tryURL: visit.url(.trial, of: client), settingsURL: visit.url(.settings, of: client),
                visibilityURL: visit.url(.visibility, of: client))
            return .page(.ok, page.html)
        } catch let problem as InvalidInput {
            return .page(.badRequest, page(visit, kind, form, wrongs: problem.problems).html)
        }
    }

    private func page(
        _ visit: ClientVisit, _ kind: ClientKind?, _ form: ClientForm?, wrongs: [InvalidInput.Problem]
    ) -> NewClientPage {
        let url = visit.listURL + "/new"
        func shown(_ kind: ClientKind) -> NewClientPage.Kind {
            NewClientPage.Kind(
                url: "\(url)?kind=\(kind.rawValue)", kindName: kind.name, audience: kind.description, settings: kind.settings,
                reason: kind.reason)
        }
        let view = form.map { ClientFormView($0, wrongs, deployment) }
        return NewClientPage(
            frame: visit.frame, action: url, csrf: visit.session.formToken.text, kinds: ClientKind.allCases.map(shown),
            chosen: kind.map(shown), listURL: visit.listURL, otherKindURL: url, kindValue: kind?.rawValue ?? "",
            fields: kind.flatMap { kind in view.map { $0.nameAndAddresses(kind) } } ?? [], picker: view?.picker,
            problem: wrongs.isEmpty ? nil : ClientFormView.problem)
    }
}

extension ClientFormView {
    /// Above a form that was not accepted.
    static let problem = "It was not saved yet. What is wrong is said at the fields."

    init(_ form: ClientForm, _ problems: [InvalidInput.Problem], _ deployment: Deployment) {
        self.init(
            form: form,
            wrongs: FormWrongs(problems.map { ClientRegistration.Problem(pointer: $0.pointer, text: $0.text) }, in: form),
            catalogue: deployment.catalogue.current.catalogue)
    }
}
