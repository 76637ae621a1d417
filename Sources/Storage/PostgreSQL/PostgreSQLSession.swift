import CLibPQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One session with PostgreSQL, for one thread alone. It speaks in pipelines: what is sent together travels together, and no wait is
/// longer than a deadline, whatever the server does.
final class PostgreSQLSession {
    /// What is sent in one round trip, in order.
    enum Command {
        case statement(PostgreSQLStatement)
        /// `BEGIN`, `COMMIT` and the like.
        case control(StaticString)
        /// Ends a group: what comes behind it is run even where something before it failed.
        case sync
    }

    typealias Outcome = Result<PostgreSQLAnswer, PostgreSQLFailure>

    private let connection: OpaquePointer
    /// Milliseconds that the server may be silent: a little longer than it lets a statement run.
    private let patience: Int64
    private var prepared: [UInt: [Prepared]] = [:]
    private var preparedCount = 0
    private(set) var isLost = false
    /// When it was connected, in milliseconds of `milliseconds()`.
    let since = PostgreSQLSession.milliseconds()

    /// A statement as the server keeps it, for values of these types.
    private struct Prepared {
        let name: String
        var types: [Oid]

        /// A type 0 takes nothing but NULL.
        func takes(_ values: [Value]) -> Bool {
            types.count == values.count && zip(types, values).allSatisfy { $1 == .null || $0 == $1.type }
        }
    }

    /// What the server will answer with, in order.
    private enum Expected {
        case answer(index: Int)
        case preparation(key: UInt, Prepared)
        case description(key: UInt, name: String)
        case sync
    }

    init(_ target: PostgreSQLTarget) throws(StorageError) {
        let names = target.parameters.map { strdup($0.name) } + [nil]
        let values = target.parameters.map { strdup($0.value) } + [nil]
        defer { (names + values).forEach { free($0) } }
        let connected = names.map { UnsafePointer($0) }.withUnsafeBufferPointer { names in
            values.map { UnsafePointer($0) }.withUnsafeBufferPointer { PQconnectdbParams(names.baseAddress, $0.baseAddress, 0) }
        }
        guard let connected else { throw .unavailable("the connection to the database could not be made") }
        connection = connected
        patience = target.statementTimeout + 1000
        guard PQstatus(connection) == CONNECTION_OK, PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1 else {
            let reason = String(cString: PQerrorMessage(connection)).split(separator: "\n").first.map(String.init) ?? "no reason given"
            throw .unavailable("the database cannot be reached: " + target.withoutPassword(reason))
        }
    }

    deinit { PQfinish(connection) }

    /// Whether the server closed it while nobody used it.
    var isStale: Bool {
        if isLost { return true }
        var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
        guard poll(&descriptor, 1, 0) > 0 else { return false }
        return PQconsumeInput(connection) != 1 || PQstatus(connection) != CONNECTION_OK
    }

    /// One round trip.
    /// - Returns: an outcome for each statement and control, in order. Where one fails, those behind it up to the next `sync` fail too,
    ///   with the same reason.
    /// - Throws: `PostgreSQLFailure.lost`; then nobody knows what of it happened.
    func exchange(_ commands: [Command]) throws(PostgreSQLFailure) -> [Outcome] {
        if isLost { throw .lost }
        var expected: [Expected] = []
        var count = 0
        for command in commands {
            switch command {
            case .statement(let statement):
                try send(statement, index: count, &expected)
                count += 1
            case .control(let text):
                try send(PostgreSQLStatement(sql: text, values: []), index: count, &expected)
                count += 1
            case .sync:
                try require(PQpipelineSync(connection) == 1)
                expected.append(.sync)
            }
        }
        try require(PQpipelineSync(connection) == 1)
        expected.append(.sync)
        return try receive(expected, count: count)
    }

    /// Runs a script of several statements as it is. It may take as long as it needs.
    func run(script: String) throws(PostgreSQLFailure) {
        if isLost { throw .lost }
        try require(PQexitPipelineMode(connection) == 1)
        try require(PQsendQuery(connection, script) == 1)
        var failure: PostgreSQLFailure?
        let deadline = Int64.max
        try flush(deadline)
        while let result = try next(deadline) {
            defer { PQclear(result) }
            if failure == nil, let found = Self.failure(of: result) { failure = found }
        }
        if PQtransactionStatus(connection) != PQTRANS_IDLE {
            try require(PQsendQuery(connection, "ROLLBACK") == 1)
            try flush(deadline)
            while let result = try next(deadline) { PQclear(result) }
        }
        try require(PQenterPipelineMode(connection) == 1)
        if let failure { throw failure }
    }

