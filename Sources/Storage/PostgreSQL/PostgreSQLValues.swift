import CLibPQ

/// Values in PostgreSQL's binary form.
extension Value {
    /// The type's number in `pg_type`; 0: PostgreSQL finds out by the place.
    var type: Oid {
        switch self {
        case .null: 0
        case .integer: 20
        case .text: 25
        case .blob: 17
        }
    }

    func append(to bytes: inout [UInt8]) {
        switch self {
        case .null: break
        case .integer(let integer): withUnsafeBytes(of: integer.bigEndian) { bytes += $0 }
        case .blob(let blob): bytes += blob
        case .text(let text):
            // PostgreSQL keeps no U+0000. It is in no name and no token; what somebody sends with it all the same matches nothing.
            let utf8 = text.utf8
            if utf8.contains(0) { for byte in utf8 { bytes += byte == 0 ? [0xEF, 0xBF, 0xBD] : [byte] } } else { bytes += utf8 }
        }
    }

    fileprivate init(_ bytes: UnsafeBufferPointer<UInt8>, type: Oid) {
        switch type {
        case 16, 20, 21, 23: self = .integer(Self.integer(bytes))
        case 1700: self = .integer(Self.numeric(bytes))
        case 17: self = .blob(Array(bytes))
        default: self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Big endian, as long as its type.
    private static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64 {
        let isNegative = bytes.count > 1 && bytes[0] >= 0x80
        return bytes.reduce(isNegative ? -1 : 0) { $0 << 8 | Int64($1) }
    }

    /// The sum of a column of integers: digits of base 10,000, the first of weight 10,000^weight; the rest after the point is zero.
    private static func numeric(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64 {
        func word(_ index: Int) -> Int64 { Int64(bytes[index * 2]) << 8 | Int64(bytes[index * 2 + 1]) }
        guard bytes.count >= 8 else { return 0 }
        let (count, weight) = (Int(word(0)), Int(Int16(truncatingIfNeeded: word(1))))
        guard weight >= 0, bytes.count >= 8 + count * 2 else { return 0 }
        var sum: Int64 = 0
        for index in 0...weight {
            let (product, isTooMuch) = sum.multipliedReportingOverflow(by: 10_000)
            if isTooMuch { return word(2) == 0x4000 ? .min : .max }
            let (next, isOver) = product.addingReportingOverflow(index < count ? word(4 + index) : 0)
            if isOver { return word(2) == 0x4000 ? .min : .max }
            sum = next
        }
        return word(2) == 0x4000 ? -sum : sum
    }
}

extension PostgreSQLAnswer {
    init(_ result: OpaquePointer) {
        tag = String(cString: PQcmdStatus(result))
        count = Int(String(cString: PQcmdTuples(result))) ?? 0
        let columns = PQnfields(result)
        let types = (0..<columns).map { PQftype(result, $0) }
        rows = (0..<PQntuples(result)).map { row in
            (0..<columns).map { column in
                if PQgetisnull(result, row, column) == 1 { return .null }
                let length = Int(PQgetlength(result, row, column))
                guard let start = PQgetvalue(result, row, column) else { return .null }
                return start.withMemoryRebound(to: UInt8.self, capacity: length) {
                    Value(UnsafeBufferPointer(start: $0, count: length), type: types[Int(column)])
                }
            }
        }
    }
}
