import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}/visibility`: who may connect a client, and the proof that its host is its own.
struct ClientVisibility: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        return .page(.ok, page(visit, try await visit.client()).html)
    }

    func askToWithdraw(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        try visit.requireManaging()
        let registered = try await visit.client()
        let consequences = try await visit.administration.consequences(of: exchange.captures[1], in: exchange.captures[0])
        let url = visit.url(.visibility, of: registered.client)
        let page = ClientWithdrawPage(
            frame: visit.frame(registered, at: .visibility), title: "Make \(registered.client.name) private", action: url,
            csrf: visit.session.formToken.text, ownerName: visit.account.name, counts: ConsequenceCount.list(consequences.outside),
            endsSomething: consequences.outside.authorizations > 0, cancelURL: url)
        return .page(.ok, page.html)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let form = try await visit.form()
        try visit.requireManaging()
        let registered = try await visit.client()
        let url = visit.url(.visibility, of: registered.client)
        let action = (try? form.value("action")) ?? ""
        var registration = ClientRegistration()
        do {
            switch action {
            case "check":
                _ = try await visit.administration.checkHost(of: exchange.captures[1], in: exchange.captures[0])
                return .seeOther(url + "#proof")
            case "publish": registration.visibility = "public"
            case "private": registration.visibility = "private"
            case "restart": registration.clientURI = registered.client.clientURI ?? ""
            default: throw ClientVisit.nothingChosen
            }
            _ = try await visit.administration.update(exchange.captures[1], in: exchange.captures[0], registration)
            return .seeOther(url + "?done=\(action)")
        } catch let problem as InvalidInput {
            let text = problem.problems.map(\.text).joined(separator: " ")
            return .page(.badRequest, page(visit, try await visit.client(), problem: text).html)
        } catch AccessProblem.tooOften(let text, let seconds) {
            let html = page(visit, try await visit.client(), problem: text).html
            return .page(.tooManyRequests, html, headers: [.retryAfter: String(seconds)])
        }
    }

    private func page(_ visit: ClientVisit, _ registered: RegisteredClient, problem: String? = nil) -> ClientVisibilityPage {
        let client = registered.client
        let url = visit.url(.visibility, of: client)
        let done = problem == nil ? try? visit.exchange.queryParameters().value("done") : nil
        return ClientVisibilityPage(
            frame: visit.frame(registered, at: .visibility), title: "Visibility · \(client.name)", action: url,
            csrf: visit.session.formToken.text, canManage: visit.canManage, ownerName: visit.account.name,
            isPublic: client.visibility == .public, needs: needs(visit, registered), isReady: registered.missingForPublic.isEmpty,
            proof: registered.proof.map { proof($0, client) },
            isUntried: registered.proof == nil && client.clientURI != nil, settingsURL: visit.url(.settings, of: client) + "#client_uri",
            withdrawURL: "\(visit.listURL)/\(client.id)/private", done: Self.done(done), problem: problem)
    }

    private static func done(_ action: String?) -> String? {
        switch action {
        case "publish": "It is public now."
        case "private": "It is private now. What others had allowed it has ended."
        case "restart": "The host is looked for from now on."
        default: nil
        }
    }

    private func needs(_ visit: ClientVisit, _ registered: RegisteredClient) -> [ClientVisibilityPage.Need] {
        let client = registered.client
        let missing = Set(registered.missingForPublic.map(\.pointer))
        func need(_ name: String, _ pointer: String, _ stand: String, _ field: String) -> ClientVisibilityPage.Need {
            let isMet = !missing.contains(pointer)
            return .init(
                need: name, isMet: isMet, stand: stand,
                fixURL: isMet || !visit.canManage ? nil : visit.url(.settings, of: client) + "#" + field)
        }
        let scopes = client.scopes.ofAPI.labels.count
        return [
            need("Name", "/client_name", client.name, "client_name"),
            need("Logo", "/logo_uri", client.logoURI ?? "People recognise an app by it.", "logo_uri"),
            need("Website with a proven host", "/client_uri", Self.stand(registered), "client_uri"),
            need(
                "At least one permission", "/scopes",
                scopes == 0 ? "An app that asks for nothing needs no consent." : scopes == 1 ? "1 permission" : "\(scopes) permissions",
                "scope-picker"),
        ]
    }

    private static func stand(_ registered: RegisteredClient) -> String {
        guard let uri = registered.client.clientURI else { return "It says who is behind the app." }
        guard let proof = registered.proof else { return uri }
        return switch proof.status {
        case .verified: "\(uri): \(proof.host) is proven."
        case .failed: "\(uri): the proof of \(proof.host) failed."
        case .pending, .inProgress: "\(uri): \(proof.host) is not proven yet. See below how."
        }
    }

    private func proof(_ proof: HostProof, _ client: Client) -> ClientVisibilityPage.Proof {
        let (word, look) =
            switch proof.status {
            case .pending: ("about to be checked", "caution")
            case .inProgress: ("waiting for the record", "caution")
            case .verified: ("proven", "good")
            case .failed: ("failed", "bad")
            }
        return ClientVisibilityPage.Proof(
            host: proof.host.name, record: proof.value, statusWord: word, statusLook: look, seen: proof.text,
            checkedAt: proof.checkedAt.map { ShownTime($0) }, nextCheckAt: proof.nextCheckAt.map { ShownTime($0) },
            isOpen: !proof.status.isFinal, isFailed: proof.status == .failed, isProven: proof.status == .verified)
    }
}

extension ConsequenceCount {
    static func list(_ reach: ClientConsequences.Reach, calls: Int64? = nil) -> [ConsequenceCount] {
        var counts = [
            ConsequenceCount(what: reach.users == 1 ? "person" : "people", number: String(reach.users)),
            ConsequenceCount(what: reach.accounts == 1 ? "account" : "accounts", number: String(reach.accounts)),
            ConsequenceCount(what: reach.installations == 1 ? "installation" : "installations", number: String(reach.installations)),
        ]
        if let calls {
            counts.append(ConsequenceCount(what: "\(calls == 1 ? "call" : "calls") in the last day", number: String(calls)))
        }
        return counts
    }
}
