import CAres
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A question to DNS through c-ares, driven on the thread that `run` is called on until it is answered, cancelled or too late.
final class AresQuery: Sendable {
    enum End: Sendable, Equatable {
        /// `finish` was called.
        case answered
        /// Or cancelled.
        case timedOut
        case failed(String)
    }

    private let server: BindTarget?
    private let timeout: Duration
    private let isCancelled = Atomic(false)
    private let isFinished = Atomic(false)

    /// How long a wait for sockets may last before a cancellation is looked for, in milliseconds.
    private static let longestWait: Int64 = 100
    /// For each of three attempts; the second waits twice as long.
    private static let attemptMilliseconds: Int32 = 1500
    private static let isLibraryReady = ares_library_init(ARES_LIB_INIT_ALL) == LATCHKEY_ARES_SUCCESS

    /// - Parameter server: nil: the servers that the system is configured with.
    init(server: BindTarget?, timeout: Duration) {
        self.server = server
        self.timeout = timeout
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    /// For the library's callback.
    func finish() { isFinished.store(true, ordering: .releasing) }

    /// - Parameter ask: hands the question to the library, which calls back on this thread, at the latest before `run` returns.
    func run(_ ask: (ares_channel) -> Void) -> End {
        let deadline = ContinuousClock.now + timeout
        var options = ares_options()
        // A name means itself, not what the machine's search list makes of it.
        options.flags = Int32(ARES_FLAG_NOSEARCH)
        options.timeout = Self.attemptMilliseconds
        options.tries = 3
        let mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES
        var channel: ares_channel?
        guard Self.isLibraryReady, ares_init_options(&channel, &options, mask) == LATCHKEY_ARES_SUCCESS, let channel else {
            return .failed("the resolver could not start")
        }
        defer { ares_destroy(channel) }
        if let server, ares_set_servers_ports_csv(channel, server.description) != LATCHKEY_ARES_SUCCESS {
            return .failed("the DNS server \(server) is no address")
        }
        ask(channel)
        while !isFinished.load(ordering: .acquiring) {
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero || isCancelled.load(ordering: .relaxed) { return .timedOut }
            Self.wait(for: channel, atMost: left)
        }
        return .answered
    }

    /// Lets the library read and write where it can, and notice what took too long.
    private static func wait(for channel: ares_channel, atMost left: Duration) {
        var sockets = [ares_socket_t](repeating: -1, count: Int(ARES_GETSOCK_MAXNUM))
        let wanted = ares_getsock(channel, &sockets, Int32(sockets.count))
        var polls: [pollfd] = []
        for (index, socket) in sockets.enumerated() {
            let events = (wanted >> index & 1 != 0 ? POLLIN : 0) | (wanted >> (index + sockets.count) & 1 != 0 ? POLLOUT : 0)
            if events != 0 { polls.append(pollfd(fd: socket, events: Int16(events), revents: 0)) }
        }
        let milliseconds = min(longestWait, left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
        let count = poll(&polls, nfds_t(polls.count), Int32(milliseconds))
        if count <= 0 {
            ares_process_fd(channel, -1, -1)
            return
        }
        for ready in polls where ready.revents != 0 {
            let canRead = Int32(ready.revents) & (POLLIN | POLLERR | POLLHUP) != 0
            let canWrite = Int32(ready.revents) & POLLOUT != 0
            ares_process_fd(channel, canRead ? ready.fd : -1, canWrite ? ready.fd : -1)
        }
    }

    static func words(_ status: Int32) -> String {
        guard let text = ares_strerror(status) else { return "error \(status)" }
        return String(cString: text)
    }
}
