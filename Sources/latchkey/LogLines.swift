import Logging
import OAuth
import Server

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes each log entry as one line to standard error, as JSON for machines or as text for people.
///
/// Nothing here redacts: secrets are of type `Secret`, which prints as `***`, and are never put into a message.
struct LogLines: LogHandler {
    enum Format: String, CaseIterable {
        case json, pretty
    }

    let label: String
    let format: Format
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { $1 }
        if let trace = TraceContext.current {
            fields["trace_id"] = "\(trace.traceID)"
            fields["span_id"] = "\(trace.spanID)"
        }
        let merged = fields.sorted { $0.key < $1.key }
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        var calendar = tm()
        var seconds = now.tv_sec
        gmtime_r(&seconds, &calendar)
        let time = LogLines.timestamp(calendar, milliseconds: now.tv_nsec / 1_000_000)
        switch format {
        case .json:
            var object: JSONObject = [
                "time": .string(time), "level": .string(event.level.rawValue), "message": .string(event.message.description),
            ]
            for (key, value) in merged { object[key] = .string(value.description) }
            Output.error(JSON.object(object).text)
        case .pretty:
            let fields = merged.map { " \($0.key)=\($0.value)" }.joined()
            // One entry is one line, whatever a value holds.
            let line = "\(time) \(event.level.rawValue.uppercased()) \(event.message)\(fields)"
            Output.error(String(line.map { $0.isNewline ? " " : $0 }))
        }
    }

    private static func timestamp(_ calendar: tm, milliseconds: Int) -> String {
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = [padded(Int(calendar.tm_year) + 1900, 4), padded(Int(calendar.tm_mon) + 1, 2), padded(Int(calendar.tm_mday), 2)]
        let time = [padded(Int(calendar.tm_hour), 2), padded(Int(calendar.tm_min), 2), padded(Int(calendar.tm_sec), 2)]
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + "." + padded(milliseconds, 3) + "Z"
    }
}
