import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A key that opaque tokens are authenticated with.
public struct MACKey: Sendable {
    /// Stands in every token, so that the key that made it is found at once.
    public let id: UInt32
    /// Epoch seconds from which tokens are made with it.
    public let activeFrom: Int64
    /// Epoch seconds from which another key is used in its place; what it made stays accepted while it is in the ring.
    public let retiredAt: Int64?
    /// With the key taken in already: that is half of the work for a short text.
    let refreshTokens: HMAC<SHA256>
    let accessTokens: HMAC<SHA256>
    private let eventSeals: HMAC<SHA256>

    /// - Parameter key: 32 secret bytes. Each kind of token gets a key of its own derived from them (RFC 5869),
    ///   so that the bytes of one kind are never valid as another.
    public init(id: UInt32, key: [UInt8], activeFrom: Int64, retiredAt: Int64? = nil) {
        self.id = id
        self.activeFrom = activeFrom
        self.retiredAt = retiredAt
        let master = SymmetricKey(data: key)
        refreshTokens = Self.derive("latchkey refresh token", from: master)
        accessTokens = Self.derive("latchkey access token", from: master)
        eventSeals = Self.derive("latchkey event seal", from: master)
    }

    private static func derive(_ purpose: String, from master: SymmetricKey) -> HMAC<SHA256> {
        HMAC(key: HKDF<SHA256>.deriveKey(inputKeyMaterial: master, info: Array(purpose.utf8), outputByteCount: 32))
    }

    /// HMAC-SHA256 of the hash of a batch of events: who has the database alone cannot make one.
    public func authenticationCode(ofSeal hash: [UInt8]) -> [UInt8] {
        var code = eventSeals
        code.update(data: hash)
        return Array(code.finalize())
    }

    fileprivate func isActive(at time: Int64) -> Bool {
        activeFrom <= time && retiredAt.map { time < $0 } ?? true
    }
}

/// No key of the ring may be used at that time.
public struct KeyUnavailable: Error, Sendable, Equatable {
    public init() {}
}

/// All keys whose tokens are accepted.
public struct MACKeyRing: Sendable {
    /// Newest first; few, so that a scan beats a dictionary.
    private let keys: [MACKey]

    public init(_ keys: [MACKey]) {
        self.keys = keys.sorted { ($0.activeFrom, $0.id) > ($1.activeFrom, $1.id) }
    }

    public func key(id: UInt32) -> MACKey? {
        keys.first { $0.id == id }
    }

    /// The key that tokens issued at that time are made with. The answer for a time in the past never changes by rotation,
    /// so a token can be derived anew exactly as it was.
    public func key(activeAt time: Int64) -> MACKey? {
        // Between a key's retirement and its successor's first use the retired one still serves.
        // Before all of them, after a clock that was ahead when they were made was set right, the oldest does.
        keys.first { $0.isActive(at: time) } ?? keys.first { $0.activeFrom <= time } ?? keys.last
    }
}
