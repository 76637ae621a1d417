import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Storage

/// The framework's HTTP/1.1 connection with a fast lane in front of it.
struct FastLaneChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let channel: HTTP1Channel
    let listener: Listener
    let connections: Connections
    let idleTime: TimeAmount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        self.channel.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let encoder = try pipeline.context(handlerType: HTTPResponseEncoder.self).handler
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self).handler
            let outlet = Outlet(Departures.of(channel.eventLoop))
            let time = ConnectionGuard(connections)
            // Past the encoder, not past what may stand before it, such as TLS.
            try pipeline.addHandler(outlet, position: .before(encoder))
            try pipeline.addHandler(
                FastLane(
                    listener: listener, outlet: outlet, time: time, executor: LoopExecutor(channel.eventLoop), idleTime: idleTime),
                position: .after(decoder))
            try pipeline.addHandler(time, position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await channel.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 for a listener.
    /// - Parameters:
    ///   - connections: bounds how many may be open, and how long they may take.
    ///   - certificate: nil: without TLS.
    ///   - open: counts those that are open.
    static func connections(
        of listener: Listener, in connections: Connections, _ certificate: ListenerCertificate? = nil, counting open: Count = Count()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            let plain = FastLaneChannel(
                channel: HTTP1Channel(
                    responder: responder,
                    configuration: .init(
                        additionalChannelHandlers: [ConnectionCounter(open)],
                        // Above our own limits, so that what is too large is answered in the endpoint's own form of error.
                        httpDecoderConfiguration: .init(maxHeaderFieldSize: 256 * 1024, maxHeaderListSize: 1024 * 1024))),
                listener: listener, connections: connections, idleTime: .seconds(75))
            guard let certificate else { return plain }
            return TLSChildChannel(base: plain, certificate: certificate)
        }
    }
}
