/// An absolute URI taken apart (RFC 3986 §3), each part exactly as it was written: nothing is decoded or normalised,
/// so that two of them can be compared without one parser's view standing against another's.
public struct URLText: Sendable, Equatable {
    public let scheme: String
    /// Whether an authority (`//…`) is there at all.
    public let hasAuthority: Bool
    public let hasUserinfo: Bool
    /// With the brackets of an IPv6 address; empty where there is none.
    public let host: String
    public let port: UInt16?
    public let path: String
    public let query: String?
    public let fragment: String?

    /// - Returns: nil where the text is no absolute URI, or has characters or escapes that no URI may have.
    public init?(_ text: String) {
        guard Self.hasURICharactersOnly(text), let colon = text.firstIndex(of: ":") else { return nil }
        let scheme = text[..<colon]
        guard let first = scheme.utf8.first, Self.isLetter(first),
            scheme.utf8.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E })
        else { return nil }
        self.scheme = String(scheme)
        var rest = text[text.index(after: colon)...]
        fragment = Self.cut(&rest, from: "#")
        query = Self.cut(&rest, from: "?")
        hasAuthority = rest.hasPrefix("//")
        guard hasAuthority else {
            (hasUserinfo, host, port, path) = (false, "", nil, String(rest))
            return
        }
        rest = rest.dropFirst(2)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        path = String(rest[slash...])
        let authority = rest[..<slash]
        hasUserinfo = authority.contains("@")
        guard let (host, port) = Self.hostAndPort(authority) else { return nil }
        (self.host, self.port) = (host, port)
    }

    /// `http` with a host that only the machine itself answers for (RFC 8252 §7.3).
    public var isLoopbackHTTP: Bool {
        scheme == "http" && !hasUserinfo && ["127.0.0.1", "[::1]", "localhost"].contains(host)
    }

    /// Adds parameters to the query of a URI that may have one already; those without a value are left out.
    public static func adding(_ parameters: [(String, String?)], to uri: String) -> String {
        let query = Parameters.encode(parameters.compactMap { name, value in value.map { (name, $0) } })
        if query.isEmpty { return uri }
        let hasQuery = uri.utf8.contains(UInt8(ascii: "?"))
        let needsNoMark = hasQuery && (uri.hasSuffix("?") || uri.hasSuffix("&"))
        return uri + (needsNoMark ? "" : hasQuery ? "&" : "?") + query
    }

    /// Percent-encodes everything but letters, digits and `-._~` (RFC 3986 §2.3).
    public static func appendEncoded(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        for byte in bytes {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(hexDigits[Int(byte >> 4)])
                output.append(hexDigits[Int(byte & 0xF)])
            }
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    private static func cut(_ rest: inout Substring, from mark: Character) -> String? {
        guard let index = rest.firstIndex(of: mark) else { return nil }
        defer { rest = rest[..<index] }
        return String(rest[rest.index(after: index)...])
    }

    private static func hostAndPort(_ authority: Substring) -> (String, UInt16?)? {
        let host: Substring
        let end: Substring
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = authority[...bracket]
            end = authority[authority.index(after: bracket)...]
            guard host.utf8.dropFirst().dropLast().allSatisfy({ isHexDigit($0) || $0 == 0x3A || $0 == 0x2E }) else { return nil }
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            end = authority[colon...]
        }
        if end.isEmpty { return (String(host), nil) }
        let digits = end.dropFirst()
        // Userinfo with a password fails here as a port; that is as good as being refused for its `@`.
        guard end.hasPrefix(":"), digits.utf8.allSatisfy(isDigit), let port = UInt16(digits) else { return nil }
        return (String(host), port)
    }

    private static func hasURICharactersOnly(_ text: String) -> Bool {
        var escapeDigits = 0
        for byte in text.utf8 {
            if escapeDigits > 0 {
                guard isHexDigit(byte) else { return false }
                escapeDigits -= 1
                continue
            }
            switch byte {
            case UInt8(ascii: "%"): escapeDigits = 2
            case 0x22, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D: return false
            case 0x21...0x7E: continue
            default: return false
            }
        }
        return escapeDigits == 0
    }

    static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
