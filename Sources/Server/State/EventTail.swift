import Logging
import NIOCore
import Storage
import Synchronization

/// Follows the outbox and drops from memory what each event changes.
///
/// Events of this process arrive from `Store` before their change is acknowledged; those that other processes wrote,
/// such as the operator's commands, are found by asking a few times a second. While asking fails, nothing in memory is trusted.
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
    /// When the newest catching up that succeeded began.
    private let current = Mutex(ContinuousClock.now)

    /// For so long memory is trusted without hearing of other nodes: a database that is silent answers with no error either.
    static let bound = Duration.seconds(2)
    private let metrics: Metrics
    let traces = EventTraces()
    /// When `catchUp` succeeded last, on the clock that only goes forward.
    private let caughtUpAt = Atomic(NIODeadline.now().uptimeNanoseconds)
    private let isFollowing = Atomic(true)

    init(
        from sequence: Int64, standings: StandingCache, clients: ClientDirectory, metrics: Metrics = Metrics(),
        reload: @escaping @Sendable (Event.Subject) async throws -> Void
    ) {
        position = Mutex(Position(sequence: sequence))
        self.standings = standings
        self.clients = clients
        self.metrics = metrics
        self.reload = reload
    }

    /// Seconds since everything that others had committed was known here.
    var lag: Double { Double(NIODeadline.now().uptimeNanoseconds &- caughtUpAt.load(ordering: .relaxed)) / 1e9 }
    /// Whether what is in memory is relied on.
    var isTrusted: Bool { isFollowing.load(ordering: .relaxed) }

    /// Applies the events of a transaction that this process just committed.
    func committed(_ events: [Event]) {
        metrics.events.add(events.count)
        if let trace = TraceContext.current { traces.remember(trace, of: events.map(\.sequence)) }
        for event in events { apply(event) }
        position.withLock { $0.applied.formUnion(events.map(\.sequence)) }
    }

    /// Applies what others have committed since.
    func catchUp(with store: Store) async throws {
        let start = ContinuousClock.now
        while true {
            let from = position.withLock { $0.sequence }
            let events = try await store.events(after: from, limit: 500)
            guard let last = events.last else { break }
            let unseen = position.withLock { position in
                let unseen = events.filter { !position.applied.contains($0.sequence) }
                position.sequence = max(position.sequence, last.sequence)
                position.applied = position.applied.filter { $0 > position.sequence }
                return unseen
            }
            for event in unseen { apply(event) }
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
        // What took longer than the bound may tell of a time before it; the next one is trusted.
        if start + Self.bound < .now { return }
        standings.setTrusted(true)
        clients.setTrusted(true)
        isFollowing.store(true, ordering: .relaxed)
        caughtUpAt.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }

    /// Nothing in memory can be relied on until `catchUp` succeeds again.
    func lost() {
        standings.setTrusted(false)
        clients.setTrusted(false)
        isFollowing.store(false, ordering: .relaxed)
    }

    /// The same where the last catching up that succeeded is too long ago.
    func distrustIfOld(now: ContinuousClock.Instant = .now) {
        if current.withLock({ $0 }) + Self.bound < now { lost() }
    }

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
        case .none:
            break
        }
    }
}
