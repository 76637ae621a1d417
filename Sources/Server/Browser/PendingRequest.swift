import OAuth
import Storage

/// An authorization request that waits for a person, as it is stored between pages.
struct PendingRequest: Sendable {
    /// How long a person may take, in seconds.
    static let lifetime: Int64 = 3600

    let request: AuthorizationRequest
    /// The session that was there when the request came, by its public id: `prompt=login` wants another one.
    let startedInSession: Identifier?

    init(_ request: AuthorizationRequest, startedIn session: SignedIn?) {
        self.request = request
        startedInSession = session?.id
    }

    init?(_ json: JSON) {
        guard let request = json["request"].flatMap(AuthorizationRequest.init(json:)) else { return nil }
        self.request = request
        startedInSession = json["session"]?.stringValue.flatMap { Identifier($0) }
    }

    var json: JSON {
        ["request": request.json, "session": JSON(startedInSession?.description)]
    }

    /// Whether the person must prove who they are first (OpenID Connect Core §3.1.2.1: `prompt=login`, `max_age`, `id_token_hint`).
    func needsSignIn(_ session: SignedIn, hintedUser: Identifier?, now: Int64) -> Bool {
        if let hintedUser, hintedUser != session.userID { return true }
        let isOld = session.id == startedInSession
        if isOld, request.prompt.contains(.login) { return true }
        if isOld, let maximum = request.maxAge, now - session.authenticatedAt > maximum { return true }
        return false
    }
}
