/// A JSON value (RFC 8259). Objects keep the order of their members, so that documents can be shown and
/// compared as they were written, and a parsed text says where it went wrong.
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = JSONObject()
        for (name, value) in elements { object[name] = value }
        self = .object(object)
    }

    /// An array of strings.
    public init(_ strings: some Sequence<String>) { self = .array(strings.map(JSON.string)) }

    /// A string, or null.
    public init(_ string: String?) { self = string.map(JSON.string) ?? .null }

    /// An integer, or null.
    public init(_ integer: Int64?) { self = integer.map(JSON.integer) ?? .null }
}

extension JSON {
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var integerValue: Int64? { if case .integer(let value) = self { value } else { nil } }
    public var arrayValue: [JSON]? { if case .array(let value) = self { value } else { nil } }
    public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }
    /// The strings of an array that holds nothing else.
    public var stringsValue: [String]? {
        guard let elements = arrayValue else { return nil }
        let strings = elements.compactMap(\.stringValue)
        return strings.count == elements.count ? strings : nil
    }

    public subscript(name: String) -> JSON? { objectValue?[name] }
}

// MARK: - Writing

extension JSON {
    /// The compact text, with every character outside ASCII written as it is.
    public var text: String {
        var output: [UInt8] = []
        write(to: &output, asciiOnly: false)
        return String(decoding: output, as: UTF8.self)
    }

    /// The compact text with every character outside ASCII as a `\u` escape: one line that any header can carry.
    public var asciiText: String {
        var output: [UInt8] = []
        write(to: &output, asciiOnly: true)
        return String(decoding: output, as: UTF8.self)
    }

    /// The compact text as bytes.
    public var bytes: [UInt8] {
        var output: [UInt8] = []
        write(to: &output, asciiOnly: false)
        return output
    }

    private func write(to output: inout [UInt8], asciiOnly: Bool) {
        switch self {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let value): output.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): output.append(contentsOf: String(value).utf8)
        case .number(let value): output.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
        case .string(let value): JSON.write(value, to: &output, asciiOnly: asciiOnly)
        case .array(let elements):
            output.append(0x5B)
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(0x2C) }
                element.write(to: &output, asciiOnly: asciiOnly)
            }
            output.append(0x5D)
        case .object(let object):
            output.append(0x7B)
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(0x2C) }
                JSON.write(member.name, to: &output, asciiOnly: asciiOnly)
                output.append(0x3A)
                member.value.write(to: &output, asciiOnly: asciiOnly)
            }
            output.append(0x7D)
        }
    }

    private static func write(_ string: String, to output: inout [UInt8], asciiOnly: Bool) {
        output.append(0x22)
        if asciiOnly, !string.utf8.allSatisfy({ $0 < 0x7F }) {
            for unit in string.utf16 {
                if unit < 0x7F { escape(UInt8(unit), to: &output) } else { escapeUnit(unit, to: &output) }
            }
        } else {
            for byte in string.utf8 { escape(byte, to: &output) }
        }
        output.append(0x22)
    }

    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case 0x22: output.append(contentsOf: [0x5C, 0x22])
        case 0x5C: output.append(contentsOf: [0x5C, 0x5C])
        case 0x0A: output.append(contentsOf: [0x5C, 0x6E])
        case 0x0D: output.append(contentsOf: [0x5C, 0x72])
        case 0x09: output.append(contentsOf: [0x5C, 0x74])
        case 0..<0x20, 0x7F: escapeUnit(UInt16(byte), to: &output)
        default: output.append(byte)
        }
    }

    private static func escapeUnit(_ unit: UInt16, to output: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        output.append(contentsOf: [0x5C, 0x75])
        for shift in stride(from: 12, through: 0, by: -4) { output.append(digits[Int(unit >> UInt16(shift)) & 0xF]) }
    }
}
