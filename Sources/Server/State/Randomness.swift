import OAuth

/// The one source of randomness, as a value: tests put their own in its place.
public struct Randomness: Sendable {
    /// That many unpredictable bytes.
    public var bytes: @Sendable (Int) -> [UInt8]

    public init(bytes: @escaping @Sendable (Int) -> [UInt8]) {
        self.bytes = bytes
    }

    /// The operating system's generator.
    public static let system = Randomness { count in
        var generator = SystemRandomNumberGenerator()
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            withUnsafeBytes(of: generator.next()) { result.append(contentsOf: $0.prefix(count - result.count)) }
        }
        return result
    }

    public func identifier() -> Identifier {
        let bytes = bytes(16)
        var words: (UInt64, UInt64) = (0, 0)
        for (index, byte) in bytes.enumerated() {
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        return Identifier(high: words.0, low: words.1)
    }

    /// One that is greater than those of earlier seconds: where many rows are added, their index grows at its end. 88 bits of it are
    /// random; what may not be guessed is named by `identifier()`.
    /// - Parameter time: epoch seconds.
    func identifier(at time: Int64) -> Identifier {
        let random = identifier()
        return Identifier(high: UInt64(truncatingIfNeeded: time) << 24 | random.high >> 40, low: random.low)
    }

    public func word() -> UInt64 { bytes(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// 256 random bits as text, for cookies and one-time tokens.
    public func token() -> String { Base64URL.encode(bytes(32)) }
}
