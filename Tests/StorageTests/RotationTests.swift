import Delegation
import OAuth
import Storage
import Testing

@Suite("Rotating refresh tokens")
struct RotationTests {
    @Test("strict: of fifty at once one rotates, and the family ends", arguments: Driver.allCases)
    func strict(driver: Driver) async throws {
        let world = try await World(driver)
        let family = try await world.install(0x40).family.id
        let outcomes = try await together(50) { _ in try await world.rotate(family, 0, grace: 0) }
        #expect(outcomes.filter { $0 == .rotated(generation: 1) }.count == 1)
        #expect(outcomes.filter { $0 == .reused }.count == 1)
        #expect(outcomes.filter { $0 == .ended }.count == 48)
        #expect(try await world.store.standing(family)?.family.revokedAt == World.now)
        #expect(world.listener.kinds.filter { $0 == "refresh.reused" }.count == 1)
    }

    @Test("grace: fifty at once get the same successor", arguments: Driver.allCases)
    func grace(driver: Driver) async throws {
        let world = try await World(driver)
        let family = try await world.install(0x40).family.id
        let outcomes = try await together(50) { _ in try await world.rotate(family, 0) }
        #expect(outcomes.filter { $0 == .rotated(generation: 1) }.count == 1)
        #expect(outcomes.filter { $0 == .replayed(generation: 1, rotatedAt: World.now) }.count == 49)
        let after = try #require(try await world.store.standing(family)?.family)
        #expect(after.generation == 1)
        #expect(after.revokedAt == nil)
        #expect(after.rotatedAt == World.now)
    }

    @Test("ending an installation while it refreshes: nothing rotates after the end", arguments: Driver.allCases)
    func mixed(driver: Driver) async throws {
        let world = try await World(driver)
        let family = try await world.install(0x40).family.id
        let outcomes = try await together(51) { number in
            if number == 25 {
                let ended = try await world.store.endFamily(family, actor: World.operatorActor, now: World.now)
                return ended ? Store.RotateOutcome.ended : .reused
            }
            return try await world.rotate(family, 0)
        }
        #expect(outcomes.contains(.ended))
        #expect(!outcomes.contains(.reused))
        #expect(try await world.rotate(family, 1) == .ended)
        #expect(try await world.store.standing(family)?.family.revokedAt == World.now)
    }

    @Test(
        "what each generation gets, seconds after the last rotation",
        arguments: [
            (2, 0, Store.RotateOutcome.rotated(generation: 3)), (1, 0, .replayed(generation: 2, rotatedAt: World.now + 1)),
            (1, -1, .replayed(generation: 2, rotatedAt: World.now + 1)),
            (1, 59, .replayed(generation: 2, rotatedAt: World.now + 1)), (1, 60, .reused), (0, 0, .reused), (3, 0, .ended),
        ] as [(Int64, Int64, Store.RotateOutcome)])
    func generations(generation: Int64, after: Int64, expected: Store.RotateOutcome) async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        #expect(try await world.rotate(family, 0, at: World.now) == .rotated(generation: 1))
        #expect(try await world.rotate(family, 1, at: World.now + 1) == .rotated(generation: 2))
        #expect(try await world.rotate(family, generation, at: World.now + 1 + after) == expected)
        let isRevoked = try await world.store.standing(family)?.family.revokedAt != nil
        #expect(isRevoked == (expected == .reused))
    }

    @Test("with no grace a second use ends the family, whenever it read the time", arguments: [-80, -1, 0, 1] as [Int64])
    func strict(after: Int64) async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        #expect(try await world.rotate(family, 0, grace: 0, at: World.now + 100) == .rotated(generation: 1))
        #expect(try await world.rotate(family, 0, grace: 0, at: World.now + 100 + after) == .reused)
        #expect(try await world.store.standing(family)?.family.revokedAt != nil)
    }

    @Test("a forged generation of a family that never rotated ends nothing")
    func ahead() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        #expect(try await world.rotate(family, 7) == .ended)
        #expect(try await world.rotate(family, 0) == .rotated(generation: 1))
    }

    @Test("a family that was not used in time, ended, or is not there")
    func ended() async throws {
        let world = try await World()
        let idle = try await world.install(0x40).family.id
        #expect(try await world.rotate(idle, 0, at: World.now + 999) == .rotated(generation: 1))
        #expect(try await world.rotate(idle, 1, at: World.now + 1999) == .ended)
        let revoked = try await world.install(0x41).family.id
        #expect(try await world.store.endFamily(revoked, actor: World.operatorActor, now: World.now))
        #expect(try await world.rotate(revoked, 0) == .ended)
        #expect(try await world.rotate(World.id(404), 0) == .ended)
        #expect(!world.listener.kinds.contains("refresh.reused"))
    }

    @Test("refreshing moves the idle end; a replay does not")
    func idleEnd() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        #expect(try await world.rotate(family, 0, at: World.now + 10) == .rotated(generation: 1))
        #expect(try await world.store.standing(family)?.family.idleExpiresAt == World.now + 1010)
        #expect(try await world.rotate(family, 0, at: World.now + 20) == .replayed(generation: 1, rotatedAt: World.now + 10))
        #expect(try await world.store.standing(family)?.family.idleExpiresAt == World.now + 1010)
    }

    @Test("many families refresh at once, each its own line", arguments: Driver.allCases)
    func manyFamilies(driver: Driver) async throws {
        let world = try await World(driver)
        var families: [Identifier] = []
        for number in 0..<20 { families.append(try await world.install(UInt64(0x100 + number)).family.id) }
        let lines = families
        let outcomes = try await together(20) { number in
            for generation in 0..<10 { _ = try await world.rotate(lines[number], Int64(generation)) }
            return try await world.store.standing(lines[number])?.family.generation
        }
        #expect(outcomes.allSatisfy { $0 == 10 })
    }
}
