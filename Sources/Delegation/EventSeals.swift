import OAuth

/// One column of a row, as it is sealed.
public enum SealedField: Sendable, Equatable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
}

/// What a seal keeps of one event: enough to tell later whether it is still the same.
public struct EventDigest: Sendable, Equatable {
    public let sequence: Int64
    /// SHA-256 of the event's canonical encoding.
    public let hash: [UInt8]

    /// - Parameters:
    ///   - fields: the columns of the event, always in the same order.
    ///   - accounts: the columns of each account that sees it, ascending by account.
    public init(sequence: Int64, fields: [SealedField], accounts: [[SealedField]]) {
        var encoding = CanonicalBytes()
        encoding.append(1)
        encoding.append(sequence)
        encoding.append(fields)
        encoding.append(Int64(accounts.count))
        for account in accounts { encoding.append(account) }
        self.sequence = sequence
        hash = Credential.hash(bytes: encoding.bytes)
    }

    init(sequence: Int64, hash: [UInt8]) {
        self.sequence = sequence
        self.hash = hash
    }

    static let packedLength = 40

    static func unpack(_ bytes: [UInt8]) -> [EventDigest]? {
        guard bytes.count.isMultiple(of: packedLength) else { return nil }
        return stride(from: 0, to: bytes.count, by: packedLength).map { start in
            let sequence = bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return EventDigest(sequence: Int64(bitPattern: sequence), hash: Array(bytes[start + 8..<start + packedLength]))
        }
    }

    static func pack(_ digests: [EventDigest]) -> [UInt8] {
        var packed = CanonicalBytes()
        for digest in digests {
            packed.append(digest.sequence)
            packed.bytes += digest.hash
        }
        return packed.bytes
    }
}

/// Where a chain of seals ends.
public struct SealHead: Sendable, Equatable {
    public let number: Int64
    public let lastSequence: Int64
    public let hash: [UInt8]

    public init(number: Int64, lastSequence: Int64, hash: [UInt8]) {
        self.number = number
        self.lastSequence = lastSequence
        self.hash = hash
    }
}

/// A batch of events, sealed: its hash covers each event and the seal before it, its MAC needs a key of the key ring.
///
/// The key's id stands in the seal, so that a rotation leaves what was sealed before verifiable with the key of its time.
public struct Seal: Sendable, Equatable {
    public let number: Int64
    public let firstSequence: Int64
    public let lastSequence: Int64
    public let count: Int64
    /// Epoch seconds.
    public let sealedAt: Int64
    public let keyID: Int64
    /// The digests of its events, one behind the other.
    public let digests: [UInt8]
    /// The hash of the seal before.
    public let previous: [UInt8]
    public let hash: [UInt8]
    public let mac: [UInt8]

    /// What the first seal has in place of a seal before it.
    static let beginning = [UInt8](repeating: 0, count: 32)

    /// As it was stored.
    public init(
        number: Int64, firstSequence: Int64, lastSequence: Int64, count: Int64, sealedAt: Int64, keyID: Int64, digests: [UInt8],
        previous: [UInt8], hash: [UInt8], mac: [UInt8]
    ) {
        self.number = number
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.count = count
        self.sealedAt = sealedAt
        self.keyID = keyID
        self.digests = digests
        self.previous = previous
        self.hash = hash
        self.mac = mac
    }

    /// Seals every event behind the head, ascending and at least one.
    /// - Returns: nil where there is none.
    public init?(after head: SealHead?, covering events: [EventDigest], at now: Int64, key: MACKey) {
        guard let last = events.last else { return nil }
        number = (head?.number ?? 0) + 1
        firstSequence = (head?.lastSequence ?? 0) + 1
        lastSequence = last.sequence
        count = Int64(events.count)
        sealedAt = now
        keyID = Int64(key.id)
        digests = EventDigest.pack(events)
        previous = head?.hash ?? Self.beginning
        hash = Self.hash([number, firstSequence, lastSequence, count, sealedAt, keyID], digests: digests, previous: previous)
        mac = key.authenticationCode(ofSeal: hash)
    }

