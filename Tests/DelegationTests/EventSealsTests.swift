import OAuth
import Testing

@testable import Delegation

@Suite("Sealing events")
struct EventSealsTests {
    static let first = MACKey(id: 1, key: [UInt8](repeating: 1, count: 32), activeFrom: 0)
    static let second = MACKey(id: 2, key: [UInt8](repeating: 2, count: 32), activeFrom: 100)
    static let ring = MACKeyRing([first, second])

    static func event(_ sequence: Int64, _ text: String = "client.created") -> EventDigest {
        EventDigest(sequence: sequence, fields: [.integer(sequence), .text(text), .null], accounts: [[.text("a"), .integer(1)]])
    }

    /// Three seals over the events 1 to 6, the last one made after a rotation.
    static func chain() throws -> [(seal: Seal, events: [EventDigest])] {
        var sealed: [(seal: Seal, events: [EventDigest])] = []
        for (number, range) in [1...2, 3...5, 6...6].enumerated() {
            let events = range.map { event(Int64($0)) }
            let key = number == 2 ? second : first
            sealed.append((try #require(Seal(after: sealed.last?.seal.head, covering: events, at: 50, key: key)), events))
        }
        return sealed
    }

    static func breaks(_ sealed: [(seal: Seal, events: [EventDigest])], keys: MACKeyRing = ring) -> [SealChain.Break] {
        var chain = SealChain(keys: keys)
        for (seal, events) in sealed { chain.check(seal, events: events) }
        return chain.breaks
    }

    @Test("the encoding of an event is one text for one event: no two lists of columns are the same bytes")
    func encoding() {
        let digests: [EventDigest] = [
            EventDigest(sequence: 1, fields: [.text("ab"), .text("c")], accounts: []),
            EventDigest(sequence: 1, fields: [.text("a"), .text("bc")], accounts: []),
            EventDigest(sequence: 1, fields: [.text("abc"), .null], accounts: []),
            EventDigest(sequence: 1, fields: [.text("abc"), .text("")], accounts: []),
            EventDigest(sequence: 1, fields: [.text("abc")], accounts: [[.null]]),
            EventDigest(sequence: 1, fields: [.text("abc"), .integer(0)], accounts: []),
            EventDigest(sequence: 1, fields: [.bytes([0x61, 0x62]), .text("c")], accounts: []),
            EventDigest(sequence: 2, fields: [.text("ab"), .text("c")], accounts: []),
            EventDigest(sequence: 1, fields: [], accounts: [[.text("a")], [.text("b")]]),
            EventDigest(sequence: 1, fields: [], accounts: [[.text("a"), .text("b")]]),
        ]
        #expect(Set(digests.map(\.hash)).count == digests.count)
        #expect(digests[0] == EventDigest(sequence: 1, fields: [.text("ab"), .text("c")], accounts: []))
    }

    @Test("the encoding never changes: what was sealed by an earlier release has to verify")
    func stable() {
        let digest = EventDigest(sequence: 7, fields: [.integer(-1), .text("é"), .null, .bytes([0])], accounts: [[.text("x")]])
        var expected: [UInt8] = Self.word(1) + Self.word(7) + Self.word(4)
        expected += [1] + [UInt8](repeating: 0xFF, count: 8)
        expected += [2] + Self.word(2) + [0xC3, 0xA9]
        expected += [0]
        expected += [3] + Self.word(1) + [0]
        expected += Self.word(1) + Self.word(1) + [2] + Self.word(1) + [0x78]
        #expect(digest.hash == Credential.hash(bytes: expected))
    }

    static func word(_ value: UInt8) -> [UInt8] { [0, 0, 0, 0, 0, 0, 0, value] }

    @Test("a chain holds, across a rotation of the keys too")
    func holds() throws {
        let sealed = try Self.chain()
        #expect(Self.breaks(sealed) == [])
        #expect(sealed.map(\.seal.number) == [1, 2, 3])
        #expect(sealed.map(\.seal.firstSequence) == [1, 3, 6])
        #expect(sealed.map(\.seal.keyID) == [1, 1, 2])
        #expect(Seal(after: nil, covering: [], at: 1, key: Self.first) == nil)
    }

    @Test("a changed, a missing and an added event are told apart")
    func events() throws {
        var sealed = try Self.chain()
        sealed[1].events[1] = Self.event(4, "client.updated")
        #expect(Self.breaks(sealed) == [.eventChanged(4, seal: 2)])
        sealed[1].events.remove(at: 0)
        #expect(Self.breaks(sealed) == [.eventMissing(3, seal: 2), .eventChanged(4, seal: 2)])
        sealed = try Self.chain()
        sealed[0].events.append(Self.event(2, "a second one"))
        sealed[2].events.append(Self.event(7))
        #expect(Self.breaks(sealed) == [.eventInserted(7, seal: 3)])
    }

    @Test("a missing seal is found, at the beginning and in the middle")
    func missingSeals() throws {
        let sealed = try Self.chain()
        #expect(Self.breaks([sealed[0], sealed[2]]) == [.sealsMissing(2...2)])
        #expect(Self.breaks([sealed[2]]) == [.sealsMissing(1...2)])
    }

    @Test("a seal that was changed is found, and what comes behind it still counts")
    func changedSeal() throws {
        var sealed = try Self.chain()
        let old = sealed[1].seal
        sealed[1].seal = Seal(
            number: old.number, firstSequence: old.firstSequence, lastSequence: old.lastSequence, count: old.count,
            sealedAt: old.sealedAt + 1, keyID: old.keyID, digests: old.digests, previous: old.previous, hash: old.hash, mac: old.mac)
        #expect(Self.breaks(sealed) == [.sealChanged(2)])
    }

    @Test("without the key nobody can seal again what they changed")
    func resealed() throws {
        var sealed = try Self.chain()
        let stranger = MACKey(id: 1, key: [UInt8](repeating: 9, count: 32), activeFrom: 0)
        let events = [Self.event(3, "forged")] + sealed[1].events.dropFirst()
        sealed[1] = (try #require(Seal(after: sealed[0].seal.head, covering: events, at: 50, key: stranger)), events)
        #expect(Self.breaks(sealed) == [.sealChanged(2)])
    }

    @Test("an authentic seal in another place, or of another chain, does not link")
    func foreignSeal() throws {
        var sealed = try Self.chain()
        let events = [Self.event(3, "of another chain")] + sealed[1].events.dropFirst()
        let other = try #require(
            Seal(
                after: SealHead(number: 1, lastSequence: 2, hash: [UInt8](repeating: 7, count: 32)), covering: events, at: 50,
                key: Self.first))
        sealed[1] = (other, events)
        #expect(Self.breaks(sealed) == [.sealChanged(2)])
    }

    @Test("a seal whose key is not in the ring cannot be relied on")
    func unknownKey() throws {
        #expect(Self.breaks(try Self.chain(), keys: MACKeyRing([Self.first])) == [.sealChanged(3)])
    }
}

@Suite("Reading times")
struct TimestampReadingTests {
    @Test(
        "RFC 3339 and its shorter forms",
        arguments: [
            ("2026-11-24T13:05:09Z", 1_795_525_509), ("2026-11-24T13:05:09.999999+00:00", 1_795_525_509),
            ("2026-11-24T15:05:09+02:00", 1_795_525_509), ("2026-11-24t08:35:09-04:30", 1_795_525_509),
            ("2026-11-24 13:05:09", 1_795_525_509), ("2026-11-24T13:05", 1_795_525_500), ("2026-11-24", 1_795_478_400),
            ("1970-01-01", 0), ("2024-02-29", 1_709_164_800), ("1969-12-31T23:59:59Z", -1),
        ] as [(String, Int64)])
    func reads(text: String, seconds: Int64) {
        #expect(Timestamp.seconds(text) == seconds)
    }

    @Test(
        "anything else is no time",
        arguments: [
            "", "2026", "2026-13-01", "2026-02-29", "2026-11-24T", "2026-11-24T24:00", "2026-11-24T13:05:09.Z", "2026-11-24T13:05:09+2",
            "2026-11-24T13:05:09Zx", "2026-11-24T13:05:09+1:00", "２026-11-24T13:05:09Z", "yesterday", "1795525509",
        ])
    func refuses(text: String) {
        #expect(Timestamp.seconds(text) == nil)
    }

    @Test("what is written reads as what it was", arguments: (-12...46).map { $0 * 86_399 * 997 + 17 } as [Int64])
    func roundTrip(seconds: Int64) {
        #expect(Timestamp.seconds(Timestamp.text(seconds)) == seconds)
    }
}
