import Delegation
import OAuth
import Synchronization

/// What storage last said about token families, kept in memory so that introspection and `/verify` need no await.
///
/// A copy is dropped by the event that changes it, before the change is acknowledged. A reader that loaded a row
/// just before the change cannot put its old copy back: it passes the epoch that it started in, and every drop begins a new one.
/// Two generations bound the size: when the young one is full it becomes the old one, and what is used again moves over.
final class StandingCache: Sendable {
    private struct State {
        var young = StandingGeneration()
        var old = StandingGeneration()
        var epoch: UInt64 = 0
        /// Until when others' changes are known here; nil: nobody else makes any.
        var trustedUntil: ContinuousClock.Instant?
        var isTrusted: Bool { trustedUntil.map { .now < $0 } ?? true }
        var hits = 0
        var misses = 0

        mutating func drop(_ authorizations: Set<Identifier>) {
            epoch += 1
            for authorization in authorizations {
                young.remove(authorization)
                old.remove(authorization)
            }
        }
    }

    private let state = Mutex(State())
    private let capacity: Int

    /// - Parameter capacity: the number of families kept at most is twice this; fewer where they name many resources.
    init(capacity: Int = 32_768) {
        self.capacity = capacity
    }

    /// The standing of a family, or the epoch in which the caller may load it.
    func lookup(_ familyID: Identifier) -> (standing: Standing?, epoch: UInt64) {
        // What is forgotten goes after the lock: tens of thousands of families take a while to free.
        var forgotten: StandingGeneration?
        defer { _ = forgotten }
        return state.withLock { state in
            if state.isTrusted, let standing = state.young[familyID] {
                state.hits += 1
                return (standing, state.epoch)
            }
            guard state.isTrusted, let standing = state.old[familyID] else {
                state.misses += 1
                return (nil, state.epoch)
            }
            state.hits += 1
            forgotten = insert(standing, into: &state)
            return (standing, state.epoch)
        }
    }

    /// For metrics. What has moved to the young generation may be counted twice.
    var reading: (hits: Int, misses: Int, entries: Int) {
        state.withLock { ($0.hits, $0.misses, $0.young.count + $0.old.count) }
    }

    /// Keeps what was loaded, unless anything was dropped since.
    /// - Returns: whether nothing was.
    @discardableResult
    func keep(_ standing: Standing, loadedIn epoch: UInt64) -> Bool {
        var forgotten: StandingGeneration?
        defer { _ = forgotten }
        return state.withLock { state in
            guard state.isTrusted, state.epoch == epoch else { return false }
            forgotten = insert(standing, into: &state)
            return true
        }
    }

    /// A refresh changes nothing that a token may do, so the copy stays and learns of it.
    /// Only these three: the caller's own copy of the rest may be older than the one that is kept.
    func rotated(_ familyID: Identifier, generation: Int64, idleExpiresAt: Int64, at now: Int64) {
        state.withLock { state in
            state.young.rotated(familyID, generation: generation, idleExpiresAt: idleExpiresAt, at: now)
            state.old.rotated(familyID, generation: generation, idleExpiresAt: idleExpiresAt, at: now)
        }
    }

    /// Drops the families of one authorization.
    func drop(authorization: Identifier) {
        state.withLock { $0.drop([authorization]) }
    }

    /// Drops what one user granted.
    func drop(user: Identifier) {
        state.withLock { $0.drop($0.young.authorizations(ofUser: user).union($0.old.authorizations(ofUser: user))) }
    }

    /// Drops what one client was granted.
    func drop(client: Identifier) {
        state.withLock { $0.drop($0.young.authorizations(ofClient: client).union($0.old.authorizations(ofClient: client))) }
    }

    /// Drops what the members of an account granted, and what its own clients were granted.
    func drop(account: Identifier) {
        state.withLock { $0.drop($0.young.authorizations(concerning: account).union($0.old.authorizations(concerning: account))) }
    }

    /// Drops everything: for the rare changes that can reach any authorization.
    func dropAll() {
        state.withLock { empty(&$0) }
    }

    /// What is kept is relied on until then, unless more is said: whether the other nodes were heard of is a question of time, because
    /// a database that is away need not say so, and a process that was stopped knows nothing of it.
    func trust(until end: ContinuousClock.Instant) { state.withLock { $0.trustedUntil = end } }

    private func empty(_ state: inout State) {
        state.epoch += 1
        state.young = StandingGeneration()
        state.old = StandingGeneration()
    }

    /// - Returns: the generation that is forgotten for it.
    private func insert(_ standing: Standing, into state: inout State) -> StandingGeneration? {
        var forgotten: StandingGeneration?
        if state.young.weight >= capacity {
            forgotten = state.old
            state.old = state.young
            state.young = StandingGeneration()
        }
        state.young.insert(standing)
        return forgotten
    }
}
