import Crypto
import CryptoExtras
import OAuth
import Storage
import Synchronization

/// The keys that tokens are made with, opened with the master key and kept in memory.
public final class KeyRings: Sendable {
    /// Why the key ring cannot be used.
    public enum Problem: Error, CustomStringConvertible {
        case sealedWithAnotherMasterKey

        public var description: String {
            "The key ring in the database was sealed with another master key. Give the one that was used before."
        }
    }

    private struct Rings {
        /// Which of the reads it comes from, in the order in which they began.
        var read: UInt64 = 0
        var mac = MACKeyRing([])
        var signing = SigningKeyRing([])
        /// Of every key that is not retired.
        var activeFrom: [(purpose: KeyPurpose, at: Int64)] = []
    }

    private let rings = Mutex(Rings())
    private let reads = Mutex<UInt64>(0)
    private let masterKey: MasterKey
    private let random: Randomness

    /// Seconds for which whoever fetched the published keys may keep them.
    static let publishedAge: Int64 = 300
    /// Seconds from the creation of a key to its first use: by then every node has read it, and who checks signatures has fetched it.
    public static let lead = publishedAge + 10
    private let rereading = Mutex<Rereading?>(nil)

    private struct Rereading {
        let start: ContinuousClock.Instant
        let task: Task<Void, any Error>
    }

    public init(masterKey: MasterKey, random: Randomness = .system) {
        self.masterKey = masterKey
        self.random = random
    }

    var mac: MACKeyRing { rings.withLock { $0.mac } }
    var signing: SigningKeyRing { rings.withLock { $0.signing } }

    /// Since when the newest key of each purpose is in use, in epoch seconds.
    func newest(at now: Int64) -> [KeyPurpose: Int64] {
        let known = rings.withLock { $0.activeFrom }.filter { $0.at <= now }
        return Dictionary(known.map { ($0.purpose, $0.at) }, uniquingKeysWith: max)
    }

    /// Makes the keys that are missing; of two processes that start at once, one does.
    public func ensure(in store: Store, now: Int64) async throws {
        if try await store.keys().isEmpty {
            try await store.addKeys(try newKeys(activeFrom: now, now: now), onlyMissing: true, actor: Self.actor, now: now)
        }
        try await reload(from: store)
    }

    /// Adds a new key of each kind. Those before it stay published and accepted.
    /// - Parameter lead: seconds until the first use of the new ones.
    public func rotate(in store: Store, lead: Int64 = KeyRings.lead, actor: Actor, now: Int64) async throws {
        try await store.addKeys(try newKeys(activeFrom: now + lead, now: now), onlyMissing: false, actor: actor, now: now)
        try await reload(from: store)
    }

    /// Rotates keys that are old enough, and removes those that signed nothing which could still be shown.
    /// - Parameters:
    ///   - age: seconds of use after which a key is followed by another; nil: never by itself.
    ///   - memory: seconds for which something that was signed may live.
    func maintain(in store: Store, age: Int64?, memory: Int64, now: Int64) async throws {
        let stored = try await store.keys()
        if let age, let newest = stored.map(\.activeFrom).max(), newest + age <= now + Self.lead {
            _ = try await store.addKeys(
                try newKeys(activeFrom: now + Self.lead, now: now), unlessAnyAfter: newest, actor: Self.actor, now: now)
        }
        if stored.contains(where: { $0.isSuperseded(by: stored, since: now - memory) }) {
            _ = try await store.removeSupersededKeys(since: now - memory, actor: Self.actor, now: now)
        }
    }

    /// Whether a token names a key that this node has not heard of.
    func lackKey(of token: String) -> Bool {
        switch KeyReference(token) {
        case .mac(let id): mac.key(id: id) == nil
        case .signing(let id): !signing.contains(id: id)
        case nil: false
        }
    }

