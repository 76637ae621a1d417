extension Timestamp {
    /// Reads RFC 3339 (`2026-11-24T13:05:09Z`, with a fraction or an offset where there is one), the same without seconds or
    /// without an offset, as forms send it, or a date alone; what names no offset is UTC.
    /// - Returns: epoch seconds, the fraction cut off; nil for anything else.
    public static func seconds(_ text: some StringProtocol) -> Int64? {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"), let day = reader.number(2),
            (1...12).contains(month), (1...length(ofMonth: month, year)).contains(day)
        else { return nil }
        let days = daysSinceEpoch(year, month, day)
        if reader.isAtEnd { return days * 86_400 }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2), (0...23).contains(hour), (0...59).contains(minute)
        else { return nil }
        var second: Int64 = 0
        if reader.take(":") {
            guard let read = reader.number(2), (0...60).contains(read), reader.fraction() else { return nil }
            second = read
        }
        guard let offset = reader.offset(), reader.isAtEnd else { return nil }
        return days * 86_400 + hour * 3600 + minute * 60 + second - offset
    }

    private static func length(ofMonth month: Int64, _ year: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Int(month) - 1]
    }

    /// The reverse of `civilDate`, for years after 0.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}

private struct DigitReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, UInt32(bytes[position]) == character.value else { return false }
        position += 1
        return true
    }

    mutating func number(_ digits: Int) -> Int64? {
        guard position + digits <= bytes.count else { return nil }
        var value: Int64 = 0
        for byte in bytes[position..<position + digits] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int64(byte - 0x30)
        }
        position += digits
        return value
    }

    /// - Returns: false where a point has no digit behind it.
    mutating func fraction() -> Bool {
        guard take(".") else { return true }
        let start = position
        while position < bytes.count, (0x30...0x39).contains(bytes[position]) { position += 1 }
        return position > start
    }

    /// Seconds; 0 where there is none.
    mutating func offset() -> Int64? {
        if isAtEnd || take("Z") || take("z") { return 0 }
        let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60 else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
