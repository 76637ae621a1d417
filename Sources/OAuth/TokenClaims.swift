/// What an access token says of itself, whichever its form. Whether it is still good is not for the token to say.
public struct TokenClaims: Sendable, Equatable {
    /// The scopes, as the form of the token names them.
    public enum Scopes: Sendable, Equatable {
        /// `lka_…`: a part of the family's original scopes.
        case selection(ScopeSelection)
        /// RFC 9068 §2.2.3: the labels themselves.
        case labels(ScopeSet)
    }

    public var familyID: Identifier
    public var tokenID: UInt64
    /// Epoch seconds, here and below.
    public var issuedAt: Int64
    /// The first second at which the token is no longer good.
    public var expiresAt: Int64
    public var scopes: Scopes
    /// RFC 8707: the resource that the token is for, where the token says so.
    public var audience: String?

    public init(familyID: Identifier, tokenID: UInt64, issuedAt: Int64, expiresAt: Int64, scopes: Scopes, audience: String?) {
        self.familyID = familyID
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.scopes = scopes
        self.audience = audience
    }

    /// - Parameter original: the scopes of the token's family as they were when it began.
    public func scopes(from original: ScopeSet) -> ScopeSet {
        switch scopes {
        case .selection(let selection): selection.apply(to: original)
        case .labels(let labels): labels.intersection(original)
        }
    }
}

/// The `jti` of an access token: who it belongs to and which one it is (RFC 7519 §4.1.7).
public struct TokenIdentifier: Sendable, Equatable {
    /// The token's family, or the installation that stands for it where the family's own identifier is not to be shown.
    public let owner: Identifier
    public let tokenID: UInt64

    public init(owner: Identifier, tokenID: UInt64) {
        self.owner = owner
        self.tokenID = tokenID
    }

    /// Reads 32 and 16 lowercase hexadecimal digits with a dot between them; anything else is nil.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let owner = Identifier(parts[0]), parts[1].utf8.count == 16,
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let tokenID = UInt64(parts[1], radix: 16)
        else { return nil }
        self.init(owner: owner, tokenID: tokenID)
    }

    public var text: String {
        let digits = String(tokenID, radix: 16)
        return owner.description + "." + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
