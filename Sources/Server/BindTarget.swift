import HummingbirdCore
import NIOCore

/// An address and a port to listen on.
public struct BindTarget: Sendable, Equatable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `127.0.0.1:8400` or `[::1]:8400`.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
        if host.isEmpty { return nil }
        self.init(host: String(host), port: Int(port))
    }

    /// Whether the host is written as an IP address, so that reaching it takes no name.
    public var isAddress: Bool { (try? SocketAddress(ipAddress: host, port: port)) != nil }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var address: BindAddress { .hostname(host, port: port) }
}
