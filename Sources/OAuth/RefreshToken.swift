/// `lkr_…`: names a token family and one generation of it. It is derived, never stored.
public struct RefreshToken: Sendable, Equatable {
    public let familyID: Identifier
    public let generation: Int64

    public init(familyID: Identifier, generation: Int64) {
        self.familyID = familyID
        self.generation = generation
    }

    /// Reads a token that one of the keys made; nil for anything else, be it forged, cut, extended or re-cased.
    public init?(_ text: String, keys: MACKeyRing) {
        guard let fields = SealedToken.open(text, prefix: Self.prefix, keys: keys, purpose: { $0.refreshTokens }) else { return nil }
        var reader = FieldReader(fields)
        guard let high = reader.integer(UInt64.self), let low = reader.integer(UInt64.self), let generation = reader.integer(Int64.self),
            reader.isAtEnd
        else { return nil }
        self.init(familyID: Identifier(high: high, low: low), generation: generation)
    }

    /// The same text whenever it is asked for again with the same `issuedAt`, even after keys were rotated:
    /// a retry inside the grace window gets the successor that was lost.
    /// - Parameter issuedAt: when the generation began, in epoch seconds.
    public func text(keys: MACKeyRing, issuedAt: Int64) throws(KeyUnavailable) -> String {
        guard let key = keys.key(activeAt: issuedAt) else { throw KeyUnavailable() }
        var content = SealedToken.head(key)
        SealedToken.append(familyID.high, to: &content)
        SealedToken.append(familyID.low, to: &content)
        SealedToken.append(generation, to: &content)
        return SealedToken.text(prefix: Self.prefix, sealing: content, with: key.refreshTokens)
    }

    private static let prefix = Array("lkr_".utf8)
}
