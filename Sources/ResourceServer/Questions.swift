import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import OAuth
import Synchronization

/// Asks the introspection endpoint: about one token once at a time, however many requests carry it.
final class Questions: Sendable {
    private let settings: VerifierSettings
    private let client: HTTPClient
    private let log: Logger
    private let credentials: Secret<String>
    private let onTheirWay = Mutex<[Question: Task<JSON?, Never>]>([:])

    /// After a change nobody takes the answer to what was asked before it.
    private struct Question: Hashable {
        let key: AnswerCache.Key
        let number: UInt64
    }

    /// Bytes of an answer: long lists of resources.
    private static let longestAnswer = 2 * 1024 * 1024

    init(_ settings: VerifierSettings, client: HTTPClient, log: Logger) {
        self.settings = settings
        self.client = client
        self.log = log
        credentials = Secret(settings.basicCredentials)
    }

    /// - Parameter number: of the last change that was heard of.
    /// - Returns: what introspection answers (RFC 7662 §2.2); nil where there is no answer, or too many wait for one.
    func ask(_ token: String, _ key: AnswerCache.Key, after number: UInt64) async -> JSON? {
        let key = Question(key: key, number: number)
        let question: Task<JSON?, Never>? = onTheirWay.withLock { questions in
            if let question = questions[key] { return question }
            if questions.count >= settings.questionLimit { return nil }
            // A caller that hangs up does not take the answer away from the others.
            let question = Task {
                defer { _ = self.onTheirWay.withLock { $0.removeValue(forKey: key) } }
                return await within(self.settings.timeout) { await self.send(token) }
            }
            questions[key] = question
            return question
        }
        return await question?.value
    }

    private func send(_ token: String) async -> JSON? {
        var request = HTTPClientRequest(url: settings.internalOrigin + "/oauth2/introspect")
        request.method = .POST
        request.headers.add(name: "Authorization", value: credentials.reveal())
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.headers.add(name: "Accept", value: "application/json")
        request.body = .bytes(ByteBuffer(string: Parameters.encode([("token", token)])))
        do {
            let response = try await client.execute(request, timeout: settings.timeout)
            guard response.status == .ok else {
                log.error("introspection was refused", metadata: ["status": "\(response.status.code)"])
                return nil
            }
            let body = try await response.body.collect(upTo: Self.longestAnswer)
            return try JSON(parsing: body.readableBytesView)
        } catch {
            log.warning("introspection failed", metadata: ["problem": "\(error)"])
            return nil
        }
    }
}

/// The issuer's JWKS, read again when it may have grown.
final class PublishedKeys: Sendable {
    private struct State {
        var keys = PublishedKeySet()
        var triedAt: ContinuousClock.Instant?
        var isFetching = false
        /// It was asked for while it was being read: what is read may be from before.
        var isWantedAgain = false
    }

    private let state = Mutex(State())
    private let settings: VerifierSettings
    private let client: HTTPClient
    private let log: Logger

    init(_ settings: VerifierSettings, client: HTTPClient, log: Logger) {
        self.settings = settings
        self.client = client
        self.log = log
    }

    var current: PublishedKeySet { state.withLock(\.keys) }

    /// Whoever sends tokens of made-up keys does not make it fetch more often.
    func refetchIfDue() {
        if state.withLock({ $0.triedAt.map { $0 + settings.keyRefetch <= .now } ?? true }) { refetch() }
    }

    /// Does not wait: until the keys are there, tokens of theirs are asked about.
    func refetch() {
        let isFetching = state.withLock { state in
            defer { (state.isFetching, state.isWantedAgain, state.triedAt) = (true, state.isFetching, .now) }
            return state.isFetching
        }
        if isFetching { return }
        Task {
            repeat {
                state.withLock { $0.isWantedAgain = false }
                let keys = await within(settings.timeout) { await self.fetch() }
                state.withLock { state in if let keys { state.keys = keys } }
            } while state.withLock { state in
                state.isFetching = state.isWantedAgain
                return state.isFetching
            }
        }
    }

    private func fetch() async -> PublishedKeySet? {
        do {
            let request = HTTPClientRequest(url: settings.internalOrigin + "/.well-known/jwks.json")
            let response = try await client.execute(request, timeout: settings.timeout)
            guard response.status == .ok else {
                log.warning("the JWKS could not be read", metadata: ["status": "\(response.status.code)"])
                return nil
            }
            let body = try await response.body.collect(upTo: PublishedKeySet.longest)
            return PublishedKeySet(try JSON(parsing: body.readableBytesView))
        } catch {
            log.warning("the JWKS could not be read", metadata: ["problem": "\(error)"])
            return nil
        }
    }
}

/// What comes in time. The client's own limit ends with the head of an answer.
private func within<Answer: Sendable>(_ time: TimeAmount, _ work: @escaping @Sendable () async -> Answer?) async -> Answer? {
    await withTaskGroup(of: Answer?.self) { group in
        group.addTask { await work() }
        group.addTask {
            try? await Task.sleep(for: .nanoseconds(time.nanoseconds))
            return nil
        }
        defer { group.cancelAll() }
        return await group.next() ?? nil
    }
}
