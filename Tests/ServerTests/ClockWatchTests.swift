import Testing

@testable import Server

@Suite("A clock that is set")
struct ClockWatchTests {
    private let start = ContinuousClock.now
    private let now: Int64 = 1_800_000_000

    private func at(_ seconds: Int64) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("a clock that goes at its own pace is believed, small corrections included")
    func steady() {
        let watch = ClockWatch(now: now, lastKnown: now - 100, at: start)
        #expect(watch.isSteady(now: now, at: at(0)))
        #expect(watch.isSteady(now: now + 60, at: at(30)))
        #expect(watch.isSteady(now: now + 90, at: at(90)))
    }

    @Test("one that was set, forward or back, is watched for an hour", arguments: [100_000_000, 61, -61, -100_000_000] as [Int64])
    func step(by seconds: Int64) {
        let watch = ClockWatch(now: now, lastKnown: now, at: start)
        #expect(!watch.isSteady(now: now + 30 + seconds, at: at(30)))
        #expect(!watch.isSteady(now: now + 3629 + seconds, at: at(3629)))
        #expect(watch.isSteady(now: now + 3630 + seconds, at: at(3630)))
    }

    @Test("set right again, it is watched anew: nothing that a wrong clock called expired is removed")
    func backAgain() {
        let watch = ClockWatch(now: now, lastKnown: now, at: start)
        #expect(!watch.isSteady(now: now + 100_000_000, at: at(30)))
        #expect(!watch.isSteady(now: now + 3600, at: at(3600)))
        #expect(!watch.isSteady(now: now + 3650, at: at(3650)))
        #expect(watch.isSteady(now: now + 7200, at: at(7200)))
    }

    @Test(
        "a start long after the newest event, or before it, may be a start with a wrong clock",
        arguments: [(nil, true), (0, true), (86_400, true), (86_401, false), (-61, false)] as [(Int64?, Bool)])
    func silence(seconds: Int64?, isBelieved: Bool) {
        let watch = ClockWatch(now: now, lastKnown: seconds.map { now - $0 }, at: start)
        #expect(watch.isSteady(now: now, at: at(0)) == isBelieved)
        #expect(watch.isSteady(now: now + 3600, at: at(3600)))
    }
}
