import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/accounts/{account}/oauth-clients/{client}/webhooks…`: the webhooks of a client, for people.
struct WebhookPages: Sendable {
    let deployment: Deployment

    private static let perPage = 20

    /// Who asks, and for which client.
    private struct Visit {
        let visit: ClientVisit
        let registered: RegisteredClient

        var exchange: Exchange { visit.exchange }
        var client: Client { registered.client }
        var administration: WebhookAdministration {
            WebhookAdministration(deployment: visit.deployment, principal: visit.principal, exchange: exchange)
        }
        var frame: PageFrame { visit.frame(registered, at: .webhooks) }
        var listURL: String { visit.url(.webhooks, of: client) }
        var csrf: String { visit.session.formToken.text }
    }

    // MARK: All of a client

    func list(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await visit(exchange) else { return deployment.signInFirst(exchange) }
        return .page(.ok, try await list(visit, WebhookRegistration(kinds: WebhookKind.allCases.map(\.rawValue)), problems: []).html)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await visit(exchange) else { return deployment.signInFirst(exchange) }
        try visit.visit.requireManaging()
        let form = try await visit.visit.form()
        let registration = registration(form)
        do {
            let (webhook, secret) = try await visit.administration.create(registration)
            return .page(.ok, try await page(visit, webhook, secret: secret, notice: "The webhook is added.").html)
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return problem.response(try await list(visit, registration, problems: problem.texts).html)
        }
    }

    private func list(_ visit: Visit, _ typed: WebhookRegistration, problems: [String]) async throws -> WebhooksPage {
        let webhooks = try await visit.administration.list()
        let query = try? visit.exchange.queryParameters()
        return WebhooksPage(
            frame: visit.frame, title: "Webhooks · \(visit.client.name)", clientName: visit.client.name, action: visit.listURL,
            csrf: visit.csrf, canManage: visit.visit.canManage,
            webhooks: webhooks.map { webhook in
                .init(
                    pageURL: deployment.url(WebhookAdministration.path(webhook)), address: webhook.url,
                    events: webhook.kinds.map(\.rawValue).joined(separator: ", "), state: Self.state(webhook))
            }, full: webhooks.count >= Webhook.limit ? "A client can have \(Webhook.limit) webhooks. Delete one to add another." : nil,
            form: form(typed), problems: problems, isDeleted: problems.isEmpty && (try? query?.value("deleted")) == "1")
    }

    // MARK: One

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await visit(exchange) else { return deployment.signInFirst(exchange) }
        let webhook = try await visit.administration.get()
        let notice: String? =
            switch try? exchange.queryParameters().value("done") {
            case "saved": "Saved."
            case "on": "The webhook is switched on."
            case "off": "The webhook is switched off."
            case "sent": "Sent. What came of it stands first below."
            case "again": "Sent again. What came of it stands below."
            default: nil
            }
        return .page(.ok, try await page(visit, webhook, notice: notice).html)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await visit(exchange) else { return deployment.signInFirst(exchange) }
        try visit.visit.requireManaging()
        let form = try await visit.visit.form()
        let administration = visit.administration
        let webhook = try await administration.get()
        let url = deployment.url(WebhookAdministration.path(webhook))
        do {
            switch try? form.value("action") {
            case "save":
                _ = try await administration.update(registration(form))
                return .seeOther(url + "?done=saved")
            case "enable":
                _ = try await administration.update(WebhookRegistration(isEnabled: true))
                return .seeOther(url + "?done=on")
            case "disable":
                _ = try await administration.update(WebhookRegistration(isEnabled: false))
                return .seeOther(url + "?done=off")
            case "rotate":
                let (webhook, secret) = try await administration.rotateSecret()
                return .page(.ok, try await page(visit, webhook, secret: secret, notice: "The webhook has a new secret.").html)
            case "test":
                let sent = try await administration.test()
                return .seeOther(url + "?done=sent&delivery=\(sent.id)#deliveries")
            case "redeliver":
                let sent = try await administration.redeliver(((try? form.value("delivery")) ?? "")[...])
                return .seeOther(url + "?done=again&delivery=\(sent.id)#deliveries")
            case "delete":
                _ = try await administration.delete()
                return .seeOther(visit.listURL + "?deleted=1")
            default: break
            }
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            let typed = error is InvalidInput && (try? form.value("action")) == "save" ? registration(form) : nil
            return problem.response(try await page(visit, webhook, typed: typed, problems: problem.texts).html)
        }
        throw PageProblem(title: "Choose what to change", explanation: "Nothing was chosen, so nothing was changed.")
    }

    private func page(
        _ visit: Visit, _ webhook: Webhook, typed: WebhookRegistration? = nil, secret: Secret<String>? = nil, notice: String? = nil,
        problems: [String] = []
    ) async throws -> WebhookPage {
        let query = try? visit.exchange.queryParameters()
        let number = min(max(1, (try? query?.value("page")).flatMap { Int($0) } ?? 1), 1_000_000)
        let first = (number - 1) * Self.perPage
        var (found, total) = try await deployment.store.deliveries(webhookID: webhook.id, limit: Self.perPage, offset: first)
        if !visit.visit.canManage { for index in found.indices { found[index].responseBody = nil } }
        let url = deployment.url(WebhookAdministration.path(webhook))
        let opened = try? query?.value("delivery")
        return WebhookPage(
            frame: visit.frame, title: "Webhook · \(visit.client.name)", listURL: visit.listURL, action: url, csrf: visit.csrf,
            canManage: visit.visit.canManage, address: webhook.url,
            state: Self.state(webhook), isStopped: webhook.stop != nil, secret: secret?.reveal(),
            previousSecretUntil: webhook.previousSecretUntil.flatMap { $0 > visit.exchange.now ? ShownTime($0) : nil }, notice: notice,
            form: form(typed ?? WebhookRegistration(url: webhook.url, kinds: webhook.kinds.map(\.rawValue))), problems: problems,
            deliveries: found.map { Self.delivery($0, isOpen: $0.id.description == opened) },
            range: total > Self.perPage ? "\(first + 1) to \(first + found.count) of \(total)" : nil,
            previousURL: number > 1 ? url + "?page=\(number - 1)#deliveries" : nil,
            nextURL: first + found.count < total ? url + "?page=\(number + 1)#deliveries" : nil)
    }

    // MARK: Parts

    private func visit(_ exchange: Exchange) async throws -> Visit? {
        guard let visit = try await ClientVisit(exchange, deployment) else { return nil }
        return Visit(visit: visit, registered: try await visit.client())
    }

    private func registration(_ form: Parameters) -> WebhookRegistration {
        WebhookRegistration(url: ((try? form.value("url")) ?? "").trimmed, kinds: form.all("event"))
    }

    private func form(_ registration: WebhookRegistration) -> WebhookForm {
        let help =
            deployment.settings.allowsPrivateWebhooks
            ? "It begins with https://. Here http:// on this machine is allowed too."
            : "It begins with https:// and names a host on the internet."
        return WebhookForm(
            address: registration.url ?? "", addressHelp: help,
            kinds: WebhookKind.allCases.map { kind in
                FormChoice(
                    value: kind.rawValue, name: kind.name, isChosen: registration.kinds?.contains(kind.rawValue) ?? false)
            })
    }

    static func state(_ webhook: Webhook) -> WebhookState {
        switch webhook.stop?.reason {
        case .owner: WebhookState(word: "Off", mark: "", detail: "Nothing is sent.")
        case .gone: WebhookState(word: "Stopped", mark: "alarm", detail: "The server answered that it is gone (410). Nothing is sent.")
        case .failing:
            WebhookState(
                word: "Stopped", mark: "alarm",
                detail: "The server took nothing for five days, or too many messages waited for it. Nothing is sent.")
        case nil:
            if let since = webhook.failingSince {
                WebhookState(
                    word: "Failing", mark: "caution",
                    detail: "Nothing was taken since \(ShownTime(since).text). After five days it is switched off.")
            } else {
                WebhookState(word: "On", mark: "good", detail: "Messages are sent.")
            }
        }
    }

    private static func delivery(_ delivery: WebhookDelivery, isOpen: Bool) -> WebhookPage.Delivery {
        WebhookPage.Delivery(
            deliveryID: delivery.id.description, what: delivery.kind, state: state(delivery), at: ShownTime(delivery.createdAt),
            attempts: "\(delivery.attempts) of at most \(DeliveryPace.attempts(of: delivery.kind))",
            lastAttemptAt: delivery.lastAttemptAt.map { ShownTime($0) },
            nextAttemptAt: delivery.attempts > 0 ? delivery.nextAttemptAt.map { ShownTime($0) } : nil,
            answerStatus: delivery.responseStatus.map { "HTTP \($0)" },
            answer: delivery.responseBody.flatMap { $0.isEmpty ? nil : $0 }, failure: delivery.problem, payload: delivery.payload,
            isOpen: isOpen)
    }

    private static func state(_ delivery: WebhookDelivery) -> WebhookState {
        switch delivery.status {
        case .delivered: WebhookState(word: "Delivered", mark: "good", detail: "Your server took it.")
        case .failed: WebhookState(word: "Failed", mark: "alarm", detail: "It is not tried again by itself.")
        case .pending:
            if delivery.nextAttemptAt == nil {
                WebhookState(word: "Paused", mark: "", detail: "It is sent when the webhook is switched on.")
            } else if delivery.attempts == 0 {
                WebhookState(word: "Sending", mark: "", detail: "There is no answer yet.")
            } else {
                WebhookState(word: "Trying", mark: "caution", detail: "It was not taken yet and is tried again.")
            }
        }
    }
}
