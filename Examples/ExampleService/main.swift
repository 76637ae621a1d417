import AsyncHTTPClient
import Hummingbird
import Logging
import ResourceServer

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What travels with each request: a place for who makes it.
struct ServiceContext: VerifiedCallerContext {
    var coreContext: CoreRequestContextStorage
    var caller: VerifiedCaller?

    init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
}

/// A setting, or the end of the program.
func setting(_ name: String) -> String {
    guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else { fatalError("\(name) is missing; see the README") }
    return value
}

let log = Logger(label: "example") { StreamLogHandler.standardOutput(label: $0) }
let client = HTTPClient()
var settings = VerifierSettings(
    issuer: setting("LATCHKEY_ISSUER"), internalOrigin: setting("LATCHKEY_INTERNAL"), clientID: setting("LATCHKEY_CLIENT_ID"),
    clientSecret: setting("LATCHKEY_CLIENT_SECRET"), audience: ProcessInfo.processInfo.environment["LATCHKEY_AUDIENCE"])
if let seconds = ProcessInfo.processInfo.environment["LATCHKEY_SILENCE_BOUND"].flatMap({ Int($0) }) {
    settings.silenceBound = .seconds(seconds)
}

// The five lines.
let verifier = TokenVerifier(settings, client: client, log: log)
let router = Router(context: ServiceContext.self)
router.add(middleware: BearerCheck(verifier))
addRoutes(router)
var app = Application(
    router: router, configuration: .init(address: .hostname("127.0.0.1", port: Int(setting("PORT")) ?? 0)),
    onServerRunning: { channel in log.info("listening on \(channel.localAddress?.port ?? 0)") }, logger: log)
app.addServices(verifier)

do {
    try await app.runService()
} catch {
    log.error("the service ended", metadata: ["problem": "\(error)"])
}
try await client.shutdown()