    public var head: SealHead { SealHead(number: number, lastSequence: lastSequence, hash: hash) }

    /// Whether it is what a holder of the key ring made.
    func isAuthentic(_ keys: MACKeyRing) -> Bool {
        guard let id = UInt32(exactly: keyID), let key = keys.key(id: id),
            hash == Self.hash([number, firstSequence, lastSequence, count, sealedAt, keyID], digests: digests, previous: previous)
        else { return false }
        return Credential.areEqual(mac, key.authenticationCode(ofSeal: hash))
    }

    private static func hash(
        _ numbers: [Int64], digests: [UInt8], previous: [UInt8]
    ) -> [UInt8] {
        var encoding = CanonicalBytes()
        encoding.append(1)
        encoding.append(numbers.map(SealedField.integer) + [.bytes(digests), .bytes(previous)])
        return Credential.hash(bytes: encoding.bytes)
    }
}

/// Walks the seals in order and notes where they, or the events under them, are not what they were.
public struct SealChain: Sendable {
    public enum Break: Sendable, Equatable {
        case sealsMissing(ClosedRange<Int64>)
        /// It was changed, or put there by somebody without the key.
        case sealChanged(Int64)
        case eventChanged(Int64, seal: Int64)
        case eventMissing(Int64, seal: Int64)
        case eventInserted(Int64, seal: Int64)
    }

    public private(set) var breaks: [Break] = []
    public private(set) var head: SealHead?
    public private(set) var sealCount = 0
    public private(set) var eventCount = 0
    private var isHeadSound = true
    private let keys: MACKeyRing

    public init(keys: MACKeyRing) { self.keys = keys }

    /// The next seal, and all events that are stored in its range, ascending.
    public mutating func check(_ seal: Seal, events: [EventDigest]) {
        let expected = (head?.number ?? 0) + 1
        if seal.number > expected { breaks.append(.sealsMissing(expected...seal.number - 1)) }
        // Behind a gap, or behind a seal that was changed, there is nothing to compare the link with.
        let isLinked =
            seal.number != expected || !isHeadSound
            || (seal.previous == head?.hash ?? Seal.beginning && seal.firstSequence == (head?.lastSequence ?? 0) + 1)
        sealCount += 1
        head = seal.head
        guard isLinked, seal.isAuthentic(keys), let sealed = EventDigest.unpack(seal.digests) else {
            isHeadSound = false
            breaks.append(.sealChanged(seal.number))
            return
        }
        isHeadSound = true
        eventCount += sealed.count
        compare(sealed, events, seal.number)
    }

    private mutating func compare(_ sealed: [EventDigest], _ stored: [EventDigest], _ seal: Int64) {
        var left = Dictionary(stored.map { ($0.sequence, $0.hash) }, uniquingKeysWith: { first, _ in first })
        for digest in sealed {
            guard let hash = left.removeValue(forKey: digest.sequence) else {
                breaks.append(.eventMissing(digest.sequence, seal: seal))
                continue
            }
            if hash != digest.hash { breaks.append(.eventChanged(digest.sequence, seal: seal)) }
        }
        for sequence in left.keys.sorted() { breaks.append(.eventInserted(sequence, seal: seal)) }
    }
}

/// Bytes that only one list of values encodes to: each value with its type, each run of bytes with its length before it.
private struct CanonicalBytes {
    var bytes: [UInt8] = []

    mutating func append(_ value: Int64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> Int64(shift))) }
    }

    mutating func append(_ fields: [SealedField]) {
        append(Int64(fields.count))
        for field in fields { append(field) }
    }

    private mutating func append(_ field: SealedField) {
        switch field {
        case .null: bytes.append(0)
        case .integer(let value):
            bytes.append(1)
            append(value)
        case .text(let text): append(Array(text.utf8), tag: 2)
        case .bytes(let run): append(run, tag: 3)
        }
    }

    private mutating func append(_ run: [UInt8], tag: UInt8) {
        bytes.append(tag)
        append(Int64(run.count))
        bytes += run
    }
}
