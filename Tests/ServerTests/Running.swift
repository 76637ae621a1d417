import Hummingbird
import HummingbirdCore
import Logging
import Testing

@testable import Server

/// A listener that answers on a free port of this machine until it is stopped.
struct Running {
    let port: Int
    private let server: Task<Void, any Error>

    init(_ listener: Listener, server: HTTPServerBuilder = .http1()) async throws {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            responder: listener, server: server, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { found.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "test"))
        self.server = Task { try await application.run() }
        var iterator = ports.makeAsyncIterator()
        port = try #require(await iterator.next())
    }

    func stop() { server.cancel() }
}
