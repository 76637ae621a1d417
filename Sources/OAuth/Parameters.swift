/// The fields of an `application/x-www-form-urlencoded` text, query or body, in order and with their repetitions.
public struct Parameters: Sendable, Equatable {
    /// A parameter that may stand once stood twice (RFC 6749 §3.1, §3.2).
    public struct Duplicate: Error, Sendable, Equatable, CustomStringConvertible {
        public let name: String
        public var description: String { "The parameter \(name) was sent more than once." }
    }

    /// Why a text is no form.
    public enum SyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
        case invalidEscape, notUTF8, containsNUL, tooMany, tooLong

        public var description: String {
            switch self {
            case .invalidEscape: "a percent sign is not followed by two hexadecimal digits"
            case .notUTF8: "the text is not UTF-8"
            case .containsNUL: "a NUL character is not allowed"
            case .tooMany: "there are too many of them"
            case .tooLong: "one of them is too long"
            }
        }
    }

    public struct Field: Sendable, Equatable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What becomes of a value that cannot be decoded.
    public enum DecodingPolicy: Sendable {
        /// The whole text is refused.
        case strict
        /// The rest is read all the same, and the parameter is among the `unreadable`.
        case marking
    }

    public static let maximumCount = 2000

    public private(set) var fields: [Field]
    /// The names of parameters whose values could not be decoded.
    public private(set) var unreadable: Set<String> = []

    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// - Parameters:
    ///   - valueLimit: the longest decoded name or value, in bytes.
    ///   - countLimit: how many fields there may be.
    public init(
        _ bytes: some Collection<UInt8>, valueLimit: Int = 32 * 1024, countLimit: Int = maximumCount, _ policy: DecodingPolicy = .strict
    ) throws(SyntaxError) {
        fields = []
        let bytes = Array(bytes)
        var start = 0
        while start < bytes.count {
            var end = start
            var mark: Int?
            while end < bytes.count, bytes[end] != UInt8(ascii: "&") {
                if mark == nil, bytes[end] == UInt8(ascii: "=") { mark = end }
                end += 1
            }
            if end > start {
                if fields.count == countLimit { throw .tooMany }
                let name = bytes[start..<(mark ?? end)]
                let value = bytes[(mark.map { $0 + 1 } ?? end)..<end]
                switch policy {
                case .strict: try append(name, value, limit: valueLimit)
                case .marking:
                    do {
                        try append(name, value, limit: valueLimit)
                    } catch {
                        // A name that cannot be read is nobody's parameter.
                        if let name = try? Self.decode(name, limit: valueLimit) { unreadable.insert(name) }
                    }
                }
            }
            start = end + 1
        }
    }

    public init(_ text: String, valueLimit: Int = 32 * 1024) throws(SyntaxError) {
        try self.init(Array(text.utf8), valueLimit: valueLimit)
    }

    /// The value of a parameter that may stand once.
    /// - Returns: nil where it is missing or empty (RFC 6749 §3.1: without a value is as omitted).
    /// - Throws: `Duplicate` where it stands twice, be one of them empty.
    public func value(_ name: String) throws(Duplicate) -> String? {
        var found: String?
        for field in fields where field.name == name {
            if found != nil { throw Duplicate(name: name) }
            found = field.value
        }
        return found?.isEmpty == true ? nil : found
    }

    /// The values of a parameter that may repeat, in order, empty ones left out.
    public func all(_ name: String) -> [String] {
        fields.filter { $0.name == name && !$0.value.isEmpty }.map(\.value)
    }

    private mutating func append(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, limit: Int) throws(SyntaxError) {
        fields.append(Field(name: try Self.decode(name, limit: limit), value: try Self.decode(value, limit: limit)))
    }

    /// The text of such fields. A space becomes `%20`, which every decoder reads as a space.
    public static func encode(_ fields: some Sequence<(String, String)>) -> String {
        var output: [UInt8] = []
        for (name, value) in fields {
            if !output.isEmpty { output.append(UInt8(ascii: "&")) }
            append(name, to: &output)
            output.append(UInt8(ascii: "="))
            append(value, to: &output)
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Decodes one name or value: `+` is a space, `%XX` a byte.
    static func decode(_ bytes: ArraySlice<UInt8>, limit: Int) throws(SyntaxError) -> String {
        if bytes.count <= limit, !bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "%") }) {
            guard let text = String(utf8: bytes) else { throw .notUTF8 }
            return text
        }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        while index < bytes.endIndex {
            let byte = bytes[index]
            index += 1
            switch byte {
            case 0: throw .containsNUL
            case UInt8(ascii: "+"): decoded.append(0x20)
            case UInt8(ascii: "%"):
                guard index + 2 <= bytes.endIndex, let high = hexDigit(bytes[index]), let low = hexDigit(bytes[index + 1]) else {
                    throw .invalidEscape
                }
                if high | low == 0 { throw .containsNUL }
                decoded.append(high << 4 | low)
                index += 2
            default: decoded.append(byte)
            }
        }
        if decoded.count > limit { throw .tooLong }
        guard let text = String(utf8: decoded[...]) else { throw .notUTF8 }
        return text
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }

    private static func append(_ text: String, to output: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            // RFC 3986 §2.3: unreserved.
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default:
                output.append(UInt8(ascii: "%"))
                output.append(hexDigits[Int(byte >> 4)])
                output.append(hexDigits[Int(byte & 0xF)])
            }
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)
}
