import OAuth
import Testing

@testable import Delegation

@Suite("Refusals on the wire")
struct RefusalTests {
    func refusal(_ lacking: Shortfall, account: String? = nil) -> Refusal { .scopesMissing(lacking, account: account) }

    @Test("The keys that apply, in the contract's order")
    func json() {
        let missing = Shortfall(scope: ["dns.write"], alternative: ["dns.write"])
        #expect(
            refusal(missing).json(authorizeURL: "https://id.example/oauth2/auth?client_id=1").text == """
                {"error":"insufficient_scope","error_description":"The token lacks the scope dns.write. Ask the user to authorize \
                again and to allow it.","missing":{"scope":["dns.write"]},"authorize_url":"https://id.example/oauth2/auth?client_id=1"}
                """)
        let unknown = Refusal.unknown(method: "GET", target: "/x?a=b")
        #expect(unknown.json(authorizeURL: nil)["missing"] == ["operation": "GET /x"])
        #expect(unknown.json(authorizeURL: nil)["authorize_url"] == nil)
        let account = Refusal.accountMissing("acme", Shortfall(alternative: ["dns.read"]), held: [])
        #expect(account.json(authorizeURL: nil)["missing"] == ["account": "acme"])
    }

    @Test("The operation is cut at 200 characters, and the line is ASCII")
    func operation() throws {
        let refusal = Refusal.unknown(method: "GET", target: "/" + String(repeating: "é", count: 500)[...])
        let operation = try #require(refusal.missing.operation)
        #expect(operation.unicodeScalars.count == 200 && operation.hasPrefix("GET /éé"))
        let line = refusal.line(authorizeURL: nil)
        #expect(line.utf8.allSatisfy { (0x20..<0x7F).contains($0) } && line.contains("\\u00e9"))
        #expect(try JSON(parsing: Array(line.utf8)) == refusal.json(authorizeURL: nil))
    }

    @Test("Whatever is in it, the line stays valid JSON and within 4 KiB, and says as much as fits")
    func alwaysFits() throws {
        let many = ScopeSet((0..<400).map { "service\($0).some.long.label.read" })
        let long = ScopeSet((0..<12).map { String(repeating: "x", count: 900) + String($0) })
        let hostile = String(repeating: "\u{1F600}", count: 5000)
        let refusals: [Refusal] = [
            refusal(Shortfall(scope: many, role: many, alternative: many)), refusal(Shortfall(scope: long, alternative: long)),
            .accountMissing(hostile, Shortfall(scope: many, alternative: many), held: []),
            .unknown(method: hostile, target: hostile[...]), .malformed(method: "GET", target: "/\0\"\\\n"[...]),
        ]
        for refusal in refusals {
            for url in [nil, "https://id.example/" + String(repeating: "u", count: 3000)] {
                let line = refusal.line(authorizeURL: url)
                #expect(line.utf8.count <= 4096)
                let json = try JSON(parsing: Array(line.utf8))
                #expect(json["error"] == "insufficient_scope" && json["missing"] != nil)
            }
        }
        let kept = try #require(refusals[0].json(authorizeURL: nil)["missing"]?["scope"]?.arrayValue)
        #expect(kept.count >= 25)
    }

    @Test("The URL goes before any label does")
    func urlFirst() {
        let scopes = ScopeSet((0..<60).map { "service\($0).some.long.label.read" })
        let json = refusal(Shortfall(scope: scopes, alternative: scopes)).json(authorizeURL: String(repeating: "u", count: 2000))
        #expect(json["authorize_url"] == nil && json["missing"]?["scope"]?.arrayValue?.count == 60)
    }

    @Test("RFC 6750 §3: descriptions and challenges hold nothing that breaks a quoted string")
    func quoting() {
        let refusal = Refusal.accountMissing("a\"b\\c\r\nd\u{e9}", Shortfall(alternative: ["dns.read"]), held: [])
        #expect(refusal.description.utf8.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C })
        #expect(refusal.missing.account == "a\"b\\c\r\nd\u{e9}")
        #expect(refusal.challenge(resourceMetadata: "https://api.example/m").utf8.allSatisfy { (0x20..<0x7F).contains($0) })
    }

    @Test("An account name that had to be cut is not asked for")
    func longAccount() {
        let refusal = Refusal.accountMissing(String(repeating: "a", count: 300), Shortfall(alternative: ["dns.read"]), held: [])
        #expect(refusal.missing.account?.count == 200)
        #expect(refusal.wanted == Refusal.Wanted(scopes: ["dns.read"], account: nil))
    }

    @Test("Where the operation needs no scope, what the token holds is asked for again")
    func accountAlone() {
        let refusal = Refusal.accountMissing("acme", Shortfall(), held: ["zone.read"])
        #expect(refusal.wanted == Refusal.Wanted(scopes: ["zone.read"], account: "acme"))
    }
}
