import NIOCore
import Synchronization

/// The requests whose bodies are still arriving. One list for all and not a timer for each: almost every body is there
/// when its headers are.
final class ArrivingBodies: Sendable {
    private struct Arrival {
        let deadline: NIODeadline
        let channel: any Channel
    }

    private struct Arrivals {
        var last: UInt64 = 0
        var byNumber: [UInt64: Arrival] = [:]
    }

    private let arrivals = Mutex(Arrivals())

    var count: Int { arrivals.withLock { $0.byNumber.count } }

    /// - Returns: the number to remove it by.
    func insert(_ channel: any Channel) -> UInt64 {
        let arrival = Arrival(deadline: .now() + Limits.bodyTime, channel: channel)
        return arrivals.withLock { arrivals in
            arrivals.last += 1
            arrivals.byNumber[arrivals.last] = arrival
            return arrivals.last
        }
    }

    func remove(_ number: UInt64) {
        arrivals.withLock { arrivals in _ = arrivals.byNumber.removeValue(forKey: number) }
    }

    /// Whoever reads a body that is overdue gets `RequestProblem.tooSlow` instead of the rest, and the connection closes once the
    /// answer had time to leave.
    func endOverdue(at now: NIODeadline = .now()) {
        let overdue = arrivals.withLock { arrivals in
            let overdue = arrivals.byNumber.filter { $0.value.deadline <= now }
            for number in overdue.keys { arrivals.byNumber[number] = nil }
            return overdue.values
        }
        for arrival in overdue {
            let channel = arrival.channel
            channel.pipeline.fireErrorCaught(RequestProblem.tooSlow)
            channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        }
    }
}
