import Delegation
import OAuth

/// What is known about tokens, and for how long it can be relied on. Pure: times are arguments.
///
/// A change drops the answers that it concerns. It also leaves a *doubt*: a JWT that was issued before the change and that it concerns
/// is not taken on its signature alone any more. An answer that was asked for before a change, or so shortly after it that another node
/// may not have heard of it yet, is used once and not kept.
struct AnswerCache {
    /// SHA-256 of a token: no token is kept.
    typealias Key = [UInt8]

    struct Answer: Equatable {
        let caller: VerifiedCaller
        /// Whose token it is, in the words of the feed.
        let token: FeedChange.Concerns
        /// Epoch seconds: the first one at which the token is no longer good.
        let expiresAt: Int64
    }

    private struct Recent {
        let concerns: FeedChange.Concerns
        let number: UInt64
        let at: ContinuousClock.Instant
    }

    /// For how long after a change no answer about what it concerns is kept.
    static let settling = Duration.seconds(5)
    /// For how long a token that is good for nothing is not asked about again.
    static let refusalAge = Duration.seconds(1)
    private static let recentKept = 1024
    private static let doubtsKept = 20_000

    private let capacity: Int
    private var young: [Key: Answer] = [:]
    private var old: [Key: Answer] = [:]
    private var byUser: [String: Set<Key>] = [:]
    private var refused: [Key: ContinuousClock.Instant] = [:]
    private var doubts: [FeedChange.Concerns: Int64] = [:]
    /// Every JWT that was issued before is in doubt; epoch seconds. Until the feed has begun: all.
    private var floor = Int64.max
    private var recent: [Recent] = []
    /// When the feed began anew: of what happened shortly before, no change tells.
    private var begunAt: ContinuousClock.Instant?
    /// Counts the changes, so that an answer can say before which it was asked for.
    private(set) var number: UInt64 = 0
    /// The oldest number from which all changes are in `recent`.
    private var recentFrom: UInt64 = 0

    /// - Parameter capacity: how many answers are kept at least; at most twice as many.
    init(capacity: Int) { self.capacity = max(1, capacity) }

    var count: Int { young.count + old.count }

    // MARK: Answers

    /// - Parameter now: epoch seconds.
    mutating func answer(_ key: Key, now: Int64) -> Answer? {
        if let answer = young[key] {
            if now < answer.expiresAt { return answer }
            forget(key, answer)
        } else if let answer = old[key] {
            if now < answer.expiresAt {
                insert(answer, key)
                return answer
            }
            forget(key, answer)
        }
        return nil
    }

    /// Keeps an answer, unless it may be older than a change that concerns it.
    /// - Parameter number: of the change before it was asked for.
    mutating func keep(_ answer: Answer, _ key: Key, askedAfter number: UInt64, at moment: ContinuousClock.Instant) {
        guard number >= recentFrom else { return }
        if let begunAt, moment < begunAt + Self.settling { return }
        let isUnsettled = recent.contains { change in
            change.concerns.includes(answer.token) && (change.number > number || change.at + Self.settling > moment)
        }
        if !isUnsettled { insert(answer, key) }
    }

    private mutating func insert(_ answer: Answer, _ key: Key) {
        if young.count >= capacity {
            old = young
            young = [:]
            byUser = [:]
            for (key, answer) in old { byUser[answer.token.user ?? "", default: []].insert(key) }
        }
        young[key] = answer
        byUser[answer.token.user ?? "", default: []].insert(key)
    }

    private mutating func forget(_ key: Key, _ answer: Answer) {
        young[key] = nil
        old[key] = nil
        byUser[answer.token.user ?? ""]?.remove(key)
    }

    // MARK: Refusals

    mutating func refuse(_ key: Key, at moment: ContinuousClock.Instant) {
        if refused.count >= capacity { refused = [:] }
        refused[key] = moment
    }

    func isRefused(_ key: Key, at moment: ContinuousClock.Instant) -> Bool {
        refused[key].map { moment < $0 + Self.refusalAge } ?? false
    }

    // MARK: Changes

    /// - Parameter issuedBefore: epoch seconds; JWTs that were issued before are no longer taken on their signature.
    mutating func apply(_ concerns: FeedChange.Concerns, issuedBefore: Int64, at moment: ContinuousClock.Instant) {
        number += 1
        refused = [:]
        recent.append(Recent(concerns: concerns, number: number, at: moment))
        if recent.count > Self.recentKept {
            let excess = recent.count - Self.recentKept / 2
            recentFrom = recent[excess - 1].number
            recent.removeFirst(excess)
        }
        drop(concerns)
        doubt(concerns, issuedBefore)
    }

    /// Begins anew: nothing that was known counts.
    mutating func reset(issuedBefore: Int64, at moment: ContinuousClock.Instant) {
        begunAt = moment
        number += 1
        recentFrom = number
        recent = []
        refused = [:]
        doubts = [:]
        empty()
        floor = issuedBefore
    }

    private mutating func drop(_ concerns: FeedChange.Concerns) {
        if concerns == .everything { return empty() }
        let keys = concerns.user.map { Array(byUser[$0] ?? []) } ?? Array(young.keys) + Array(old.keys)
        for key in keys {
            guard let answer = young[key] ?? old[key], concerns.includes(answer.token) else { continue }
            forget(key, answer)
        }
    }

    private mutating func empty() {
        young = [:]
        old = [:]
        byUser = [:]
    }

    private mutating func doubt(_ concerns: FeedChange.Concerns, _ issuedBefore: Int64) {
        if concerns == .everything {
            floor = max(floor, issuedBefore)
        } else {
            doubts[concerns] = max(doubts[concerns] ?? 0, issuedBefore)
        }
        // What is too much to remember is remembered of all.
        guard doubts.count > Self.doubtsKept else { return }
        floor = max(floor, doubts.values.max() ?? 0)
        doubts = [:]
    }

    /// Whether something may have happened to a JWT since it was issued.
    /// - Parameter issuedAt: epoch seconds.
    func isDoubted(_ token: FeedChange.Concerns, issuedAt: Int64) -> Bool {
        if issuedAt < floor { return true }
        if doubts.isEmpty { return false }
        for user in [nil, token.user] {
            for client in [nil, token.client] {
                for installation in [nil, token.installation] {
                    let concerns = FeedChange.Concerns(user: user, client: client, installation: installation)
                    if let bound = doubts[concerns], issuedAt < bound { return true }
                }
            }
        }
        return false
    }
}
