/// `lka_…`: an opaque access token. It is derived, never stored; only those who hold the key can read or make one.
public struct AccessToken: Sendable, Equatable {
    public let familyID: Identifier
    /// Tells the tokens of one family apart.
    public let tokenID: UInt64
    /// Epoch seconds.
    public let issuedAt: Int64
    /// Seconds.
    public let lifetime: UInt32
    public let selection: ScopeSelection
    /// RFC 8707: the resource that the token is for; nil where it is the family's.
    public let audience: String?

    public init(
        familyID: Identifier, tokenID: UInt64, issuedAt: Int64, lifetime: UInt32, selection: ScopeSelection, audience: String?
    ) {
        self.familyID = familyID
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        self.lifetime = lifetime
        self.selection = selection
        self.audience = audience
    }

    /// Reads a token that one of the keys made; nil for anything else, be it forged, cut, extended or re-cased.
    public init?(_ text: String, keys: MACKeyRing) {
        guard let fields = SealedToken.open(text, prefix: Self.prefix, keys: keys, purpose: { $0.accessTokens }) else { return nil }
        var reader = FieldReader(fields)
        guard let high = reader.integer(UInt64.self), let low = reader.integer(UInt64.self), let tokenID = reader.integer(UInt64.self),
            let issuedAt = reader.integer(Int64.self), let lifetime = reader.integer(UInt32.self),
            let selection = Self.selection(from: &reader), let length = reader.integer(UInt16.self),
            let audience = reader.take(Int(length)), reader.isAtEnd
        else { return nil }
        self.init(
            familyID: Identifier(high: high, low: low), tokenID: tokenID, issuedAt: issuedAt, lifetime: lifetime, selection: selection,
            audience: audience.isEmpty ? nil : String(decoding: audience, as: UTF8.self))
    }

    public func text(keys: MACKeyRing) throws(KeyUnavailable) -> String {
        guard let key = keys.key(activeAt: issuedAt) else { throw KeyUnavailable() }
        var content = SealedToken.head(key)
        SealedToken.append(familyID.high, to: &content)
        SealedToken.append(familyID.low, to: &content)
        SealedToken.append(tokenID, to: &content)
        SealedToken.append(issuedAt, to: &content)
        SealedToken.append(lifetime, to: &content)
        switch selection {
        case .all: SealedToken.append(Self.everything, to: &content)
        case .positions(let bitmap):
            SealedToken.append(UInt16(clamping: bitmap.count), to: &content)
            content.append(contentsOf: bitmap)
        }
        let audience = Array((audience ?? "").utf8)
        SealedToken.append(UInt16(clamping: audience.count), to: &content)
        content.append(contentsOf: audience)
        return SealedToken.text(prefix: Self.prefix, sealing: content, with: key.accessTokens)
    }

    public var claims: TokenClaims {
        TokenClaims(
            familyID: familyID, tokenID: tokenID, issuedAt: issuedAt, expiresAt: issuedAt + Int64(lifetime),
            scopes: .selection(selection), audience: audience)
    }

    /// In place of a bitmap's length: all scopes.
    private static let everything = UInt16.max
    private static let prefix = Array("lka_".utf8)

    private static func selection(from reader: inout FieldReader) -> ScopeSelection? {
        guard let length = reader.integer(UInt16.self) else { return nil }
        if length == everything { return .all }
        return reader.take(Int(length)).map { .positions(Array($0)) }
    }
}
