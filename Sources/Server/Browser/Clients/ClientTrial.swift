import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}/try`: the client's own consent in this browser, and code that asks for it.
struct ClientTrial: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let registered = try await visit.client()
        let client = registered.client
        let redirectURI = client.redirectURIs.first ?? ""
        // A pair of its own for each try: one that is printed in a book protects nobody (RFC 7636 §7.1).
        let verifier = deployment.random.token()
        guard let challenge = CodeChallenge(of: verifier) else { throw AccessProblem.notFound("There is no such page.") }
        let scopes = client.registeredScopes.description
        let url = deployment.url(
            "/oauth2/auth?"
                + Parameters.encode([
                    ("response_type", "code"), ("client_id", client.id.description), ("redirect_uri", redirectURI), ("scope", scopes),
                    ("state", deployment.random.identifier().description), ("code_challenge", challenge.text),
                    ("code_challenge_method", CodeChallenge.method), ("prompt", "consent"),
                ]))
        let issuer = deployment.settings.issuer.description
        let example = ExampleCode(
            issuer: issuer, clientID: client.id.description, redirectURI: redirectURI,
            scopes: scopes, method: client.authenticationMethod, algorithm: client.keys?.keys.first?.algorithm, authorizeURL: url)
        let page = ClientTrialPage(
            frame: visit.frame(registered, at: .trial), title: "Try it · \(client.name)",
            obstacle: Self.obstacle(registered, visit.account),
            authorizeURL: url, redirectURI: redirectURI, verifier: verifier,
            isLoopback: URLText(redirectURI)?.isLoopbackHTTP == true,
            facts: [
                FormChoice(value: client.id.description, name: "Client ID"), FormChoice(value: issuer, name: "Issuer"),
                FormChoice(value: issuer + "/oauth2/auth", name: "Authorize"), FormChoice(value: issuer + "/oauth2/token", name: "Token"),
                FormChoice(value: scopes, name: "Scopes"),
            ], listings: example.listings(ClientKind(client)))
        return .page(.ok, page.html)
    }

    private static func obstacle(_ registered: RegisteredClient, _ owner: Account) -> String? {
        if registered.client.redirectURIs.isEmpty { return "The client has no redirect URI yet. Add one under Settings." }
        if registered.client.status == .suspended || owner.isSuspended { return "The client is suspended, so it can ask nobody." }
        if registered.client.isFrozen { return "The client is frozen, so it can ask nobody. Thaw it first." }
        return nil
    }
}
