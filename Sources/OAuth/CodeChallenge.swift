import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A PKCE challenge (RFC 7636) by the method S256, the only one there is here.
public struct CodeChallenge: Sendable, Hashable {
    public static let method = "S256"

    public let text: String

    /// RFC 7636 §4.2: `43*128unreserved`; anything else is nil.
    public init?(_ text: String) {
        guard Self.hasSyntax(text) else { return nil }
        self.text = text
    }

    /// RFC 7636 §4.2: the challenge of a verifier; nil where it is none.
    public init?(of verifier: String) {
        guard Self.hasSyntax(verifier) else { return nil }
        text = Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
    }

    /// RFC 7636 §4.6: whether the verifier is the one that the challenge was made from.
    public func isMet(by verifier: String) -> Bool {
        guard Self.hasSyntax(verifier) else { return false }
        let expected = Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        return Credential.areEqual(Array(expected.utf8), Array(text.utf8))
    }

    private static func hasSyntax(_ text: String) -> Bool {
        (43...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                URLText.isLetter($0) || URLText.isDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F || $0 == 0x7E
            }
    }
}
