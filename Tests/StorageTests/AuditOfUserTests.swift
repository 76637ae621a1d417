import Delegation
import GRDB
import OAuth
import Testing

@testable import Storage

/// What a user reads of the audit log: three sources that are merged.
@Suite("The audit log of a user")
struct AuditOfUserTests {
    static let eve = World.id(0x11)
    static let other = World.id(0x22)
    static let stops = ["client.suspended", "client.resumed", "client.frozen", "client.thawed"]
    /// When whom which client was connected for; nil is still. Two touch in one second, and must not double what happened then.
    static let connections: [(user: Identifier, client: Identifier, from: Int64, to: Int64?)] = [
        (World.ada, World.app, 5, 12), (World.ada, World.app, 12, 20), (World.ada, World.app, 30, nil), (World.ada, other, 10, 25),
        (eve, other, 0, nil),
    ]

    /// Every combination of who acted, on whom and what, at times from 0 to 40, some of them in one second.
    func fill(_ world: World) async throws {
        let people: [Identifier?] = [nil, World.ada, Self.eve]
        let clients: [Identifier?] = [nil, World.app, Self.other]
        var events: [[Value]] = []
        for kind in Self.stops + ["client.updated", "user.updated"] {
            for (actor, user) in people.flatMap({ actor in people.map { (actor, $0) } }) {
                for (client, account) in clients.flatMap({ client in [nil, World.acme].map { (client, $0) } }) {
                    let number = events.count
                    events.append([
                        .integer(Int64(number * 17 % 41)), .text(kind), Value(actor), .text("192.0.2.\(number % 2)"), Value(client),
                        Value(user), Value(account),
                    ])
                }
            }
        }
        let rows = events
        _ = try await world.database.write { db in
            for (number, (user, client, from, to)) in Self.connections.enumerated() {
                try db.run(
                    "INSERT INTO authorizations (id, user_id, client_id, scopes, created_at, ended_at) VALUES ($1, $2, $3, '', $4, $5)",
                    [.text("\(number)"), Value(user), Value(client), .integer(from), to.map { .integer($0) } ?? .null])
            }
            for row in rows {
                try db.run(
                    """
                    INSERT INTO events (at, kind, actor_id, address, client_id, user_id, account_id)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """, row)
            }
        }
    }

    struct Line: Equatable {
        let sequence: Int64
        let showsPerson: Bool
    }

    /// What the list says, without a statement: whether Ada sees the event, and whether with whoever did it.
    func line(_ event: Event, _ filter: AuditFilter) -> Line? {
        let isOwn = event.actorID == World.ada
        let showsPerson = isOwn || event.userID == World.ada
        let isStop = Self.stops.contains(event.kind)
        let wasConnected = Self.connections.contains {
            $0.user == World.ada && $0.client == event.clientID && $0.from <= event.at && event.at <= $0.to ?? .max
        }
        guard showsPerson || isStop && wasConnected else { return nil }
        if let kind = filter.kind, event.kind != kind, !event.kind.hasPrefix(kind + ".") { return nil }
        if let actor = filter.actorID, event.actorID != actor || !isOwn && event.accountID == nil { return nil }
        if let address = filter.address, event.address != address || !isOwn && event.actorID != nil { return nil }
        if let client = filter.clientID, event.clientID != client { return nil }
        if let sequence = filter.sequence, event.sequence != sequence { return nil }
        if let since = filter.since, event.at < since { return nil }
        if let before = filter.before, event.at >= before { return nil }
        return Line(sequence: event.sequence, showsPerson: showsPerson)
    }

    static let filters = [
        AuditFilter(), AuditFilter(kind: "client"), AuditFilter(kind: "client.frozen"), AuditFilter(kind: "user.updated"),
        AuditFilter(actorID: World.ada), AuditFilter(actorID: eve), AuditFilter(address: "192.0.2.1"),
        AuditFilter(kind: "client", address: "192.0.2.0"), AuditFilter(clientID: World.app), AuditFilter(clientID: other),
        AuditFilter(since: 12), AuditFilter(before: 13), AuditFilter(kind: "client.thawed", clientID: World.app, since: 10, before: 31),
        AuditFilter(actorID: eve, clientID: other), AuditFilter(sequence: 5), AuditFilter(kind: "client.suspended", before: 13),
    ]

