import NIOCore
import NIOHTTP1
import Synchronization

/// Keeps a connection's time: headers that do not end, bodies that nobody reads, answers that nobody fetches.
///
/// It stands between the HTTP decoder and everything that answers.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Awaited {
        case nothing, header, body
        /// The peer is to take what was written, or to close.
        case peer
    }

    private let connections: Connections
    private var connection: Connection?
    private var awaited = Awaited.nothing
    private var requestsInProgress = 0
    private var isReadingRequest = false
    private var hasReadPart = false
    /// Whether the next request has begun to arrive while an answer is being made.
    private var hasBegunHeader = false
    private var closesAfterAnswer = false
    /// Nothing is read any more.
    private var isClosing = false

    init(_ connections: Connections) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard connection == nil else { return }
        let connection = Connection(context.channel)
        self.connection = connection
        // A peer that vanished is noticed by what it does not acknowledge, also in the middle of a long answer.
        #if os(Linux)
            try? context.channel.syncOptions?.setOption(.tcpUserTimeout, value: Int(Limits.departureTime.nanoseconds / 1_000_000))
        #endif
        if !connections.insert(connection) { refuse(context, .serviceUnavailable, retryAfter: "2") }
    }

    private func end() {
        if let connection { connections.remove(connection) }
        connection = nil
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isClosing { return }
        hasReadPart = true
        switch unwrapInboundIn(data) {
        case .head:
            requestsInProgress += 1
            isReadingRequest = true
            hasBegunHeader = false
            connection?.idleSince.store(0, ordering: .relaxed)
        case .body: break
        case .end: isReadingRequest = false
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isClosing, awaited != .peer {
            if isReadingRequest {
                wait(for: .body, Limits.bodyTime + Limits.bodySlack)
            } else if !hasReadPart, requestsInProgress == 0 {
                wait(for: .header, Limits.headerTime)
            } else {
                if !hasReadPart { hasBegunHeader = true }
                waitForNothing()
            }
        }
        hasReadPart = false
        context.fireChannelReadComplete()
    }

    /// A deadline begins when something is first waited for, and whatever trickles in does not move it.
    private func wait(for what: Awaited, _ time: TimeAmount) {
        if awaited == what { return }
        awaited = what
        connection?.deadline.store((NIODeadline.now() + time).uptimeNanoseconds, ordering: .relaxed)
    }

    private func waitForNothing() {
        if awaited == .nothing { return }
        awaited = .nothing
        connection?.deadline.store(0, ordering: .relaxed)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            answered()
            if closesAfterAnswer, !isClosing {
                context.writeAndFlush(data, promise: promise)
                return linger(context)
            }
        }
        context.write(data, promise: promise)
    }

    /// For whoever answers past the encoder, and so past this.
    func answered() {
        requestsInProgress -= 1
        if requestsInProgress > 0 { return }
        connection?.idleSince.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
        if hasBegunHeader, !isClosing, awaited != .peer { wait(for: .header, Limits.headerTime) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if !isClosing {
            if !context.channel.isWritable {
                wait(for: .peer, Limits.departureTime)
            } else if awaited == .peer {
                waitForNothing()
            }
        }
        context.fireChannelWritabilityChanged()
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard case ConnectionEvent.closeAfterAnswer? = event as? ConnectionEvent else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        closesAfterAnswer = true
        promise?.succeed()
    }

    // MARK: Ending

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event as? ConnectionEvent {
        case .makeRoom:
            if requestsInProgress == 0 { context.close(promise: nil) }
        case .overdue:
            let deadline = connection?.deadline.load(ordering: .relaxed) ?? 0
            if deadline == 0 || deadline > NIODeadline.now().uptimeNanoseconds { return }
            if awaited == .header { refuse(context, .requestTimeout) } else { context.close(promise: nil) }
        case .closeAfterAnswer, nil:
            context.fireUserInboundEventTriggered(event)
        }
    }

    /// Answers whatever was to be asked, and closes.
    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponseStatus, retryAfter: String? = nil) {
        isClosing = true
        var fields: HTTPHeaders = ["Connection": "close", "Content-Length": "0"]
        if let retryAfter { fields.add(name: "Retry-After", value: retryAfter) }
        context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: fields))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    /// Closed at once, the rest of the request would meet a reset that takes the answer with it.
    private func linger(_ context: ChannelHandlerContext) {
        isClosing = true
        let channel = context.channel
        context.close(mode: .output, promise: nil)
        context.eventLoop.scheduleTask(in: Limits.lingerTime) { channel.close(promise: nil) }
    }
}

#if os(Linux)
    extension ChannelOption where Self == ChannelOptions.Types.SocketOption {
        /// Milliseconds that sent bytes may stay unacknowledged (RFC 5482); `TCP_USER_TIMEOUT` of Linux.
        fileprivate static var tcpUserTimeout: Self { .init(level: .tcp, name: .init(rawValue: 18)) }
    }
#endif
