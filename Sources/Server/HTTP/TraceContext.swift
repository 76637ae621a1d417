import HTTPTypes
import Synchronization

/// The place of a request in a trace that began elsewhere (W3C Trace Context §3.2). Nothing is traced that came without one.
public struct TraceContext: Sendable, Equatable {
    /// That of the request which this task answers. Every log entry of it names it.
    @TaskLocal public static var current: TraceContext?

    /// 32 hexadecimal digits, here and below in lower case.
    public let traceID: String
    /// 16: what this server does for the request.
    public let spanID: String
    /// Two: whether the caller records the trace.
    let flags: String

    /// What a request says. Looks through the fields once, since hardly any request has one.
    init?(_ headers: HTTPFields) {
        guard headers.contains(where: { $0.name == .traceparent }) else { return nil }
        self.init(headers[values: .traceparent])
    }

    /// - Parameters:
    ///   - fields: the values of `traceparent`; anything but one well-formed value of version 00 counts as none (§4.3).
    ///   - spanID: a random number.
    init?(_ fields: [String], spanID: UInt64 = .random(in: 1 ... .max)) {
        guard fields.count == 1, let field = fields.first, field.utf8.count == 55 else { return nil }
        let parts = field.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "00", Self.isHexadecimal(parts[1], 32), Self.isHexadecimal(parts[2], 16),
            Self.isHexadecimal(parts[3], 2), parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        traceID = String(parts[1])
        flags = String(parts[3])
        let digits = String(spanID, radix: 16)
        self.spanID = String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// The header of a request that is made on behalf of this one: its parent is what is done here.
    var traceparent: String { "00-\(traceID)-\(spanID)-\(flags)" }

    private static func isHexadecimal(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}

/// The traces of the requests that wrote events, for what is done later on behalf of them; the last thousand of this process.
final class EventTraces: Sendable {
    private struct State {
        var bySequence: [Int64: TraceContext] = [:]
        var order: [Int64] = []
    }

    private let state = Mutex(State())
    private static let capacity = 1024

    func remember(_ trace: TraceContext, of sequences: [Int64]) {
        state.withLock { state in
            for sequence in sequences where state.bySequence.updateValue(trace, forKey: sequence) == nil { state.order.append(sequence) }
            let excess = state.order.count - Self.capacity
            guard excess > 0 else { return }
            for sequence in state.order.prefix(excess) { state.bySequence[sequence] = nil }
            state.order.removeFirst(excess)
        }
    }

    subscript(sequence: Int64) -> TraceContext? { state.withLock { $0.bySequence[sequence] } }
}
