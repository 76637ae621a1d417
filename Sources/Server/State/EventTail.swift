import Logging
import Storage
import Synchronization

/// Follows the outbox and drops from memory what each event changes.
///
/// Events of this process arrive from `Store` before their change is acknowledged; those that other processes wrote,
/// such as the operator's commands and other nodes, are found by asking a few times a second, and where the database tells. What is
/// in memory is relied on for a second after the last answer, whatever keeps the next one away.
final class EventTail: Sendable {
    private struct Position {
        var sequence: Int64
        /// Sequences after `sequence` that were already applied here.
        var applied: Set<Int64> = []
    }

    private let position: Mutex<Position>
    private let standings: StandingCache
    private let clients: ClientDirectory
    /// Called when keys or the catalogue changed.
    private let reload: @Sendable (Event.Subject) async throws -> Void
    private let reloads = Mutex<Set<Event.Subject>>([])
    private let metrics: Metrics
    let traces = EventTraces()
    /// When the newest catching up that succeeded began.
    private let current = Mutex(ContinuousClock.now)
    private let trustedUntil = Mutex<ContinuousClock.Instant?>(nil)
    private let failed = Atomic(false)

    /// For so long memory is relied on without hearing of other nodes.
    static let bound = Duration.seconds(1)
    /// Called when the outbox has grown.
    private let onEvents: @Sendable () -> Void

    init(
        from sequence: Int64, standings: StandingCache, clients: ClientDirectory, metrics: Metrics = Metrics(),
        onEvents: @escaping @Sendable () -> Void = {},
        reload: @escaping @Sendable (Event.Subject) async throws -> Void
    ) {
        position = Mutex(Position(sequence: sequence))
        self.standings = standings
        self.clients = clients
        self.metrics = metrics
        self.reload = reload
        self.onEvents = onEvents
    }

    /// Seconds since everything that others had committed was known here.
    var lag: Double { (ContinuousClock.now - current.withLock { $0 }) / .seconds(1) }
    /// Whether what is in memory is relied on.
    var isTrusted: Bool { trustedUntil.withLock { $0.map { .now < $0 } ?? true } }
    /// Whether the newest catching up succeeded.
    var isFollowing: Bool { !failed.load(ordering: .relaxed) }

    /// Applies the events of a transaction that this process just committed.
    func committed(_ events: [Event]) {
        metrics.events.add(events.count)
        if let trace = TraceContext.current { traces.remember(trace, of: events.map(\.sequence)) }
        for event in events { apply(event) }
        position.withLock { $0.applied.formUnion(events.map(\.sequence)) }
        onEvents()
    }

    /// Applies what others have committed since.
    func catchUp(with store: Store) async throws {
        let start = ContinuousClock.now
        while true {
            let from = position.withLock { $0.sequence }
            // The last one that is known is asked for again: events are never removed, so where it is gone, or is another, this is not the
            // outbox that was followed. A failover or a restore took its end away, and its numbers are given again.
            let found = try await store.events(after: max(0, from - 1), limit: 501)
            if from > 0, found.first?.sequence != from {
                let newest = try await store.latestSequence()
                position.withLock { $0 = Position(sequence: newest) }
                dropEverything()
                continue
            }
            let events = found.dropFirst(from > 0 ? 1 : 0).prefix(500)
            guard let last = events.last else { break }
            let applied = position.withLock { $0.applied }
            let unseen = events.filter { !applied.contains($0.sequence) }
            for event in unseen { apply(event) }
            // Only now: whoever catches up at the same time must not believe that it is done.
            position.withLock { position in
                position.sequence = max(position.sequence, last.sequence)
                position.applied = position.applied.filter { $0 > position.sequence }
            }
            if !unseen.isEmpty { onEvents() }
            if events.count < 500 { break }
        }
        let subjects = reloads.withLock { reloads in
            defer { reloads = [] }
            return reloads
        }
        do {
            for subject in subjects { try await reload(subject) }
        } catch {
            reloads.withLock { $0.formUnion(subjects) }
            throw error
        }
        current.withLock { $0 = max($0, start) }
        failed.store(false, ordering: .relaxed)
        // From before the question: nothing is known of what came after it.
        trust(until: start + Self.bound)
    }

    /// Nothing in memory can be relied on until `catchUp` succeeds again.
    func lost() {
        failed.store(true, ordering: .relaxed)
        trust(until: .now)
    }

    private func trust(until end: ContinuousClock.Instant) {
        trustedUntil.withLock { $0 = end }
        standings.trust(until: end)
        clients.trust(until: end)
    }

    /// Clients before standings: whoever puts a client that was kept into a new standing takes the epoch of standings first.
    private func apply(_ event: Event) {
        switch event.subject {
        case .authorization:
            if let id = event.authorizationID { standings.drop(authorization: id) } else { standings.dropAll() }
        case .client:
            if let id = event.clientID { clients.drop(id) } else { clients.dropAll() }
            if let id = event.clientID { standings.drop(client: id) } else { standings.dropAll() }
        case .account:
            clients.dropAll()
            if let id = event.accountID { standings.drop(account: id) } else { standings.dropAll() }
        case .resourceServer:
            clients.dropAll()
        case .user, .membership:
            if let id = event.userID { standings.drop(user: id) } else { standings.dropAll() }
        case .policy:
            if let id = event.accountID { standings.drop(account: id) } else { standings.dropAll() }
        case .catalogue:
            // Policies are kept with the risks of scopes spelled out.
            standings.dropAll()
            reloads.withLock { _ = $0.insert(event.subject) }
        case .keys:
            reloads.withLock { _ = $0.insert(event.subject) }
        case .everything:
            dropEverything()
        case .none:
            break
        }
    }

    private func dropEverything() {
        clients.dropAll()
        standings.dropAll()
        reloads.withLock { $0.formUnion([.keys, .catalogue]) }
    }
}
