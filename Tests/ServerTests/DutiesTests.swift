import Storage
import Synchronization
import Testing

@testable import Server

@Suite("Duties of nodes on one database")
struct DutiesTests {
    /// Two nodes whose clocks stand until they are moved.
    struct World: Sendable {
        final class Clock: Sendable {
            private let time = Mutex(ContinuousClock.now)
            var now: ContinuousClock.Instant { time.withLock { $0 } }
            func advance(_ duration: Duration) { time.withLock { $0 += duration } }
        }

        let store: Store
        let clock = Clock()
        let first: Duties
        let second: Duties

        init() async throws {
            let database = try SQLiteDatabase(path: ":memory:")
            try await Migrations.apply(to: database, now: 1)
            store = Store(database)
            let clock = clock
            first = Duties(isShared: true, random: .system, now: { clock.now })
            second = Duties(isShared: true, random: .system, now: { clock.now })
        }

        func held(by duties: Duties) -> [Duty] { Duty.allCases.filter { duties.holds($0) } }
    }

    @Test func theFirstNodeTakesAllAndTheOtherNoneWhileItLives() async throws {
        let world = try await World()
        #expect(try await world.first.keep(in: world.store) == Duty.allCases)
        for _ in 1...20 {
            #expect(try await world.second.keep(in: world.store).isEmpty)
            #expect(try await world.first.keep(in: world.store).isEmpty)
            #expect(world.held(by: world.first) == Duty.allCases)
            #expect(world.held(by: world.second).isEmpty)
            world.clock.advance(.seconds(1))
        }
    }

    @Test func aSilentNodeStopsByItselfBeforeAnotherTakesOver() async throws {
        let world = try await World()
        _ = try await world.first.keep(in: world.store)
        #expect(try await world.second.keep(in: world.store).isEmpty)
        world.clock.advance(Duties.confidence)
        #expect(world.held(by: world.first).isEmpty)
        #expect(try await world.second.keep(in: world.store).isEmpty)
        world.clock.advance(Duties.silence - Duties.confidence)
        #expect(try await world.second.keep(in: world.store) == Duty.allCases)
        // The first one was only slow: it finds out, and does nothing meanwhile.
        #expect(try await world.first.keep(in: world.store).isEmpty)
        #expect(world.held(by: world.first).isEmpty)
    }

    @Test func aNodeThatStoodStillItselfTakesNothingFromOneThatWorked() async throws {
        let world = try await World()
        _ = try await world.first.keep(in: world.store)
        #expect(try await world.second.keep(in: world.store).isEmpty)
        world.clock.advance(.seconds(60))
        #expect(try await world.first.keep(in: world.store).isEmpty)
        #expect(try await world.second.keep(in: world.store).isEmpty)
        #expect(world.held(by: world.first) == Duty.allCases)
    }

    @Test func whatIsGivenBackIsTakenAtOnce() async throws {
        let world = try await World()
        _ = try await world.first.keep(in: world.store)
        try await world.first.release(in: world.store)
        #expect(world.held(by: world.first).isEmpty)
        #expect(try await world.second.keep(in: world.store) == Duty.allCases)
    }

    @Test func whereNoOtherNodeCanBeEveryDutyIsHeld() async throws {
        let world = try await World()
        let alone = Duties(isShared: world.store.isShared, random: .system)
        #expect(world.held(by: alone) == Duty.allCases)
        #expect(try await alone.keep(in: world.store).isEmpty)
        #expect(try await world.store.leases().isEmpty)
    }
}
