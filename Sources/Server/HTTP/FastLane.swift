import HTTPTypes
import NIOCore
import NIOHTTP1

/// Stands where a connection's requests come out of the parser and answers those that need no waiting, then and there: no task, no
/// hand-over between threads. Everything else passes by, unchanged and in order, and so does a request that may be answered at once
/// but did not arrive in one piece, or whose connection still owes an answer or cannot be written to.
///
/// It also closes connections on which nothing happens, because it alone sees all that does.
final class FastLane: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let listener: Listener
    private let outlet: Outlet
    private let idleTime: TimeAmount
    private var peer = "unknown"
    /// The request that is arriving, as long as it may be answered here.
    private var held: (head: HTTPServerRequestPart, request: HTTPRequest)?
    private var body: ByteBuffer?
    /// Requests that passed by and were not answered yet.
    private var owed = 0
    /// Whether the rest of the request that passes by is still to come.
    private var isReading = false
    private var lastActive = NIODeadline.now()
    private var idleTask: Scheduled<Void>?
    private var writer = AnswerWriter()

    init(listener: Listener, outlet: Outlet, idleTime: TimeAmount) {
        self.listener = listener
        self.outlet = outlet
        self.idleTime = idleTime
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        lastActive = .now()
        switch part {
        case .head(let head):
            // One answer after the other, in the order of the requests (RFC 9112 §9.3.2), and none for whoever does not read them.
            if owed == 0, !isReading, context.channel.isWritable, let request = candidate(head) {
                held = (part, request)
            } else {
                pass(part, context)
            }
        case .body(var bytes):
            if held == nil { return pass(part, context) }
            if body == nil { body = bytes } else { body?.writeBuffer(&bytes) }
        case .end:
            guard let (_, request) = held else { return pass(part, context) }
            guard let answer = listener.answerAtOnce(request, body: body ?? ByteBuffer(), peer: peer) else {
                letGo(context)
                return pass(part, context)
            }
            held = nil
            body = nil
            write(answer)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // What is not here in one piece may take its time, and others watch over that.
        letGo(context)
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        letGo(context)
        context.fireErrorCaught(error)
    }

    private func letGo(_ context: ChannelHandlerContext) {
        guard let (head, _) = held else { return }
        held = nil
        pass(head, context)
        if let body { pass(.body(body), context) }
        body = nil
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head:
            owed += 1
            isReading = true
        case .body: break
        case .end: isReading = false
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Only what a plain kept-alive request of HTTP/1.1 is, of a route that can answer at once.
    private func candidate(_ head: HTTPRequestHead) -> HTTPRequest? {
        guard head.version == .http1_1, head.method == .GET || head.method == .POST,
            let method = HTTPRequest.Method(head.method.rawValue),
            listener.mayAnswerAtOnce(method, path: head.uri.prefix { $0 != "?" })
        else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else { return nil }
            switch name {
            case .transferEncoding, .expect, .upgrade: return nil
            case .connection: if !value.isEmpty, value.lowercased() != "keep-alive" { return nil }
            // A body that nobody reads has to be skipped.
            case .contentLength: if method == .get, !value.isEmpty, value != "0" { return nil }
            default: break
            }
            fields.append(HTTPField(name: name, value: value))
        }
        return HTTPRequest(method: method, scheme: "http", authority: nil, path: head.uri, headerFields: fields)
    }

    // MARK: Answers

    private func write(_ answer: Answer) {
        var head = writer.head(of: answer, now: listener.deployment.now())
        var body = answer.body
        // Two buffers cost the kernel more than copying a short one.
        if body.readableBytes <= 4096 {
            head.writeBuffer(&body)
            outlet.write(head, ByteBuffer())
        } else {
            outlet.write(head, body)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            owed -= 1
            lastActive = .now()
        }
        context.write(data, promise: promise)
    }

    // MARK: Idle connections

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        idleTask?.cancel()
        idleTask = nil
        held = nil
        body = nil
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        idleTask?.cancel()
        idleTask = nil
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard idleTask == nil else { return }
        peer = context.remoteAddress?.ipAddress ?? "unknown"
        lastActive = .now()
        watch(context, for: idleTime)
    }

    private func watch(_ context: ChannelHandlerContext, for time: TimeAmount) {
        idleTask = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            let quiet = NIODeadline.now() - lastActive
            // An answer that is being made takes as long as it takes.
            let isAnswering = owed > 0 && !isReading
            if quiet >= idleTime, !isAnswering {
                context.close(promise: nil)
            } else {
                watch(context, for: isAnswering ? idleTime : idleTime - quiet)
            }
        }
    }
}

/// The way past the encoder, for answers that are bytes already.
final class Outlet: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(_ head: ByteBuffer, _ body: ByteBuffer) {
        guard let context else { return }
        if body.readableBytes > 0 {
            context.write(wrapOutboundOut(head), promise: nil)
            context.writeAndFlush(wrapOutboundOut(body), promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
        }
    }
}
