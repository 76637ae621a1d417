import Delegation
import Logging
import NIOCore
import OAuth
import Storage
import Testing

@testable import Server

@Suite("Metrics")
struct MetricsTests {
    private func deployment() async throws -> Deployment {
        let database = try SQLiteDatabase(path: ":memory:")
        try await Migrations.apply(to: database, now: 1)
        return try await Deployment.open(
            settings: Settings(issuer: try Issuer("https://login.example.com/base")), database: database,
            masterKey: try #require(MasterKey(MasterKey.generate(.system))), log: Logger(label: "test"), now: { 1_800_000_000 })
    }

    @Test("every route is counted under what it is")
    func endpoints() async throws {
        let deployment = try await deployment()
        let counted = Dictionary(
            grouping: publicRoutes(deployment) + internalRoutes(deployment), by: \.metered
        ).mapValues { Set($0.map(\.path)) }
        #expect(counted[.token] == ["/base/oauth2/token"])
        #expect(counted[.introspect] == ["/base/oauth2/introspect", "/oauth2/introspect"])
        #expect(counted[.authorize] == ["/base/oauth2/auth"])
        #expect(counted[.keys] == ["/base/.well-known/jwks.json", "/.well-known/jwks.json"])
        #expect(counted[.health] == ["/health/alive", "/health/ready"])
        #expect(counted[.verify]?.allSatisfy { $0.hasPrefix("/verify") } == true)
        #expect(counted[.management]?.allSatisfy { $0.hasPrefix("/base/api/v4/") } == true)
        #expect(counted[.metadata]?.allSatisfy { $0.contains("/.well-known/o") } == true)
        #expect(counted[.pages]?.contains("/base/connected-apps/{authorization}") == true)
        #expect(counted[.pages]?.contains { $0.contains("/api/") } == false)
        #expect(counted[.unknown] == nil)
    }

    @Test(
        "how an answer counts",
        arguments: [
            (200, MeteredOutcome.ok), (204, .ok), (303, .ok), (400, .clientError), (404, .clientError), (429, .clientError),
            (401, .refused), (403, .refused), (503, .unavailable), (500, .error), (502, .error),
        ])
    func outcomes(status: Int, outcome: MeteredOutcome) {
        #expect(MeteredOutcome(status: status) == outcome)
    }

    @Test("buckets add up, as Prometheus has them")
    func histogram() {
        let durations = DurationHistogram()
        for nanoseconds in [1, 100_000, 100_001, 3_000_000, 60_000_000_000] { durations.record(nanoseconds: nanoseconds) }
        var text = MetricsText()
        text.histogram("wait_seconds", [("kind", "a")], durations)
        let lines = text.text.split(separator: "\n")
        #expect(lines[0] == #"wait_seconds_bucket{kind="a",le="0.0001"} 2"#)
        #expect(lines[1] == #"wait_seconds_bucket{kind="a",le="0.00025"} 3"#)
        #expect(lines.contains(#"wait_seconds_bucket{kind="a",le="0.005"} 4"#))
        #expect(lines.contains(#"wait_seconds_bucket{kind="a",le="10.0"} 4"#))
        #expect(lines.contains(#"wait_seconds_bucket{kind="a",le="+Inf"} 5"#))
        #expect(lines.contains(#"wait_seconds_count{kind="a"} 5"#))
        #expect(lines.contains { $0.hasPrefix(#"wait_seconds_sum{kind="a"} 60.003"#) })
    }

    @Test("what fails in the database is counted by its kind")
    func databaseErrors() async throws {
        let deployment = try await deployment()
        let user = User(
            id: Identifier(high: 1, low: 1), email: "ada@example.com", name: "Ada", createdAt: 1)
        let stranger = Session(
            id: user.id, userID: user.id, createdAt: 1, lastSeenAt: 1, expiresAt: 2, authenticatedAt: 1, address: "", userAgent: "")
        await #expect(throws: StorageError.contradiction) {
            try await deployment.store.createSession(
                stranger, hash: [1], replacing: nil, actor: Actor(userID: nil, address: "test"), now: 1)
        }
        let text = MetricsEndpoint(deployment: deployment).text(now: 1_800_000_060)
        #expect(text.contains(#"latchkey_database_errors_total{kind="contradiction"} 1"#))
        #expect(text.contains(#"latchkey_database_errors_total{kind="busy"} 0"#))
        #expect(text.contains(#"latchkey_key_age_seconds{purpose="mac"} 60"#))
        #expect(text.contains("latchkey_feed_trusted 1\n"))
        deployment.tail.lost()
        #expect(MetricsEndpoint(deployment: deployment).text(now: 1).contains("latchkey_feed_trusted 0\n"))
    }
}

@Suite("Traces")
struct TraceContextTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

    @Test("a well-formed value goes on as the parent of what is done here")
    func child() throws {
        let trace = try #require(TraceContext(["00-\(Self.trace)-00f067aa0ba902b7-01"], spanID: 0xAB))
        #expect(trace.traceID == Self.trace)
        #expect(trace.spanID == "00000000000000ab")
        #expect(trace.traceparent == "00-\(Self.trace)-00000000000000ab-01")
        #expect(TraceContext(["00-\(Self.trace)-00f067aa0ba902b7-00"])?.spanID.utf8.count == 16)
    }

    @Test(
        "anything else counts as none (Trace Context §3.2.2)",
        arguments: [
            [], [""], ["00-\(trace)-00f067aa0ba902b7"], ["01-\(trace)-00f067aa0ba902b7-01"], ["ff-\(trace)-00f067aa0ba902b7-01"],
            ["00-\(trace.uppercased())-00f067aa0ba902b7-01"], ["00-00000000000000000000000000000000-00f067aa0ba902b7-01"],
            ["00-\(trace)-0000000000000000-01"], ["00-\(trace)-00f067aa0ba902b7-0g"], ["00-\(trace)-00f067aa0ba902b7-01 "],
            ["00-\(trace)-00f067aa0ba902b7-01-00"], ["00_\(trace)_00f067aa0ba902b7_01"],
            ["00-\(trace)-00f067aa0ba902b7-01", "00-\(trace)-00f067aa0ba902b7-01"], [String(repeating: "0", count: 10_000)],
        ])
    func malformed(fields: [String]) {
        #expect(TraceContext(fields) == nil)
    }

    @Test("the last thousand events remember the trace of their request")
    func events() throws {
        let trace = try #require(TraceContext(["00-\(Self.trace)-00f067aa0ba902b7-01"]))
        let traces = EventTraces()
        for sequence in 1...2000 { traces.remember(trace, of: [Int64(sequence)]) }
        #expect(traces[2000] == trace)
        #expect(traces[977] == trace)
        #expect(traces[976] == nil)
        #expect(traces[2001] == nil)
    }
}
