import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// The framework's HTTP/1.1 connection with a fast lane in front of it.
struct FastLaneChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let channel: HTTP1Channel
    let listener: Listener
    let idleTime: TimeAmount

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        self.channel.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self).handler
            let outlet = Outlet()
            try pipeline.addHandler(outlet, position: .first)
            try pipeline.addHandler(FastLane(listener: listener, outlet: outlet, idleTime: idleTime), position: .after(decoder))
            return value
        }
    }

    func handle(value: Value, logger: Logger) async { await channel.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// HTTP/1.1 for a listener.
    static func connections(of listener: Listener) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            FastLaneChannel(
                channel: HTTP1Channel(
                    responder: responder,
                    configuration: .init(
                        // Above our own limits, so that what is too large is answered in the endpoint's own form of error.
                        httpDecoderConfiguration: .init(maxHeaderFieldSize: 256 * 1024, maxHeaderListSize: 1024 * 1024))),
                listener: listener, idleTime: .seconds(75))
        }
    }
}
