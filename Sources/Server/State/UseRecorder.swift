import OAuth
import Storage
import Synchronization

/// Remembers which token families were used, when and from where, and which client secrets, and writes it down every few seconds in one batch:
/// a use must cost no write of its own.
final class UseRecorder: Sendable {
    private let uses = Mutex<[Identifier: Use]>([:])
    /// By the SHA-256 of the secret.
    private let secrets = Mutex<[[UInt8]: Int64]>([:])

    struct Use: Sendable {
        var at: Int64
        var address: String
    }

    func record(_ familyID: Identifier, at now: Int64, address: String) {
        uses.withLock { uses in
            // Most uses repeat the one before: then there is nothing to write.
            if let known = uses[familyID], known.at == now { return }
            uses[familyID] = Use(at: now, address: address)
        }
    }

    func record(clientSecret hash: [UInt8], at now: Int64) {
        secrets.withLock { $0[hash] = now }
    }

    /// Writes down what was recorded since; puts it back where storage fails.
    func flush(to store: Store) async throws {
        try await flushFamilies(to: store)
        try await flushSecrets(to: store)
    }

    private func flushSecrets(to store: Store) async throws {
        let pending = secrets.withLock { secrets in
            defer { secrets = [:] }
            return secrets
        }
        if pending.isEmpty { return }
        do {
            try await store.recordUse(ofClientSecrets: pending.map { (hash: $0.key, at: $0.value) })
        } catch {
            secrets.withLock { $0.merge(pending) { newer, _ in newer } }
            throw error
        }
    }

    private func flushFamilies(to store: Store) async throws {
        let pending = uses.withLock { uses in
            defer { uses = [:] }
            return uses
        }
        if pending.isEmpty { return }
        do {
            try await store.recordUse(pending.map { (familyID: $0.key, at: $0.value.at, address: $0.value.address) })
        } catch {
            uses.withLock { $0.merge(pending) { newer, _ in newer } }
            throw error
        }
    }
}
