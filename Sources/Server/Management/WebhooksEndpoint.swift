import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{a}/oauth_clients/{id}/webhooks…`: where a client's owner is told what happens to it.
struct WebhooksEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        let (page, perPage) = try PageRequest.read(exchange)
        let webhooks = try await administration(exchange).list()
        let results = PageRequest.slice(webhooks, page: page, perPage: perPage).map { JSON.object($0.json) }
        return Envelope.page(results, of: webhooks.count, page: page, perPage: perPage)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        let administration = try await administration(exchange)
        _ = try await administration.place(.manageClients)
        let (webhook, secret) = try await administration.create(try await registration(exchange))
        var json = webhook.json
        json["secret"] = .string(secret.reveal())
        return Envelope.result(.object(json))
    }

    func get(_ exchange: Exchange) async throws -> Response {
        Envelope.result(.object(try await administration(exchange).get().json))
    }

    func update(_ exchange: Exchange) async throws -> Response {
        let administration = try await administration(exchange)
        _ = try await administration.place(.manageClients)
        return Envelope.result(.object(try await administration.update(try await registration(exchange)).json))
    }

    func delete(_ exchange: Exchange) async throws -> Response {
        Envelope.result(["id": .string(try await administration(exchange).delete().description)])
    }

    func rotateSecret(_ exchange: Exchange) async throws -> Response {
        let (webhook, secret) = try await administration(exchange).rotateSecret()
        return Envelope.result([
            "secret": .string(secret.reveal()),
            "previous_secret_expires_at": JSON(webhook.previousSecretUntil.map(Timestamp.text)),
        ])
    }

    func test(_ exchange: Exchange) async throws -> Response {
        Envelope.result(.object(try await administration(exchange).test().json))
    }

    func deliveries(_ exchange: Exchange) async throws -> Response {
        let (page, perPage) = try PageRequest.read(exchange)
        let (deliveries, total) = try await administration(exchange).deliveries(limit: perPage, offset: (page - 1) * perPage)
        return Envelope.page(deliveries.map { .object($0.json) }, of: total, page: page, perPage: perPage)
    }

    func redeliver(_ exchange: Exchange) async throws -> Response {
        Envelope.result(.object(try await administration(exchange).redeliver(exchange.captures[3]).json))
    }

    private func administration(_ exchange: Exchange) async throws -> WebhookAdministration {
        WebhookAdministration(deployment: deployment, principal: try await deployment.requirePrincipal(exchange), exchange: exchange)
    }

    private func registration(_ exchange: Exchange) async throws -> WebhookRegistration {
        var body = try await ManagementBody(exchange)
        let registration = WebhookRegistration(
            url: body.string("url", limit: 4096), kinds: body.strings("events", limit: 100), isEnabled: body.bool("enabled"))
        try body.check()
        return registration
    }
}
