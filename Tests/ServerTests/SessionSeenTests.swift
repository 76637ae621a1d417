import AsyncHTTPClient
import Delegation
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import OAuth
import Testing

@testable import Server
@testable import Storage

@Suite("When a session was last seen")
struct SessionSeenTests {
    @Test("a page moves it, at most once a minute")
    func seen() async throws {
        let clock = HostProverTests.World.Clock()
        let start = clock.now
        let database = try SQLiteDatabase(path: ":memory:")
        try await Migrations.apply(to: database, now: 1)
        let deployment = try await Deployment.open(
            settings: Settings(issuer: try Issuer("http://127.0.0.1:8400")), database: database,
            masterKey: try #require(MasterKey(MasterKey.generate(.system))), log: Logger(label: "test"), now: { clock.now })
        let id = Identifier(high: 1, low: 1)
        let actor = Actor(userID: nil, address: "test")
        _ = try await deployment.store.createUser(
            User(id: id, email: "ada@example.com", name: "Ada", createdAt: start), passwordHash: "x", actor: actor, now: start)
        let session = Session(
            id: id, userID: id, createdAt: start, lastSeenAt: start, expiresAt: start + 10_000, authenticatedAt: start, address: "",
            userAgent: "")
        try await deployment.store.createSession(session, hash: Credential.hash("cookie"), replacing: nil, actor: actor, now: start)

        let running = try await Running(Listener(publicRoutes(deployment), deployment: deployment, arriving: ArrivingBodies()))
        defer { running.stop() }

        func visit() async throws -> Int64? {
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(running.port)/sessions")
            request.headers.add(name: "cookie", value: "\(deployment.cookies.session)=cookie")
            let answer = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            _ = try await answer.body.collect(upTo: 1 << 20)
            #expect(answer.status == .ok)
            return try await deployment.store.sessions(userID: id, now: clock.now).first?.lastSeenAt
        }
        clock.advance(59)
        #expect(try await visit() == start)
        clock.advance(1)
        #expect(try await visit() == start + 60)
        clock.advance(59)
        #expect(try await visit() == start + 60)
    }
}
