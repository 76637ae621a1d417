import Delegation
import Logging
import NIOCore
import OAuth
import Storage
import Synchronization

/// What resource servers are told of changes, as it happens.
///
/// One reader follows the outbox for all subscribers and keeps the newest changes; each subscriber takes them from its own place, at
/// its own pace, and from storage where it is further behind. So nothing waits for a slow one, and nothing is kept for it.
final class ChangeFeed: Sendable {
    /// A change as it is sent.
    struct Line: Sendable {
        let sequence: Int64
        /// nil: for any.
        let audiences: Set<String>?
        let text: ByteBuffer
    }

    struct Page: Sendable {
        var lines: [Line]
        /// Everything up to it was looked at.
        var sequence: Int64
        var isMoreWaiting: Bool
    }

    private struct State {
        /// The newest changes, ascending: all there are behind `start`.
        var lines: [Line] = []
        var start: Int64 = 0
        /// How far the outbox was read; nil: nobody listens.
        var position: Int64?
        /// When it was last found to be read to its end.
        var followedAt: ContinuousClock.Instant?
        var subscriptions: [UInt64: WeakSubscription] = [:]
        var lastNumber: UInt64 = 0
        var isClosed = false
    }

    private struct WeakSubscription {
        weak var subscription: FeedSubscription?
        let server: Identifier
        let wake: AsyncStream<Void>.Continuation
    }

    /// Subscribers in all, and of one resource server.
    static let limit = 512
    static let limitPerServer = 64
    /// A subscriber that is further behind begins anew.
    static let longestResume: Int64 = 20_000
    /// Between two signs of life.
    static let heartbeat = Duration.seconds(2)
    private static let linesKept = 2048
    private static let eventsAtOnce = 500
    private static let pause = Duration.milliseconds(200)
    /// How old the last look at the outbox may be for a sign of life.
    private static let freshness = Duration.seconds(1)
    /// How long a subscriber may take to read what it was sent.
    private static let patience = Duration.seconds(10)
    /// Seconds by which the clocks of nodes may differ, and a change may wait to be committed.
    private static let margin: Int64 = 5

    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    /// Epoch seconds.
    private let now: @Sendable () -> Int64

    init(now: @escaping @Sendable () -> Int64) {
        self.now = now
        (wakes, wakeUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// For the gauge of subscribers.
    var count: Int { state.withLock { $0.subscriptions.count } }

    /// The outbox has grown. Where nobody listens, no thread is woken for it.
    func wake() {
        if count > 0 { wakeUp.yield() }
    }

    /// Ends every stream; there are none afterwards.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for entry in state.subscriptions.values { entry.wake.finish() }
        }
    }

    /// - Returns: nil where there are too many.
    func subscribe(_ server: Identifier, channel: any Channel) -> FeedSubscription? {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let subscription: FeedSubscription? = state.withLock { state in
            guard !state.isClosed, state.subscriptions.count < Self.limit,
                state.subscriptions.values.count(where: { $0.server == server }) < Self.limitPerServer
            else { return nil }
            state.lastNumber += 1
            let subscription = FeedSubscription(number: state.lastNumber, feed: self, channel: channel, wakes: wakes)
            state.subscriptions[state.lastNumber] = WeakSubscription(subscription: subscription, server: server, wake: wake)
            return subscription
        }
        wake.yield()
        self.wake()
        return subscription
    }

    fileprivate func remove(_ number: UInt64) {
        state.withLock { state in
            state.subscriptions.removeValue(forKey: number)?.wake.finish()
            if state.subscriptions.isEmpty {
                state.position = nil
                state.followedAt = nil
                state.lines = []
            }
        }
    }

    /// What comes behind a sequence; nil: nothing can be said yet.
    func page(after sequence: Int64, from store: Store) async throws -> Page? {
        let kept: (page: Page?, isBehind: Bool) = state.withLock { state in
            guard let position = state.position else { return (nil, false) }
            guard sequence >= state.start else { return (nil, true) }
            let first = state.lines.lastIndex { $0.sequence <= sequence }.map { $0 + 1 } ?? 0
            return (Page(lines: Array(state.lines[first...]), sequence: max(position, sequence), isMoreWaiting: false), false)
        }
        if !kept.isBehind { return kept.page }
        let page = try await store.feed(after: sequence, limit: Self.eventsAtOnce)
        return Page(lines: lines(page.changes), sequence: page.sequence, isMoreWaiting: page.sequence > sequence)
    }

