import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The credentials that are random and stored as a hash: `prefix`, 256 random bits, checksum.
public enum Credential {
    /// What a credential is for. A text of one kind is never taken for another.
    public enum Prefix: String, Sendable, CaseIterable {
        case clientSecret = "lks_"
        case apiToken = "lkt_"
        case authorizationCode = "lkc_"
    }

    /// How many random bytes a credential is made of.
    public static let randomLength = 32

    /// - Parameter random: `randomLength` bytes from a secure source.
    public static func text(prefix: Prefix, random: [UInt8]) -> String {
        TokenChecksum.appending(to: prefix.rawValue + Base64URL.encode(random))
    }

    /// Whether the text has the form of that kind of credential, checksum included: what has not was never issued.
    public static func isWellFormed(_ text: String, prefix: Prefix) -> Bool {
        // 32 bytes are 43 characters of base64url.
        guard text.utf8.count == prefix.rawValue.utf8.count + 43 + TokenChecksum.length, text.hasPrefix(prefix.rawValue),
            TokenChecksum.isValid(text)
        else { return false }
        return Base64URL.decode(text.utf8.dropFirst(prefix.rawValue.utf8.count).dropLast(TokenChecksum.length)) != nil
    }

    /// SHA-256 of the text: what is stored of a credential, or of any other text with 128 random bits or more.
    public static func hash(_ text: String) -> [UInt8] {
        Array(SHA256.hash(data: Array(text.utf8)))
    }

    /// SHA-256 of some bytes.
    public static func hash(bytes: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: bytes))
    }

    /// Compares without telling, by the time it takes, where two values differ.
    public static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (first, second) in zip(left, right) { difference |= first ^ second }
        return difference == 0
    }
}
