import Foundation
import Synchronization

@testable import Server

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

struct CannotStart: Error {
    let what: String
}

/// A real DNS server on loopback with the TXT records that it was given. It ends with the value.
final class Dnsmasq: Sendable {
    let address: BindTarget
    private let process: Mutex<pid_t?>

    /// - Parameters:
    ///   - records: names, each with the strings of one record; a name may come several times.
    ///   - names: what has an address and nothing else.
    ///   - port: one that an earlier server used and left; nil for a free one.
    init(_ records: [(name: String, strings: [String])], names: [String] = [], port: Int? = nil) throws {
        let paths = ["/usr/sbin/dnsmasq", "/usr/local/sbin/dnsmasq", "/opt/homebrew/sbin/dnsmasq"]
        guard let path = paths.first(where: FileManager.default.isExecutableFile) else {
            throw CannotStart(what: "dnsmasq is missing: run scripts/need tests")
        }
        var started: (address: BindTarget, process: pid_t)?
        // A port that was free a moment ago may be somebody else's by now; one that was asked for becomes free again.
        let deadline = ContinuousClock.now + .seconds(5)
        while started == nil, .now < deadline { started = try? Self.start(path, records, names: names, port: port) }
        let running = try started ?? Self.start(path, records, names: names, port: port)
        address = running.address
        process = Mutex(running.process)
    }

    private static func start(
        _ path: String, _ records: [(name: String, strings: [String])], names: [String], port: Int?
    ) throws -> (address: BindTarget, process: pid_t) {
        let port = try port ?? LoopbackSocket().port
        let arguments =
            [
                path, "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces", "--pid-file=",
                "--listen-address=127.0.0.1", "--port=\(port)", "--log-facility=-", "--local=/test/",
            ] + records.map { "--txt-record=" + ([$0.name] + $0.strings).joined(separator: ",") }
            + names.map { "--host-record=\($0),192.0.2.1" }
        return (BindTarget(host: "127.0.0.1", port: port), try spawn(arguments))
    }

    /// Starts it, and returns once it says that it has: then its sockets are open.
    private static func spawn(_ arguments: [String]) throws -> pid_t {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw CannotStart(what: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
        let texts = arguments.map { strdup($0) } + [nil]
        defer { for text in texts { free(text) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, arguments[0], &actions, nil, texts, [nil])
        close(ends[1])
        if result != 0 { throw CannotStart(what: "\(arguments[0]): error \(result)") }
        var said = ""
        var buffer = [UInt8](repeating: 0, count: 1024)
        while !said.contains("started") {
            let count = read(ends[0], &buffer, buffer.count)
            if count <= 0 { throw CannotStart(what: "dnsmasq: \(said)") }
            said += String(decoding: buffer.prefix(count), as: UTF8.self)
        }
        return process
    }

    func stop() {
        process.withLock { process in
            guard let running = process else { return }
            kill(running, SIGKILL)
            waitpid(running, nil, 0)
            process = nil
        }
    }

    deinit { stop() }
}

/// A port at which nobody listens: no program is given it that does not ask for it.
let closedPort = 1

/// A UDP socket on loopback; queries to it wait until somebody reads them.
final class LoopbackSocket: Sendable {
    let descriptor: Int32
    let port: Int

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        var length = size
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        if !isBound { throw CannotStart(what: "no loopback socket") }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    var address: BindTarget { BindTarget(host: "127.0.0.1", port: port) }

    deinit { close(descriptor) }
}

/// A server that answers each query with what a function makes of it.
final class HostileServer: Sendable {
    private let socket: LoopbackSocket

    /// - Parameter reply: from a query's bytes to the answer's; nil ends the server.
    init(_ reply: @escaping @Sendable ([UInt8]) -> [UInt8]) throws {
        let socket = try LoopbackSocket()
        self.socket = socket
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                var sender = sockaddr_in()
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let count = withUnsafeMutablePointer(to: &sender) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(socket.descriptor, &buffer, buffer.count, 0, $0, &length)
                    }
                }
                // The query of one byte is the end.
                if count <= 1 { return }
                let answer = reply(Array(buffer.prefix(count)))
                _ = withUnsafePointer(to: &sender) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(socket.descriptor, answer, answer.count, 0, $0, length)
                    }
                }
            }
        }
    }

    var address: BindTarget { socket.address }

    deinit {
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        target.sin_port = UInt16(socket.port).bigEndian
        _ = withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(socket.descriptor, [0], 1, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
