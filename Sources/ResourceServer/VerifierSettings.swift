import NIOCore
import OAuth

/// How a `TokenVerifier` reaches Latchkey, and what it expects of tokens.
public struct VerifierSettings: Sendable {
    /// The issuer's identifier, which is `iss` of its JWTs (RFC 8414 §2); no slash at its end.
    public var issuer: String
    /// Scheme, host and port of Latchkey's internal listener, such as `http://10.0.0.5:8401`.
    public var internalOrigin: String
    /// The resource server's `client_id` and secret, as `latchkey resource-server add` printed them.
    public var clientID: String
    public var clientSecret: Secret<String>
    /// The identifier of this API: tokens whose `aud` is another one are refused (RFC 8707, RFC 9068 §4).
    public var audience: String
    /// Where the metadata of this API is, for challenges (RFC 9728 §5.1).
    public var resourceMetadata: String

    /// For how long the change feed may be silent before nothing that is remembered counts.
    public var silenceBound = Duration.seconds(10)
    /// How long one question may take.
    public var timeout = TimeAmount.seconds(5)
    /// Questions that may be on their way at once; beyond that the answer is 503.
    public var questionLimit = 1024
    /// Answers that are remembered at least; at most twice as many.
    public var cacheCapacity = 20_000
    /// Between two looks at the JWKS for a key that is not known.
    public var keyRefetch = Duration.seconds(30)

    /// - Parameter audience: where Latchkey's `--resource` is set, that; otherwise it is the issuer.
    public init(
        issuer: String, internalOrigin: String, clientID: String, clientSecret: String, audience: String? = nil,
        resourceMetadata: String? = nil
    ) {
        self.issuer = issuer
        self.internalOrigin = internalOrigin
        self.clientID = clientID
        self.clientSecret = Secret(clientSecret)
        self.audience = audience ?? issuer
        self.resourceMetadata = resourceMetadata ?? issuer + "/.well-known/oauth-protected-resource"
    }

    /// RFC 6749 §2.3.1: both parts form-encoded.
    var basicCredentials: String {
        let encoded = Parameters.encode([(clientID, clientSecret.reveal())])
        let parts = encoded.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let pair = parts[0] + ":" + (parts.count > 1 ? parts[1] : "")
        return "Basic " + Base64.encode(Array(pair.utf8))
    }
}

/// RFC 4648 §4, with padding.
enum Base64 {
    static func encode(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }
}
