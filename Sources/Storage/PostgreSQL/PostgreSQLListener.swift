import Dispatch
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A connection of its own that hears `NOTIFY`. What was committed while it was away nobody tells it: after each new connection
/// it wakes too.
struct PostgreSQLListener {
    let target: PostgreSQLTarget
    let isOver: () -> Bool
    let wake: () -> Void

    /// The name in the trigger of `events`.
    static let channel: StaticString = "LISTEN latchkey_events"

    func run() {
        var pause: UInt32 = 100
        while !isOver() {
            if let session = try? PostgreSQLSession(target), (try? session.exchange([.control(Self.channel)]))?.first?.failure == nil {
                pause = 100
                wake()
                listen(session)
            }
            usleep(UInt32.random(in: (pause / 2)...pause) * 1000)
            pause = min(2000, pause * 2)
        }
    }

    /// Asks for nothing now and then: a connection that is dead would be silent just the same.
    private func listen(_ session: PostgreSQLSession) {
        var quiet = 0
        while !isOver() {
            do {
                if try session.waitForNotification(500) {
                    quiet = 0
                    wake()
                } else {
                    quiet += 1
                }
                if quiet >= 10 {
                    quiet = 0
                    _ = try session.exchange([.control("SELECT 1")])
                }
            } catch {
                return
            }
        }
    }
}

/// Something that is set once, from any thread.
final class Flag: Sendable {
    private let value = Mutex(false)

    func set() { value.withLock { $0 = true } }
    var isSet: Bool { value.withLock { $0 } }
}

/// Threads that wait for a database: outside the cooperative pool, whose few threads must not wait.
enum Thread {
    static func start(_ name: String, _ work: @escaping @Sendable () -> Void) {
        DispatchQueue(label: name, qos: .userInitiated).async(execute: work)
    }
}
