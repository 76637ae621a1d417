/// The key that a token says it was made with, before anything about it is believed.
public enum KeyReference: Sendable, Equatable {
    case mac(UInt32)
    case signing(String)

    /// - Returns: nil for what no key of ours can have made.
    public init?(_ token: String) {
        if token.hasPrefix("ey") {
            self.init(jwt: token)
        } else if token.hasPrefix("lka_") || token.hasPrefix("lkr_") {
            self.init(opaque: Array(token.utf8))
        } else {
            return nil
        }
    }

    private init?(opaque characters: [UInt8]) {
        // Eight characters are six bytes: the version, the key's id and one more.
        guard characters.count > 12 + TokenChecksum.length, characters.count <= 4096,
            characters.withUnsafeBufferPointer({ TokenChecksum.isValid($0) }), let bytes = Base64URL.decode(characters[4..<12]),
            bytes.count >= SealedToken.headLength, bytes[0] == SealedToken.version
        else { return nil }
        self = .mac(bytes[1..<5].reduce(0) { $0 << 8 | UInt32($1) })
    }

    private init?(jwt text: String) {
        guard text.utf8.count <= 16 * 1024, let head = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1).first,
            let header = Base64URL.decode(head).flatMap({ try? JSON(parsing: $0).objectValue }), let id = header["kid"]?.stringValue
        else { return nil }
        self = .signing(id)
    }
}
