import OAuth

/// What is counted of a client. The texts stand in the database.
public enum UsageKind: String, Sendable, CaseIterable {
    /// Answers of the token endpoint, by grant type.
    case token
    /// Requests that a token of the client passed, by who asked.
    case call
    /// By `UsageReason`.
    case refusal
    /// Times that a user was asked for a scope, was granted it, or that it was used; by label.
    case asked, granted, used
}

/// Who found a token good.
public enum UsageCall: String, Sendable, CaseIterable {
    /// The gateway check.
    case verify
    /// An API that introspects.
    case introspection
    /// Latchkey's own endpoints: userinfo and the management API.
    case own
}

/// How a client is used: who has it connected now, and what happened by the UTC day.
public struct ClientUsage: Sendable, Equatable {
    /// For how many days it is kept, today included.
    public static let longest = 90

    /// What is in force now.
    public struct Reach: Sendable, Equatable {
        public var authorizations: Int64 = 0
        public var activeInstallations: Int64 = 0
        public var users: Int64 = 0
        public var accounts: Int64 = 0

        public init(authorizations: Int64 = 0, activeInstallations: Int64 = 0, users: Int64 = 0, accounts: Int64 = 0) {
            self.authorizations = authorizations
            self.activeInstallations = activeInstallations
            self.users = users
            self.accounts = accounts
        }
    }

    /// A stored count of one day.
    public struct Count: Sendable, Equatable {
        /// Days since 1970-01-01.
        public let day: Int64
        public let kind: UsageKind
        public let label: String
        public let count: Int64

        public init(day: Int64, kind: UsageKind, label: String, count: Int64) {
            self.day = day
            self.kind = kind
            self.label = label
            self.count = count
        }
    }

    public struct Day: Sendable, Equatable {
        /// Days since 1970-01-01.
        public let number: Int64
        public var codes: Int64 = 0
        public var refreshes: Int64 = 0
        public var calls: Int64 = 0
        /// By the reason's text.
        public var refusals: [String: Int64] = [:]

        public init(number: Int64) { self.number = number }

        public var tokens: Int64 { codes + refreshes }
        public var refused: Int64 { refusals.values.reduce(0, +) }
        /// `2026-11-24`
        public var date: String { ClientUsage.date(number) }
    }

    /// A scope of the API. `used` counts calls that needed it; a call that an API checks by introspection counts for every scope
    /// that its token carried, since Latchkey is not told which of them it needed.
    public struct ScopeUse: Sendable, Equatable {
        public let label: String
        public var asked: Int64
        public var granted: Int64
        public var used: Int64
        /// Days since 1970-01-01; nil: not in the days that are kept.
        public var lastUsedOn: Int64?

        public init(label: String, asked: Int64 = 0, granted: Int64 = 0, used: Int64 = 0, lastUsedOn: Int64? = nil) {
            self.label = label
            self.asked = asked
            self.granted = granted
            self.used = used
            self.lastUsedOn = lastUsedOn
        }
    }

    public let reach: Reach
    /// The day of the first call that is kept; nil: there is none.
    public let firstCallOn: Int64?
    /// In the last 24 hours and in what has passed of the hour before them.
    public let callsLastDay: Int64
    /// Each day of the window, ascending, today last.
    public let days: [Day]
    /// Ascending by label.
    public let scopes: [ScopeUse]
    /// What the client asks for and no call needed in all the days that are kept. Empty where there was no call at all: then nothing
    /// can be said of any.
    public let neverUsed: [String]

    /// - Parameters:
    ///   - counts: tokens, calls and refusals of the window, one for each day, kind and label.
    ///   - scopes: the sums over the window, by label.
    ///   - firstCallOn: the day of the first call of those that are kept.
    ///   - registered: every scope that the client may ask for.
    ///   - length: the window's, in days.
    ///   - now: epoch seconds.
    public init(
        reach: Reach, callsLastDay: Int64, counts: [Count], scopes: [ScopeUse], firstCallOn: Int64?, registered: ScopeSet,
        length: Int, now: Int64
    ) {
        self.reach = reach
        self.callsLastDay = callsLastDay
        self.firstCallOn = firstCallOn
        let first = Self.firstDay(of: length, now: now)
        var days = (0..<Int64(length)).map { Day(number: first + $0) }
        for count in counts where days.indices.contains(Int(count.day - first)) { days[Int(count.day - first)].add(count) }
        self.days = days
        let counted = scopes.filter { !ScopeSet.protocolScopes.contains($0.label) }
        let known = Set(counted.map(\.label))
        self.scopes = (counted + registered.ofAPI.labels.filter { !known.contains($0) }.map { ScopeUse(label: $0) })
            .sorted { $0.label < $1.label }
        let unused = self.scopes.filter { registered.contains($0.label) && $0.lastUsedOn == nil }
        neverUsed = firstCallOn == nil ? [] : unused.map(\.label)
    }

    /// The first day of a window that ends today.
    public static func firstDay(of length: Int, now: Int64) -> Int64 { now / 86_400 - Int64(length) + 1 }

    /// `2026-11-24`
    public static func date(_ day: Int64) -> String { String(Timestamp.text(day * 86_400).prefix(10)) }

    /// As the management API answers.
    public var json: JSON {
        [
            "authorizations": .integer(reach.authorizations), "active_installations": .integer(reach.activeInstallations),
            "users": .integer(reach.users), "accounts": .integer(reach.accounts), "calls_last_day": .integer(callsLastDay),
            "first_call_on": JSON(firstCallOn.map(Self.date)), "days": .array(days.map(\.json)), "scopes": .array(scopes.map(\.json)),
            "never_used": JSON(neverUsed),
        ]
    }
}

extension ClientUsage.Day {
    fileprivate mutating func add(_ count: ClientUsage.Count) {
        switch count.kind {
        case .token:
            if count.label == Client.GrantType.refreshToken.rawValue { refreshes += count.count } else { codes += count.count }
        case .call: calls += count.count
        case .refusal: refusals[count.label, default: 0] += count.count
        case .asked, .granted, .used: break
        }
    }

    fileprivate var json: JSON {
        var reasons = JSONObject()
        for (reason, count) in refusals.sorted(by: { $0.key < $1.key }) { reasons[reason] = .integer(count) }
        return [
            "date": .string(date), "tokens": .integer(tokens),
            "tokens_by_grant": ["authorization_code": .integer(codes), "refresh_token": .integer(refreshes)], "calls": .integer(calls),
            "refusals": .object(reasons),
        ]
    }
}

extension ClientUsage.ScopeUse {
    fileprivate var json: JSON {
        [
            "id": .string(label), "asked": .integer(asked), "granted": .integer(granted), "used": .integer(used),
            "last_used_on": JSON(lastUsedOn.map(ClientUsage.date)),
        ]
    }
}
