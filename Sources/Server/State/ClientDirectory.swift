import Delegation
import OAuth
import Storage
import Synchronization

/// Clients and resource servers with the hashes of their secrets, kept in memory because every request of a program needs one.
final class ClientDirectory: Sendable {
    struct Entry: Sendable {
        let registration: Standing.Registration
        /// SHA-256 of each secret.
        let secretHashes: [[UInt8]]

        var client: Client { registration.client }
        var owner: Account { registration.account }

        /// Whether the client may ask anybody for anything now.
        func requireUsable() throws(AuthorizationPageError) {
            if client.status != .active || owner.isSuspended { throw .suspendedClient }
            if client.isFrozen { throw .frozenClient }
        }
    }

    private struct State {
        var entries: [Identifier: Entry] = [:]
        var resourceServers: [Identifier: ResourceServerRecord] = [:]
        var epoch: UInt64 = 0
        /// Until when others' changes are known here; nil: nobody else makes any.
        var trustedUntil: ContinuousClock.Instant?
        var isTrusted: Bool { trustedUntil.map { .now < $0 } ?? true }
        var hits = 0
        var misses = 0

        /// What a look-up found, and the epoch in which it may be loaded.
        mutating func counted<Found>(_ found: Found?) -> (Found?, UInt64) {
            if found == nil { misses += 1 }
            return (self.found(found), epoch)
        }

        /// What was looked for by somebody who looks again where it is not there.
        mutating func found<Found>(_ found: Found?) -> Found? {
            if found != nil { hits += 1 }
            return found
        }
    }

    private let state = Mutex(State())
    private let capacity = 4096

    func client(_ id: Identifier, in store: Store) async throws -> Entry? {
        let (known, epoch) = state.withLock { $0.counted($0.isTrusted ? $0.entries[id] : nil) }
        if let known { return known }
        guard let found = try await store.clientForAuthentication(id) else { return nil }
        let entry = Entry(registration: Standing.Registration(found.client, of: found.owner), secretHashes: found.secretHashes)
        state.withLock { state in
            guard state.isTrusted, state.epoch == epoch else { return }
            if state.entries.count >= capacity { state.entries = [:] }
            state.entries[id] = entry
        }
        return entry
    }

    /// What is known of a client without asking anybody.
    func known(_ id: Identifier) -> Standing.Registration? {
        state.withLock { state in state.isTrusted ? state.entries[id]?.registration : nil }
    }

    func resourceServer(_ id: Identifier, in store: Store) async throws -> ResourceServerRecord? {
        let (known, epoch) = state.withLock { $0.counted($0.isTrusted ? $0.resourceServers[id] : nil) }
        if let known { return known }
        guard let record = try await store.resourceServer(id) else { return nil }
        state.withLock { state in
            guard state.isTrusted, state.epoch == epoch else { return }
            state.resourceServers[id] = record
        }
        return record
    }

    /// For metrics.
    var reading: (hits: Int, misses: Int, entries: Int) {
        state.withLock { ($0.hits, $0.misses, $0.entries.count + $0.resourceServers.count) }
    }
    func drop(_ client: Identifier) {
        state.withLock { state in
            state.epoch += 1
            state.entries[client] = nil
        }
    }

    func dropAll() {
        state.withLock { state in
            state.epoch += 1
            state.entries = [:]
            state.resourceServers = [:]
        }
    }

    /// What is kept is relied on until then, unless more is said; see `StandingCache.trust`.
    func trust(until end: ContinuousClock.Instant) { state.withLock { $0.trustedUntil = end } }
}
