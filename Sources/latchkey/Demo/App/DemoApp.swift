import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import OAuth
import Server

/// "DNS Pilot", the demo's third-party app: another company's web application that acts for users of the protected API.
struct DemoApp: Sendable {
    let server: PilotAuthorizationServer
    let api: String
    let random: Randomness
    let sessions = PilotSessions()
    let answers: PilotAnswers

    /// - Parameters:
    ///   - issuer: of the authorization server, no trailing slash.
    ///   - api: origin of the protected API.
    ///   - redirectURI: ends in `/callback` at this app.
    ///   - scopes: what the app asks for.
    ///   - httpClient: must not follow redirects: a token endpoint never answers with one.
    /// - Throws: where a page's template cannot be compiled.
    init(
        issuer: String, api: String, clientID: String, clientSecret: Secret<String>, redirectURI: String, scopes: ScopeSet,
        httpClient: HTTPClient, random: Randomness = .system
    ) throws {
        server = PilotAuthorizationServer(
            issuer: issuer, clientID: clientID, clientSecret: clientSecret, redirectURI: redirectURI, scopes: scopes, httpClient: httpClient
        )
        self.api = api
        self.random = random
        answers = PilotAnswers(pages: try PilotPages())
    }

    /// A service that listens on 127.0.0.1.
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - whenListening: gets the port.
    func application(
        port: Int, logger: Logger, whenListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await whenListening(channel.localAddress?.port ?? port) }, logger: logger)
    }

    private func router() -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: PilotErrors(answers: answers))
        router.get("/") { request, _ in await home(request) }
        router.get("/style.css") { _, _ in PilotAnswers.style }
        router.get("/connect") { request, _ in await connect(request) }
        router.get("/ask") { request, _ in try await ask(request) }
        router.get("/callback") { request, _ in await callback(request) }
        router.get("/dashboard") { request, _ in try await dashboard(request) }
        router.get("/zones/:account/:zone") { request, context in
            try await zone(request, try context.identifier("account"), try context.identifier("zone"))
        }
        router.post("/zones/:account/:zone/records/:record") { request, context in
            try await save(
                request, try context.identifier("account"), try context.identifier("zone"), try context.identifier("record"))
        }
        router.post("/workers/:account") { request, context in try await deploy(request, try context.identifier("account")) }
        router.post("/refresh") { request, _ in try await refresh(request) }
        router.post("/disconnect") { request, _ in try await disconnect(request) }
        return router
    }

    private func home(_ request: Request) async -> Response {
        let session = sessions.session(PilotAnswers.sessionID(request))
        let isConnected = await session?.connection != nil
        return answers.page(PilotHomeView(isConnected: isConnected, notices: await session?.takeNotices() ?? []))
    }
}

extension BasicRequestContext {
    /// A part of the path that can stand in the path of an API call as it is.
    fileprivate func identifier(_ name: String) throws(PilotProblem) -> String {
        guard let value = parameters.get(name), (1...64).contains(value.utf8.count),
            value.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D })
        else { throw .notFound }
        return value
    }
}

// MARK: - Sessions and forms

extension DemoApp {
    func connectedSession(_ request: Request) async throws(PilotProblem) -> (PilotSession, PilotConnection) {
        guard let session = sessions.session(PilotAnswers.sessionID(request)), let connection = await session.connection else {
            throw .notConnected
        }
        return (session, connection)
    }

    /// The session and the fields of a form that one of its own pages sent.
    func submitted(_ request: Request) async throws -> (PilotSession, PilotConnection, OAuth.Parameters) {
        let (session, connection) = try await connectedSession(request)
        let body = try await request.body.collect(upTo: 64 * 1024)
        let fields: OAuth.Parameters
        let token: String
        do {
            fields = try OAuth.Parameters(body.readableBytesView)
            token = try fields.value("form") ?? ""
        } catch {
            throw PilotProblem.unreadable
        }
        guard Credential.areEqual(token.utf8, session.formToken.utf8) else { throw PilotProblem.foreignForm }
        return (session, connection, fields)
    }

    /// Forgets a connection that the user, or somebody for them, ended; what to throw then.
    func ended(_ session: PilotSession) async -> PilotProblem {
        _ = await session.connect(nil)
        return .disconnected
    }
}
