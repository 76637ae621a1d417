import Delegation
import OAuth
import Storage
import Synchronization

/// Remembers what policies that only watch would have refused, and writes it down in batches: once per authorization, account
/// and hour, however often it is used.
final class UnenforcedRecorder: Sendable {
    private struct Key: Hashable {
        let authorizationID: Identifier
        let accountID: Identifier
    }

    private struct State {
        var hour: Int64 = 0
        var seen: Set<Key> = []
        var pending: [UnenforcedUse] = []
    }

    private let state = Mutex(State())

    func record(_ finding: GatewayDecision.Unenforced, _ standing: Standing, at now: Int64, address: String) {
        let key = Key(authorizationID: standing.authorization.id, accountID: finding.accountID)
        state.withLock { state in
            if state.hour != now / 3600 {
                state.hour = now / 3600
                state.seen = []
            }
            guard state.seen.insert(key).inserted else { return }
            state.pending.append(
                UnenforcedUse(
                    authorizationID: standing.authorization.id, clientID: standing.client.id, userID: standing.user.id,
                    accountID: finding.accountID, obstacle: finding.obstacle?.code, withheld: finding.withheld,
                    address: address, at: now))
        }
    }

    /// Writes down what was recorded since; puts it back where storage fails.
    func flush(to store: Store) async throws {
        let pending = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        if pending.isEmpty { return }
        do {
            try await store.recordUnenforced(pending)
        } catch {
            state.withLock { $0.pending = pending + $0.pending }
            throw error
        }
    }
}