    @Test("is what a plain filter of all events finds, in both directions, whole, by page and by position", arguments: Driver.allCases)
    func sameAsFilter(driver: Driver) async throws {
        let world = try await World(driver, isEmpty: true)
        try await fill(world)
        let events = try await world.store.events(after: 0, limit: 10_000).sorted { ($0.at, $0.sequence) < ($1.at, $1.sequence) }
        #expect(events.count == 324)
        for filter in Self.filters {
            let ascending = events.compactMap { line($0, filter) }
            for isAscending in [true, false] {
                let expected = isAscending ? ascending : ascending.reversed()
                func lines(after position: AuditPosition? = nil, offset: Int = 0, limit: Int) async throws -> ([Line], AuditPosition?) {
                    let entries = try await world.store.audit(
                        .user(World.ada), filter, isAscending: isAscending, after: position, offset: offset, limit: limit)
                    return (entries.map { Line(sequence: $0.event.sequence, showsPerson: $0.showsPerson) }, entries.last?.position)
                }
                #expect(try await lines(limit: 1000).0 == expected, "\(filter)")
                #expect(try await lines(offset: 3, limit: 7).0 == Array(expected.dropFirst(3).prefix(7)), "\(filter)")
                var (read, position): ([Line], AuditPosition?) = try await lines(limit: 50)
                while let last = position {
                    let page = try await lines(after: last, limit: 50)
                    read += page.0
                    position = page.1
                }
                #expect(read == expected, "\(filter)")
            }
        }
        // The fixture has both sorts of lines, and an event that stands in more than one source.
        let all = events.compactMap { line($0, AuditFilter()) }
        #expect(all.contains { $0.showsPerson } && all.contains { !$0.showsPerson })
        #expect(events.contains { $0.actorID == World.ada && $0.userID == World.ada && $0.kind == "client.frozen" })
    }

    @Test("is read by the indices of the user, not by looking at everybody's events", .enabled(if: !Driver.isPostgreSQLOnly))
    func plan() async throws {
        let world = try await World(.file, isEmpty: true)
        let connection = try DatabaseQueue(path: try #require(world.temporary.path))
        let values = [DatabaseValue](repeating: .null, count: 13)
        for sql in [AuditSelection.ofUser, AuditSelection.ofUserAscending] {
            let steps = try await connection.read { db in
                try GRDB.Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql.description, arguments: StatementArguments(values))
                    .map { $0["detail"] as String }
            }
            let reads = steps.filter { $0.hasPrefix("SEARCH") || $0.hasPrefix("SCAN") }
            let ofEvents = reads.filter { $0.contains(" e ") || $0.hasSuffix(" e") }
            #expect(ofEvents.count == 3, "\(steps)")
            for (index, column) in [("events_by_actor", "actor_id"), ("events_by_user", "user_id"), ("events_by_stop", "client_id")] {
                #expect(ofEvents.contains { $0.hasPrefix("SEARCH") && $0.contains("\(index) (\(column)=?") }, "\(steps)")
            }
            // Nothing else is read but the user's own authorizations, and the list of clients that was made of them.
            let others = reads.filter { !ofEvents.contains($0) && $0 != "SCAN c" }
            #expect(!others.isEmpty && others.allSatisfy { $0.contains("authorizations_by_user (user_id=?") }, "\(steps)")
            // The arms are merged; sorted is only the one that reads the stops of the user's clients.
            #expect(steps.contains { $0.hasPrefix("MERGE") } && steps.filter { $0.contains("TEMP B-TREE") }.count <= 1, "\(steps)")
            #expect(!steps.contains { $0.contains("MULTI-INDEX OR") }, "\(steps)")
        }
    }
}
