import OAuth
import Testing

@testable import Delegation

@Suite("The host of a client's URL")
struct PublisherHostTests {
    @Test(arguments: [
        ("https://app.example.com", "app.example.com"),
        ("https://example.com/", "example.com"),
        ("HTTPS://App.Example.COM/about?x=1#top", "app.example.com"),
        ("https://app.example.com:443/", "app.example.com"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://1.example", "1.example"),
        ("https://a-b.c0m", "a-b.c0m"),
    ])
    func isRead(uri: String, name: String) throws {
        #expect(try PublisherHost(of: uri).name == name)
    }

    @Test(arguments: [
        ("", PublisherHost.Problem.notAbsolute),
        ("app.example.com", .notAbsolute),
        ("https:app.example.com", .notAbsolute),
        ("https://", .notAName),
        ("https:///path", .notAName),
        ("http://app.example.com", .notHTTPS),
        ("ftp://app.example.com", .notHTTPS),
        ("https://user@app.example.com", .hasUserinfo),
        ("https://app.example.com:8443/", .hasPort),
        ("https://192.0.2.1/", .isAddress),
        ("https://[2001:db8::1]/", .isAddress),
        ("https://2130706433/", .isAddress),
        ("https://0x7f.1/", .isAddress),
        ("https://app.0x7f/", .isAddress),
        ("https://bücher.example/", .notASCII),
        ("https://localhost/", .isSingleLabel),
        ("https://app..example.com", .notAName),
        ("https://.example.com", .notAName),
        ("https://app.example.com./", .notAName),
        ("https://-app.example.com", .notAName),
        ("https://app-.example.com", .notAName),
        ("https://app_1.example.com", .notAName),
        ("https://*.example.com", .notAName),
        ("https://app.example.com%00/", .notAName),
        ("https://\(String(repeating: "a", count: 64)).example", .notAName),
        ("https://\(String(repeating: "a.", count: 126))example", .notAName),
    ])
    func isRefused(uri: String, problem: PublisherHost.Problem) {
        #expect(throws: problem) { try PublisherHost(of: uri) }
    }

    @Test func theLongestNameIsRead() throws {
        let label = String(repeating: "a", count: 63)
        let name = "\(label).\(label).\(label).\(String(repeating: "a", count: 61))"
        #expect(name.utf8.count == 253)
        #expect(try PublisherHost(of: "https://\(name)").name == name)
        #expect(throws: PublisherHost.Problem.notAName) { try PublisherHost(of: "https://\(name)a") }
    }
}

@Suite("Proof of a host")
struct HostProofTests {
    static let start: Int64 = 1_795_525_509
    static let pace = HostProof.Pace()
    static let random = Identifier(high: 1, low: 2)

    static func proof(_ name: String = "app.example.com") throws -> HostProof {
        HostProof(host: try PublisherHost(name: name), random: random, now: start)
    }

    @Test func aNewProofIsDueAtOnce() throws {
        let proof = try Self.proof()
        #expect(proof.status == .pending)
        #expect(proof.nextCheckAt == Self.start)
        #expect(proof.value == "latchkey-client-publisher=00000000000000010000000000000002")
    }

    @Test func theRecordProvesTheHostWhateverStandsBesideIt() throws {
        let proof = try Self.proof()
        for records in [[proof.value], ["v=spf1 -all", " \(proof.value)\n", "x"]] {
            let verified = proof.checked(.records(records), now: Self.start, pace: Self.pace)
            #expect(verified.status == .verified)
            #expect(verified.nextCheckAt == nil)
            #expect(verified.checkedAt == Self.start)
            #expect(verified.text == "DNS has the TXT record at app.example.com.")
        }
    }

    @Test func onlyTheExactValueProves() throws {
        let proof = try Self.proof()
        for record in [
            "", HostProof.valuePrefix, proof.value.uppercased(), proof.value + "0", "x" + proof.value, "\"\(proof.value)\"",
            String(proof.value.dropLast()), "\(proof.value) \(proof.value)",
        ] {
            #expect(proof.checked(.records([record]), now: Self.start, pace: Self.pace).status == .inProgress)
        }
    }

