/// The last six characters of every credential, by which scanners recognise a leaked one without asking anybody:
/// CRC-32 (IEEE 802.3) of everything before them, in base 62, left-padded with `0`.
public enum TokenChecksum {
    public static let length = 6

    public static func appending(to text: String) -> String {
        var bytes = Array(text.utf8)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the text ends in the checksum of what stands before it.
    public static func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { isValid($0) }
    }

    static func append(to bytes: inout [UInt8]) {
        let sum = bytes.withUnsafeBufferPointer { crc32($0) }
        bytes.append(contentsOf: digits(of: sum))
    }

    static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count > length else { return false }
        let body = UnsafeBufferPointer(rebasing: bytes[..<(bytes.count - length)])
        var sum = crc32(body)
        for index in stride(from: bytes.count - 1, to: bytes.count - 1 - length, by: -1) {
            if bytes[index] != alphabet[Int(sum % 62)] { return false }
            sum /= 62
        }
        return true
    }

    static func crc32(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var sum: UInt32 = 0xFFFF_FFFF
            for byte in bytes { sum = table[Int((sum ^ UInt32(byte)) & 0xFF)] ^ sum >> 8 }
            return ~sum
        }
    }

    private static func digits(of sum: UInt32) -> [UInt8] {
        var remaining = sum
        var digits = [UInt8](repeating: alphabet[0], count: length)
        for index in (0..<length).reversed() {
            digits[index] = alphabet[Int(remaining % 62)]
            remaining /= 62
        }
        return digits
    }

    private static let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ sum >> 1 : sum >> 1 }
    }
}
