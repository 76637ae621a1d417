import OAuth

/// One row of the outbox: a change that was committed. It names no secret and no token family.
public struct Event: Sendable, Equatable {
    /// What a change is about, and so what a copy in memory may no longer be relied on for.
    public enum Subject: Sendable, Hashable {
        case authorization, client, account, resourceServer, user, membership, policy, keys, catalogue, everything, none
    }

    public let sequence: Int64
    /// Epoch seconds.
    public let at: Int64
    /// Such as `authorization.granted`.
    public let kind: String
    public let actorID: Identifier?
    public let actorTokenID: Identifier?
    /// The client that acted, on its own or for the user.
    public let actorClientID: Identifier?
    public let address: String?
    public let userAgent: String?
    public let clientID: Identifier?
    public let userID: Identifier?
    public let accountID: Identifier?
    public let authorizationID: Identifier?
    public let installationID: Identifier?
    public let details: String?

    public var subject: Subject {
        switch kind.prefix(while: { $0 != "." }) {
        // One more installation changes nothing that the others may do.
        case "installation" where kind == "installation.began": .none
        case "authorization", "installation", "token", "code", "refresh": .authorization
        case "client": .client
        case "account": .account
        case "resource_server": .resourceServer
        case "user": .user
        case "member", "role": .membership
        // Asking and denying change nothing that a token may do.
        case "policy": .policy
        case "app_request": kind == "app_request.approved" ? .policy : .none
        case "keys": .keys
        case "catalogue": .catalogue
        // A restore changes rows of every kind, and tells of none of them.
        case "database": .everything
        default: .none
        }
    }
}

/// Who makes a change, for the events.
public struct Actor: Sendable, Equatable {
    /// nil: the operator, a client on its own, or an account's own token.
    public let userID: Identifier?
    /// The API token that was used for it.
    public let tokenID: Identifier?
    /// The client that acts for the user.
    public let clientID: Identifier?
    /// Of the peer; `operator` for a command, `server` or `demo` for the program on its own.
    public let address: String
    public let userAgent: String?

    public init(
        userID: Identifier?, tokenID: Identifier? = nil, clientID: Identifier? = nil, address: String, userAgent: String? = nil
    ) {
        self.userID = userID
        self.tokenID = tokenID
        self.clientID = clientID
        self.address = address
        self.userAgent = userAgent
    }
}

/// What an event is written with, before it has a sequence.
struct NewEvent {
    var kind: String
    var clientID: Identifier?
    var userID: Identifier?
    var accountID: Identifier?
    var authorizationID: Identifier?
    var installationID: Identifier?
    var details: JSONObject?
    /// Accounts that it concerns besides `accountID`.
    var accountIDs: [Identifier] = []
    /// It concerns those alone, and not every account of the authorization.
    var isOfNamedAccountsOnly = false
}
