/// A 128-bit random identifier, written as 32 lowercase hexadecimal digits. That of an installation, of which there are most, begins
/// with the time instead.
///
/// Accounts, users, clients, authorizations and token families are all named by one. A token family's
/// identifier is part of what makes its tokens unguessable, so it always comes from a secure random source.
public struct Identifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads exactly 32 lowercase hexadecimal digits; anything else is nil.
    public init?(_ text: some StringProtocol) {
        // A row has several of them: reading the bytes where they lie is much quicker than asking a string for one after the other.
        let atOnce = text.utf8.withContiguousStorageIfAvailable { Identifier(digits: $0) }
        guard let read = atOnce ?? Array(text.utf8).withUnsafeBufferPointer({ Identifier(digits: $0) }) else { return nil }
        self = read
    }

    private init?(digits: UnsafeBufferPointer<UInt8>) {
        guard digits.count == 32 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in digits.enumerated() {
            let digit: UInt64
            switch byte {
            case 0x30...0x39: digit = UInt64(byte - 0x30)
            case 0x61...0x66: digit = UInt64(byte - 0x61 + 10)
            default: return nil
            }
            if index < 16 { words.0 = words.0 << 4 | digit } else { words.1 = words.1 << 4 | digit }
        }
        self.init(high: words.0, low: words.1)
    }

    /// Reads 16 bytes, most significant first; anything else is nil.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// The 16 bytes, most significant first.
    public var bytes: [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(16)
        for shift in stride(from: 56, through: 0, by: -8) { result.append(UInt8(truncatingIfNeeded: high >> shift)) }
        for shift in stride(from: 56, through: 0, by: -8) { result.append(UInt8(truncatingIfNeeded: low >> shift)) }
        return result
    }

    /// The 32 hexadecimal digits.
    public var description: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            for index in 0..<32 {
                let word = index < 16 ? high : low
                let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (index % 16))) & 0xF
                buffer[index] = nibble < 10 ? 0x30 + nibble : 0x61 + nibble - 10
            }
            return 32
        }
    }

    public static func < (left: Identifier, right: Identifier) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}
