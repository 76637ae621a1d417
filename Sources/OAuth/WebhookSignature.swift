import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The key that messages to a webhook are signed with (Standard Webhooks, "Signature scheme"): `whsec_` and base64 of the bytes.
public struct WebhookSecret: Sendable {
    /// How many random bytes a new one is made of; 24 to 64 are recommended, the published example has fewer.
    public static let randomLength = 32
    private static let prefix = "whsec_"

    private let key: Secret<[UInt8]>

    /// - Parameter bytes: from a secure source.
    public init(bytes: [UInt8]) { key = Secret(bytes) }

    /// Reads the text that an owner was shown; nil where it is none.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count))),
            (16...64).contains(data.count)
        else { return nil }
        key = Secret(Array(data))
    }

    /// What is sealed and stored.
    public var bytes: Secret<[UInt8]> { key }

    /// What the owner is shown, once.
    public var text: Secret<String> { Secret(Self.prefix + Data(key.reveal()).base64EncodedString()) }

    /// `v1,` and base64 of the HMAC-SHA256 of `id.timestamp.body`.
    /// - Parameter timestamp: epoch seconds of this attempt.
    public func signature(id: String, timestamp: Int64, body: [UInt8]) -> String {
        var code = HMAC<SHA256>(key: SymmetricKey(data: key.reveal()))
        code.update(data: Array("\(id).\(timestamp).".utf8))
        code.update(data: body)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}
