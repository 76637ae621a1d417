/// Writes the members of one JSON object straight to bytes, for answers that are made on every request.
struct JSONMembers {
    private var output: [UInt8] = [0x7B]

    init(reserving capacity: Int = 512) { output.reserveCapacity(capacity) }

    /// The finished object; nothing is appended to it any more.
    mutating func finish() -> [UInt8] {
        output.append(0x7D)
        return output
    }

    mutating func append(_ name: StaticString, _ value: String) {
        begin(name)
        var value = value
        let isPlain = value.withUTF8 { $0.allSatisfy { (0x20..<0x7F).contains($0) && $0 != 0x22 && $0 != 0x5C } }
        if isPlain {
            output.append(0x22)
            output.append(contentsOf: value.utf8)
            output.append(0x22)
        } else {
            output.append(contentsOf: JSON.string(value).bytes)
        }
    }

    mutating func append(_ name: StaticString, _ value: Int64) {
        begin(name)
        output.append(contentsOf: String(value).utf8)
    }

    mutating func append(_ name: StaticString, _ value: JSON) {
        begin(name)
        output.append(contentsOf: value.bytes)
    }

    /// - Parameter write: appends JSON.
    mutating func append(_ name: StaticString, writing write: (inout [UInt8]) -> Void) {
        begin(name)
        write(&output)
    }

    private mutating func begin(_ name: StaticString) {
        if output.count > 1 { output.append(0x2C) }
        output.append(0x22)
        name.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(0x22)
        output.append(0x3A)
    }
}
