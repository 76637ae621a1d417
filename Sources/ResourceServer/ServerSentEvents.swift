/// Reads a stream of server-sent events (WHATWG HTML §9.2.6) in pieces as they come. Pure.
struct ServerSentEvents {
    struct Event: Equatable {
        /// `message` where the stream names none.
        var name: String
        /// The last `id` so far; nil where there was none.
        var id: String?
        var data: String
    }

    /// What cannot be a stream of the feed.
    enum Problem: Error, Equatable {
        case tooLong
    }

    /// Bytes that a line, and that the data of an event may have.
    static let longest = 64 * 1024

    private var line: [UInt8] = []
    private var afterReturn = false
    private var name = ""
    private var data: String?
    private var id: String?

    /// - Returns: the events that are complete now.
    mutating func read(_ bytes: some Sequence<UInt8>) throws(Problem) -> [Event] {
        var events: [Event] = []
        for byte in bytes {
            switch byte {
            case 0x0D, 0x0A:
                // CR, LF and CRLF each end one line.
                let isSecondHalf = byte == 0x0A && afterReturn
                afterReturn = byte == 0x0D
                if isSecondHalf { continue }
                if let event = try endLine() { events.append(event) }
            default:
                afterReturn = false
                guard line.count < Self.longest else { throw .tooLong }
                line.append(byte)
            }
        }
        return events
    }

    private mutating func endLine() throws(Problem) -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.isEmpty {
            defer { (name, data) = ("", nil) }
            return data.map { Event(name: name.isEmpty ? "message" : name, id: id, data: $0) }
        }
        let colon = line.firstIndex(of: 0x3A) ?? line.endIndex
        // A comment.
        if colon == line.startIndex { return nil }
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == 0x20 { value = value.dropFirst() }
        let text = String(decoding: value, as: UTF8.self)
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = text
        case "id": if !text.utf8.contains(0) { id = text }
        case "data":
            let joined = data.map { $0 + "\n" + text } ?? text
            guard joined.utf8.count <= Self.longest else { throw .tooLong }
            data = joined
        default: break
        }
        return nil
    }
}
