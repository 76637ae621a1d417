import Delegation
import HTTPTypes
import Hummingbird
import Logging
import OAuth
import Storage

/// `/oauth2/auth` (RFC 6749 §3.1), by GET and POST alike: sends the person on to sign in or to decide,
/// or straight back to the app where nothing is left to ask.
struct AuthorizationEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        let parameters = exchange.method == .post ? try await exchange.form(.marking) : try exchange.queryParameters(.marking)
        // Client and redirect URI before anything else: until both hold, an error is shown here.
        let (client, redirectURI) = try await addressee(parameters)
        let request: AuthorizationRequest
        do {
            request = try AuthorizationRequest(
                parameters, client: client, redirectURI: redirectURI, resource: deployment.settings.resource)
            try requireKnown(request.scopes, parameters)
        } catch {
            return deployment.redirect(error, state: try? parameters.value("state"), to: redirectURI)
        }
        do {
            return try await proceed(request, client, exchange)
        } catch let error as AuthorizationError {
            return deployment.redirect(error, state: request.state, to: redirectURI)
        } catch let error as StorageError {
            // RFC 6749 §4.1.2.1: a 503 cannot be told to the app by redirect, this can.
            exchange.log.error("storage failed", metadata: ["request": "\(exchange.id)", "problem": "\(error)"])
            return deployment.redirect(.temporarilyUnavailable, state: request.state, to: redirectURI)
        }
    }

    /// Whoever names a scope learns that it is gone; the default, all that the client has, leaves it out.
    private func requireKnown(_ scopes: ScopeSet, _ parameters: Parameters) throws(AuthorizationError) {
        if parameters.all("scope").isEmpty { return }
        let catalogue = deployment.catalogue.current.catalogue
        guard scopes.ofAPI.labels.allSatisfy({ catalogue.scope($0) != nil }) else {
            throw AuthorizationError(.invalidScope, "The scope names what does not exist any more.")
        }
    }

    private func addressee(_ parameters: Parameters) async throws -> (Client, RedirectURI.Verified) {
        do {
            let id = try AuthorizationRequest.clientID(parameters)
            guard let entry = try await deployment.clients.client(id, in: deployment.store) else {
                throw AuthorizationPageError.unknownClient
            }
            let redirectURI = try AuthorizationRequest.redirectURI(parameters, client: entry.client)
            try entry.requireUsable()
            return (entry.client, redirectURI)
        } catch let error as AuthorizationPageError {
            throw PageProblem(error)
        }
    }

    private func proceed(
        _ request: AuthorizationRequest, _ client: Client, _ exchange: Exchange
    ) async throws -> Response {
        let session = try await deployment.session(exchange)
        let pending = PendingRequest(request, startedIn: session, now: exchange.now)
        if request.prompt.contains(.none) {
            guard let session, !pending.needsSignIn(session, hintedUser: try hintedUser(request), now: exchange.now) else {
                throw AuthorizationError.loginRequired
            }
            return try await ConsentStep(deployment: deployment).codeWithoutAsking(pending, client, session, exchange)
        }
        if let session, !pending.needsSignIn(session, hintedUser: try hintedUser(request), now: exchange.now) {
            let step = ConsentStep(deployment: deployment)
            if let response = try await step.codeIfCovered(pending, client, session, request: nil, exchange) { return response }
        }
        // The request's parameters stay here; the browser carries only the one-time name of the row.
        let name = deployment.random.token()
        let (browser, setCookie) = deployment.browser(exchange)
        try await deployment.store.saveRequest(
            hash: Credential.hash(name), browserHash: Credential.hash(browser), clientID: client.id, request: pending.json,
            origin: IPAddress.origin(exchange.address), createdAt: exchange.now, expiresAt: exchange.now + PendingRequest.lifetime)
        var response = Response.seeOther(deployment.url("/consent/" + name))
        if let setCookie { response.headers.append(setCookie) }
        return response
    }

    /// The user that `id_token_hint` names (OpenID Connect Core §3.1.2.1).
    private func hintedUser(_ request: AuthorizationRequest) throws -> Identifier? {
        guard let hint = request.idTokenHint else { return nil }
        guard let user = deployment.user(hintedBy: hint, clientID: request.clientID) else {
            throw AuthorizationError.invalidRequest("The id_token_hint is not an ID token that was issued here to this client.")
        }
        return user
    }
}
