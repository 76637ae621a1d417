import OAuth

/// A change that can alter what a resource server was told about tokens, as the change feed says it.
public struct FeedChange: Sendable, Equatable {
    /// Whose tokens may be answered differently from now on: those to which everything that is named here applies. Where nothing is
    /// named, all.
    public struct Concerns: Sendable, Hashable {
        /// `sub` of the tokens.
        public var user: String?
        /// `client_id` of the tokens.
        public var client: String?
        /// `installation` of the tokens.
        public var installation: String?

        public init(user: String? = nil, client: String? = nil, installation: String? = nil) {
            self.user = user
            self.client = client
            self.installation = installation
        }

        public static let everything = Concerns()

        public func includes(_ token: Concerns) -> Bool {
            (user == nil || user == token.user) && (client == nil || client == token.client)
                && (installation == nil || installation == token.installation)
        }

        public var json: JSONObject {
            var members = JSONObject()
            if let user { members["sub"] = .string(user) }
            if let client { members["client_id"] = .string(client) }
            if let installation { members["installation"] = .string(installation) }
            return members
        }

        /// - Returns: nil where a member is no text.
        public init?(_ json: JSONObject) {
            for name in ["sub", "client_id", "installation"] {
                if let value = json[name], value.stringValue == nil { return nil }
            }
            self.init(
                user: json["sub"]?.stringValue, client: json["client_id"]?.stringValue, installation: json["installation"]?.stringValue)
        }
    }

    /// What a change reaches.
    public enum Reach: Sendable, Equatable {
        case tokens(Concerns)
        /// The JWKS alone: answers stay as they are.
        case keys
    }

    /// The place in the feed; it grows with each change.
    public let sequence: Int64
    /// Epoch seconds.
    public let at: Int64
    /// Such as `authorization.ended`.
    public let kind: String
    public let reach: Reach
    /// The authorization that changed, for logs.
    public let authorization: String?

    public init(sequence: Int64, at: Int64, kind: String, reach: Reach, authorization: String? = nil) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.reach = reach
        self.authorization = authorization
    }

    /// What an event reaches; nil: no answer about any token.
    ///
    /// What begins an installation or adds a secret alters no answer that was given before. Where an event takes away more than it
    /// names, such as an account that is suspended together with the clients that it owns, everything is asked anew.
    public static func reach(kind: String, user: Identifier?, client: Identifier?, installation: Identifier?) -> Reach? {
        let (user, client, installation) = (user?.description, client?.description, installation?.description)
        switch kind {
        case "authorization.granted", "authorization.narrowed", "authorization.resources_changed", "authorization.ended":
            return .tokens(Concerns(user: user, client: client))
        case "installation.ended", "token.revoked", "code.replayed", "refresh.reused":
            return .tokens(Concerns(user: user, client: client, installation: installation))
        case "client.updated", "client.deleted", "client.suspended", "client.resumed", "client.frozen", "client.thawed",
            "app_request.approved", "policy.approval_withdrawn":
            return .tokens(Concerns(client: client))
        case "user.disabled", "user.enabled", "user.deleted", "member.added", "member.changed", "member.removed":
            return .tokens(Concerns(user: user))
        case "policy.changed", "account.suspended", "account.resumed", "catalogue.imported", "database.restored":
            return .tokens(.everything)
        case "keys.added", "keys.retired", "keys.removed": return .keys
        default: return nil
        }
    }

    /// - Parameter issuedBefore: epoch seconds. The change may concern tokens that were issued before that.
    public func json(issuedBefore: Int64) -> JSON {
        var members: JSONObject = [
            "sequence": .integer(sequence), "at": .integer(at), "kind": .string(kind), "issued_before": .integer(issuedBefore),
        ]
        if case .tokens(let concerns) = reach { members["concerns"] = .object(concerns.json) }
        if let authorization { members["authorization"] = .string(authorization) }
        return .object(members)
    }
}
