import OAuth
import Storage
import Synchronization

/// Remembers which token families, API tokens and client secrets were used, when and from where, and writes it down every few
/// seconds in one batch: a use must cost no write of its own.
final class UseRecorder: Sendable {
    private let families = Mutex<[Identifier: Use]>([:])
    private let apiTokens = Mutex<[Identifier: Use]>([:])
    /// By the SHA-256 of the secret.
    private let secrets = Mutex<[[UInt8]: Use]>([:])

    struct Use: Sendable {
        var at: Int64
        var address: String
    }

    func record(_ familyID: Identifier, at now: Int64, address: String) {
        families.withLock { UseRecorder.note(familyID, now, address, in: &$0) }
    }

    func record(apiToken id: Identifier, at now: Int64, address: String) {
        apiTokens.withLock { UseRecorder.note(id, now, address, in: &$0) }
    }

    private static func note(_ id: Identifier, _ now: Int64, _ address: String, in uses: inout [Identifier: Use]) {
        // Most uses repeat the one before: then there is nothing to write.
        if let known = uses[id], known.at == now { return }
        uses[id] = Use(at: now, address: address)
    }

    func record(clientSecret hash: [UInt8], at now: Int64) {
        secrets.withLock { $0[hash] = Use(at: now, address: "") }
    }

    /// Writes down what was recorded since; puts it back where storage fails.
    func flush(to store: Store) async throws {
        try await flush(families) { uses in
            try await store.recordUse(uses.map { (familyID: $0.key, at: $0.value.at, address: $0.value.address) })
        }
        try await flush(apiTokens) { uses in
            try await store.recordUse(ofAPITokens: uses.map { (id: $0.key, at: $0.value.at, address: $0.value.address) })
        }
        try await flush(secrets) { uses in
            try await store.recordUse(ofClientSecrets: uses.map { (hash: $0.key, at: $0.value.at) })
        }
    }

    private func flush<Key: Hashable & Sendable>(
        _ kept: borrowing Mutex<[Key: Use]>, _ write: ([Key: Use]) async throws -> Void
    ) async throws {
        let pending = kept.withLock { uses in
            defer { uses = [:] }
            return uses
        }
        if pending.isEmpty { return }
        do {
            try await write(pending)
        } catch {
            kept.withLock { $0.merge(pending) { newer, _ in newer } }
            throw error
        }
    }
}
