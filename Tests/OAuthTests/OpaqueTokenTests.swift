import OAuth
import Testing

/// The expected texts were computed apart from this code, with HKDF and HMAC from another library.
private enum Expected {
    static let refresh = "lkr_AQAAAAcAAQIDBAUGBwgJCgsMDQ4PAAAAAAAAAAUK-NLjwT0WT0-nMlh_lERO2qH2xj"
    static let access = "lka_AQAAAAcAAQIDBAUGBwgJCgsMDQ4PESIzRFVmd4gAAAAAZVPxAAAABwj__wAAFFEbnrj6HI5DjXab6mbQJw09fX6N"
    static let narrowed =
        "lka_AQAAAAcAAQIDBAUGBwgJCgsMDQ4PAAAAAAAAAAkAAAAAZVPxAAAAADwAAaAAF2h0dHBzOi8vYXBpLmV4YW1wbGUuY29tewNoQLEfvpHQvbPEaUcWPA44QRa8"
    /// The refresh token's fields under the access token's key.
    static let wrongPurpose = "lkr_AQAAAAcAAQIDBAUGBwgJCgsMDQ4PAAAAAAAAAAWkr5iqeFEDj-qekeLIMN_P4B1xZv"
}

@Suite struct RefreshTokenTests {
    @Test func `the text is derived from key, family and generation alone`() throws {
        let token = RefreshToken(familyID: Fixture.family, generation: 5)
        #expect(try token.text(keys: Fixture.keys, issuedAt: Fixture.now) == Expected.refresh)
        #expect(RefreshToken(Expected.refresh, keys: Fixture.keys) == token)
    }

    @Test func `a text that differs anywhere is no token`() {
        for variant in variants(of: Expected.refresh) { #expect(RefreshToken(variant, keys: Fixture.keys) == nil, "\(variant)") }
    }

    /// As `variants`, but with a checksum that is right again, so that the MAC has to see the change.
    @Test func `a bit flipped anywhere is seen by the MAC`() throws {
        let body = try #require(Base64URL.decode(Expected.refresh.dropFirst(4).dropLast(6)))
        for bit in 0..<(body.count * 8) {
            var changed = body
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            let text = TokenChecksum.appending(to: "lkr_" + Base64URL.encode(changed))
            #expect(RefreshToken(text, keys: Fixture.keys) == nil, "bit \(bit)")
        }
    }

    @Test func `cut or extended bytes are refused though the checksum is right`() throws {
        let body = try #require(Base64URL.decode(Expected.refresh.dropFirst(4).dropLast(6)))
        for changed in [Array(body.dropLast()), body + [0], Array(body.dropFirst()), Array(body.prefix(5)), []] {
            #expect(RefreshToken(TokenChecksum.appending(to: "lkr_" + Base64URL.encode(changed)), keys: Fixture.keys) == nil)
        }
    }

    @Test func `every credential carries its type`() throws {
        #expect(AccessToken(Expected.refresh, keys: Fixture.keys) == nil)
        #expect(RefreshToken(Expected.access, keys: Fixture.keys) == nil)
        #expect(RefreshToken(Expected.wrongPurpose, keys: Fixture.keys) == nil)
        let renamed = TokenChecksum.appending(to: "lka_" + Expected.refresh.dropFirst(4).dropLast(6))
        #expect(AccessToken(renamed, keys: Fixture.keys) == nil)
    }

    @Test func `a key with the same id and other bytes is another key`() {
        let other = MACKeyRing([MACKey(id: 7, key: [UInt8](repeating: 0x43, count: 32), activeFrom: 0)])
        #expect(RefreshToken(Expected.refresh, keys: other) == nil)
        #expect(RefreshToken(Expected.refresh, keys: MACKeyRing([])) == nil)
    }

    @Test func `a replay derives the same text after the keys were rotated`() throws {
        let token = RefreshToken(familyID: Fixture.family, generation: 5)
        let rotated = MACKeyRing([
            MACKey(id: 8, key: [UInt8](repeating: 0x44, count: 32), activeFrom: Fixture.now + 10), Fixture.key,
        ])
        #expect(try token.text(keys: rotated, issuedAt: Fixture.now + 9) == Expected.refresh)
        let next = try token.text(keys: rotated, issuedAt: Fixture.now + 10)
        #expect(next != Expected.refresh)
        #expect(RefreshToken(next, keys: rotated) == token)
        #expect(RefreshToken(Expected.refresh, keys: rotated) == token)
    }

    @Test func `no key for the time is an error`() {
        let token = RefreshToken(familyID: Fixture.family, generation: 0)
        #expect(throws: KeyUnavailable()) { try token.text(keys: MACKeyRing([]), issuedAt: Fixture.now) }
    }

    @Test func `keys that were made by a clock that was ahead serve once it is right`() throws {
        let token = RefreshToken(familyID: Fixture.family, generation: 0)
        let ahead = (1...2).map { MACKey(id: $0, key: [UInt8](repeating: UInt8($0), count: 32), activeFrom: 5000 + Int64($0)) }
        let text = try token.text(keys: MACKeyRing(ahead), issuedAt: 999)
        #expect(text == (try token.text(keys: MACKeyRing([ahead[0]]), issuedAt: 6000)))
    }

    @Test func `a retired key serves until its successor is in use`() throws {
        let old = MACKey(id: 1, key: [UInt8](repeating: 1, count: 32), activeFrom: 0, retiredAt: 100)
        let new = MACKey(id: 2, key: [UInt8](repeating: 2, count: 32), activeFrom: 102)
        let ring = MACKeyRing([old, new])
        for (time, id) in [(99, 1), (101, 1), (102, 2), (500, 2)] as [(Int64, UInt32)] {
            #expect(try #require(ring.key(activeAt: time)).id == id)
        }
    }
}

@Suite struct AccessTokenTests {
    private let whole = AccessToken(
        familyID: Fixture.family, tokenID: 0x1122_3344_5566_7788, issuedAt: Fixture.now, lifetime: 1800, selection: .all, audience: nil)
    private let narrowed = AccessToken(
        familyID: Fixture.family, tokenID: 9, issuedAt: Fixture.now, lifetime: 60, selection: .positions([0xA0]),
        audience: Fixture.resource)

