import HTTPTypes
import Hummingbird
import Logging
import OAuth
@testable import Storage
import Synchronization
import Testing

@testable import Server

@Suite("What was thrown, as an answer")
struct ErrorAnswersTests {
    private static let kinds: [(name: String, error: any Error)] = [
        ("too large", RequestProblem.tooLarge(1024)), ("forged", RequestProblem.forged),
        ("endpoint", EndpointError(.unauthorized, "invalid_client", "No.", challenge: "Basic")),
        ("page", PageProblem(title: "A title", explanation: "Why.", retryAfter: 9)),
        ("envelope", EnvelopeError.tooOften("Later.", retryAfter: 7)),
        ("not found", AccessProblem.notFound("There is no such thing.")), ("forbidden", AccessProblem.forbidden("Not you.")),
        ("exceeding", AccessProblem.exceeding(.init(pointer: "/a", text: "More than you have."))),
        ("conflict", AccessProblem.conflict("It is there.")), ("too often", AccessProblem.tooOften("Later.", retryAfter: 5)),
        ("invalid", InvalidInput([.init(pointer: "/b", text: "One."), .init(pointer: "/c", text: "Two.")])),
        ("storage", StorageError.busy), ("cancelled", CancellationError()),
    ]

    private static let shapes: [(name: String, shape: ErrorShape)] = [
        ("page", .page), ("oauth", .oauth), ("envelope", .envelope), ("gateway", .gateway),
    ]

    /// An answer without what differs from one request to the next.
    private struct Seen: Equatable {
        let status: Substring
        let headers: [String]
        let body: String

        init(_ text: Substring) {
            let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
            let lines = parts[0].split(separator: "\r\n")
            var requestID = ""
            // The words after the number are the framework's there and ours here.
            status = (lines.first ?? "").prefix { $0 != " " }
            headers = lines.dropFirst().compactMap { line in
                let field = line.split(separator: ":", maxSplits: 1)
                let (name, value) = (field[0].lowercased(), field[1].drop { $0 == " " })
                if name == "x-request-id" { requestID = String(value) }
                return ["x-request-id", "date", "connection"].contains(name) ? nil : "\(name): \(value)"
            }.sorted()
            body = parts.count > 1 ? String(parts[1].replacing(requestID, with: "ID")) : ""
        }
    }

    /// Who ran the endpoint, request by request.
    private final class Ways: Sendable {
        private let ways = Mutex<[Bool]>([])
        func note(isByConnection: Bool) { ways.withLock { $0.append(isByConnection) } }
        var all: [Bool] { ways.withLock { $0 } }
    }

    @Test("whether a connection runs an endpoint or hands it over, every error is answered with the same status, headers and body")
    func sameOnBothWays() async throws {
        let database = try SQLiteDatabase(path: ":memory:")
        try await Migrations.apply(to: database, now: 1)
        let key = try #require(MasterKey(MasterKey.generate(.system)))
        let deployment = try await Deployment.open(
            settings: Settings(issuer: try Issuer("https://login.example.com")), database: database, masterKey: key,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let ways = Ways()
        let routes = Self.kinds.indices.flatMap { kind in
            Self.shapes.indices.map { shape in
                Route.quick(.get, "/\(kind)/\(shape)", Self.shapes[shape].shape) { exchange in
                    ways.note(isByConnection: exchange.channel == nil)
                    throw Self.kinds[kind].error
                }
            }
        }
        let listener = Listener(routes, deployment: deployment, arriving: ArrivingBodies())
        let running = try await Running(listener, server: .connections(of: listener, in: Connections(limit: 100)))
        defer { running.stop() }

        for (kind, each) in Self.kinds.enumerated() {
            for (shape, form) in Self.shapes.enumerated() {
                let connection = try RawConnection(port: running.port)
                let request = "GET /\(kind)/\(shape) HTTP/1.1\r\nHost: a\r\n"
                // The second one closes, which the long way alone knows how to do.
                connection.put("\(request)\r\n\(request)Connection: close\r\n\r\n")
                let seen = await connection.rest().split(separator: "HTTP/1.1 ").map { Seen($0) }
                #expect(seen.count == 2 && seen[0] == seen[1], "\(each.name), \(form.name): \(seen)")
                #expect(ways.all.suffix(2) == [true, false], "\(each.name), \(form.name)")
                #expect(seen[0].status != "500")
            }
        }
    }
}
