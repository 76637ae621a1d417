import Delegation
import OAuth

/// What an access token says, or what introspection says of it, in the form that the cache keeps.
enum TokenReading: Equatable {
    /// Good as far as it goes.
    case active(AnswerCache.Answer, issuedAt: Int64)
    /// A JWT that is good as far as it goes but does not say enough; introspection does.
    case incomplete
    /// Good for nothing here. The text is public; ASCII.
    case inactive(String)

    private static let notForUs = "The access token is for another API."
    private static let expired = "The access token has expired."

    /// The claims of a JWT access token whose signature holds (RFC 9068 §4, RFC 7519 §4.1). No leeway: what has expired has expired.
    /// - Parameter now: epoch seconds.
    init(claims: JSONObject, issuer: String, audience: String, now: Int64) {
        guard claims["iss"]?.stringValue == issuer else {
            self = .inactive("The access token is of another issuer.")
            return
        }
        // RFC 7519 §4.1.3: one text or several.
        let audiences = claims["aud"]?.stringValue.map { [$0] } ?? claims["aud"]?.stringsValue ?? []
        guard audiences.contains(where: { ResourceIdentifier.matches($0, audience) }) else {
            self = .inactive(Self.notForUs)
            return
        }
        guard let end = claims["exp"]?.integerValue, now < end else {
            self = .inactive(Self.expired)
            return
        }
        if let start = claims["nbf"]?.integerValue, now < start {
            self = .inactive("The access token is not good yet.")
            return
        }
        guard let issuedAt = claims["iat"]?.integerValue, let user = claims["sub"]?.stringValue,
            let client = claims["client_id"]?.stringValue, let scope = claims["scope"]?.stringValue.flatMap(ScopeSet.init(parameter:)),
            let installation = claims["installation"]?.stringValue, let details = claims["authorization_details"]
        else {
            self = .incomplete
            return
        }
        self = Self.active(user, client, installation, scope, details, end, issuedAt)
    }

    /// The answer of introspection (RFC 7662 §2.2).
    /// - Returns: nil where it is none.
    init?(introspection answer: JSON, audience: String, now: Int64) {
        guard let isActive = answer["active"]?.boolValue else { return nil }
        guard isActive else {
            self = .inactive("The access token is unknown, has expired or was revoked.")
            return
        }
        // A refresh token is active too, and no credential of a request.
        guard answer["token_type"]?.stringValue == "Bearer" else {
            self = .inactive("The credential is no access token.")
            return
        }
        guard let named = answer["aud"]?.stringValue, ResourceIdentifier.matches(named, audience) else {
            self = .inactive(Self.notForUs)
            return
        }
        guard let end = answer["exp"]?.integerValue, let user = answer["sub"]?.stringValue,
            let client = answer["client_id"]?.stringValue, let scope = answer["scope"]?.stringValue.flatMap(ScopeSet.init(parameter:)),
            let installation = answer["installation"]?.stringValue, let details = answer["authorization_details"]
        else { return nil }
        guard now < end else {
            self = .inactive(Self.expired)
            return
        }
        self = Self.active(user, client, installation, scope, details, end, answer["iat"]?.integerValue ?? 0)
    }

    /// RFC 9396 §2: an entry for each account.
    private static func active(
        _ user: String, _ client: String, _ installation: String, _ scope: ScopeSet, _ details: JSON, _ end: Int64, _ issuedAt: Int64
    ) -> TokenReading {
        var accounts: [String] = []
        var scopes: [String: ScopeSet] = [:]
        var lists: [String: [String: ResourceIDs]] = [:]
        for entry in details.arrayValue ?? [] where entry["type"]?.stringValue == "account" {
            guard let account = entry["identifier"]?.stringValue else { continue }
            accounts.append(account)
            if let narrower = entry["scope"]?.stringValue { scopes[account] = ScopeSet(stored: narrower).intersection(scope) }
            for (type, ids) in entry["resources"]?.objectValue?.members ?? [] {
                lists[account, default: [:]][type] = ResourceIDs(ids.stringsValue ?? [])
            }
        }
        let caller = VerifiedCaller(
            user: user, client: client, accounts: accounts, scope: scope, resources: VerifiedResources(lists), scopesByAccount: scopes)
        let answer = AnswerCache.Answer(
            caller: caller, token: FeedChange.Concerns(user: user, client: client, installation: installation), expiresAt: end)
        return .active(answer, issuedAt: issuedAt)
    }
}
