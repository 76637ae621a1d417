import Delegation
import Testing

@testable import Server

@Suite("TXT records")
struct TXTResolverTests {
    private static func ask(_ name: String, at server: BindTarget, within timeout: Duration = .seconds(5)) async throws -> TXTAnswer {
        await TXTResolver(server: server, timeout: timeout).answer(for: try PublisherHost(name: name))
    }

    @Test func recordsAreReadWithTheirStringsJoined() async throws {
        let server = try Dnsmasq([
            ("one.test", ["first"]), ("apex.test", ["at the apex"]), ("many.test", ["a"]), ("many.test", ["b"]),
            ("long.test", [String(repeating: "x", count: 200), String(repeating: "y", count: 200), "z"]),
        ])
        #expect(try await Self.ask("one.test", at: server.address) == .records(["first"]))
        #expect(try await Self.ask("apex.test", at: server.address) == .records(["at the apex"]))
        guard case .records(let many) = try await Self.ask("many.test", at: server.address) else {
            Issue.record("no records")
            return
        }
        #expect(Set(many) == ["a", "b"])
        let long = String(repeating: "x", count: 200) + String(repeating: "y", count: 200) + "z"
        #expect(try await Self.ask("long.test", at: server.address) == .records([long]))
    }

    @Test func whatIsNotThereIsToldApart() async throws {
        let server = try Dnsmasq([("one.test", ["first"])], names: ["address.test"])
        #expect(try await Self.ask("absent.test", at: server.address) == .noSuchName)
        #expect(try await Self.ask("address.test", at: server.address) == .noRecord)
        guard case .serverFailed = try await Self.ask("not-served.example", at: server.address) else {
            Issue.record("a server that refuses has not answered")
            return
        }
    }

    @Test func anAnswerTooLargeForADatagramComesOverTCP() async throws {
        let texts = (0..<20).map { "\($0) " + String(repeating: "t", count: 180) }
        let server = try Dnsmasq(texts.map { ("large.test", [$0]) })
        guard case .records(let records) = try await Self.ask("large.test", at: server.address) else {
            Issue.record("no records")
            return
        }
        #expect(Set(records) == Set(texts))
    }

    @Test(.timeLimit(.minutes(1))) func aSilentServerIsATimeout() async throws {
        let socket = try LoopbackSocket()
        #expect(try await Self.ask("one.test", at: socket.address, within: .milliseconds(300)) == .timeout)
    }

    @Test(.timeLimit(.minutes(1))) func aLookupEndsWhenItsCallerIsCancelled() async throws {
        let socket = try LoopbackSocket()
        let task = Task { try await Self.ask("one.test", at: socket.address, within: .seconds(600)) }
        task.cancel()
        #expect(try await task.value == .timeout)
    }

    @Test func aClosedPortIsAFailure() async throws {
        let address = BindTarget(host: "127.0.0.1", port: closedPort)
        #expect(try await Self.ask("one.test", at: address) == .serverFailed("no DNS server could be reached, or it refused"))
    }

    @Test func hostileAnswersAreAnswersLikeAnyOther() async throws {
        let replies: [(String, @Sendable ([UInt8]) -> [UInt8])] = [
            ("nothing", { _ in [] }), ("one byte", { _ in [1] }), ("the query itself", { $0 }),
            ("a header that promises more", { Array(Message.reply(to: $0, answers: 9999, body: []).prefix(14)) }),
            ("a record that ends early", { Message.reply(to: $0, answers: 1, body: [0xC0, 12, 0, 16, 0, 1]) }),
            ("a length behind the end", { Message.reply(to: $0, answers: 1, body: Message.txt(length: 5000, [4, 1, 2, 3, 4])) }),
            ("a string behind its record", { Message.reply(to: $0, answers: 1, body: Message.txt(length: 3, [200, 1, 2])) }),
            ("a pointer to itself", { Message.reply(to: $0, answers: 1, body: [0xC0, UInt8($0.count), 0, 16, 0, 1, 0, 0, 0, 0, 0, 0]) }),
            ("a record without strings", { Message.reply(to: $0, answers: 1, body: Message.txt(length: 0, [])) }),
            (
                "truncated, and no TCP",
                { query in
                    var reply = Message.reply(to: query, answers: 0, body: []); reply[2] |= 2; return reply
                }
            ),
        ]
        for (name, reply) in replies {
            let server = try HostileServer(reply)
            let answer = try await Self.ask("one.test", at: server.address, within: .milliseconds(300))
            if case .records(let records) = answer { #expect(records.joined() == "", "\(name)") }
        }
    }

    @Test func bytesThatAreNoTextAreRepaired() async throws {
        let server = try HostileServer { Message.reply(to: $0, answers: 1, body: Message.txt(length: 4, [3, 0xFF, 0, 0x41])) }
        #expect(try await Self.ask("one.test", at: server.address) == .records(["\u{FFFD}\0A"]))
    }

    @Test func noChangedByteEndsTheProcess() async throws {
        let server = try HostileServer { query in
            var reply = Message.reply(
                to: query, answers: 2, body: Message.txt(length: 6, [5, 1, 2, 3, 4, 5]) + Message.txt(length: 2, [1, 9]))
            // The name that is asked for says which byte becomes which.
            let numbers = String(decoding: query[13...], as: UTF8.self).prefix { $0.isNumber || $0 == "-" }.split(separator: "-")
            if numbers.count == 2, let offset = Int(numbers[0]), let value = UInt8(numbers[1]) {
                let index = query.count + offset
                if index < reply.count { reply[index] = value }
            }
            return reply
        }
        let resolver = TXTResolver(server: server.address, timeout: .seconds(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for offset in 0..<32 {
                for value in [0, 1, 12, 63, 127, 192, 255] {
                    group.addTask { _ = await resolver.answer(for: try PublisherHost(name: "\(offset)-\(value).test")) }
                }
            }
            try await group.waitForAll()
        }
        let patient = TXTResolver(server: server.address, timeout: .seconds(30))
        #expect(await patient.answer(for: try PublisherHost(name: "unchanged.test")) == .records(["\u{1}\u{2}\u{3}\u{4}\u{5}", "\t"]))
    }
}

/// DNS messages, byte by byte (RFC 1035 §4).
private enum Message {
    static func reply(to query: [UInt8], answers: UInt16, body: [UInt8]) -> [UInt8] {
        var reply = query
        reply[2] = 0x81
        reply[3] = 0x80
        (reply[6], reply[7]) = (UInt8(answers >> 8), UInt8(answers & 0xFF))
        return reply + body
    }

    /// A record at the name of the question.
    static func txt(length: UInt16, _ data: [UInt8]) -> [UInt8] {
        [0xC0, 12, 0, 16, 0, 1, 0, 0, 0, 60, UInt8(length >> 8), UInt8(length & 0xFF)] + data
    }
}