    /// Waits for something to be told, by `NOTIFY`.
    /// - Parameter milliseconds: how long at most.
    /// - Returns: whether there was something.
    func waitForNotification(_ milliseconds: Int32) throws(PostgreSQLFailure) -> Bool {
        var isNotified = takeNotifications()
        if !isNotified {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, milliseconds) > 0 { try require(PQconsumeInput(connection) == 1) }
            isNotified = takeNotifications()
        }
        return isNotified
    }

    private func takeNotifications() -> Bool {
        var isNotified = false
        while let notification = PQnotifies(connection) {
            PQfreemem(notification)
            isNotified = true
        }
        return isNotified
    }

    // MARK: Sending

    private func send(_ statement: PostgreSQLStatement, index: Int, _ expected: inout [Expected]) throws(PostgreSQLFailure) {
        let name: String
        if let known = prepared[statement.key]?.first(where: { $0.takes(statement.values) }) {
            name = known.name
        } else {
            let new = Prepared(name: "s\(preparedCount)", types: statement.values.map(\.type))
            preparedCount += 1
            name = new.name
            try require(prepare(new, statement.sql) && PQsendDescribePrepared(connection, name) == 1)
            expected += [.preparation(key: statement.key, new), .description(key: statement.key, name: name)]
            // For the others of this round trip; it is forgotten again where the server refuses it.
            prepared[statement.key, default: []].append(new)
        }
        try require(execute(name, statement.values))
        expected.append(.answer(index: index))
    }

    private func prepare(_ new: Prepared, _ sql: StaticString) -> Bool {
        sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount + 1) { text in
            new.types.withUnsafeBufferPointer { PQsendPrepare(connection, new.name, text, Int32($0.count), $0.baseAddress) == 1 }
        }
    }

    /// Everything in binary, both ways.
    private func execute(_ name: String, _ values: [Value]) -> Bool {
        var bytes: [UInt8] = []
        var places: [Int?] = []
        var lengths: [Int32] = []
        for value in values {
            let start = bytes.count
            places.append(value == .null ? nil : start)
            value.append(to: &bytes)
            lengths.append(Int32(bytes.count - start))
            // Never empty: a place behind the end would be no pointer.
            bytes.append(0)
        }
        let formats = [Int32](repeating: 1, count: values.count)
        return bytes.withUnsafeBytes { storage in
            let base = storage.bindMemory(to: CChar.self).baseAddress
            let pointers = places.map { place in place.flatMap { offset in base.map { $0 + offset } } }
            return PQsendQueryPrepared(connection, name, Int32(values.count), pointers, lengths, formats, 1) == 1
        }
    }

    // MARK: Receiving

    private func receive(_ expected: [Expected], count: Int) throws(PostgreSQLFailure) -> [Outcome] {
        let deadline = Self.milliseconds() + patience
        try flush(deadline)
        var outcomes: [Outcome] = []
        outcomes.reserveCapacity(count)
        // Why the group failed that is being read.
        var failure: PostgreSQLFailure?
        for expectation in expected {
            guard let result = try next(deadline) else { throw lost() }
            defer { PQclear(result) }
            if case .sync = expectation {
                try require(PQresultStatus(result) == PGRES_PIPELINE_SYNC)
                failure = nil
                continue
            }
            if failure == nil, let found = Self.failure(of: result) { failure = found }
            if failure == .lost { throw lost() }
            switch expectation {
            case .answer: outcomes.append(failure.map { .failure($0) } ?? .success(PostgreSQLAnswer(result)))
            case .preparation(let key, let new):
                if failure != nil { prepared[key]?.removeAll { $0.name == new.name } }
            case .description(let key, let name):
                guard failure == nil, let index = prepared[key]?.firstIndex(where: { $0.name == name }) else { break }
                prepared[key]?[index].types = (0..<PQnparams(result)).map { PQparamtype(result, $0) }
            case .sync: break
            }
            // The end of this command's results.
            if let more = try next(deadline) {
                PQclear(more)
                throw lost()
            }
        }
        return outcomes
    }

    private func next(_ deadline: Int64) throws(PostgreSQLFailure) -> OpaquePointer? {
        while PQisBusy(connection) == 1 {
            try wait(for: POLLIN, until: deadline)
            try require(PQconsumeInput(connection) == 1)
        }
        return PQgetResult(connection)
    }

    private func flush(_ deadline: Int64) throws(PostgreSQLFailure) {
        while true {
            let rest = PQflush(connection)
            if rest == 0 { return }
            try require(rest == 1)
            // The server may wait for its answers to be read before it reads on.
            if try wait(for: POLLIN | POLLOUT, until: deadline) & Int16(POLLIN) != 0 { try require(PQconsumeInput(connection) == 1) }
        }
    }

    @discardableResult
    private func wait(for events: Int32, until deadline: Int64) throws(PostgreSQLFailure) -> Int16 {
        while true {
            var descriptor = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
            let left = deadline == .max ? -1 : max(0, deadline - Self.milliseconds())
            let ready = poll(&descriptor, 1, Int32(clamping: left))
            if ready > 0 { return descriptor.revents }
            if ready == 0 || errno != EINTR { throw lost() }
        }
    }

    private func require(_ isGood: Bool) throws(PostgreSQLFailure) {
        if !isGood { throw lost() }
    }

    private func lost() -> PostgreSQLFailure {
        isLost = true
        return .lost
    }

    private static func failure(of result: OpaquePointer) -> PostgreSQLFailure? {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY: nil
        default: PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { PostgreSQLFailure(state: String(cString: $0)) } ?? .lost
        }
    }

    /// A clock that nobody sets.
    static func milliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension PostgreSQLSession.Outcome {
    var failure: PostgreSQLFailure? { if case .failure(let failure) = self { failure } else { nil } }
}
