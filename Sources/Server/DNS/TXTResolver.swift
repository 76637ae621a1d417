import CAres
import Delegation
import NIOPosix
import Synchronization

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
            lookup.query.cancel()
        }
    }
}

/// One question and the answer to it. `run` is called once and keeps the thread until there is an answer.
private final class TXTLookup: Sendable {
    let query: AresQuery
    private let host: String
    private let answer = Mutex<TXTAnswer?>(nil)

    // RFC 1035 §3.2.2, §3.2.4.
    private static let typeTXT: Int32 = 16
    private static let classInternet: Int32 = 1

    init(host: String, server: BindTarget?, timeout: Duration) {
        self.host = host
        query = AresQuery(server: server, timeout: timeout)
    }

    func run() -> TXTAnswer {
        // The library answers what is still open when its channel goes, so this value has to outlive the query.
        defer { withExtendedLifetime(self) {} }
        let end = query.run { channel in
            ares_query(
                channel, host, Self.classInternet, Self.typeTXT,
                { lookup, status, _, bytes, length in
                    guard let lookup else { return }
                    Unmanaged<TXTLookup>.fromOpaque(lookup).takeUnretainedValue()
                        .finish(status, UnsafeBufferPointer(start: bytes, count: Int(max(0, length))))
                }, Unmanaged.passUnretained(self).toOpaque())
        }
        switch end {
        case .failed(let problem): return .serverFailed(problem)
        case .timedOut: return .timeout
        case .answered: return answer.withLock { $0 } ?? .timeout
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
            default: .serverFailed(AresQuery.words(status))
            }
        answer.withLock { if $0 == nil { $0 = result } }
        query.finish()
    }

    private static func read(_ reply: UnsafeBufferPointer<UInt8>) -> TXTAnswer {
        var first: UnsafeMutablePointer<ares_txt_ext>?
        let status = ares_parse_txt_reply_ext(reply.baseAddress, Int32(reply.count), &first)
        defer { if let first { ares_free_data(first) } }
        guard status == LATCHKEY_ARES_SUCCESS else {
            return status == LATCHKEY_ARES_ENODATA ? .noRecord : .serverFailed(AresQuery.words(status))
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
}
