import OAuth

/// One message to one webhook, and what came of it.
public struct WebhookDelivery: Sendable, Equatable {
    public enum Status: String, Sendable, CaseIterable {
        /// It is sent now or later.
        case pending
        /// The receiver took it.
        case delivered
        /// It is not tried again.
        case failed
    }

    /// The message's id too: the same for every attempt, so that a receiver can tell a repetition.
    public let id: Identifier
    public let webhookID: Identifier
    /// A `WebhookKind` or `ping`.
    public let kind: String
    /// The bytes that are signed and sent, the same for every attempt.
    public let payload: String
    public let status: Status
    /// Since it was last put in the queue.
    public let attempts: Int
    /// Epoch seconds, here and below.
    public let createdAt: Int64
    public let lastAttemptAt: Int64?
    /// nil: never, or not before the webhook is switched on again.
    public let nextAttemptAt: Int64?
    /// Of the last attempt; nil where there was no answer.
    public let responseStatus: Int?
    /// The beginning of the last answer's body.
    public var responseBody: String?
    /// Why the last attempt came to nothing, in a sentence.
    public let problem: String?

    public init(
        id: Identifier, webhookID: Identifier, kind: String, payload: String, status: Status, attempts: Int, createdAt: Int64,
        lastAttemptAt: Int64? = nil, nextAttemptAt: Int64?, responseStatus: Int? = nil, responseBody: String? = nil,
        problem: String? = nil
    ) {
        self.id = id
        self.webhookID = webhookID
        self.kind = kind
        self.payload = payload
        self.status = status
        self.attempts = attempts
        self.createdAt = createdAt
        self.lastAttemptAt = lastAttemptAt
        self.nextAttemptAt = nextAttemptAt
        self.responseStatus = responseStatus
        self.responseBody = responseBody
        self.problem = problem
    }

    /// As the management API answers.
    public var json: JSONObject {
        [
            "id": .string(id.description), "webhook_id": .string(webhookID.description), "type": .string(kind),
            "status": .string(status.rawValue), "attempts": .integer(Int64(attempts)),
            "created_at": .string(Timestamp.text(createdAt)), "last_attempt_at": JSON(lastAttemptAt.map(Timestamp.text)),
            "next_attempt_at": JSON(nextAttemptAt.map(Timestamp.text)), "response_status": JSON(responseStatus.map { Int64($0) }),
            "response_body": JSON(responseBody), "problem": JSON(problem), "payload": .string(payload),
        ]
    }
}

/// What one attempt came to.
public struct WebhookAttempt: Sendable, Equatable {
    /// nil: there was no answer.
    public let status: Int?
    /// The beginning of the answer, made fit to be shown.
    public let body: String?
    public let problem: String?

    /// Characters of an answer that are kept.
    public static let shownLength = 2000

    /// An answer. What is not 2xx is a failure, redirects too: whoever moved says so to the owner, not to us.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        let text = String(decoding: body, as: UTF8.self).unicodeScalars
            .filter { $0 == "\n" || $0 == "\t" || $0.properties.generalCategory != .control }
        self.body = String(String(String.UnicodeScalarView(text)).prefix(Self.shownLength))
        problem =
            switch status {
            case 200..<300: nil
            case 300..<400: "The receiver answered with a redirect, which is not followed."
            case 410: "The receiver answered that it is gone for good."
            default: "The receiver answered \(status)."
            }
    }

    /// No answer.
    public init(problem: String) {
        status = nil
        body = nil
        self.problem = problem
    }

    public var isAccepted: Bool { problem == nil }
    /// RFC 9110 §15.5.11, and Standard Webhooks: nothing is to be sent there any more.
    public var isGone: Bool { status == 410 }
}

/// When a message is tried again (Standard Webhooks, "Deliverability and reliability").
public enum DeliveryPace {
    /// Seconds after the first, second, … attempt.
    static let delays: [Int64] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]

    /// No message waits longer for its next attempt; in seconds.
    public static let longest = delays.max() ?? 0

    /// How many attempts there are in all.
    public static func attempts(of kind: String) -> Int { kind == Webhook.ping ? 1 : delays.count + 1 }

    /// - Parameter attempts: how many there have been, 1 or more.
    /// - Returns: nil where there is no other.
    public static func nextAttempt(of kind: String, after attempts: Int, now: Int64) -> Int64? {
        if attempts >= self.attempts(of: kind) { return nil }
        return now + delays[max(0, attempts - 1)]
    }
}

/// What is sent.
public enum WebhookMessage {
    /// The message of an event: ids alone, since the owner of a client learns that it was authorized, not by whom.
    /// - Parameter details: of the event.
    public static func payload(
        _ kind: WebhookKind, at: Int64, clientID: Identifier, authorizationID: Identifier?, details: JSON?
    ) -> String {
        var data: JSONObject = ["client_id": .string(clientID.description)]
        switch kind {
        case .authorizationGranted, .authorizationNarrowed, .authorizationEnded:
            data["authorization_id"] = JSON(authorizationID?.description)
        case .secretAdded, .secretRemoved:
            data["secret_id"] = details?["secret_id"] ?? .null
        case .clientFrozen, .clientThawed, .clientSuspended, .clientResumed: break
        }
        return payload(kind.rawValue, at: at, data)
    }

    /// The message of a test.
    public static func ping(at: Int64, clientID: Identifier, webhookID: Identifier) -> String {
        payload(
            Webhook.ping, at: at, ["client_id": .string(clientID.description), "webhook_id": .string(webhookID.description)])
    }

    private static func payload(_ type: String, at: Int64, _ data: JSONObject) -> String {
        let message: JSON = ["type": .string(type), "timestamp": .string(Timestamp.text(at)), "data": .object(data)]
        return message.text
    }
}
