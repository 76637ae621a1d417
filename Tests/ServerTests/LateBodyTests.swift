import Foundation
import Hummingbird
import Logging
import NIOCore
import OAuth
@testable import Storage
import Testing

@testable import Server

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite("Bodies that are held back")
struct LateBodyTests {
    /// A listener on a port of its own, with a clock that stands until it is moved and routes that tell what they were called with.
    final class World: Sendable {
        let arriving = ArrivingBodies()
        let clock = HostProverTests.World.Clock()
        let server: Task<Void, any Error>
        let port: Int

        init() async throws {
            let database = try SQLiteDatabase(path: ":memory:")
            try await Migrations.apply(to: database, now: 1)
            let key = try #require(MasterKey(MasterKey.generate(.system)))
            let deployment = try await Deployment.open(
                settings: Settings(issuer: try Issuer("https://login.example.com")), database: database, masterKey: key,
                log: Logger(label: "test"), now: { [clock] in clock.now })
            let answer: @Sendable (Exchange) async throws -> Response = { exchange in
                let length = try await exchange.body().readableBytes
                return .json(.ok, ["now": .integer(exchange.now), "length": .integer(Int64(length))])
            }
            let routes: [Route] = [.post("/oauth", .oauth, answer), .put("/envelope", .envelope, answer), .get("/none", .oauth, answer)]
            let (ports, found) = AsyncStream.makeStream(of: Int.self)
            let application = Application(
                responder: Listener(routes, deployment: deployment, arriving: arriving),
                configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { found.yield($0.localAddress?.port ?? 0) }, logger: Logger(label: "test"))
            server = Task { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            port = try #require(await iterator.next())
        }

        deinit { server.cancel() }

        /// Waits until so many bodies are on their way.
        func waitForArriving(_ count: Int) async throws {
            let deadline = ContinuousClock.now + .seconds(10)
            while arriving.count != count {
                try #require(ContinuousClock.now < deadline, "\(arriving.count) bodies on their way")
                await Task.yield()
            }
        }
    }

    @Test("the time is read when the whole body is there, not when its headers are")
    func time() async throws {
        let world = try await World()
        let connection = try Connection(to: world)
        connection.put("POST /oauth HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
        try await world.waitForArriving(1)
        world.clock.advance(1000)
        connection.put("cd")
        #expect(await connection.rest().contains(#"{"now":\#(HostProverTests.start + 1000),"length":4}"#))
        #expect(world.arriving.count == 0)
    }

    @Test(
        "what is not there in time is 408 in the endpoint's own form of error, and the connection closes",
        arguments: [
            ("POST /oauth HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab", #""error":"invalid_request""#),
            ("POST /oauth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", #""error":"invalid_request""#),
            ("PUT /envelope HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n", #""success":false"#),
        ])
    func deadline(request: String, form: String) async throws {
        let world = try await World()
        let connection = try Connection(to: world)
        connection.put(request)
        try await world.waitForArriving(1)
        world.arriving.endOverdue(at: .now() + .seconds(10))
        #expect(world.arriving.count == 1, "ten seconds are not too long")
        world.arriving.endOverdue(at: .now() + .seconds(16))
        let answer = await connection.rest()
        #expect(answer.hasPrefix("HTTP/1.1 408 "))
        #expect(answer.lowercased().contains("\r\nconnection: close\r\n"))
        #expect(answer.contains(form))
        #expect(answer.contains("did not arrive in time"))
    }

    @Test("a route without a body does not wait for one, and cannot read it later")
    func none() async throws {
        let world = try await World()
        let connection = try Connection(to: world)
        connection.put("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
        #expect(await connection.rest().contains(#"{"now":\#(HostProverTests.start),"length":0}"#))
    }
}

/// A connection that sends what it is told to, when it is told to.
private final class Connection: Sendable {
    /// Runs as long as somebody is connected.
    private let world: LateBodyTests.World
    private let descriptor: Int32

    init(to world: LateBodyTests.World) throws {
        self.world = world
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(world.port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func put(_ text: String) { _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// All that comes until the other side closes; says so where it does not within ten seconds.
    func rest() async -> String {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var text = ""
                var buffer = [UInt8](repeating: 0, count: 64 * 1024)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    if count < 0 { text = "still open after: " + text }
                    if count <= 0 { break }
                    text += String(decoding: buffer.prefix(count), as: UTF8.self)
                }
                continuation.resume(returning: text)
            }
        }
    }
}
