import OAuth

/// A change as a security event (RFC 8417 §1.2), in the words of CAEP where it has them.
public struct SecurityEvent: Sendable, Equatable {
    /// OpenID CAEP 1.0 §3.1: what the subject was let in with has ended.
    public static let sessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked"
    /// OpenID CAEP 1.0 §3.2: tokens say something else from now on.
    public static let tokenClaimsChange = "https://schemas.openid.net/secevent/caep/event-type/token-claims-change"
    /// Everything else: ask again. Under the issuer's own URL.
    public static let change = "/events/change"

    /// The URI of its type.
    public let type: String
    /// RFC 9493: whom it is about.
    public let subject: JSONObject
    public let payload: JSONObject

    /// - Parameters:
    ///   - scopes: what an authorization was narrowed to.
    ///   - issuer: without a slash at its end.
    /// - Returns: nil for what no token is concerned by.
    public init?(_ change: FeedChange, scopes: [String]?, issuer: String) {
        guard case .tokens(let concerns) = change.reach else { return nil }
        subject = Self.subject(concerns, issuer: issuer)
        var payload: JSONObject = [
            "event_timestamp": .integer(change.at), "reason_admin": ["en": .string(EventWords.text(change.kind))],
        ]
        if Self.revoking.contains(change.kind) {
            type = Self.sessionRevoked
        } else if change.kind == "authorization.narrowed", let scopes {
            type = Self.tokenClaimsChange
            payload["claims"] = ["scope": .string(ScopeSet(scopes).description)]
        } else {
            type = issuer + Self.change
            payload["kind"] = .string(change.kind)
            payload["concerns"] = .object(concerns.json)
        }
        self.payload = payload
    }

    private static let revoking: Set<String> = [
        "authorization.ended", "installation.ended", "token.revoked", "code.replayed", "refresh.reused", "user.disabled", "user.deleted",
        "client.suspended", "client.deleted",
    ]

    /// OpenID Shared Signals Framework 1.0 §3: the parts that are known, each by what introspection says of it.
    private static func subject(_ concerns: FeedChange.Concerns, issuer: String) -> JSONObject {
        var parts: JSONObject = ["format": "complex"]
        if let user = concerns.user { parts["user"] = ["format": "iss_sub", "iss": .string(issuer), "sub": .string(user)] }
        if let client = concerns.client { parts["application"] = ["format": "opaque", "id": .string(client)] }
        if let installation = concerns.installation { parts["session"] = ["format": "opaque", "id": .string(installation)] }
        // RFC 9493 §3.2.7: everybody whom the issuer knows.
        return concerns == .everything ? ["format": "uri", "uri": .string(issuer)] : parts
    }

    /// The claims of its token (RFC 8417 §2.2).
    /// - Parameters:
    ///   - audience: the receiver.
    ///   - id: the same at every attempt.
    ///   - now: epoch seconds.
    public func claims(_ change: FeedChange, issuer: String, audience: String, id: String, now: Int64) -> JSONObject {
        var events = JSONObject()
        events[type] = .object(payload)
        return [
            "iss": .string(issuer), "aud": .string(audience), "jti": .string(id), "iat": .integer(now), "toe": .integer(change.at),
            "txn": .string(String(change.sequence)), "sub_id": .object(subject), "events": .object(events),
        ]
    }

    /// RFC 8417 §2.3.
    public static let tokenType = "secevent+jwt"
}

/// When a receiver of security events is tried again.
public enum PushPace {
    /// Seconds after the first, second, … attempt that failed; then always the last. Nothing is given up: what waits is in the outbox.
    static let delays: [Int64] = [1, 2, 5, 10, 30, 60, 120, 300]

    /// - Parameter attempts: how many have failed in a row, 1 or more.
    public static func nextAttempt(after attempts: Int, now: Int64) -> Int64 { now + delays[min(max(1, attempts), delays.count) - 1] }
}
