import GRDB
import Storage
import Testing

@Suite("Writes that wait for another process")
struct WaitingWritesTests {
    @Test("more than a bounded number is refused at once, the rest after a while, and none of them was done")
    func flood() async throws {
        let world = try await World(.file, isEmpty: true)
        try await world.database.run("CREATE TABLE things (a BIGINT PRIMARY KEY)")
        var configuration = GRDB.Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: try #require(world.temporary.path), configuration: configuration)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        let refusals = await withTaskGroup(of: Duration?.self) { group in
            for number in 0..<6000 {
                group.addTask {
                    let start = ContinuousClock.now
                    do {
                        _ = try await world.database.write { try $0.run("INSERT INTO things (a) VALUES ($1)", [.integer(Int64(number))]) }
                        return nil
                    } catch {
                        #expect(error as? StorageError == .busy)
                        return ContinuousClock.now - start
                    }
                }
            }
            var refusals: [Duration] = []
            for await refusal in group { if let refusal { refusals.append(refusal) } }
            return refusals
        }
        try await other.writeWithoutTransaction { db in try db.execute(sql: "ROLLBACK") }
        #expect(refusals.count == 6000)
        // The writer holds a batch, and 4,096 wait behind it.
        let ordered = refusals.sorted()
        // Relative to those that waited: a busy machine is late with all of them.
        #expect(try #require(ordered.last) - ordered[6000 - 4096 - 256 - 1] > .seconds(2))
        #expect(try #require(ordered.last) < .seconds(30))
        #expect(try await world.database.read { try $0.rows("SELECT COUNT(*) FROM things", [])[0][0] } == .integer(0))
        _ = try await world.database.write { try $0.run("INSERT INTO things (a) VALUES ($1)", [.integer(1)]) }
    }
}
