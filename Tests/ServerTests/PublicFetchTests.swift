import Delegation
import Synchronization
import Testing

@testable import Server

@Suite("Requests to addresses that somebody else chose")
struct PublicFetchTests {
    /// Answers each question with the next list of addresses, the last one for ever; counts how often it was asked.
    private final class FakeDNS: Sendable {
        private let answers: [AddressResolver.Answer]
        private let asked = Mutex<[String]>([])

        init(_ answers: [String]...) {
            self.answers = answers.map { $0.isEmpty ? .noSuchName : .addresses($0.compactMap { ResolvedAddress($0) }) }
        }

        init(_ answer: AddressResolver.Answer) { answers = [answer] }

        var names: [String] { asked.withLock { $0 } }

        var resolver: AddressResolver {
            AddressResolver { name in
                self.asked.withLock { asked in
                    asked.append(name)
                    return self.answers[min(asked.count, self.answers.count) - 1]
                }
            }
        }
    }

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nthanks"

    private static func send(
        _ url: String, _ dns: FakeDNS, allowsPrivate: Bool = false, bodyLimit: Int = 8192, timeLimit: Duration = .seconds(15)
    ) async throws -> PublicFetch.Answer {
        try await PublicFetch(resolver: dns.resolver, allowsPrivate: allowsPrivate).send(
            .init(
                url: url, headers: [("webhook-id", "m1")], body: Array("{}".utf8), bodyLimit: bodyLimit,
                timeLimit: timeLimit))
    }

