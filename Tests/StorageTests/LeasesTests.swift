import Storage
import Testing

@Suite("Leases")
struct LeasesTests {
    @Test("of nodes that take a lease at once one gets it", arguments: Driver.allCases)
    func oneTakesIt(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let first = try await together(20) { try await store.takeLease("sweep", seen: nil, for: "node \($0)") }
        #expect(first.count { $0 } == 1)
        let seen = try #require(try await store.leases().first)
        let second = try await together(20) { try await store.takeLease("sweep", seen: seen, for: "other \($0)") }
        #expect(second.count { $0 } == 1)
        #expect(try await store.leases().map(\.holder)[0].hasPrefix("other "))
    }

    @Test("a lease that was renewed since it was seen stays with its holder", arguments: Driver.allCases)
    func renewed(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        #expect(try await store.takeLease("sweep", seen: nil, for: "a"))
        #expect(try await store.takeLease("seals", seen: nil, for: "b"))
        let seen = try await store.leases()
        #expect(try await store.renewLeases(of: "a") == ["sweep"])
        let sweep = try #require(seen.first { $0.name == "sweep" })
        #expect(try await !store.takeLease("sweep", seen: sweep, for: "b"))
        let now = try #require(try await store.leases().first { $0.name == "sweep" })
        #expect(now.holder == "a" && now.renewals > sweep.renewals)
    }

    @Test("what is given back is nobody's, and the former holder renews nothing", arguments: Driver.allCases)
    func released(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        #expect(try await store.takeLease("sweep", seen: nil, for: "a"))
        try await store.releaseLeases(of: "a")
        #expect(try await store.renewLeases(of: "a").isEmpty)
        let free = try #require(try await store.leases().first)
        #expect(free.holder.isEmpty)
        #expect(try await store.takeLease("sweep", seen: free, for: "b"))
    }

    @Test("a node at work is noticed, and one that is gone is not", arguments: Driver.allCases)
    func served(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        #expect(try await store.takeLease("sweep", seen: nil, for: "a"))
        let node = Task {
            while !Task.isCancelled {
                _ = try await store.renewLeases(of: "a")
                await Task.yield()
            }
        }
        // Nodes share no file.
        #expect(try await store.isServed() == store.isShared)
        node.cancel()
        _ = await node.result
        try await store.releaseLeases(of: "a")
        #expect(try await !store.isServed())
    }
}
