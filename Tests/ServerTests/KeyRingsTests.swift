import OAuth
import Storage
import Testing

@testable import Server

@Suite("Keys that nodes share")
struct KeyRingsTests {
    static let now: Int64 = 1_795_525_509
    static let actor = Actor(userID: nil, address: "operator")

    struct World: Sendable {
        let store: Store
        let first: KeyRings
        let second: KeyRings

        init() async throws {
            let database = try SQLiteDatabase(path: ":memory:")
            try await Migrations.apply(to: database, now: 1)
            store = Store(database)
            let key = try #require(MasterKey(MasterKey.generate(.system)))
            first = KeyRings(masterKey: key)
            second = KeyRings(masterKey: key)
        }

        func token(by rings: KeyRings, at time: Int64) throws -> String {
            try RefreshToken(familyID: Randomness.system.identifier(), generation: 1).text(keys: rings.mac, issuedAt: time)
        }
    }

    @Test func nodesThatStartTogetherHaveTheSameKeys() async throws {
        let world = try await World()
        async let one: Void = world.first.ensure(in: world.store, now: Self.now)
        async let other: Void = world.second.ensure(in: world.store, now: Self.now)
        _ = try await (one, other)
        #expect(world.first.signing.jwks == world.second.signing.jwks)
        #expect(RefreshToken(try world.token(by: world.first, at: Self.now), keys: world.second.mac) != nil)
    }

    @Test func aNewKeyIsKnownEverywhereBeforeItsFirstUse() async throws {
        let world = try await World()
        try await world.first.ensure(in: world.store, now: Self.now)
        try await world.second.ensure(in: world.store, now: Self.now)
        try await world.first.rotate(in: world.store, actor: Self.actor, now: Self.now)
        let before = try world.token(by: world.first, at: Self.now + KeyRings.lead - 1)
        #expect(!world.second.lackKey(of: before) && RefreshToken(before, keys: world.second.mac) != nil)
        let after = try world.token(by: world.first, at: Self.now + KeyRings.lead)
        #expect(world.second.lackKey(of: after))
        try await world.second.reload(from: world.store)
        #expect(RefreshToken(after, keys: world.second.mac) != nil)
        #expect(world.first.signing.jwks == world.second.signing.jwks)
    }

    @Test func whoMeetsAnUnknownKeyReadsTheRingAndNotForEachTokenAgain() async throws {
        let world = try await World()
        try await world.first.ensure(in: world.store, now: Self.now)
        try await world.second.ensure(in: world.store, now: Self.now)
        try await world.first.rotate(in: world.store, lead: 0, actor: Self.actor, now: Self.now + 1)
        let token = try world.token(by: world.first, at: Self.now + 1)
        #expect(world.second.lackKey(of: token))
        let start = ContinuousClock.now
        try await world.second.reread(from: world.store, at: start)
        #expect(RefreshToken(token, keys: world.second.mac) != nil && !world.second.lackKey(of: token))
        // Within the same second it is not read again.
        try await world.first.rotate(in: world.store, lead: 0, actor: Self.actor, now: Self.now + 2)
        let next = try world.token(by: world.first, at: Self.now + 2)
        try await world.second.reread(from: world.store, at: start + .milliseconds(999))
        #expect(world.second.lackKey(of: next))
        try await world.second.reread(from: world.store, at: start + .seconds(1))
        #expect(!world.second.lackKey(of: next))
    }

    @Test func whatIsNoTokenNamesNoKey() async throws {
        let world = try await World()
        try await world.first.ensure(in: world.store, now: Self.now)
        let token = try world.token(by: world.first, at: Self.now)
        let (cut, renamed) = (String(token.dropLast()), "lkx" + String(token.dropFirst(3)))
        for text in ["", "lkr_", "lka_AAAA", "ey", "ey.ey.ey", cut, renamed] {
            #expect(!world.second.lackKey(of: text), "\(text)")
        }
        #expect(world.second.lackKey(of: token))
        let signed = try world.first.signing.current(for: .es256, at: Self.now).sign(type: "at+jwt", claims: [:])
        #expect(world.second.lackKey(of: signed) && !world.first.lackKey(of: signed))
    }

    @Test func oldKeysAreFollowedOnceAndGoWhenNothingTheySignedCanBeShown() async throws {
        let world = try await World()
        let (age, memory): (Int64, Int64) = (30 * 86_400, 15 * 86_400)
        try await world.first.ensure(in: world.store, now: Self.now)
        let count = try await world.store.keys().count
        try await world.first.maintain(in: world.store, age: age, memory: memory, now: Self.now + age - KeyRings.lead - 1)
        #expect(try await world.store.keys().count == count)
        for rings in [world.first, world.second] {
            try await rings.maintain(in: world.store, age: age, memory: memory, now: Self.now + age - KeyRings.lead)
        }
        #expect(try await world.store.keys().count == 2 * count)
        #expect(try await world.store.keys().map(\.activeFrom).max() == Self.now + age)
        try await world.first.maintain(in: world.store, age: nil, memory: memory, now: Self.now + age + memory - 1)
        #expect(try await world.store.keys().count == 2 * count)
        try await world.first.maintain(in: world.store, age: nil, memory: memory, now: Self.now + age + memory)
        let left = try await world.store.keys()
        #expect(left.filter { $0.purpose == .sign }.allSatisfy { $0.activeFrom == Self.now + age })
        #expect(left.filter { $0.purpose == .mac }.count == 2, "seals are checked with it for ever")
    }

    @Test func withoutAnAgeNothingIsAdded() async throws {
        let world = try await World()
        try await world.first.ensure(in: world.store, now: Self.now)
        let count = try await world.store.keys().count
        try await world.first.maintain(in: world.store, age: nil, memory: 1, now: Self.now + 1_000_000_000)
        #expect(try await world.store.keys().count == count)
    }
}
