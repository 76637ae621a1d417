import Crypto
import OAuth

/// The key that encrypts the key ring at rest. It never enters the database.
public struct MasterKey: Sendable {
    private let key: Secret<SymmetricKey>

    /// Reads 32 bytes written in base64 or base64url, with white space around them.
    public init?(_ text: Secret<String>) {
        var characters = text.reveal().filter { !$0.isWhitespace }
        characters = String(characters.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
        while characters.last == "=" { characters.removeLast() }
        guard let bytes = Base64URL.decode(characters), bytes.count == 32 else { return nil }
        key = Secret(SymmetricKey(data: bytes))
    }

    /// A new one, in the form that `init` reads.
    public static func generate(_ random: Randomness) -> Secret<String> {
        Secret(Base64URL.encode(random.bytes(32)))
    }

    /// AES-256-GCM (RFC 5116 §5.2); `label` says what the key is, so that one sealed key cannot be passed off as another.
    func seal(_ bytes: [UInt8], label: String, random: Randomness) throws -> [UInt8] {
        let nonce = try AES.GCM.Nonce(data: random.bytes(12))
        let box = try AES.GCM.seal(bytes, using: key.reveal(), nonce: nonce, authenticating: Array(label.utf8))
        return Array(nonce) + Array(box.ciphertext) + Array(box.tag)
    }

    /// - Returns: nil where the bytes were sealed with another key or for another label.
    func open(_ sealed: [UInt8], label: String) -> [UInt8]? {
        guard sealed.count > 28,
            let nonce = try? AES.GCM.Nonce(data: sealed.prefix(12)),
            let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: sealed[12..<(sealed.count - 16)], tag: sealed.suffix(16)),
            let bytes = try? AES.GCM.open(box, using: key.reveal(), authenticating: Array(label.utf8))
        else { return nil }
        return Array(bytes)
    }
}