    @Test func `both layouts are as documented`() throws {
        #expect(try whole.text(keys: Fixture.keys) == Expected.access)
        #expect(try narrowed.text(keys: Fixture.keys) == Expected.narrowed)
        #expect(AccessToken(Expected.access, keys: Fixture.keys) == whole)
        #expect(AccessToken(Expected.narrowed, keys: Fixture.keys) == narrowed)
    }

    @Test(arguments: [Expected.access, Expected.narrowed])
    func `a text that differs anywhere is no token`(text: String) throws {
        for variant in variants(of: text) { #expect(AccessToken(variant, keys: Fixture.keys) == nil, "\(variant)") }
        let body = try #require(Base64URL.decode(text.dropFirst(4).dropLast(6)))
        for bit in 0..<(body.count * 8) {
            var changed = body
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(AccessToken(TokenChecksum.appending(to: "lka_" + Base64URL.encode(changed)), keys: Fixture.keys) == nil, "bit \(bit)")
        }
    }

    @Test func `claims say when the token ends`() {
        #expect(whole.claims.expiresAt == Fixture.now + 1800)
        #expect(narrowed.claims.audience == Fixture.resource)
        #expect(narrowed.claims.scopes(from: ["a", "b", "c"]) == ["a", "c"])
    }

    @Test func `lengths at the edge survive`() throws {
        let token = AccessToken(
            familyID: Fixture.family, tokenID: .max, issuedAt: .max - 5_000_000_000, lifetime: .max,
            selection: .positions([UInt8](repeating: 0xFF, count: 200)), audience: String(repeating: "x", count: 1000))
        let keys = MACKeyRing([MACKey(id: .max, key: [UInt8](repeating: 9, count: 32), activeFrom: 0)])
        #expect(AccessToken(try token.text(keys: keys), keys: keys) == token)
    }
}

@Suite struct ScopeSelectionTests {
    private static let original: ScopeSet = ["a", "b", "c", "d", "e", "f", "g", "h", "i"]

    @Test(
        arguments: [
            (["a", "b", "c", "d", "e", "f", "g", "h", "i"], .all),
            ([], .positions([])),
            (["a"], .positions([0x80])),
            (["h"], .positions([0x01])),
            (["i"], .positions([0x00, 0x80])),
            (["a", "i"], .positions([0x80, 0x80])),
        ] as [(ScopeSet, ScopeSelection)])
    func `labels become positions and come back`(wanted: ScopeSet, selection: ScopeSelection) {
        #expect(ScopeSelection(selecting: wanted, from: Self.original) == selection)
        #expect(selection.apply(to: Self.original) == wanted)
    }

    @Test func `labels that were never there are left out`() {
        #expect(ScopeSelection(selecting: ["a", "zzz"], from: ["a", "b"]).apply(to: ["a", "b"]) == ["a"])
    }

    @Test func `positions past the end select nothing`() {
        #expect(ScopeSelection.positions([0xFF, 0xFF, 0xFF]).apply(to: ["a"]) == ["a"])
    }
}

@Suite struct TokenIdentifierTests {
    @Test func `the text comes back`() {
        let identifier = TokenIdentifier(owner: Fixture.family, tokenID: 0xAB)
        #expect(identifier.text == "000102030405060708090a0b0c0d0e0f.00000000000000ab")
        #expect(TokenIdentifier(identifier.text) == identifier)
    }

    @Test(arguments: [
        "", ".", "000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f.ab",
        "000102030405060708090a0b0c0d0e0f.00000000000000AB",
        "000102030405060708090a0b0c0d0e0f.+0000000000000ab", "000102030405060708090a0b0c0d0e0f.00000000000000ab.",
    ])
    func `anything else is refused`(text: String) {
        #expect(TokenIdentifier(text) == nil)
    }
}
