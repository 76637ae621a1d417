import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/oauth2/logout` (OpenID Connect RP-Initiated Logout 1.0), by GET and POST.
///
/// A valid `id_token_hint` of the user who is signed in is proof enough; without one the user is asked on a page.
struct LogoutEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        let parameters = exchange.method == .post ? try await exchange.form() : try exchange.queryParameters()
        let request: LogoutRequest
        do {
            request = try LogoutRequest(parameters)
        } catch {
            throw PageProblem(title: "This link cannot be followed", explanation: error.description)
        }
        let session = try await deployment.session(exchange)
        let hint = request.idTokenHint.flatMap { deployment.hint($0) }
        let target = try await returnURL(request, hintedClient: hint?.clientID)
        let isConfirmed = isConfirmed(exchange, parameters, session)
        guard let session else { return finished(target) }
        guard hint?.userID == session.userID || isConfirmed else {
            let page = LogoutPage(
                frame: deployment.frame(session), csrf: session.formToken.text, clientName: target?.clientName,
                fields: request.fields.map { LogoutPage.Field(name: $0.name, value: $0.value) })
            return .page(.ok, page.html)
        }
        _ = try await deployment.store.endSession(
            session.id, userID: session.userID, actor: exchange.actor(session.userID), now: exchange.now)
        return finished(target)
    }

    private func isConfirmed(_ exchange: Exchange, _ parameters: Parameters, _ session: SignedIn?) -> Bool {
        guard exchange.method == .post, let session else { return false }
        return session.formToken.matches(try? parameters.value("csrf"))
    }

    private struct Target {
        let clientName: String
        let url: String
    }

    /// Only a URI that the named client registered for this is followed (§3).
    private func returnURL(_ request: LogoutRequest, hintedClient: Identifier?) async throws -> Target? {
        guard let uri = request.postLogoutRedirectURI else { return nil }
        if let hintedClient, let named = request.clientID, hintedClient != named {
            throw PageProblem(
                title: "This link cannot be followed", explanation: "It names one app and carries the sign-in of another.")
        }
        guard let id = hintedClient ?? request.clientID,
            let entry = try await deployment.clients.client(id, in: deployment.store), entry.client.status == .active,
            !entry.owner.isSuspended, entry.client.postLogoutRedirectURIs.contains(uri)
        else {
            throw PageProblem(
                title: "This link cannot be followed",
                explanation: "The app asked to return to an address that it has not registered for signing out, or it is suspended.",
                remedy: "You are still signed in. You can sign out from the Sessions page.")
        }
        return Target(clientName: entry.client.name, url: URLText.adding([("state", request.state)], to: uri))
    }

    private func finished(_ target: Target?) -> Response {
        var response = target.map { Response.seeOther($0.url) } ?? .page(.ok, SignedOutPage(frame: deployment.frame(nil)).html)
        response.headers.append(.init(name: .setCookie, value: deployment.cookies.clearing(deployment.cookies.session)))
        return response
    }
}
