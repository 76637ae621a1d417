/// An IP address as 128 bits. An IPv4 address is one of the mapped block `::ffff:0:0/96` (RFC 4291 §2.5.5.2), so that the same
/// peer is the same address on a socket of either kind.
public struct IPAddress: Sendable, Equatable {
    let high: UInt64
    let low: UInt64

    private static let mapped: UInt64 = 0xFFFF_0000_0000

    /// Whether it is an IPv4 address.
    var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// Reads the textual forms of RFC 4291 §2.2 and four decimal numbers; no zone, no leading zeros in IPv4.
    public init?(_ text: some StringProtocol) {
        if text.contains(":") {
            guard let groups = IPAddress.groups(of: text) else { return nil }
            high = groups[..<4].reduce(0) { $0 << 16 | UInt64($1) }
            low = groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
        } else {
            guard let word = IPAddress.dotted(text) else { return nil }
            high = 0
            low = IPAddress.mapped | UInt64(word)
        }
    }

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// What stands for whoever is behind an address where they are counted: an IPv4 address itself, of an IPv6 address the first
    /// 64 bits, since one line has as many addresses as it likes behind those (RFC 6177). Another text stands for itself.
    public static func origin(_ text: String) -> String {
        guard let address = IPAddress(text), !address.isIPv4 else { return text }
        return String(address.high, radix: 16) + "::/64"
    }

    private static func dotted(_ text: some StringProtocol) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var word: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.first != "0", let byte = UInt8(part)
            else { return nil }
            word = word << 8 | UInt32(byte)
        }
        return word
    }

    /// The eight groups of an IPv6 address.
    private static func groups(of text: some StringProtocol) -> [UInt16]? {
        let halves = split(String(text))
        guard let first = halves.first, halves.count <= 2 else { return nil }
        if halves.count == 1 {
            guard let groups = run(first), groups.count == 8 else { return nil }
            return groups
        }
        // `::` stands for one group of zeros or more.
        guard let before = run(halves[0], mayEndDotted: false), let after = run(halves[1]), before.count + after.count <= 7 else {
            return nil
        }
        return before + Array(repeating: 0, count: 8 - before.count - after.count) + after
    }

    /// What stands before and after each `::`.
    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var index = text.startIndex
        while index < text.endIndex {
            let next = text.index(after: index)
            if text[index] == ":", next < text.endIndex, text[next] == ":" {
                parts.append(text[start..<index])
                start = text.index(after: next)
                index = start
            } else {
                index = next
            }
        }
        return parts + [text[start...]]
    }

    /// Groups with one colon between them; the last may be an IPv4 address.
    private static func run(_ text: Substring, mayEndDotted: Bool = true) -> [UInt16]? {
        if text.isEmpty { return [] }
        var groups: [UInt16] = []
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated() {
            if mayEndDotted, index == parts.count - 1, part.contains(".") {
                guard let word = dotted(part) else { return nil }
                groups += [UInt16(word >> 16), UInt16(word & 0xFFFF)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.allSatisfy({ $0.isASCII && $0.isHexDigit }), let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}

/// A block of addresses (RFC 4632, RFC 4291 §2.3): `192.0.2.0/24`, `2001:db8::/32`. An address alone is a block of one.
public struct AddressRange: Sendable, Equatable, CustomStringConvertible {
    private let network: IPAddress
    /// Of the 128 bits.
    private let prefixLength: Int
    /// As it was written.
    public let description: String

    /// nil where the text is no address or its length is out of range. Bits behind the prefix are ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let address = IPAddress(first) else { return nil }
        let width = first.contains(":") ? 128 : 32
        var length = width
        if parts.count == 2 {
            let digits = parts[1]
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                digits.utf8.count == 1 || digits.first != "0", let number = Int(digits), number <= width
            else { return nil }
            length = number
        }
        prefixLength = length + 128 - width
        network = AddressRange.masked(address, prefixLength)
        description = text
    }

    public func contains(_ address: IPAddress) -> Bool {
        AddressRange.masked(address, prefixLength) == network
    }

    private static func masked(_ address: IPAddress, _ length: Int) -> IPAddress {
        func mask(_ bits: Int) -> UInt64 { bits <= 0 ? 0 : bits >= 64 ? .max : ~(.max >> UInt64(bits)) }
        return IPAddress(high: address.high & mask(length), low: address.low & mask(length - 64))
    }
}

/// From where an API token may be used.
public struct AddressCondition: Sendable, Equatable {
    /// Empty: from anywhere.
    public var allowed: [AddressRange]
    /// Wins over what is allowed.
    public var denied: [AddressRange]

    public init(allowed: [AddressRange] = [], denied: [AddressRange] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    public var isEmpty: Bool { allowed.isEmpty && denied.isEmpty }

    /// Whether a request from there passes. What is no address passes only where nothing is asked of it.
    public func allows(_ address: String) -> Bool {
        if isEmpty { return true }
        guard let address = IPAddress(address) else { return false }
        if denied.contains(where: { $0.contains(address) }) { return false }
        return allowed.isEmpty || allowed.contains { $0.contains(address) }
    }
}
