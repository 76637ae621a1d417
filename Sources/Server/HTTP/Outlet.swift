import NIOCore
import NIOPosix

/// The way past the encoder, for answers that are bytes already.
final class Outlet: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let departures: Departures
    private var context: ChannelHandlerContext?
    private var isWaiting = false

    init(_ departures: Departures) { self.departures = departures }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(_ head: ByteBuffer, _ body: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(head), promise: nil)
        if body.readableBytes > 0 { context.write(wrapOutboundOut(body), promise: nil) }
        if !isWaiting {
            isWaiting = true
            departures.add(self)
        }
    }

    /// Gives the kernel what was written.
    func send() {
        guard isWaiting else { return }
        isWaiting = false
        context?.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        send()
        context.close(mode: mode, promise: promise)
    }
}

/// The answers of one event loop that were written and not sent yet. They leave together, when the loop has been through every
/// connection that had something to read: who waits for them is woken once and not once for each.
final class Departures {
    /// So many leave at once whatever else is to be read, so that none waits for long.
    private static let limit = 32
    // Each thread has its own, so nothing is shared.
    nonisolated(unsafe) private static let ofThread = ThreadSpecificVariable<Departures>()

    private let loop: any EventLoop
    private var outlets: [Outlet] = []

    private init(_ loop: any EventLoop) {
        self.loop = loop
        outlets.reserveCapacity(Self.limit)
    }

    /// Those of the event loop that this thread runs.
    static func of(_ loop: any EventLoop) -> Departures {
        loop.preconditionInEventLoop()
        if let departures = ofThread.currentValue, departures.loop === loop { return departures }
        let departures = Departures(loop)
        ofThread.currentValue = departures
        return departures
    }

    func add(_ outlet: Outlet) {
        outlets.append(outlet)
        if outlets.count == 1 {
            loop.assumeIsolated().execute { [self] in send() }
        } else if outlets.count == Self.limit {
            send()
        }
    }

    private func send() {
        let leaving = outlets
        outlets.removeAll(keepingCapacity: true)
        for outlet in leaving { outlet.send() }
    }
}
