import Foundation
import Hummingbird
import Logging
import NIOCore
import OAuth
@testable import Storage
import Testing

@testable import Server

@Suite("Bodies that are held back")
struct LateBodyTests {
    /// A listener on a port of its own, with a clock that stands until it is moved and routes that tell what they were called with.
    final class World: Sendable {
        let arriving = ArrivingBodies()
        let clock = HostProverTests.World.Clock()
        private let running: Running
        var port: Int { running.port }

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
            running = try await Running(Listener(routes, deployment: deployment, arriving: arriving))
        }

        deinit { running.stop() }

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
        let connection = try RawConnection(port: world.port, of: world)
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
        let connection = try RawConnection(port: world.port, of: world)
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
        let connection = try RawConnection(port: world.port, of: world)
        connection.put("GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab")
        #expect(await connection.rest().contains(#"{"now":\#(HostProverTests.start),"length":0}"#))
    }
}
