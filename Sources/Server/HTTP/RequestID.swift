import Synchronization

/// Numbers the requests of one listener: a random start tells processes apart, a counter the requests.
final class RequestIDPrefix: Sendable {
    private let start = UInt32.random(in: .min ... .max)
    private let counter = Atomic<UInt32>(0)

    func next() -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let value = UInt64(start) << 32 | UInt64(number)
        return String(value, radix: 16)
    }
}
