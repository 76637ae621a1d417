import Delegation
import OAuth
import Storage
import Synchronization

/// Counts how clients are used, in memory, and writes it down every few seconds in batches: a call must cost no write of its own.
/// A process that is killed loses what it counted since the last time.
final class UsageRecorder: Sendable {
    fileprivate struct Period: Hashable {
        let clientID: Identifier
        /// Hours since 1970-01-01T00:00Z.
        let hour: Int64
    }

    /// What one client did in one hour, in the form that is quickest to add to.
    private struct Tally {
        var tokens: [Client.GrantType: Int64] = [:]
        var calls: [UsageCall: Int64] = [:]
        var refusals: [UsageReason: Int64] = [:]
        var asked: [ScopeSet: Int64] = [:]
        var granted: [ScopeSet: Int64] = [:]
        var used: [ScopeSet: Int64] = [:]
        /// What tokens carried whose use is known by introspection alone, by token family.
        var carried: [Identifier: (scopes: ScopeSet, count: Int64)] = [:]
    }

    fileprivate struct Counter: Hashable {
        let period: Period
        let kind: UsageKind
        let label: String
    }

    private struct State {
        var tallies: [Period: Tally] = [:]
        /// What storage did not take yet.
        var unwritten: [Counter: Int64] = [:]
    }

    private let state = Mutex(State())

    /// Far more than can be used between two writes. What goes beyond is not counted.
    private static let mostPeriods = 16_384
    private static let mostEntries = 1024
    private static let mostUnwritten = 65_536
    /// Rows in one transaction, so that nobody waits long behind it.
    private static let batch = 500

    // MARK: Counting

    func issued(_ type: Client.GrantType, _ clientID: Identifier, at now: Int64) {
        count(clientID, now) { $0.tokens[type, default: 0] += 1 }
    }

    func refused(_ reason: UsageReason, _ clientID: Identifier, at now: Int64) {
        count(clientID, now) { $0.refusals[reason, default: 0] += 1 }
    }

    /// - Parameter scopes: what the call needed; empty where that is not known.
    func called(_ call: UsageCall, _ clientID: Identifier, needing scopes: ScopeSet = [], at now: Int64) {
        count(clientID, now) { tally in
            tally.calls[call, default: 0] += 1
            if !scopes.isEmpty { Self.add(scopes, to: &tally.used) }
        }
    }

    /// An API asked about a token, and did not say what for.
    func introspected(_ standing: Standing, carrying scopes: ScopeSet, at now: Int64) {
        let family = standing.family.id
        count(standing.client.id, now) { tally in
            tally.calls[.introspection, default: 0] += 1
            if let known = tally.carried[family] {
                // Most tokens of a family carry the same: then the two are one array, and comparing them costs nothing.
                let all = known.scopes == scopes ? scopes : known.scopes.union(scopes)
                tally.carried[family] = (all, known.count + 1)
            } else if tally.carried.count < Self.mostEntries {
                tally.carried[family] = (scopes, 1)
            }
        }
    }

    /// A user was asked for scopes, or would have been, had they not been granted before.
    func asked(_ scopes: ScopeSet, granted: ScopeSet, _ clientID: Identifier, at now: Int64) {
        count(clientID, now) { tally in
            Self.add(scopes, to: &tally.asked)
            if !granted.isEmpty { Self.add(granted, to: &tally.granted) }
        }
    }

    private func count(_ clientID: Identifier, _ now: Int64, _ add: (inout Tally) -> Void) {
        let period = Period(clientID: clientID, hour: now / 3600)
        state.withLock { state in
            guard state.tallies[period] != nil || state.tallies.count < Self.mostPeriods else { return }
            add(&state.tallies[period, default: Tally()])
        }
    }

    private static func add(_ scopes: ScopeSet, to counts: inout [ScopeSet: Int64]) {
        guard counts[scopes] != nil || counts.count < mostEntries else { return }
        counts[scopes, default: 0] += 1
    }

    // MARK: Writing down

    /// Writes down what was counted since; keeps what storage does not take for the next time.
    func flush(to store: Store) async throws {
        let (tallies, unwritten) = state.withLock { state in
            defer { state = State() }
            return (state.tallies, state.unwritten)
        }
        if tallies.isEmpty, unwritten.isEmpty { return }
        var counts = unwritten
        for (period, tally) in tallies { Self.add(tally, of: period, to: &counts) }
        var left = Array(counts)
        do {
            while !left.isEmpty {
                let part = left.prefix(Self.batch)
                try await store.recordUsage(part.map { UsageIncrement($0.key, $0.value) })
                left.removeFirst(part.count)
            }
        } catch {
            let kept = left.prefix(Self.mostUnwritten)
            state.withLock { state in
                for (counter, count) in kept { state.unwritten[counter, default: 0] += count }
            }
            throw error
        }
    }

    private static func add(_ tally: Tally, of period: Period, to counts: inout [Counter: Int64]) {
        func add(_ kind: UsageKind, _ label: String, _ count: Int64) {
            counts[Counter(period: period, kind: kind, label: label), default: 0] += count
        }
        func add(_ kind: UsageKind, _ sets: some Sequence<(ScopeSet, Int64)>) {
            for (scopes, count) in sets {
                for label in scopes.labels { add(kind, label, count) }
            }
        }
        for (type, count) in tally.tokens { add(.token, type.rawValue, count) }
        for (call, count) in tally.calls { add(.call, call.rawValue, count) }
        for (reason, count) in tally.refusals { add(.refusal, reason.rawValue, count) }
        add(.asked, tally.asked.map { ($0.key, $0.value) })
        add(.granted, tally.granted.map { ($0.key, $0.value) })
        add(.used, tally.used.map { ($0.key, $0.value) })
        add(.used, tally.carried.values.map { ($0.scopes, $0.count) })
    }
}

extension UsageIncrement {
    fileprivate init(_ counter: UsageRecorder.Counter, _ count: Int64) {
        self.init(clientID: counter.period.clientID, hour: counter.period.hour, kind: counter.kind, label: counter.label, count: count)
    }
}
