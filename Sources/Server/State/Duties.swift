import Logging
import OAuth
import Storage
import Synchronization

/// What one node does for all of them. Everything that is written down by it is atomic all the same: a node that was stopped in the
/// middle and goes on after another took over does no harm.
enum Duty: String, CaseIterable, Sendable {
    case sweep, seals, proofs, webhooks, pushes, keys
}

/// The duties of this node, each by a lease. A database that no other node can share needs none: there every duty is this process's.
final class Duties: Sendable {
    private struct Sighting {
        let lease: Lease
        /// When the answer with it was there.
        let at: ContinuousClock.Instant
    }

    private struct State {
        /// For how long each may be relied on, measured from before the question that renewed it.
        var until: [Duty: ContinuousClock.Instant] = [:]
        var sightings: [Duty: Sighting] = [:]
        var isReleased = false
    }

    /// A holder that renewed nothing for so long stops by itself, well before another may take over.
    static let confidence = Duration.milliseconds(2500)
    /// A lease that stayed the same for so long may be taken over.
    static let silence = Duration.seconds(4)
    static let pace = Duration.milliseconds(500)

    private let state = Mutex(State())
    private let isShared: Bool
    /// A clock that only goes forward, and is this node's alone.
    private let now: @Sendable () -> ContinuousClock.Instant
    /// This process, as long as it runs.
    let holder: String

    init(isShared: Bool, random: Randomness, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.isShared = isShared
        self.now = now
        holder = random.identifier().description
    }

    /// Whether the duty is this node's now. Asked before every step of it.
    func holds(_ duty: Duty) -> Bool {
        guard isShared else { return true }
        let now = now()
        return state.withLock { state in !state.isReleased && state.until[duty].map { now < $0 } ?? false }
    }

    /// Renews what this node holds and takes what nobody does.
    /// - Returns: what it took.
    func keep(in store: Store) async throws -> [Duty] {
        guard isShared else { return [] }
        var start = now()
        let renewed = Set(try await store.renewLeases(of: holder))
        hold(Duty.allCases.filter { renewed.contains($0.rawValue) }, onlyThose: true, since: start)
        if renewed.isSuperset(of: Duty.allCases.map(\.rawValue)) { return [] }
        start = now()
        let leases = Dictionary(try await store.leases().map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let end = now()
        var taken: [Duty] = []
        for duty in Duty.allCases where !renewed.contains(duty.rawValue) {
            let lease = leases[duty.rawValue]
            guard mayTake(duty, lease, asked: start, answered: end) else { continue }
            let asked = now()
            if try await store.takeLease(duty.rawValue, seen: lease, for: holder) {
                hold([duty], onlyThose: false, since: asked)
                taken.append(duty)
            }
        }
        return taken
    }

    /// Gives everything back for others to take at once.
    func release(in store: Store) async throws {
        guard isShared else { return }
        state.withLock { $0.isReleased = true }
        try await store.releaseLeases(of: holder)
    }

    private func hold(_ duties: [Duty], onlyThose: Bool, since start: ContinuousClock.Instant) {
        state.withLock { state in
            if onlyThose { state.until = [:] }
            for duty in duties { state.until[duty] = start + Self.confidence }
        }
    }

    /// Whether nobody holds it: it was given back, or its holder has been silent between two questions.
    private func mayTake(
        _ duty: Duty, _ lease: Lease?, asked: ContinuousClock.Instant, answered: ContinuousClock.Instant
    ) -> Bool {
        guard let lease, !lease.holder.isEmpty else { return true }
        return state.withLock { state in
            if let sighting = state.sightings[duty], sighting.lease == lease { return asked - sighting.at >= Self.silence }
            state.sightings[duty] = Sighting(lease: lease, at: answered)
            return false
        }
    }
}
