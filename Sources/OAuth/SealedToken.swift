import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The frame that both opaque tokens share: `prefix`, base64url of (version, key id, fields, MAC), checksum.
enum SealedToken {
    static let version: UInt8 = 1
    /// HMAC-SHA256 cut to 128 bits (RFC 2104 §5).
    static let macLength = 16
    /// Bytes before the fields: version and key id.
    static let headLength = 5

    static func head(_ key: MACKey) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(96)
        bytes.append(version)
        append(key.id, to: &bytes)
        return bytes
    }

    static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }

    static func text(prefix: [UInt8], sealing content: [UInt8], with key: HMAC<SHA256>) -> String {
        var sealed = content
        var code = key
        code.update(data: content)
        code.finalize().withUnsafeBytes { sealed.append(contentsOf: $0.prefix(macLength)) }
        var text = prefix
        text.reserveCapacity(prefix.count + sealed.count * 4 / 3 + 8)
        Base64URL.append(sealed, to: &text)
        TokenChecksum.append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// The fields of an authentic token, after its head and before its MAC.
    static func open(
        _ text: String, prefix: [UInt8], keys: MACKeyRing, purpose: (MACKey) -> HMAC<SHA256>
    ) -> ArraySlice<UInt8>? {
        var text = text
        return text.withUTF8 { characters -> ArraySlice<UInt8>? in
            guard characters.count > prefix.count + TokenChecksum.length, characters.count <= 4096, characters.starts(with: prefix),
                TokenChecksum.isValid(characters)
            else { return nil }
            let encoded = UnsafeBufferPointer(rebasing: characters[prefix.count..<(characters.count - TokenChecksum.length)])
            guard let bytes = Base64URL.decode(encoded), bytes.count >= headLength + macLength, bytes[0] == version else { return nil }
            let id = UInt32(bytes[1]) << 24 | UInt32(bytes[2]) << 16 | UInt32(bytes[3]) << 8 | UInt32(bytes[4])
            guard let key = keys.key(id: id) else { return nil }
            let end = bytes.count - macLength
            var code = purpose(key)
            bytes.withUnsafeBytes { code.update(data: UnsafeRawBufferPointer(rebasing: $0[..<end])) }
            let isAuthentic = code.finalize().withUnsafeBytes { Credential.areEqual($0.prefix(macLength), bytes[end...]) }
            return isAuthentic ? bytes[headLength..<end] : nil
        }
    }
}

/// Reads the fixed-width fields of a token in order.
struct FieldReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value? {
        guard let field = take(Value.bitWidth / 8) else { return nil }
        return field.reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard bytes.count >= count else { return nil }
        defer { bytes = bytes.dropFirst(count) }
        return bytes.prefix(count)
    }
}
