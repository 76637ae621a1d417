import Delegation
import Hummingbird
import OAuth

/// `GET /accounts/{a}/oauth_clients/{id}/usage`: how a client is used.
struct UsageEndpoint: Sendable {
    let deployment: Deployment

    func get(_ exchange: Exchange) async throws -> Response {
        let principal = try await deployment.requirePrincipal(exchange)
        let administration = ClientAdministration(deployment: deployment, principal: principal, exchange: exchange)
        let days = try UsageWindow.days(exchange)
        return Envelope.result(
            try await administration.usage(of: exchange.captures[1], in: exchange.captures[0], days: days).usage.json)
    }
}