    @Test(
        "a name with one address that must not be called is not called at all",
        arguments: [
            ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["100.64.0.1"], ["224.0.0.1"], ["0.0.0.0"], ["::1"], ["fd00::1"], ["fe80::1"],
            ["::ffff:127.0.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::7f00:1"], ["2002:7f00:1::1"], ["ff02::1"],
            ["1.1.1.1", "127.0.0.1"], ["1.1.1.1", "8.8.8.8", "fd00::1"], ["2606:4700::1111", "192.168.1.1"],
        ])
    func refusedAddresses(addresses: [String]) async throws {
        let server = try LoopbackHTTP(Self.ok)
        let dns = FakeDNS(addresses)
        await #expect(throws: PublicFetch.Problem.notPublic("app.test")) {
            try await Self.send("https://app.test:\(server.port)/", dns)
        }
        #expect(server.requests.isEmpty && dns.names == ["app.test"])
    }

    @Test("an address is not asked about, and refused like a name's", arguments: ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:7f00:1]"])
    func literals(host: String) async throws {
        let dns = FakeDNS(["1.1.1.1"])
        await #expect(throws: PublicFetch.Problem.self) { try await Self.send("https://\(host)/", dns) }
        #expect(dns.names.isEmpty)
    }

    @Test("the connection goes to the address that was looked at, whatever the name means a moment later (DNS rebinding)")
    func rebinding() async throws {
        let server = try LoopbackHTTP(Self.ok)
        // First what may be called here, then another host: a second question would lead there.
        let dns = FakeDNS(["127.0.0.1"], ["192.0.2.1"])
        let answer = try await Self.send("http://localhost:\(server.port)/hook?x=1", dns, allowsPrivate: true)
        #expect(answer == .init(status: 200, body: Array("thanks".utf8)))
        #expect(dns.names == ["localhost"])
        let request = try #require(server.requests.first).lowercased()
        #expect(request.hasPrefix("post /hook?x=1 http/1.1\r\n"))
        #expect(request.contains("\r\nhost: localhost:\(server.port)\r\n") && request.contains("\r\nwebhook-id: m1\r\n"))
    }

    @Test("the other way round it is refused, and what it means a moment later is never called")
    func rebindingFromOutside() async throws {
        let server = try LoopbackHTTP(Self.ok)
        let dns = FakeDNS(["10.0.0.1"], ["127.0.0.1"])
        await #expect(throws: PublicFetch.Problem.notPublic("localhost")) {
            try await Self.send("http://localhost:\(server.port)/", dns, allowsPrivate: true)
        }
        #expect(server.requests.isEmpty)
    }

    @Test("TLS asks for the name and trusts nothing that is not certified for it")
    func tls() async throws {
        let server = try LoopbackHTTP("this is no TLS")
        let dns = FakeDNS(["127.0.0.1"])
        await #expect(throws: PublicFetch.Problem.untrusted("app.test")) {
            try await Self.send("https://app.test:\(server.port)/", dns, allowsPrivate: true)
        }
        // The name stands in clear in the first message (RFC 6066 §3).
        #expect(server.requests.first?.contains("app.test") == true)
        #expect(server.requests.first?.contains("webhook-id") == false)
    }

    @Test("a redirect is an answer")
    func redirect() async throws {
        let inside = try LoopbackHTTP(Self.ok)
        let server = try LoopbackHTTP(
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(inside.port)/\r\nContent-Length: 0\r\n\r\n")
        let answer = try await Self.send("http://127.0.0.1:\(server.port)/", FakeDNS([]), allowsPrivate: true)
        #expect(answer.status == 302 && inside.requests.isEmpty)
    }

    @Test("no more of an answer is read than was asked for")
    func bodyLimit() async throws {
        let server = try LoopbackHTTP("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 100_000))
        let answer = try await Self.send("http://127.0.0.1:\(server.port)/", FakeDNS([]), allowsPrivate: true, bodyLimit: 100)
        #expect(answer.body.count == 100)
    }

    @Test(
        "what hangs ends in time, before its answer or in the middle of it",
        arguments: [nil, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"])
    func timeLimit(beginning: String?) async throws {
        let server = try LoopbackHTTP(beginning, isEndless: true)
        let started = ContinuousClock.now
        await #expect(throws: PublicFetch.Problem.tooLate) {
            try await Self.send("http://127.0.0.1:\(server.port)/", FakeDNS([]), allowsPrivate: true, timeLimit: .milliseconds(300))
        }
        #expect(ContinuousClock.now - started < .seconds(10))
    }

    @Test("whoever gives up is not kept")
    func cancellation() async throws {
        let server = try LoopbackHTTP(nil)
        let task = Task { try await Self.send("http://127.0.0.1:\(server.port)/", FakeDNS([]), allowsPrivate: true) }
        while server.requests.isEmpty { await Task.yield() }
        let started = ContinuousClock.now
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(ContinuousClock.now - started < .seconds(30))
    }

    @Test("whoever gives up while the connection is being made does not wait for it", .timeLimit(.minutes(1)))
    func connecting() async throws {
        let socket = try FullSocket()
        var fetch = PublicFetch(resolver: FakeDNS([]).resolver, allowsPrivate: true)
        fetch.connectLimit = .seconds(3600)
        await #expect(throws: PublicFetch.Problem.tooLate) {
            try await fetch.send(
                .init(
                    url: "http://127.0.0.1:\(socket.port)/", headers: [], body: Array("{}".utf8), bodyLimit: 10,
                    timeLimit: .milliseconds(300)))
        }
    }

    @Test("what cannot be found or reached is told in words")
    func words() async throws {
        await #expect(throws: PublicFetch.Problem.noSuchName("app.test")) { try await Self.send("https://app.test/", FakeDNS([])) }
        await #expect(throws: PublicFetch.Problem.unresolved("app.test")) { try await Self.send("https://app.test/", FakeDNS(.timeout)) }
        await #expect(throws: PublicFetch.Problem.unresolved("app.test")) {
            try await Self.send("https://app.test/", FakeDNS(.failed("secret detail")))
        }
        await #expect(throws: PublicFetch.Problem.unreachable("127.0.0.1")) {
            try await Self.send("http://127.0.0.1:\(closedPort)/", FakeDNS([]), allowsPrivate: true)
        }
        for url in ["ftp://app.test/", "http://app.test/", "https://u@app.test/", "https://app.test./", "nonsense"] {
            let dns = FakeDNS(["1.1.1.1"])
            await #expect(throws: PublicFetch.Problem.self) { try await Self.send(url, dns) }
            #expect(dns.names.isEmpty)
        }
    }

    @Test("the next address is tried where one cannot be reached")
    func nextAddress() async throws {
        let server = try LoopbackHTTP(Self.ok)
        let answer = try await Self.send("http://localhost:\(server.port)/", FakeDNS(["127.9.9.9", "127.0.0.1"]), allowsPrivate: true)
        #expect(answer.status == 200)
    }

    @Test("addresses of both kinds are found with a real DNS server")
    func realDNS() async throws {
        let server = try Dnsmasq([], names: ["app.test"])
        let resolver = AddressResolver.system(server: server.address, timeout: .seconds(20))
        #expect(await resolver.answer("app.test") == .addresses([try #require(ResolvedAddress("192.0.2.1"))]))
        #expect(await resolver.answer("nowhere.test") == .noSuchName)
        let silent = try LoopbackSocket()
        #expect(await AddressResolver.system(server: silent.address, timeout: .milliseconds(200)).answer("app.test") == .timeout)
    }
}
