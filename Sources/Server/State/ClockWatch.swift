import Synchronization

/// Notices that the system's clock was set: what has expired is removed for good, and a clock that is years ahead for a minute must
/// not take with it what is in force again once the clock is right.
final class ClockWatch: Sendable {
    private struct Reading {
        let now: Int64
        let at: ContinuousClock.Instant
    }

    private struct State {
        var reading: Reading
        var steadyFrom: ContinuousClock.Instant
    }

    private let state: Mutex<State>

    /// Seconds by which the clock may move against the machine's own count and still be what keeps time on a network.
    private static let tolerance: Int64 = 60
    /// For which a clock that was set is watched before it is believed.
    private static let quarantine = Duration.seconds(3600)
    /// Seconds without any event after which a start does not know whether time passed or the clock is wrong.
    private static let longestSilence: Int64 = 86_400

    /// - Parameters:
    ///   - now: epoch seconds, from the system's clock.
    ///   - lastKnown: when the newest event was written; nil where there is none.
    init(now: Int64, lastKnown: Int64?, at instant: ContinuousClock.Instant = .now) {
        let isPlausible = lastKnown.map { (-Self.tolerance...Self.longestSilence).contains(now - $0) } ?? true
        state = Mutex(
            State(
                reading: Reading(now: now, at: instant),
                steadyFrom: isPlausible ? instant : instant + Self.quarantine))
    }

    /// Whether the clock has gone at its own pace for long enough that what it calls expired may be removed, and what it calls far off
    /// may be sent at once.
    func isSteady(now: Int64, at instant: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            let passed = (instant - state.reading.at).components.seconds
            if abs(now - state.reading.now - passed) > Self.tolerance { state.steadyFrom = instant + Self.quarantine }
            state.reading = Reading(now: now, at: instant)
            return instant >= state.steadyFrom
        }
    }
}
