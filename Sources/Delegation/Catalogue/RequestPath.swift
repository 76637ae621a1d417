/// The path of a request to the protected API, in the one form that can be told apart from every other.
///
/// Servers disagree about dots, doubled slashes and escapes; a path that two of them could read in two ways is refused
/// rather than normalised.
enum RequestPath {
    /// The segments after the leading slash, percent-decoded once; nil for a target that is not in its plain form.
    static func segments(of target: Substring) -> [String]? {
        var segments: [String] = []
        var current: [UInt8] = []
        var bytes = target.utf8.makeIterator()
        guard bytes.next() == UInt8(ascii: "/") else { return nil }
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "?"):
                return finish(current, &segments)
            case UInt8(ascii: "/"):
                // An empty segment is a doubled slash.
                guard !current.isEmpty, let segment = plain(current) else { return nil }
                segments.append(segment)
                current.removeAll(keepingCapacity: true)
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(hexDigit), let low = bytes.next().flatMap(hexDigit) else { return nil }
                let decoded = high << 4 | low
                // `%2f`, `%5c` and `%2e` are read as separators and dots by some; a second `%` would be decoded again by others.
                switch decoded {
                case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "."), UInt8(ascii: "%"), 0..<0x20, 0x7F:
                    return nil
                default: current.append(decoded)
                }
            case 0...0x20, 0x7F..., UInt8(ascii: "\\"), UInt8(ascii: "#"):
                return nil
            default:
                current.append(byte)
            }
        }
        return finish(current, &segments)
    }

    private static func finish(_ last: [UInt8], _ segments: inout [String]) -> [String]? {
        // A path that ends in a slash has an empty last segment, and is another path than the one without.
        guard let segment = plain(last) else { return nil }
        segments.append(segment)
        return segments
    }

    /// A segment as text; nil for what is not UTF-8, and for dots and nothing at all, also with a parameter behind them (`..;x`),
    /// which some servers cut off.
    private static func plain(_ bytes: [UInt8]) -> String? {
        let name = withoutParameters(bytes)
        if name.isEmpty, !bytes.isEmpty { return nil }
        if !name.isEmpty, name.count <= 2, name.allSatisfy({ $0 == UInt8(ascii: ".") }) { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A segment up to its parameters (RFC 3986 §3.3), which some servers leave out when they look for what to do.
    static func withoutParameters(_ bytes: some Collection<UInt8>) -> [UInt8] { Array(bytes.prefix { $0 != UInt8(ascii: ";") }) }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
