/// Epoch seconds as HTTP writes them (RFC 9110 §5.6.7): `Tue, 24 Nov 2026 13:05:09 GMT`.
public enum HTTPDate {
    public static func text(_ seconds: Int64) -> String {
        let days = Timestamp.floorDivide(seconds, 86_400)
        let time = seconds - days * 86_400
        let date = Timestamp.civilDate(daysSinceEpoch: days)
        // 1970-01-01 was a Thursday.
        let weekday = weekdays[Int((days % 7 + 11) % 7)]
        let clock = [time / 3600, time / 60 % 60, time % 60].map { Timestamp.padded($0, 2) }.joined(separator: ":")
        return "\(weekday), \(Timestamp.padded(date.day, 2)) \(months[Int(date.month) - 1]) \(Timestamp.padded(date.year, 4)) \(clock) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