    @Test func theTextSaysWhatWasSeen() throws {
        let proof = try Self.proof()
        func text(_ answer: TXTAnswer) -> String { proof.checked(answer, now: Self.start, pace: Self.pace).text }
        #expect(text(.noSuchName) == "DNS knows no name app.example.com.")
        #expect(text(.noRecord) == "DNS has no TXT record at app.example.com.")
        #expect(text(.timeout) == "DNS gave no answer for app.example.com in time.")
        #expect(text(.serverFailed("no DNS server answered")) == "DNS gave no answer for app.example.com: no DNS server answered.")
        #expect(
            text(.records(["a", "latchkey-client-publisher=other"]))
                == "DNS has another value at app.example.com: \"latchkey-client-publisher=other\".")
        #expect(
            text(.records(["v=spf1 -all"]))
                == "DNS has one TXT record at app.example.com, but not the one that is looked for: \"v=spf1 -all\".")
        #expect(
            text(.records(["1", "2", "3", "4"]))
                == "DNS has 4 TXT records at app.example.com, but not the one that is looked for: \"1\", \"2\", \"3\", ….")
        let hostile = text(.records(["<b>\u{202E}\n" + String(repeating: "x", count: 500)]))
        #expect(hostile.contains("\"<b>??xxx"))
        #expect(hostile.utf8.count < 250)
    }

    @Test func itIsLookedForLessAndLessOftenForTwoDays() throws {
        var proof = try Self.proof()
        var minutes: [Int64] = []
        var longest: Int64 = 0
        while let next = proof.nextCheckAt {
            minutes.append((next - Self.start) / 60)
            longest = max(longest, next - (proof.checkedAt ?? next))
            proof = proof.checked(.noRecord, now: next, pace: Self.pace)
        }
        #expect(minutes.prefix(9) == [0, 1, 2, 4, 8, 16, 32, 64, 124])
        #expect(minutes.last == Int64(2880))
        #expect(longest == 3600)
        #expect(proof.status == .failed)
        #expect(proof.attempts == minutes.count)
        #expect(proof.text.hasPrefix("DNS has no TXT record at app.example.com. It was looked for \(minutes.count) times"))
    }

    @Test func aLateRecordIsFoundAndTheLastLookCountsToo() throws {
        let pending = try Self.proof()
        let waiting = pending.checked(.noSuchName, now: Self.start, pace: Self.pace)
        #expect(waiting.status == .inProgress)
        #expect(waiting.checked(.records([pending.value]), now: Self.start + 60, pace: Self.pace).status == .verified)
        #expect(waiting.checked(.records([pending.value]), now: Self.start + 900_000, pace: Self.pace).status == .verified)
        #expect(waiting.checked(.timeout, now: Self.start + 900_000, pace: Self.pace).status == .failed)
    }

    @Test func whatIsFinalStaysSo() throws {
        let verified = try Self.proof().checked(.records([try Self.proof().value]), now: Self.start, pace: Self.pace)
        #expect(verified.checked(.noSuchName, now: Self.start + 5, pace: Self.pace) == verified)
        let failed = try Self.proof().checked(.timeout, now: Self.start + 900_000, pace: Self.pace)
        #expect(failed.checked(.records([failed.value]), now: Self.start + 900_001, pace: Self.pace) == failed)
    }

    @Test func aURLIsProvenByTheProofOfItsHostAlone() throws {
        let pending = try Self.proof()
        let verified = pending.checked(.records([pending.value]), now: Self.start, pace: Self.pace)
        #expect(verified.proves("https://app.example.com/other/path"))
        for uri in [nil, "https://example.com", "http://app.example.com", "https://www.app.example.com", "https://app.example.com:8443"] {
            #expect(!verified.proves(uri))
        }
        #expect(!pending.proves("https://app.example.com"))
    }

    // MARK: Changes of the URL

    private func step(_ proof: HostProof?, _ uri: String?) throws -> HostProof.Step {
        try HostProof.step(from: proof, to: uri, random: Identifier(high: 9, low: 9), now: Self.start + 100)
    }

    @Test func theSameURLStartsAnUnfinishedOrFailedProofAnewWithTheSameValue() throws {
        let failed = try Self.proof().checked(.timeout, now: Self.start + 900_000, pace: Self.pace)
        for proof in [try Self.proof(), failed] {
            guard case .start(let again) = try step(proof, "https://app.example.com") else {
                Issue.record("not started")
                return
            }
            #expect(again.value == proof.value)
            #expect(again.status == .pending)
            #expect(again.startedAt == Self.start + 100)
            #expect(again.nextCheckAt == Self.start + 100)
            #expect(again.attempts == 0)
        }
    }

    @Test func anotherHostGetsAnotherValue() throws {
        guard case .start(let other) = try step(try Self.proof(), "https://other.example") else {
            Issue.record("not started")
            return
        }
        #expect(other.host.name == "other.example")
        #expect(other.value != (try Self.proof().value))
    }

    @Test func aProvenHostIsFrozenAndItsPathIsNot() throws {
        let pending = try Self.proof()
        let verified = pending.checked(.records([pending.value]), now: Self.start, pace: Self.pace)
        #expect(try step(verified, "https://APP.example.com/new") == .keep)
        #expect(throws: HostProof.Refusal.frozen(pending.host)) { try step(verified, "https://other.example/") }
        #expect(throws: HostProof.Refusal.frozen(pending.host)) { try step(verified, nil) }
    }

    @Test func withoutAURLThereIsNothingToProve() throws {
        #expect(try step(nil, nil) == .keep)
        #expect(try step(try Self.proof(), nil) == .forget)
        #expect(throws: HostProof.Refusal.host(.isSingleLabel)) { try step(nil, "https://localhost") }
    }
}
