import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// Where the user is signed in, and signing out.
struct Sessions: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let sessions = try await deployment.store.sessions(userID: session.userID, now: exchange.now)
        return .page(.ok, page(sessions, session).html)
    }

    func end(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let actor = exchange.actor(session.userID)
        switch try? form.value("action") {
        case "end":
            guard let id = (try? form.value("session")).flatMap({ Identifier($0) }) else {
                throw PageProblem(title: "Choose a session", explanation: "Nothing was chosen, so nothing was ended.")
            }
            _ = try await deployment.store.endSession(id, userID: session.userID, actor: actor, now: exchange.now)
            if id == session.id { return signedOut() }
        case "end_others":
            try await deployment.store.endSessions(userID: session.userID, except: session.id, actor: actor, now: exchange.now)
        default:
            throw PageProblem(title: "Choose a session", explanation: "Nothing was chosen, so nothing was ended.")
        }
        return .seeOther(deployment.url("/sessions"))
    }

    func askToSignOut(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        return .page(.ok, SignOutPage(frame: deployment.frame(session), csrf: session.formToken.text).html)
    }

    func signOut(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return signedOut() }
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        _ = try await deployment.store.endSession(
            session.id, userID: session.userID, actor: exchange.actor(session.userID), now: exchange.now)
        return signedOut()
    }

    private func page(_ sessions: [Session], _ current: SignedIn) -> SessionsPage {
        SessionsPage(
            frame: deployment.frame(current), csrf: current.formToken.text,
            sessions: sessions.map {
                SessionsPage.Entry(
                    id: $0.id.description, device: DeviceName.text($0.userAgent), address: $0.address, since: ShownTime($0.createdAt),
                    isCurrent: $0.id == current.id)
            }, hasOthers: sessions.count > 1)
    }

    private func signedOut() -> Response {
        var response = Response.page(.ok, SignedOutPage(frame: deployment.frame(nil)).html)
        response.headers.append(.init(name: .setCookie, value: deployment.cookies.clearing(deployment.cookies.session)))
        return response
    }
}
