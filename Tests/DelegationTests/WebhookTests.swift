import OAuth
import Testing

@testable import Delegation

@Suite("Webhooks")
struct WebhookTests {
    private static let client = Identifier(high: 0, low: 7)
    private static let authorization = Identifier(high: 0, low: 9)

    // MARK: Registration

    private static func pointers(_ registration: WebhookRegistration, isNew: Bool = true) -> [String] {
        do {
            _ = try registration.checked(isNew: isNew, allowsPrivate: false)
            return []
        } catch {
            return error.all.map(\.pointer)
        }
    }

    @Test("everything that is wrong is told at once; a change may leave out what stays")
    func registration() throws {
        #expect(Self.pointers(WebhookRegistration()) == ["/url", "/events"])
        #expect(Self.pointers(WebhookRegistration(), isNew: false) == [])
        let wrong = WebhookRegistration(url: "x", kinds: ["client.frozen", "no", "ping"])
        #expect(Self.pointers(wrong) == ["/url", "/events/1", "/events/2"])
        #expect(Self.pointers(WebhookRegistration(url: "https://a.example", kinds: [])) == ["/events"])
        let change = try WebhookRegistration(
            url: "https://a.example", kinds: ["client.frozen", "authorization.ended", "client.frozen"], isEnabled: false
        ).checked(isNew: true, allowsPrivate: false)
        #expect(change.kinds == [.authorizationEnded, .clientFrozen])
        #expect(change.isEnabled == false)
    }

    @Test(
        "addresses that can be called",
        arguments: [
            "https://a.example/", "https://a.example", "https://A.Example:8443/x?y=z", "https://1.1.1.1/", "https://[2606:4700::1]/x",
            "https://xn--bcher-kva.example/", "https://under_score.example/", "https://single/",
        ])
    func callable(url: String) {
        #expect(PublicURL.problem(url, allowsPrivate: false) == nil)
    }

    @Test(
        "addresses that cannot",
        arguments: [
            "", "a.example", "//a.example/", "ftp://a.example/", "http://a.example/", "http://127.0.0.1/", "https://", "https:///x",
            "https://u@a.example/", "https://u:p@a.example/", "https://a.example/#x", "https://a.example:0/", "https://a.example./",
            "https://.a.example/", "https://a..example/", "https://-a.example/", "https://a%2eexample/", "https://a.example\\@b/",
            "https://127.0.0.1/", "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://a.0x7f/",
            "https://10.0.0.1/", "https://169.254.169.254/latest", "https://localhost/", "https://LOCALHOST/", "https://[::1]/",
            "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/", "https://[64:ff9b::1.1.1.1]/",
            "https://bücher.example/",
        ])
    func notCallable(url: String) {
        #expect(PublicURL.problem(url, allowsPrivate: false) != nil)
    }

    @Test("inside, where that is allowed; without TLS on this machine alone")
    func inside() {
        for url in ["http://127.0.0.1:8000/x", "http://[::1]/", "http://localhost/", "https://10.0.0.1/", "https://localhost/"] {
            #expect(PublicURL.problem(url, allowsPrivate: true) == nil, "\(url)")
        }
        for url in ["http://10.0.0.1/", "http://a.example/", "http://127.0.0.2/", "http://localhost.example/"] {
            #expect(PublicURL.problem(url, allowsPrivate: true) != nil, "\(url)")
        }
    }

    // MARK: Messages

    @Test("each kind is one of the events, and has words of its own")
    func kinds() {
        let known = Set(EventWords.groups.flatMap(\.members).map(\.kind))
        for kind in WebhookKind.allCases {
            #expect(known.contains(kind.rawValue))
            #expect(!kind.name.isEmpty)
        }
        #expect(Set(WebhookKind.allCases.map(\.name)).count == WebhookKind.allCases.count)
    }

    @Test("a message holds ids alone, whatever its event tells")
    func payload() throws {
        let details: JSON = ["secret_id": "s1", "accounts": ["a1"], "email": "ada@example.com"]
        for kind in WebhookKind.allCases {
            let text = WebhookMessage.payload(
                kind, at: 1_795_525_509, clientID: Self.client, authorizationID: Self.authorization, details: details)
            let message = try JSON(parsing: text)
            #expect(message["type"] == .string(kind.rawValue))
            #expect(message["timestamp"] == "2026-11-24T13:05:09Z")
            let data = try #require(message["data"]?.objectValue)
            #expect(data["client_id"] == .string(Self.client.description))
            let more = Set(data.names).subtracting(["client_id"])
            if kind.rawValue.hasPrefix("authorization") {
                #expect(more == ["authorization_id"])
            } else {
                #expect(more == (kind == .secretAdded || kind == .secretRemoved ? ["secret_id"] : []))
            }
        }
    }

    @Test("an answer is kept in a form that can be shown")
    func answers() {
        let long = WebhookAttempt(status: 200, body: Array(repeating: UInt8(ascii: "x"), count: 8192))
        #expect(long.isAccepted && long.body?.count == WebhookAttempt.shownLength)
        #expect(WebhookAttempt(status: 204, body: []).isAccepted)
        let odd = WebhookAttempt(status: 500, body: [0x61, 0x00, 0x1B, 0x0A, 0xFF, 0x62, 0xC3])
        #expect(odd.body == "a\n\u{FFFD}b\u{FFFD}" && !odd.isAccepted && !odd.isGone)
        for status in [100, 199, 300, 301, 302, 304, 307, 308, 400, 404, 410, 500, 503] {
            #expect(!WebhookAttempt(status: status, body: []).isAccepted, "\(status)")
        }
        #expect(WebhookAttempt(status: 302, body: []).problem?.contains("not followed") == true)
        #expect(WebhookAttempt(status: 410, body: []).isGone)
        #expect(!WebhookAttempt(problem: "No.").isAccepted)
    }

    // MARK: Pace

    @Test("a message is tried ten times, as Standard Webhooks has it; a test once")
    func pace() {
        var (now, pauses): (Int64, [Int64]) = (0, [])
        var attempts = 1
        while let next = DeliveryPace.nextAttempt(of: "client.frozen", after: attempts, now: now) {
            pauses.append(next - now)
            now = next
            attempts += 1
        }
        #expect(pauses == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400])
        #expect(attempts == 10 && DeliveryPace.attempts(of: "client.frozen") == 10)
        #expect(DeliveryPace.nextAttempt(of: Webhook.ping, after: 1, now: 0) == nil)
    }
}
