import CAres
import Delegation
import NIOPosix
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks DNS for TXT records, at the system's servers or at one that was named. A lookup waits on a thread of its own,
/// away from the cooperative ones, over UDP and, where the answer does not fit, over TCP.
struct TXTResolver: Sendable {
    /// nil: the servers that the system is configured with.
    private let server: BindTarget?
    private let timeout: Duration
    private let threads: NIOThreadPool

    init(server: BindTarget?, timeout: Duration = .seconds(5)) {
        self.server = server
        self.timeout = timeout
        threads = NIOThreadPool(numberOfThreads: 8)
        threads.start()
    }

    /// - Returns: `.timeout` also where the caller is cancelled.
    func answer(for host: PublisherHost) async -> TXTAnswer {
        let lookup = TXTLookup(host: host.name, server: server, timeout: timeout)
        return await withTaskCancellationHandler {
            do {
                return try await threads.runIfActive { lookup.run() }
            } catch is CancellationError {
                return .timeout
            } catch {
                return .serverFailed("the resolver was stopped")
            }
        } onCancel: {
            lookup.cancel()
        }
    }
}

/// One question and the answer to it. `run` is called once and keeps the thread until there is an answer.
private final class TXTLookup: Sendable {
    private let host: String
    private let server: BindTarget?
    private let timeout: Duration
    private let isCancelled = Atomic(false)
    private let answer = Mutex<TXTAnswer?>(nil)

    // RFC 1035 §3.2.2, §3.2.4.
    private static let typeTXT: Int32 = 16
    private static let classInternet: Int32 = 1
    /// How long a wait for sockets may last before a cancellation is looked for, in milliseconds.
    private static let longestWait: Int64 = 100
    /// For each of three attempts; the second waits twice as long.
    private static let attemptMilliseconds: Int32 = 1500
    private static let isLibraryReady = ares_library_init(ARES_LIB_INIT_ALL) == LATCHKEY_ARES_SUCCESS

    init(host: String, server: BindTarget?, timeout: Duration) {
        self.host = host
        self.server = server
        self.timeout = timeout
    }

    func cancel() { isCancelled.store(true, ordering: .relaxed) }

    func run() -> TXTAnswer {
        let deadline = ContinuousClock.now + timeout
        var options = ares_options()
        options.timeout = Self.attemptMilliseconds
        options.tries = 3
        var channel: ares_channel?
        guard Self.isLibraryReady, ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES) == LATCHKEY_ARES_SUCCESS,
            let channel
        else { return .serverFailed("the resolver could not start") }
        // The library answers what is still open when a channel goes, so this value has to outlive the channel.
        defer { withExtendedLifetime(self) { ares_destroy(channel) } }
        if let server, ares_set_servers_ports_csv(channel, server.description) != LATCHKEY_ARES_SUCCESS {
            return .serverFailed("the DNS server \(server) is no address")
        }
        ares_query(
            channel, host, Self.classInternet, Self.typeTXT,
            { lookup, status, _, bytes, length in
                guard let lookup else { return }
                Unmanaged<TXTLookup>.fromOpaque(lookup).takeUnretainedValue()
                    .finish(status, UnsafeBufferPointer(start: bytes, count: Int(max(0, length))))
            }, Unmanaged.passUnretained(self).toOpaque())
        while answer.withLock({ $0 }) == nil {
            let left = ContinuousClock.now.duration(to: deadline)
            if left <= .zero || isCancelled.load(ordering: .relaxed) { return .timeout }
            Self.wait(for: channel, atMost: left)
        }
        return answer.withLock { $0 } ?? .timeout
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

    private func finish(_ status: Int32, _ reply: UnsafeBufferPointer<UInt8>) {
        let result: TXTAnswer =
            switch status {
            case LATCHKEY_ARES_SUCCESS: Self.read(reply)
            case LATCHKEY_ARES_ENODATA: .noRecord
            case LATCHKEY_ARES_ENOTFOUND: .noSuchName
            case LATCHKEY_ARES_ETIMEOUT, LATCHKEY_ARES_ECANCELLED, LATCHKEY_ARES_EDESTRUCTION: .timeout
            case LATCHKEY_ARES_ECONNREFUSED: .serverFailed("no DNS server could be reached, or it refused")
            default: .serverFailed(Self.words(status))
            }
        answer.withLock { if $0 == nil { $0 = result } }
    }

    private static func read(_ reply: UnsafeBufferPointer<UInt8>) -> TXTAnswer {
        var first: UnsafeMutablePointer<ares_txt_ext>?
        let status = ares_parse_txt_reply_ext(reply.baseAddress, Int32(reply.count), &first)
        defer { if let first { ares_free_data(first) } }
        guard status == LATCHKEY_ARES_SUCCESS else {
            return status == LATCHKEY_ARES_ENODATA ? .noRecord : .serverFailed(words(status))
        }
        // RFC 1035 §3.3.14: a record is one or more strings of at most 255 bytes.
        var records: [[UInt8]] = []
        var next = first
        while let part = next?.pointee {
            if part.record_start != 0 || records.isEmpty { records.append([]) }
            records[records.count - 1] += UnsafeBufferPointer(start: part.txt, count: part.length)
            next = part.next
        }
        return records.isEmpty ? .noRecord : .records(records.map { String(decoding: $0, as: UTF8.self) })
    }

    private static func words(_ status: Int32) -> String {
        guard let text = ares_strerror(status) else { return "error \(status)" }
        return String(cString: text)
    }
}
