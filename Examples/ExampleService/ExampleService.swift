import AsyncHTTPClient
import Hummingbird
import Logging
import ResourceServer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@main
struct ExampleService {
    static func main() async throws {
        let log = Logger(label: "example") { StreamLogHandler.standardOutput(label: $0) }
        let client = HTTPClient()

        // The five lines: a verifier, the check in front of every route, and the verifier among the application's services.
        let verifier = TokenVerifier(settings(), client: client, log: log)
        let router = Router(context: ServiceContext.self)
        router.add(middleware: BearerCheck(verifier))
        addRoutes(router)
        var app = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: Int(variable("PORT")) ?? 0)), logger: log)
        app.addServices(verifier)

        do {
            try await app.runService()
        } catch {
            log.error("the service ended", metadata: ["problem": "\(error)"])
        }
        try await client.shutdown()
    }

    private static func settings() -> VerifierSettings {
        let environment = ProcessInfo.processInfo.environment
        var settings = VerifierSettings(
            issuer: variable("LATCHKEY_ISSUER"), internalOrigin: variable("LATCHKEY_INTERNAL"), clientID: variable("LATCHKEY_CLIENT_ID"),
            clientSecret: variable("LATCHKEY_CLIENT_SECRET"), audience: environment["LATCHKEY_AUDIENCE"])
        if let seconds = environment["LATCHKEY_SILENCE_BOUND"].flatMap({ Int($0) }) { settings.silenceBound = .seconds(seconds) }
        return settings
    }

    /// A variable of the environment, or the end of the program.
    private static func variable(_ name: String) -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            fatalError("\(name) is missing; see the README")
        }
        return value
    }
}

/// What travels with each request: a place for who makes it.
struct ServiceContext: VerifiedCallerContext {
    var coreContext: CoreRequestContextStorage
    var caller: VerifiedCaller?

    init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}
