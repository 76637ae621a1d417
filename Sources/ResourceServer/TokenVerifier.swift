import AsyncHTTPClient
import Delegation
import Hummingbird
import Logging
import NIOCore
import OAuth
import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Says who stands behind an access token, from memory where it can and by asking where it cannot.
///
/// JWTs (RFC 9068) are checked against the issuer's JWKS. Opaque tokens are introspected (RFC 7662) and the answer is remembered until
/// the token expires. The change feed keeps both honest: a change drops the answers that it concerns, and a JWT that was issued before a
/// change that concerns it is introspected too. When the feed was silent for its bound, or is not there, every request asks; when
/// nobody answers, the request is refused with 503.
///
/// Run it as a service of the application, or nothing is remembered: `app.addServices(verifier)`.
public final class TokenVerifier: Service, Sendable {
    /// What a token is good for.
    public enum Verdict: Sendable, Equatable {
        case active(VerifiedCaller)
        /// Good for nothing here, and why in words that are public (RFC 6750 §3.1 `invalid_token`).
        case inactive(String)
        /// It cannot be said right now.
        case unknown
    }

    public let settings: VerifierSettings
    let cache: Mutex<AnswerCache>
    let feed: FeedState
    let client: HTTPClient
    let log: Logger
    private let keys: PublishedKeys
    private let questions: Questions
    /// Epoch seconds.
    private let now: @Sendable () -> Int64

    /// - Parameters:
    ///   - client: calls the internal listener; the feed holds one of its connections.
    ///   - now: epoch seconds; the system's clock.
    public init(
        _ settings: VerifierSettings, client: HTTPClient, log: Logger,
        now: @escaping @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }
    ) {
        self.settings = settings
        self.client = client
        self.log = log
        self.now = now
        cache = Mutex(AnswerCache(capacity: settings.cacheCapacity))
        feed = FeedState(bound: settings.silenceBound)
        keys = PublishedKeys(settings, client: client, log: log)
        questions = Questions(settings, client: client, log: log)
    }

    /// Follows the change feed until the service is stopped.
    public func run() async throws {
        await cancelWhenGracefulShutdown {
            self.keys.refetch()
            await FeedFollower(verifier: self, keys: self.keys).run()
        }
    }

    /// Whether what is remembered counts: the feed is there and was heard within its bound.
    public var isFollowing: Bool { feed.isLive(at: .now) }

    /// - Parameter token: as it stands in the `Authorization` field (RFC 6750 §2.1).
    public func verdict(on token: String) async -> Verdict {
        let (now, moment) = (now(), ContinuousClock.now)
        let key = Credential.hash(token)
        let isLive = feed.isLive(at: moment)
        let known = cache.withLock { cache -> Verdict? in
            guard isLive else { return nil }
            if let answer = cache.answer(key, now: now) { return .active(answer.caller) }
            return cache.isRefused(key, at: moment) ? .inactive(Self.inactive) : nil
        }
        if let known { return known }
        if token.hasPrefix("ey"), let verdict = verdict(onJWT: token, key, isLive: isLive, now: now, at: moment) { return verdict }
        return await ask(token, key)
    }

    private static let inactive = "The access token is unknown, has expired or was revoked."

    /// - Returns: nil where it has to be asked about.
    private func verdict(
        onJWT token: String, _ key: AnswerCache.Key, isLive: Bool, now: Int64, at moment: ContinuousClock.Instant
    ) -> Verdict? {
        switch keys.current.verify(token, types: ["at+jwt", "application/at+jwt"]) {
        case .invalid: return .inactive("The access token is no token of this issuer.")
        case .unknownKey:
            keys.refetchIfDue()
            return nil
        case .signed(let claims):
            switch TokenReading(claims: claims, issuer: settings.issuer, audience: settings.audience, now: now) {
            case .inactive(let reason): return .inactive(reason)
            case .incomplete: return nil
            case .active(let answer, let issuedAt):
                guard isLive else { return nil }
                return cache.withLock { cache in
                    if cache.isDoubted(answer.token, issuedAt: issuedAt) { return nil }
                    cache.keep(answer, key, askedAfter: cache.number, at: moment)
                    return .active(answer.caller)
                }
            }
        }
    }

    private func ask(_ token: String, _ key: AnswerCache.Key) async -> Verdict {
        let number = cache.withLock(\.number)
        guard let answer = await questions.ask(token, key, after: number),
            let reading = TokenReading(introspection: answer, audience: settings.audience, now: now())
        else { return .unknown }
        switch reading {
        case .active(let answer, _):
            cache.withLock { $0.keep(answer, key, askedAfter: number, at: .now) }
            return .active(answer.caller)
        case .inactive(let reason):
            cache.withLock { $0.refuse(key, at: .now) }
            return .inactive(reason)
        case .incomplete: return .unknown
        }
    }
}

/// Whether the feed can be relied on.
final class FeedState: Sendable {
    private struct State {
        var isCaughtUp = false
        var heardAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    let bound: Duration

    init(bound: Duration) { self.bound = bound }

    func isLive(at moment: ContinuousClock.Instant) -> Bool {
        state.withLock { state in state.isCaughtUp && state.heardAt.map { moment < $0 + bound } ?? false }
    }

    func heard(at moment: ContinuousClock.Instant) { state.withLock { $0.heardAt = moment } }
    func isSilent(at moment: ContinuousClock.Instant) -> Bool { state.withLock { $0.heardAt.map { moment >= $0 + bound } ?? true } }
    func caughtUp(_ isCaughtUp: Bool) { state.withLock { $0.isCaughtUp = isCaughtUp } }
}