    /// Whether all that was committed a moment ago has been read.
    var isFollowing: Bool {
        state.withLock { $0.followedAt.map { $0 + Self.freshness > .now } ?? false }
    }

    /// Epoch seconds. A token that was issued before may be concerned by a change that is told now.
    var issuedBefore: Int64 { now() + Self.margin }

    // MARK: Following

    /// Follows the outbox for as long as somebody listens, until it is cancelled.
    func run(_ store: Store, _ log: Logger) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    self.wake()
                    try? await Task.sleep(for: Self.pause)
                }
            }
            var isFailing = false
            for await _ in wakes {
                do {
                    try await follow(store)
                    isFailing = false
                } catch {
                    if !isFailing { log.warning("the change feed cannot follow the outbox", metadata: ["problem": "\(error)"]) }
                    isFailing = true
                }
                endStalled()
            }
            group.cancelAll()
        }
    }

    private func follow(_ store: Store) async throws {
        if count == 0 { return }
        var from: Int64
        if let position = state.withLock({ $0.position }) {
            from = position
        } else {
            from = try await store.outboxBounds().newest
            let start = from
            state.withLock { state in
                guard state.position == nil, !state.subscriptions.isEmpty else { return }
                (state.start, state.position, state.lines) = (start, start, [])
            }
        }
        while true {
            let begun = ContinuousClock.now
            let page = try await store.feed(after: from, limit: Self.eventsAtOnce)
            let lines = lines(page.changes)
            state.withLock { state in
                guard state.position == from else { return }
                state.position = page.sequence
                if !page.isMoreWaiting { state.followedAt = begun }
                state.lines += lines
                let excess = state.lines.count - Self.linesKept
                if excess > 0 {
                    state.start = state.lines[excess - 1].sequence
                    state.lines.removeFirst(excess)
                }
                for entry in state.subscriptions.values { entry.wake.yield() }
            }
            from = page.sequence
            if !page.isMoreWaiting { return }
        }
    }

    /// Whoever does not read is cut off, and goes on from where it was when it comes back.
    private func endStalled() {
        let deadline = ContinuousClock.now - Self.patience
        let subscriptions = state.withLock { $0.subscriptions.values.compactMap(\.subscription) }
        for subscription in subscriptions where subscription.isWriting(since: deadline) { subscription.channel.close(promise: nil) }
    }

    private func lines(_ changes: [Store.ConcernedChange]) -> [Line] {
        changes.map { concerned in
            let change = concerned.change
            let event = change.reach == .keys ? "keys" : "change"
            return Line(
                sequence: change.sequence, audiences: concerned.audiences,
                text: ByteBuffer(
                    string: "event: \(event)\nid: \(change.sequence)\ndata: \(change.json(issuedBefore: issuedBefore).text)\n\n"))
        }
    }
}

/// One subscriber's place among the others, given up with the last reference to it.
final class FeedSubscription: Sendable {
    private let number: UInt64
    private let feed: ChangeFeed
    let channel: any Channel
    /// Something may have happened, or it is time for a sign of life. It ends when the stream is to end.
    let wakes: AsyncStream<Void>
    private let writingSince = Mutex<ContinuousClock.Instant?>(nil)

    fileprivate init(number: UInt64, feed: ChangeFeed, channel: any Channel, wakes: AsyncStream<Void>) {
        self.number = number
        self.feed = feed
        self.channel = channel
        self.wakes = wakes
    }

    deinit { feed.remove(number) }

    fileprivate func isWriting(since deadline: ContinuousClock.Instant) -> Bool {
        writingSince.withLock { $0.map { $0 <= deadline } ?? false }
    }

    func writing(_ write: () async throws -> Void) async throws {
        writingSince.withLock { $0 = .now }
        defer { writingSince.withLock { $0 = nil } }
        try await write()
    }
}
