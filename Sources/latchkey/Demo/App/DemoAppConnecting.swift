import Hummingbird
import NIOCore
import OAuth
import Server

/// Connecting and disconnecting: the authorization code flow from the app's side.
extension DemoApp {
    func connect(_ request: Request) async -> Response { await send(request, asking: server.scopes, account: nil) }

    /// Asks the user for what the last refusal said is missing.
    func ask(_ request: Request) async throws -> Response {
        let (session, connection) = try await connectedSession(request)
        guard let url = await session.authorizeURL, let wanted = server.wanted(by: url) else {
            return PilotAnswers.redirect(to: "/dashboard")
        }
        // The new tokens take the place of the ones at hand, so they should hold what those hold.
        return await send(request, asking: wanted.scopes.union(await connection.scope), account: wanted.account)
    }

    private func send(_ request: Request, asking scopes: ScopeSet, account: String?) async -> Response {
        let attempt = PilotAttempt(state: random.token(), verifier: Secret(random.token()), scopes: scopes)
        let url = server.authorizationURL(attempt, account: account)
        if let session = sessions.session(PilotAnswers.sessionID(request)) {
            await session.begin(attempt)
            return PilotAnswers.redirect(to: url)
        }
        let id = random.token()
        let session = PilotSession(formToken: random.token())
        await session.begin(attempt)
        sessions.add(session, id: id)
        return PilotAnswers.redirect(to: url, session: id)
    }

    /// Takes the answer of the authorization server (RFC 6749 §4.1.2).
    func callback(_ request: Request) async -> Response {
        let query = request.head.path?.split(separator: "?", maxSplits: 1).dropFirst().first ?? ""
        let state: String?
        let issuer: String?
        let error: String?
        let code: String?
        do {
            let parameters = try OAuth.Parameters(query.utf8)
            (state, issuer) = (try parameters.value("state"), try parameters.value("iss"))
            (error, code) = (try parameters.value("error"), try parameters.value("code"))
        } catch {
            return notStartedHere
        }
        // RFC 6749 §10.12: only this browser's own attempt, and each only once.
        guard let id = PilotAnswers.sessionID(request), let session = sessions.session(id), let state,
            let attempt = await session.takeAttempt(state: state)
        else { return notStartedHere }
        // RFC 9207 §2.4: the answer must come from the server that was asked.
        guard issuer == server.issuer else { return notStartedHere }
        if let error { return refused(error) }
        guard let code else { return notStartedHere }
        switch await server.redeem(code: code, attempt) {
        case .tokens(let tokens):
            return await connected(tokens, session, id: id)
        case .refused(let error):
            return answers.message(
                .badGateway, "The connection could not be finished", "The sign-in server did not accept the answer (\(error)). Try again.")
        case .unreachable:
            return answers.message(
                .badGateway, "The connection could not be finished",
                "The sign-in server cannot be reached right now. Try again in a moment.")
        }
    }

    private func connected(_ tokens: PilotTokens, _ session: PilotSession, id: String) async -> Response {
        let previous = await session.connect(PilotConnection(server: server, api: api, tokens: tokens))
        // Tokens that nobody uses any more should not live on; that it fails is no reason to stop.
        if let previous { _ = await previous.revoke() }
        await session.tell("Your account is connected.")
        let newID = random.token()
        sessions.rename(id, to: newID)
        return PilotAnswers.redirect(to: "/dashboard", session: newID)
    }

    /// RFC 6749 §4.1.2.1.
    private func refused(_ error: String) -> Response {
        switch error {
        case "access_denied":
            answers.message(
                .ok, "Nothing was connected", "You decided not to connect your account. That is fine: DNS Pilot got no access to anything.")
        case "temporarily_unavailable", "server_error":
            answers.message(.badGateway, "Not right now", "The sign-in server has a problem. Try again in a moment.")
        default:
            answers.message(
                .badGateway, "The connection could not be finished", "The sign-in server did not accept the request (\(error)).")
        }
    }

    private var notStartedHere: Response {
        answers.message(
            .badRequest, "This sign-in was not started here",
            "The answer does not belong to a sign-in that this browser began, or it was used before. Nothing was connected.")
    }

    func refresh(_ request: Request) async throws -> Response {
        let (session, connection, _) = try await submitted(request)
        switch await connection.refresh(because: "DNS Pilot refreshed its access token.") {
        case .refreshed: return PilotAnswers.redirect(to: "/dashboard")
        case .disconnected: throw await ended(session)
        case .unreachable:
            await session.tell("The sign-in server cannot be reached right now.")
            return PilotAnswers.redirect(to: "/dashboard")
        }
    }

    /// Ends the connection at the authorization server before forgetting it here.
    func disconnect(_ request: Request) async throws -> Response {
        let (session, connection, _) = try await submitted(request)
        guard await connection.revoke() else {
            await session.tell("The sign-in server cannot be reached right now, so you are still connected. Try again in a moment.")
            return PilotAnswers.redirect(to: "/dashboard")
        }
        _ = await session.connect(nil)
        await session.tell("DNS Pilot is disconnected and has no access any more.")
        return PilotAnswers.redirect(to: "/")
    }
}
