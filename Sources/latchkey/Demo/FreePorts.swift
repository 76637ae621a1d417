import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Ports on 127.0.0.1 that nobody listens on, and that the system gives to nobody else until they are let go.
///
/// A listener of this process takes one all the same: as long as neither of two sockets listens yet, Linux lets both have the port where
/// both say SO_REUSEADDR, and ours never listen. Elsewhere they are let go when they are known.
final class FreePorts: Sendable {
    let ports: [Int]
    private let sockets: Mutex<[Int32]>

    /// - Returns: nil where the system has not so many.
    init?(_ count: Int) {
        var sockets: [Int32] = []
        var ports: [Int] = []
        defer { if ports.count < count { for socket in sockets { close(socket) } } }
        // All are held until all are known, so that none is picked twice.
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { return nil }
            sockets.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard isBound else { return nil }
            ports.append(Int(UInt16(bigEndian: address.sin_port)))
        }
        self.ports = ports
        #if os(Linux)
            // Only now: so far nobody could have had them besides.
            var isOn: Int32 = 1
            for socket in sockets { setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<Int32>.size)) }
            self.sockets = Mutex(sockets)
        #else
            for socket in sockets { close(socket) }
            self.sockets = Mutex([])
        #endif
    }

    /// Once whoever is to have the ports listens there.
    func letGo() {
        sockets.withLock { held in
            for socket in held { close(socket) }
            held = []
        }
    }

    deinit { letGo() }
}
