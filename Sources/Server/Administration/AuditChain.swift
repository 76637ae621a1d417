import Delegation
import OAuth
import Storage
import Synchronization

/// Seals events as they come, and remembers the seal that it made last: a database whose seals were taken away while the
/// server ran is not sealed over.
final class EventSealer: Sendable {
    struct ChainBroken: Error, CustomStringConvertible {
        let number: Int64
        var description: String { "seal \(number) was changed or removed; run `latchkey audit verify`" }
    }

    private let head = Mutex<SealHead?>(nil)

    func seal(_ store: Store, _ keys: KeyRings, now: Int64) async throws {
        guard let key = keys.mac.key(activeAt: now) else { return }
        while true {
            let known = head.withLock { $0 }
            switch try await store.sealEvents(after: known, key: key, limit: Store.mostInSeal, now: now) {
            case .sealed(let new): head.withLock { $0 = new }
            case .nothingToSeal: return
            case .broken: throw ChainBroken(number: known?.number ?? 0)
            }
        }
    }
}

/// Whether the audit log is what it was.
public struct AuditVerification: Sendable {
    public let chain: SealChain
    public let unsealedCount: Int64
    /// Epoch seconds: when the oldest event that no seal covers happened.
    public let unsealedSince: Int64?
    /// The seal that had to be there was found as it was noted.
    public let hasExpectedSeal: Bool

    public var holds: Bool { chain.breaks.isEmpty && hasExpectedSeal }

    /// Walks the whole chain.
    /// - Parameter expected: a seal that was noted outside of the database: nothing inside tells that the newest seals were cut off.
    public static func run(_ store: Store, _ keys: KeyRings, expecting expected: (number: Int64, hash: String)? = nil) async throws
        -> AuditVerification
    {
        var chain = SealChain(keys: keys.mac)
        var isFound = expected == nil
        while true {
            let seals = try await store.seals(after: chain.head?.number ?? 0, limit: 20)
            if seals.isEmpty { break }
            for (seal, events) in seals {
                chain.check(seal, events: events)
                if let expected, seal.number == expected.number { isFound = seal.hash.hexadecimal == expected.hash }
            }
        }
        let unsealed = try await store.unsealedEvents(after: chain.head)
        return AuditVerification(
            chain: chain, unsealedCount: unsealed.count, unsealedSince: unsealed.since, hasExpectedSeal: isFound)
    }
}

extension [UInt8] {
    /// Two lowercase digits a byte.
    public var hexadecimal: String { map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined() }
}
