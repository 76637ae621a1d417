import OAuth

/// What a client's owner can be told of. The labels are the kinds of the events that they stand for.
public enum WebhookKind: String, Sendable, CaseIterable {
    case authorizationGranted = "authorization.granted"
    case authorizationNarrowed = "authorization.narrowed"
    case authorizationEnded = "authorization.ended"
    case clientFrozen = "client.frozen"
    case clientThawed = "client.thawed"
    case clientSuspended = "client.suspended"
    case clientResumed = "client.resumed"
    case secretAdded = "client.secret_added"
    case secretRemoved = "client.secret_removed"

    /// In plain words.
    public var name: String {
        switch self {
        case .authorizationGranted: "A user allowed the client to act, or allowed it more"
        case .authorizationNarrowed: "Permissions, accounts or resources were taken away"
        case .authorizationEnded: "A user's authorization ended"
        case .clientFrozen: "The client was frozen: nothing of it works until it is thawed"
        case .clientThawed: "The client was thawed"
        case .clientSuspended: "The platform suspended the client"
        case .clientResumed: "The platform lets the client work again"
        case .secretAdded: "A second secret was added: the older one may be deleted from now on"
        case .secretRemoved: "The older secret was deleted"
        }
    }
}

/// Where messages about a client go.
public struct Webhook: Sendable, Equatable {
    /// Why nothing is sent.
    public enum StopReason: String, Sendable {
        /// Somebody switched it off.
        case owner
        /// The receiver answered 410.
        case gone
        /// Nothing but failures for too long, or too many messages that wait.
        case failing
    }

    public struct Stop: Sendable, Equatable {
        public let reason: StopReason
        /// Epoch seconds, here and below.
        public let at: Int64

        public init(reason: StopReason, at: Int64) {
            self.reason = reason
            self.at = at
        }
    }

    /// How many a client may have.
    public static let limit = 5
    /// Seconds for which an old secret still signs beside a new one.
    public static let overlap: Int64 = 86_400
    /// Seconds of nothing but failures after which it is switched off.
    public static let patience: Int64 = 5 * 86_400
    /// Seconds without an attempt after which failures before say nothing any more; longer than the longest pause between two attempts.
    public static let silence: Int64 = 2 * 86_400
    /// How often a message has to fail, as the last of those, to switch it off: the fourth attempt comes after half an hour.
    public static let attemptsBeforeStop = 4
    /// How many messages may wait for one that works; one more switches it off, and is not kept.
    public static let waitingLimit = 10_000
    /// The same for one that is failing.
    public static let waitingLimitFailing = 1000
    /// The message that only a test sends.
    public static let ping = "ping"

    public let id: Identifier
    public let clientID: Identifier
    /// The client's owner.
    public let accountID: Identifier
    public var url: String
    /// In the order of the cases.
    public var kinds: [WebhookKind]
    /// nil: it is sent to.
    public var stop: Stop?
    /// The first failure since the last success.
    public var failingSince: Int64?
    /// Until when the secret before the newest one signs too; nil: there is one secret.
    public var previousSecretUntil: Int64?
    public let createdAt: Int64
    public var updatedAt: Int64

    public init(
        id: Identifier, clientID: Identifier, accountID: Identifier, url: String, kinds: [WebhookKind], stop: Stop? = nil,
        failingSince: Int64? = nil, previousSecretUntil: Int64? = nil, createdAt: Int64, updatedAt: Int64
    ) {
        self.id = id
        self.clientID = clientID
        self.accountID = accountID
        self.url = url
        self.kinds = kinds
        self.stop = stop
        self.failingSince = failingSince
        self.previousSecretUntil = previousSecretUntil
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// The host of its URL: a path may hold a secret, so events name this alone.
    public var host: String { URLText(url)?.host ?? "" }

    /// As the management API answers.
    public var json: JSONObject {
        [
            "id": .string(id.description), "client_id": .string(clientID.description), "url": .string(url),
            "events": JSON(kinds.map(\.rawValue)), "enabled": .bool(stop == nil), "disabled_reason": JSON(stop?.reason.rawValue),
            "disabled_at": JSON(stop.map { Timestamp.text($0.at) }), "failing_since": JSON(failingSince.map(Timestamp.text)),
            "previous_secret_expires_at": JSON(previousSecretUntil.map(Timestamp.text)),
            "created_at": .string(Timestamp.text(createdAt)), "updated_at": .string(Timestamp.text(updatedAt)),
        ]
    }
}

/// What somebody asks a webhook to be; nil: as it is.
public struct WebhookRegistration: Sendable, Equatable {
    public var url: String?
    public var kinds: [String]?
    public var isEnabled: Bool?

    public init(url: String? = nil, kinds: [String]? = nil, isEnabled: Bool? = nil) {
        self.url = url
        self.kinds = kinds
        self.isEnabled = isEnabled
    }

    /// What of it is to be stored.
    public struct Change: Sendable, Equatable {
        public let url: String?
        public let kinds: [WebhookKind]?
        public let isEnabled: Bool?
    }

    /// Everything that is wrong with it, by the member that is wrong.
    public struct Problems: Error, Sendable, Equatable {
        public struct Problem: Sendable, Equatable {
            /// RFC 6901.
            public let pointer: String
            public let text: String
        }

        public let all: [Problem]
    }

    /// - Parameters:
    ///   - isNew: nothing is there yet, so nothing may be left out but whether it is enabled.
    ///   - allowsPrivate: receivers may stand inside, and on this machine without TLS.
    public func checked(isNew: Bool, allowsPrivate: Bool) throws(Problems) -> Change {
        var problems: [Problems.Problem] = []
        if let url {
            if let text = PublicURL.problem(url, allowsPrivate: allowsPrivate) { problems.append(.init(pointer: "/url", text: text)) }
        } else if isNew {
            problems.append(.init(pointer: "/url", text: "url is missing."))
        }
        var chosen: [WebhookKind]?
        if let kinds {
            for (index, kind) in kinds.enumerated() where WebhookKind(rawValue: kind) == nil {
                problems.append(.init(pointer: "/events/\(index)", text: "There is no event \"\(kind.prefix(60))\"."))
            }
            chosen = WebhookKind.allCases.filter { kinds.contains($0.rawValue) }
            if kinds.isEmpty { problems.append(.init(pointer: "/events", text: "Choose at least one event.")) }
        } else if isNew {
            problems.append(.init(pointer: "/events", text: "events is missing."))
        }
        if !problems.isEmpty { throw Problems(all: problems) }
        return Change(url: url, kinds: chosen, isEnabled: isEnabled)
    }
}
