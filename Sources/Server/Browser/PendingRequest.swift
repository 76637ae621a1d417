import OAuth
import Storage

/// An authorization request that waits for a person, as it is stored between pages.
struct PendingRequest: Sendable {
    /// How long a person may take, in seconds.
    static let lifetime: Int64 = 3600

    let request: AuthorizationRequest
    /// The session that was there when the request came, by its public id: `prompt=login` wants another one.
    let startedInSession: Identifier?
    /// Epoch seconds.
    let createdAt: Int64

    init(_ request: AuthorizationRequest, startedIn session: SignedIn?, now: Int64) {
        self.request = request
        startedInSession = session?.id
        createdAt = now
    }

    init?(_ json: JSON) {
        guard let request = json["request"].flatMap(AuthorizationRequest.init(json:)), let createdAt = json["created_at"]?.integerValue
        else {
            return nil
        }
        self.request = request
        self.createdAt = createdAt
        startedInSession = json["session"]?.stringValue.flatMap { Identifier($0) }
    }

    var json: JSON {
        ["request": request.json, "session": JSON(startedInSession?.description), "created_at": .integer(createdAt)]
    }

    /// Whether the person must prove who they are first (OpenID Connect Core §3.1.2.1: `prompt=login`, `max_age`, `id_token_hint`).
    func needsSignIn(_ session: SignedIn, hintedUser: Identifier?, now: Int64) -> Bool {
        if let hintedUser, hintedUser != session.userID { return true }
        // A request that another site posted comes without the cookie of a session that may be there all the same.
        let isOld = session.id == startedInSession || session.authenticatedAt < createdAt
        guard isOld else { return false }
        if request.prompt.contains(.login) || request.maxAge == 0 { return true }
        return request.maxAge.map { now - session.authenticatedAt > $0 } ?? false
    }
}
