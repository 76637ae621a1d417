import OAuth

/// A running hash of rows: each value with its kind and its length, so that no two lists of rows have the same bytes.
struct RowHash: Equatable {
    private var digest: [UInt8] = []
    private var pending: [UInt8] = []

    mutating func add(_ row: Row) {
        for value in row {
            switch value {
            case .null: pending.append(0)
            case .integer(let number): append(1, withUnsafeBytes(of: number.bigEndian) { Array($0) })
            case .text(let text): append(2, Array(text.utf8))
            case .blob(let bytes): append(3, bytes)
            }
        }
        pending.append(255)
        if pending.count > 65_536 { fold() }
    }

    var text: String { Credential.hash(bytes: digest + pending).map { String($0, radix: 16) }.joined(separator: ".") }

    static func == (one: RowHash, other: RowHash) -> Bool {
        var (one, other) = (one, other)
        one.fold()
        other.fold()
        return one.digest == other.digest
    }

    private mutating func append(_ kind: UInt8, _ bytes: [UInt8]) {
        pending.append(kind)
        withUnsafeBytes(of: UInt64(bytes.count).bigEndian) { pending.append(contentsOf: $0) }
        pending.append(contentsOf: bytes)
    }

    private mutating func fold() {
        digest = Credential.hash(bytes: digest + pending)
        pending = []
    }
}