    /// Reads the ring again because of a key that is not in it: at most once a second, whoever asks. Those who ask meanwhile share it.
    func reread(from store: Store, at instant: ContinuousClock.Instant = .now) async throws {
        let task = rereading.withLock { rereading in
            if let rereading, instant - rereading.start < .seconds(1) { return rereading.task }
            let task = Task { try await self.reload(from: store) }
            rereading = Rereading(start: instant, task: task)
            return task
        }
        try await task.value
    }

    public func reload(from store: Store) async throws {
        let read = reads.withLock { reads in
            reads += 1
            return reads
        }
        var macKeys: [MACKey] = []
        var signingKeys: [SigningKey] = []
        let storedKeys = try await store.keys()
        for stored in storedKeys {
            guard let bytes = masterKey.open(stored.sealed, label: Self.label(stored.id, stored.purpose, stored.algorithm)) else {
                throw Problem.sealedWithAnotherMasterKey
            }
            switch stored.purpose {
            case .mac:
                macKeys.append(
                    MACKey(
                        id: UInt32(truncatingIfNeeded: stored.id), key: bytes, activeFrom: stored.activeFrom, retiredAt: stored.retiredAt))
            case .sign:
                guard let algorithm = SigningAlgorithm(rawValue: stored.algorithm) else { continue }
                signingKeys.append(
                    try SigningKey(
                        algorithm: algorithm, storedForm: bytes, activeFrom: stored.activeFrom, retiredAt: stored.retiredAt))
            }
        }
        let replacement = Rings(
            read: read, mac: MACKeyRing(macKeys), signing: SigningKeyRing(signingKeys),
            activeFrom: storedKeys.filter { $0.retiredAt == nil }.map { ($0.purpose, $0.activeFrom) })
        // One that began earlier may have been answered later.
        rings.withLock { rings in if rings.read < read { rings = replacement } }
    }

    // MARK: Secrets of webhooks

    /// A webhook's secret is used again, so it cannot be kept as a hash; it is sealed as the keys are.
    func seal(_ secret: WebhookSecret, of webhook: Identifier) throws -> [UInt8] {
        try masterKey.seal(secret.bytes.reveal(), label: "webhook \(webhook)", random: random)
    }

    /// - Returns: nil where it was sealed with another master key.
    func webhookSecret(_ sealed: [UInt8], of webhook: Identifier) -> WebhookSecret? {
        masterKey.open(sealed, label: "webhook \(webhook)").map { WebhookSecret(bytes: $0) }
    }

    private static let actor = Actor(userID: nil, address: "server")

    private func newKeys(activeFrom: Int64, now: Int64) throws -> [StoredKey] {
        try Self.kinds.map { try newKey($0.0, $0.1, activeFrom: activeFrom, now: now) }
    }

    private static let kinds: [(KeyPurpose, String)] =
        [(.mac, "HS256")] + SigningAlgorithm.allCases.map { (.sign, $0.rawValue) }

    private func newKey(_ purpose: KeyPurpose, _ algorithm: String, activeFrom: Int64, now: Int64) throws -> StoredKey {
        let id = Int64(truncatingIfNeeded: random.word() >> 33)
        let bytes: [UInt8] =
            switch (purpose, SigningAlgorithm(rawValue: algorithm)) {
            case (.sign, .es256): Array(P256.Signing.PrivateKey().rawRepresentation)
            case (.sign, .edDSA): Array(Curve25519.Signing.PrivateKey().rawRepresentation)
            case (.sign, .rs256): Array(try _RSA.Signing.PrivateKey(keySize: .bits2048).derRepresentation)
            default: random.bytes(32)
            }
        let sealed = try masterKey.seal(bytes, label: Self.label(id, purpose, algorithm), random: random)
        return StoredKey(
            id: id, purpose: purpose, algorithm: algorithm, sealed: sealed, activeFrom: activeFrom, retiredAt: nil, createdAt: now)
    }

    private static func label(_ id: Int64, _ purpose: KeyPurpose, _ algorithm: String) -> String {
        "\(purpose.rawValue) \(algorithm) \(id)"
    }
}
