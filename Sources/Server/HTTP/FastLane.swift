import HTTPTypes
import NIOCore
import NIOHTTP1

/// Stands where a connection's requests come out of the parser and runs the quick routes by itself: what needs no waiting is
/// answered then and there, without a hand-over between threads. Everything else passes by, unchanged and in order, and so does
/// a request that did not arrive in one piece, or whose connection owes an answer or cannot be written to.
///
/// It also closes connections on which nothing happens, because it alone sees all that does.
final class FastLane: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request that is arriving, as long as it may be answered here.
    private struct Held {
        let head: HTTPRequestHead
        let request: HTTPRequest
        let quick: Listener.QuickRoute
        var body = ByteBuffer()
    }

    /// What waits until the answer that is being made is written.
    private enum Waiting {
        case part(HTTPServerRequestPart)
        case event(Any)
        case error(any Error)
    }

    private let listener: Listener
    private let outlet: Outlet
    /// Hears of the answers that do not pass it.
    private let time: ConnectionGuard
    private let idleTime: TimeAmount
    private var context: ChannelHandlerContext?
    private var peer: String?
    private var held: Held?
    private let executor: LoopExecutor
    private var isAnswering = false
    /// Whether the answer that is being made has waited for nothing yet.
    private var isStarting = false
    /// No longer than what was read at once: while something waits, nothing more is read.
    private var waiting = CircularBuffer<Waiting>()
    private var mustRead = false
    /// Requests that passed by and were not answered yet.
    private var owed = 0
    /// Whether the rest of the request that passes by is still to come.
    private var isPassing = false
    private var lastActive = NIODeadline.now()
    private var idleTask: Scheduled<Void>?
    private var writer = AnswerWriter()

    init(listener: Listener, outlet: Outlet, time: ConnectionGuard, executor: LoopExecutor, idleTime: TimeAmount) {
        self.listener = listener
        self.outlet = outlet
        self.time = time
        self.executor = executor
        self.idleTime = idleTime
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastActive = .now()
        let part = unwrapInboundIn(data)
        if isAnswering { waiting.append(.part(part)) } else { receive(part, context) }
    }

    private func receive(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            // One answer after the other, in the order of the requests (RFC 9112 §9.3.2), and none for whoever does not read them.
            if owed == 0, !isPassing, context.channel.isWritable, let candidate = candidate(head) {
                held = candidate
            } else {
                pass(part, context)
            }
        case .body(var bytes):
            if held == nil { return pass(part, context) }
            if held?.body.readableBytes == 0 { held?.body = bytes } else { held?.body.writeBuffer(&bytes) }
        case .end:
            guard let held else { return pass(part, context) }
            self.held = nil
            answer(held, context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // What is not here in one piece may take its time, and others watch over that.
        if !isAnswering { letGo(context) }
        context.fireChannelReadComplete()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // It can be the end of what the peer sends, after which others may close.
        outlet.send()
        if isAnswering { return waiting.append(.event(event)) }
        letGo(context)
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isAnswering { return waiting.append(.error(error)) }
        letGo(context)
        context.fireErrorCaught(error)
    }

    func read(context: ChannelHandlerContext) {
        // A read that finds nothing costs nothing, but giving up reading and taking it up again are two calls of the system.
        if waiting.isEmpty { context.read() } else { mustRead = true }
    }

    private func letGo(_ context: ChannelHandlerContext) {
        guard let held else { return }
        self.held = nil
        pass(.head(held.head), context)
        if held.body.readableBytes > 0 { pass(.body(held.body), context) }
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head:
            owed += 1
            isPassing = true
        case .body: break
        case .end: isPassing = false
        }
        context.fireChannelRead(wrapInboundOut(part))
    }

    /// Only what a plain kept-alive request of HTTP/1.1 is, of a quick route.
    private func candidate(_ head: HTTPRequestHead) -> Held? {
        // Where it is to stop, answers close their connection, which the long way knows how to do.
        guard head.version == .http1_1, head.method == .GET || head.method == .POST, !listener.deployment.state.isStopping,
            let method = HTTPRequest.Method(head.method.rawValue),
            let quick = listener.quickRoute(
                method, path: head.uri[..<(head.uri.utf8.firstIndex(of: UInt8(ascii: "?")) ?? head.uri.endIndex)])
        else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            guard let name = HTTPField.Name(name) else { return nil }
            switch name {
            case .transferEncoding, .expect, .upgrade: return nil
            case .connection: if !value.isEmpty, value.lowercased() != "keep-alive" { return nil }
            // A body that nobody reads has to be skipped.
            case .contentLength: if !quick.route.readsBody, !value.isEmpty, value != "0" { return nil }
            default: break
            }
            fields.append(HTTPField(name: name, value: value))
        }
        return Held(
            head: head, request: HTTPRequest(method: method, scheme: "http", authority: nil, path: head.uri, headerFields: fields),
            quick: quick)
    }

    // MARK: Answers

    private func answer(_ held: Held, _ context: ChannelHandlerContext) {
        guard #available(macOS 26, *) else {
            self.held = held
            letGo(context)
            return pass(.end(nil), context)
        }
        (isAnswering, isStarting) = (true, true)
        defer { isStarting = false }
        let lane = NIOLoopBound(self, eventLoop: context.eventLoop)
        // It runs here and now up to where it first waits, which for most requests is never, and goes on here.
        Task.immediate(executorPreference: executor) { [listener, peer] in
            let answer = await listener.answer(held.request, body: held.body, peer: peer, held.quick)
            let lane = lane.value
            lane.write(answer)
            if !lane.isStarting { lane.goOn() }
        }
    }

    private func write(_ answer: Answer) {
        isAnswering = false
        lastActive = .now()
        time.answered()
        var body = answer.body
        // Two buffers cost the kernel more than copying a short one.
        let isShort = body.readableBytes <= 4096
        var head = writer.head(of: answer, now: listener.deployment.now(), room: isShort ? body.readableBytes : 0)
        if isShort {
            head.writeBuffer(&body)
            outlet.write(head, ByteBuffer())
        } else {
            outlet.write(head, body)
        }
    }

    /// Takes up what arrived while an answer was being made.
    private func goOn() {
        guard let context else { return }
        while !isAnswering, let next = waiting.popFirst() {
            switch next {
            case .part(let part): receive(part, context)
            case .event(let event):
                letGo(context)
                context.fireUserInboundEventTriggered(event)
            case .error(let error):
                letGo(context)
                context.fireErrorCaught(error)
            }
        }
        if isAnswering { return }
        letGo(context)
        // Whoever is behind takes up what it got only when it hears that this was all.
        context.fireChannelReadComplete()
        if mustRead {
            mustRead = false
            context.read()
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
        self.context = context
        if context.channel.isActive { begin(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        end()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard idleTask == nil else { return }
        peer = context.remoteAddress?.ipAddress
        lastActive = .now()
        watch(context, for: idleTime)
    }

    private func end() {
        idleTask?.cancel()
        idleTask = nil
        held = nil
        waiting.removeAll()
    }

    private func watch(_ context: ChannelHandlerContext, for time: TimeAmount) {
        idleTask = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            let quiet = NIODeadline.now() - lastActive
            // An answer that is being made takes as long as it takes.
            let isBusy = isAnswering || owed > 0 && !isPassing
            if quiet >= idleTime, !isBusy {
                context.close(promise: nil)
            } else {
                watch(context, for: isBusy ? idleTime : idleTime - quiet)
            }
        }
    }
}
