import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tells a client who signed in (OpenID Connect Core §2).
public struct IDToken: Sendable {
    public let issuer: Issuer
    public let subject: Identifier
    /// The client.
    public let audience: Identifier
    /// Epoch seconds, here and below.
    public let issuedAt: Int64
    public let expiresAt: Int64
    public let authenticatedAt: Int64
    public let nonce: String?
    /// The access token that is issued with it; its hash binds the two.
    public let accessToken: String?
    /// Set only as far as the granted scopes go (OpenID Connect Core §5.4), here and below.
    public var name: String?
    public var preferredUsername: String?
    public var email: String?

    public init(
        issuer: Issuer, subject: Identifier, audience: Identifier, issuedAt: Int64, expiresAt: Int64, authenticatedAt: Int64,
        nonce: String?, accessToken: String?
    ) {
        self.issuer = issuer
        self.subject = subject
        self.audience = audience
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.authenticatedAt = authenticatedAt
        self.nonce = nonce
        self.accessToken = accessToken
    }

    /// Every claim that an ID token or the userinfo endpoint can carry.
    static let claimNames = [
        "iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "name", "preferred_username", "email", "email_verified",
    ]

    /// - Throws: `KeyUnavailable` where no key of that algorithm is active.
    public func text(keys: SigningKeyRing, algorithm: SigningAlgorithm) throws -> String {
        var claims: JSONObject = [
            "iss": .string(issuer.description), "sub": .string(subject.description), "aud": .string(audience.description),
            "exp": .integer(expiresAt), "iat": .integer(issuedAt), "auth_time": .integer(authenticatedAt),
        ]
        if let nonce { claims["nonce"] = .string(nonce) }
        if let accessToken { claims["at_hash"] = .string(Self.hash(of: accessToken, algorithm: algorithm)) }
        if let name { claims["name"] = .string(name) }
        if let preferredUsername { claims["preferred_username"] = .string(preferredUsername) }
        if let email {
            claims["email"] = .string(email)
            claims["email_verified"] = true
        }
        return try keys.current(for: algorithm, at: issuedAt).sign(type: Self.type, claims: claims)
    }

    /// OpenID Connect Core §3.1.3.6 `at_hash`: the left half of the hash that belongs to the algorithm; Ed25519's is SHA-512.
    static func hash(of accessToken: String, algorithm: SigningAlgorithm) -> String {
        let bytes = Array(accessToken.utf8)
        switch algorithm {
        case .es256, .rs256: return Base64URL.encode(Array(SHA256.hash(data: bytes)).prefix(16))
        case .edDSA: return Base64URL.encode(Array(SHA512.hash(data: bytes)).prefix(32))
        }
    }

    /// An ID token that comes back as `id_token_hint`. It was issued here; it may have expired long ago
    /// (OpenID Connect RP-Initiated Logout §4).
    public struct Hint: Sendable, Equatable {
        public let subject: Identifier
        /// The client that the token was issued to.
        public let audience: Identifier

        public init?(_ text: String, keys: SigningKeyRing, issuer: Issuer) {
            guard let claims = keys.verify(text, type: IDToken.type), claims["iss"]?.stringValue == issuer.description,
                let subject = claims["sub"]?.stringValue.flatMap({ Identifier($0) }),
                let audience = claims["aud"]?.stringValue.flatMap({ Identifier($0) })
            else { return nil }
            self.subject = subject
            self.audience = audience
        }
    }

    private static let type = "JWT"
}
