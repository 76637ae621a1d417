import HummingbirdCore
import Logging
import NIOCore
import NIOSSL

/// A connection under TLS; each begins with the certificate that is in force then.
struct TLSChildChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let certificate: ListenerCertificate

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.context))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
