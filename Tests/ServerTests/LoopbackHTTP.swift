import Foundation
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An HTTP server on loopback that answers each connection with bytes that it was given, and remembers what it was sent.
final class LoopbackHTTP: Sendable {
    let port: Int
    private let descriptor: Int32
    private let heard = Mutex<[String]>([])

    /// What was sent over each connection, as far as it was read before the answer.
    var requests: [String] { heard.withLock { $0 } }

    /// - Parameters:
    ///   - answer: bytes to send; nil: none.
    ///   - isEndless: the connection stays open afterwards, until the other side closes it.
    init(_ answer: String?, isEndless: Bool = false) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        if !isBound { throw CannotStart(what: "no loopback socket") }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(descriptor, nil, nil)
                if connection < 0 { return }
                Thread.detachNewThread { [weak self] in
                    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
                    let count = recv(connection, &buffer, buffer.count, 0)
                    self?.heard.withLock { $0.append(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)) }
                    if let answer { _ = send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL)) }
                    while answer == nil || isEndless, recv(connection, &buffer, buffer.count, 0) > 0 {}
                    close(connection)
                }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}

/// A socket whose queue of connections is full: the next connection is neither made nor refused.
final class FullSocket: Sendable {
    let port: Int
    private let descriptors: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        var connections: [Int32] = []
        let isFull = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { name in
                guard bind(listener, name, size) == 0, listen(listener, 0) == 0, getsockname(listener, name, &length) == 0 else {
                    return false
                }
                for _ in 0..<8 {
                    let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                    _ = fcntl(connection, F_SETFL, O_NONBLOCK)
                    _ = connect(connection, name, size)
                    connections.append(connection)
                }
                return true
            }
        }
        descriptors = connections + [listener]
        port = Int(UInt16(bigEndian: address.sin_port))
        if !isFull { throw CannotStart(what: "no loopback socket") }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
