/// The base64url encoding without padding (RFC 4648 §5, RFC 7515 §2), where every value has one text only.
public enum Base64URL {
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count * 4 + 2) / 3)
        append(bytes, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Reads a text that `encode` could have made: no padding, no other alphabet, unused trailing bits zero.
    /// - Returns: nil for any other text.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        decode(text.utf8)
    }

    static func append(_ bytes: some Collection<UInt8>, to output: inout [UInt8]) {
        let alphabet = alphabet
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            pending = pending << 8 | UInt32(byte)
            bits += 8
            while bits >= 6 {
                bits -= 6
                output.append(alphabet[Int(pending >> bits & 0x3F)])
            }
        }
        if bits > 0 { output.append(alphabet[Int(pending << (6 - bits) & 0x3F)]) }
    }

    static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let count = text.count
        if count % 4 == 1 { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(count * 3 / 4)
        let digits = digits
        var pending: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            let digit = digits[Int(character)]
            if digit == unused { return nil }
            pending = pending << 6 | UInt32(digit)
            bits += 6
            if bits >= 8 {
                bits -= 8
                output.append(UInt8(truncatingIfNeeded: pending >> bits))
            }
        }
        // RFC 4648 §3.5: set pad bits would let several texts stand for one value.
        return pending & (1 << bits - 1) == 0 ? output : nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let unused: UInt8 = 0xFF
    private static let digits: [UInt8] = {
        var digits = [UInt8](repeating: unused, count: 256)
        for (value, character) in alphabet.enumerated() { digits[Int(character)] = UInt8(value) }
        return digits
    }()
}
