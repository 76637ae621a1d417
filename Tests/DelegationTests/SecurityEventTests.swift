import OAuth
import Testing

@testable import Delegation

@Suite("Changes as security events")
struct SecurityEventTests {
    private let issuer = "https://login.example.com"
    private let user = Identifier(high: 1, low: 1)
    private let client = Identifier(high: 1, low: 2)
    private let installation = Identifier(high: 1, low: 3)

    private func change(_ kind: String) throws -> FeedChange {
        let reach = try #require(FeedChange.reach(kind: kind, user: user, client: client, installation: installation))
        return FeedChange(sequence: 7, at: 1_800_000_000, kind: kind, reach: reach)
    }

    @Test(
        "what a change reaches",
        arguments: [
            ("authorization.ended", "sub client_id"), ("authorization.granted", "sub client_id"),
            ("installation.ended", "sub client_id installation"), ("token.revoked", "sub client_id installation"),
            ("refresh.reused", "sub client_id installation"), ("client.suspended", "client_id"),
            ("policy.approval_withdrawn", "client_id"), ("user.disabled", "sub"), ("member.removed", "sub"), ("policy.changed", ""),
            ("account.suspended", ""),
            ("catalogue.imported", ""),
        ])
    func reach(kind: String, members: String) throws {
        let json = try change(kind).json(issuedBefore: 5)
        #expect(json["concerns"]?.objectValue?.names.joined(separator: " ") == members)
        #expect(json["issued_before"] == 5)
    }

    @Test(
        "what alters no answer reaches nothing",
        arguments: [
            "installation.began", "session.created", "sign_in.failed", "client.secret_added", "webhook.created", "app_request.made",
        ])
    func nothing(kind: String) {
        #expect(FeedChange.reach(kind: kind, user: user, client: client, installation: installation) == nil)
    }

    @Test("every kind that drops what this server remembers of tokens is told, but for those that begin something")
    func complete() {
        let silent: Set<String> = [
            "installation.began", "client.created", "client.secret_added", "client.secret_removed", "client.host_proof_started",
            "client.host_verified", "client.host_proof_failed", "account.created", "account.renamed", "user.created",
            "user.password_changed", "role.created",
        ]
        for prefix in [
            "authorization", "installation", "token", "code", "refresh", "client", "account", "user", "member", "role", "policy",
        ] {
            for kind in EventWords.groups.filter({ $0.prefix == prefix }).flatMap(\.members).map(\.kind) where !silent.contains(kind) {
                #expect(FeedChange.reach(kind: kind, user: user, client: client, installation: installation) != nil, "\(kind)")
            }
        }
    }

    @Test("the claims of a token (RFC 8417 §2.2, RFC 9493)")
    func claims() throws {
        let change = try change("installation.ended")
        let event = try #require(SecurityEvent(change, scopes: nil, issuer: issuer))
        let claims = event.claims(change, issuer: issuer, audience: "rs", id: "j", now: 1_800_000_003)
        #expect(claims["toe"] == 1_800_000_000 && claims["iat"] == 1_800_000_003 && claims["aud"] == "rs" && claims["txn"] == "7")
        #expect(
            claims["sub_id"]
                == .object([
                    "format": "complex", "user": ["format": "iss_sub", "iss": .string(issuer), "sub": .string(user.description)],
                    "application": ["format": "opaque", "id": .string(client.description)],
                    "session": ["format": "opaque", "id": .string(installation.description)],
                ]))
        #expect(claims["events"]?.objectValue?.names == [SecurityEvent.sessionRevoked])
    }

    @Test("types: a session that ended, claims that changed, and everything else under the issuer's own name")
    func types() throws {
        #expect(SecurityEvent(try change("user.disabled"), scopes: nil, issuer: issuer)?.type == SecurityEvent.sessionRevoked)
        let narrowed = try #require(SecurityEvent(try change("authorization.narrowed"), scopes: ["b", "a"], issuer: issuer))
        #expect(narrowed.type == SecurityEvent.tokenClaimsChange)
        #expect(narrowed.payload["claims"] == ["scope": "a b"])
        let policy = try #require(SecurityEvent(try change("policy.changed"), scopes: nil, issuer: issuer))
        #expect(policy.type == issuer + "/events/change" && policy.subject["format"] == "uri")
        #expect(SecurityEvent(try change("keys.added"), scopes: nil, issuer: issuer) == nil)
    }

    @Test("a receiver that fails is tried again ever more rarely, and always again")
    func pace() {
        #expect((1...10).map { PushPace.nextAttempt(after: $0, now: 0) } == [1, 2, 5, 10, 30, 60, 120, 300, 300, 300])
    }
}
