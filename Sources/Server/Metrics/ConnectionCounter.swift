import NIOCore
import Storage

/// Counts a connection for as long as it is open.
final class ConnectionCounter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let count: Count

    init(_ count: Count) { self.count = count }

    func handlerAdded(context: ChannelHandlerContext) { count.add(1) }
    func handlerRemoved(context: ChannelHandlerContext) { count.add(-1) }
}
