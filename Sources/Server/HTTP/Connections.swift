import HummingbirdCore
import NIOCore
import Synchronization

/// One open connection, as far as others than its own event loop look at it.
final class Connection: Sendable {
    let channel: any Channel
    /// Nanoseconds of uptime since when no request is in progress; 0 while one is.
    let idleSince: Atomic<UInt64>
    /// When it is ended because what was begun does not arrive or is not fetched; 0: never.
    let deadline = Atomic<UInt64>(0)

    init(_ channel: any Channel) {
        self.channel = channel
        idleSince = Atomic(NIODeadline.now().uptimeNanoseconds)
    }
}

/// The open connections of one listener: no more than so many, and none that keeps the server waiting.
///
/// At the limit the connections that have been idle for longest make room, so that whoever holds many open and asks nothing keeps
/// nobody out; where every one is in the middle of a request, a new one is answered 503.
public final class Connections: Sendable {
    let limit: Int
    private let open = Mutex<[ObjectIdentifier: Connection]>([:])

    /// Above the limit, for those that are just being closed.
    private var slack: Int { min(64, max(4, limit / 8)) }

    public init(limit: Int) {
        self.limit = max(limit, 1)
    }

    /// For metrics.
    public var count: Int { open.withLock { $0.count } }

    /// Whether the system is asked for another connection; otherwise it waits in the listener's backlog.
    fileprivate var hasRoom: Bool { count < limit + slack }

    /// - Returns: false where there is no room, whatever is closed: the connection is one too many.
    func insert(_ connection: Connection) -> Bool {
        let (isWithin, idle) = open.withLock { open -> (Bool, [Connection]) in
            open[ObjectIdentifier(connection)] = connection
            if open.count <= limit { return (true, []) }
            // A few at once: looking for the longest idle costs a look at each. Those of the last time may not have gone yet.
            let excess = open.count - limit + limit / 64
            return (false, Self.longestIdle(of: open.values, except: connection, count: excess))
        }
        for each in idle { each.channel.pipeline.fireUserInboundEventTriggered(ConnectionEvent.makeRoom) }
        return isWithin || !idle.isEmpty
    }

    func remove(_ connection: Connection) {
        open.withLock { open in _ = open.removeValue(forKey: ObjectIdentifier(connection)) }
    }

    /// Ends those whose deadline has passed.
    func endOverdue(at now: NIODeadline = .now()) {
        let overdue = open.withLock { open in
            open.values.filter { connection in
                let deadline = connection.deadline.load(ordering: .relaxed)
                return deadline != 0 && deadline <= now.uptimeNanoseconds
            }
        }
        for each in overdue { each.channel.pipeline.fireUserInboundEventTriggered(ConnectionEvent.overdue) }
    }

    private static func longestIdle(
        of all: Dictionary<ObjectIdentifier, Connection>.Values, except newest: Connection, count: Int
    ) -> [Connection] {
        let idle = all.compactMap { connection -> (since: UInt64, Connection)? in
            let since = connection.idleSince.load(ordering: .relaxed)
            return since == 0 || connection === newest ? nil : (since, connection)
        }
        return idle.sorted { $0.since < $1.since }.prefix(count).map(\.1)
    }
}

/// What connections are told from outside of their pipeline.
enum ConnectionEvent: Sendable {
    /// From the registry: it may have to end.
    case makeRoom, overdue
    /// From whoever answers: nothing may follow this answer, since the rest of the request is not read.
    case closeAfterAnswer
}

/// Stops accepting where even closing makes no room.
struct ConnectionRoom: AvailableConnectionsDelegate {
    let connections: Connections

    func connectionOpened() {}
    func connectionClosed() {}
    func isAcceptingNewConnections() -> Bool { connections.hasRoom }
}
