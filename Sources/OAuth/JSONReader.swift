/// Why a text is not JSON, and where: the line and column count from 1.
public struct JSONSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    public let line: Int
    public let column: Int
    public let problem: String
    public var description: String { "line \(line), column \(column): \(problem)" }
}

extension JSON {
    /// Parses one JSON text (RFC 8259). Names that repeat, trailing text, nesting deeper than 128 and invalid UTF-8 are errors.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        var reader = JSONReader(bytes: Array(bytes))
        self = try reader.document()
    }

    public init(parsing text: String) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text.utf8))
    }
}

private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    mutating func document() throws(JSONSyntaxError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        if position < bytes.count { throw failure("text after the end of the value") }
        return value
    }

    func failure(_ problem: String, at offset: Int? = nil) -> JSONSyntaxError {
        let before = bytes.prefix(offset ?? position)
        let line = before.count { $0 == 0x0A } + 1
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return JSONSyntaxError(line: line, column: before.count - lineStart + 1, problem: problem)
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
        if depth > 128 { throw failure("nested deeper than 128 levels") }
        skipSpace()
        guard position < bytes.count else { throw failure("the text ends where a value should be") }
        switch bytes[position] {
        case 0x7B: return try object(depth: depth)
        case 0x5B: return try array(depth: depth)
        case 0x22: return .string(try string())
        case 0x74: return try word("true", .bool(true))
        case 0x66: return try word("false", .bool(false))
        case 0x6E: return try word("null", .null)
        case 0x2D, 0x30...0x39: return try number()
        default: throw failure("not the start of a value")
        }
    }

    mutating func word(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: expected) else { throw failure("not the start of a value") }
        position += expected.count
        return value
    }

    mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
        var object = JSONObject()
        position += 1
        skipSpace()
        if take(0x7D) { return .object(object) }
        while true {
            skipSpace()
            guard position < bytes.count, bytes[position] == 0x22 else { throw failure("a member's name in quotes should be here") }
            let start = position
            let name = try string()
            if object.place(of: name) != nil { throw failure("the name \"\(name)\" stands twice in one object", at: start) }
            skipSpace()
            guard take(0x3A) else { throw failure("a colon should be here") }
            object.append(name, try value(depth: depth + 1))
            skipSpace()
            if take(0x2C) { continue }
            if take(0x7D) { return .object(object) }
            throw failure("a comma or the object's end should be here")
        }
    }

    mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
        var elements: [JSON] = []
        position += 1
        skipSpace()
        if take(0x5D) { return .array(elements) }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if take(0x2C) { continue }
            if take(0x5D) { return .array(elements) }
            throw failure("a comma or the array's end should be here")
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    mutating func number() throws(JSONSyntaxError) -> JSON {
        let start = position
        var isInteger = true
        _ = take(0x2D)
        let digits = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        if position == digits || (bytes[digits] == 0x30 && position > digits + 1) { throw failure("not a number", at: start) }
        scan: while position < bytes.count {
            switch bytes[position] {
            case 0x30...0x39: position += 1
            case 0x2E, 0x65, 0x45, 0x2B, 0x2D:
                isInteger = false
                position += 1
            default: break scan
            }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite, let last = bytes[..<position].last, (0x30...0x39).contains(last) else {
            throw failure("not a number", at: start)
        }
        return .number(value)
    }

    mutating func string() throws(JSONSyntaxError) -> String {
        let start = position
        position += 1
        let first = position
        while position < bytes.count, bytes[position] != 0x22, bytes[position] != 0x5C, bytes[position] >= 0x20 { position += 1 }
        if position < bytes.count, bytes[position] == 0x22 {
            defer { position += 1 }
            guard let text = String(utf8: bytes[first..<position]) else { throw failure("not UTF-8", at: start) }
            return text
        }
        var collected = Array(bytes[first..<position])
        while true {
            guard position < bytes.count else { throw failure("the text ends inside a string") }
            let byte = bytes[position]
            position += 1
            switch byte {
            case 0x22:
                guard let text = String(utf8: collected[...]) else { throw failure("not UTF-8", at: start) }
                return text
            case 0x5C: try escape(into: &collected)
            case 0..<0x20: throw failure("a control character inside a string", at: position - 1)
            default: collected.append(byte)
            }
        }
    }

    mutating func escape(into collected: inout [UInt8]) throws(JSONSyntaxError) {
        guard position < bytes.count else { throw failure("the text ends inside a string") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case 0x22, 0x5C, 0x2F: collected.append(byte)
        case 0x62: collected.append(0x08)
        case 0x66: collected.append(0x0C)
        case 0x6E: collected.append(0x0A)
        case 0x72: collected.append(0x0D)
        case 0x74: collected.append(0x09)
        case 0x75:
            let unit = try hexUnit()
            var scalar = UInt32(unit)
            if (0xD800...0xDBFF).contains(unit) {
                guard take(0x5C), take(0x75) else { throw failure("half of a surrogate pair") }
                let second = try hexUnit()
                guard (0xDC00...0xDFFF).contains(second) else { throw failure("half of a surrogate pair") }
                scalar = 0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(second - 0xDC00)
            }
            guard let character = Unicode.Scalar(scalar) else { throw failure("half of a surrogate pair") }
            collected.append(contentsOf: Array(String(Character(character)).utf8))
        default: throw failure("an unknown escape", at: position - 1)
        }
    }

    mutating func hexUnit() throws(JSONSyntaxError) -> UInt16 {
        guard position + 4 <= bytes.count,
            bytes[position..<position + 4].allSatisfy({ $0 < 0x80 && Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw failure("four hexadecimal digits should be here") }
        position += 4
        return unit
    }
}
