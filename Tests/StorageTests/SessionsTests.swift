import Delegation
import OAuth
import Storage
import Testing

@Suite("Sessions, attempts to sign in, requests")
struct SessionsTests {
    static func session(_ number: UInt64, at now: Int64 = World.now) -> Session {
        Session(
            id: World.id(number), userID: World.ada, createdAt: now + Int64(number), lastSeenAt: now, expiresAt: now + 1000,
            authenticatedAt: now, address: "192.0.2.1", userAgent: "Firefox")
    }

    // MARK: Sessions

    @Test("a session is found by its hash until it expires", arguments: Driver.allCases)
    func find(driver: Driver) async throws {
        let world = try await World(driver)
        let session = Self.session(1)
        try await world.store.createSession(session, hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        let found = try #require(try await world.store.session(hash: [1], now: World.now + 999))
        #expect(found.session == session)
        #expect(found.user == World.user())
        #expect(try await world.store.session(hash: [2], now: World.now) == nil)
        #expect(try await world.store.session(hash: [1], now: World.now + 1000) == nil)
    }

    @Test("signing in again replaces the session before")
    func replace() async throws {
        let world = try await World()
        try await world.store.createSession(Self.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        try await world.store.createSession(Self.session(2), hash: [2], replacing: [1], actor: World.adaActor, now: World.now)
        #expect(try await world.store.session(hash: [1], now: World.now) == nil)
        #expect(try await world.store.sessions(userID: World.ada, now: World.now).map(\.id) == [World.id(2)])
    }

    @Test("one session is ended by its public id, and only by its own user")
    func end() async throws {
        let world = try await World()
        for number in 1...3 {
            try await world.store.createSession(
                Self.session(UInt64(number)), hash: [UInt8(number)], replacing: nil, actor: World.adaActor, now: World.now)
        }
        #expect(try await world.store.sessions(userID: World.ada, now: World.now).map(\.id) == [World.id(3), World.id(2), World.id(1)])
        #expect(try await !world.store.endSession(World.id(1), userID: World.id(404), actor: World.adaActor, now: World.now))
        #expect(try await world.store.endSession(World.id(1), userID: World.ada, actor: World.adaActor, now: World.now))
        #expect(try await !world.store.endSession(World.id(1), userID: World.ada, actor: World.adaActor, now: World.now))
        try await world.store.endSessions(userID: World.ada, except: World.id(3), actor: World.adaActor, now: World.now)
        #expect(try await world.store.sessions(userID: World.ada, now: World.now).map(\.id) == [World.id(3)])
    }

    @Test("a session in use is written down at most once a minute")
    func touch() async throws {
        let world = try await World()
        try await world.store.createSession(Self.session(1), hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        for (later, seen) in [(59, 0), (60, 60), (100, 60), (120, 120)] as [(Int64, Int64)] {
            try await world.store.touchSession(World.id(1), now: World.now + later)
            #expect(try await world.store.session(hash: [1], now: World.now)?.session.lastSeenAt == World.now + seen)
        }
    }

    // MARK: Attempts to sign in

    /// Failures that were checked and settled.
    func fail(_ world: World, _ count: Int, from first: Int, subject: UInt8 = 1, address: String = "192.0.2.1", at now: Int64 = World.now)
        async throws
    {
        for number in first..<(first + count) {
            let id = World.id(UInt64(number))
            try #require(try await world.store.reserveSignIn(id, subject: [subject], address: address, now: now) == .reserved)
            try await world.store.settleSignIn(id, failed: true, now: now)
        }
    }

    @Test("fifty guesses at once: no more than ten are checked", arguments: Driver.allCases)
    func guesses(driver: Driver) async throws {
        let world = try await World(driver)
        let outcomes = try await together(50) { number in
            try await world.store.reserveSignIn(World.id(UInt64(number)), subject: [1], address: "192.0.2.1", now: World.now)
        }
        #expect(outcomes.filter { $0 == .reserved }.count == 10)
        #expect(outcomes.filter { $0 == .busy }.count == 40)
    }

    @Test("after ten failures of a user and address the next waits until the oldest is forgotten")
    func throttled() async throws {
        let world = try await World()
        let store = world.store
        try await fail(world, 1, from: 0, at: World.now - 100)
        try await fail(world, 9, from: 1)
        let next = World.id(100)
        #expect(try await store.reserveSignIn(next, subject: [1], address: "192.0.2.1", now: World.now) == .throttled(retryAfter: 800))
        #expect(try await store.reserveSignIn(next, subject: [2], address: "192.0.2.2", now: World.now) == .reserved)
        #expect(
            try await store.reserveSignIn(World.id(101), subject: [1], address: "192.0.2.1", now: World.now + 799)
                == .throttled(retryAfter: 1))
        #expect(try await store.reserveSignIn(World.id(102), subject: [1], address: "192.0.2.1", now: World.now + 800) == .reserved)
    }

    @Test("an attempt that came to nothing before the failures does not move the time to wait")
    func retryAfterCountsFailuresAlone() async throws {
        let world = try await World()
        _ = try await world.store.reserveSignIn(World.id(99), subject: [1], address: "192.0.2.1", now: World.now - 600)
        try await fail(world, 10, from: 0)
        #expect(
            try await world.store.reserveSignIn(World.id(100), subject: [1], address: "192.0.2.1", now: World.now)
                == .throttled(retryAfter: 900))
    }

    @Test("a hundred failures stop an address, whoever it tries")
    func address() async throws {
        let world = try await World()
        for subject in 0..<10 { try await fail(world, 10, from: subject * 10, subject: UInt8(subject)) }
        #expect(
            try await world.store.reserveSignIn(World.id(500), subject: [200], address: "192.0.2.1", now: World.now)
                == .throttled(retryAfter: 900))
        #expect(try await world.store.reserveSignIn(World.id(500), subject: [200], address: "192.0.2.9", now: World.now) == .reserved)
    }

    @Test("a success is no failure, and gives its place back")
    func success() async throws {
        let world = try await World()
        try await fail(world, 9, from: 0)
        for number in 20..<40 {
            let id = World.id(UInt64(number))
            #expect(try await world.store.reserveSignIn(id, subject: [1], address: "192.0.2.1", now: World.now) == .reserved)
            try await world.store.settleSignIn(id, failed: false, now: World.now)
        }
    }

    @Test("a place whose process went away is free after a minute")
    func stale() async throws {
        let world = try await World()
        for number in 0..<10 {
            _ = try await world.store.reserveSignIn(World.id(UInt64(number)), subject: [1], address: "192.0.2.1", now: World.now)
        }
        let next = World.id(100)
        #expect(try await world.store.reserveSignIn(next, subject: [1], address: "192.0.2.1", now: World.now + 59) == .busy)
        #expect(try await world.store.reserveSignIn(next, subject: [1], address: "192.0.2.1", now: World.now + 60) == .reserved)
    }

    // MARK: Requests

    @Test("a request is there for its own browser, until it expires")
    func requests() async throws {
        let world = try await World()
        let request: JSON = ["scope": "dns.read", "state": "x\u{1F511}"]
        try await world.store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: request, origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 600)
        #expect(try await world.store.request(hash: [1], browserHash: [2], now: World.now + 599) == request)
        #expect(try await world.store.request(hash: [1], browserHash: [3], now: World.now) == nil)
        #expect(try await world.store.request(hash: [1], browserHash: [2], now: World.now + 600) == nil)
    }

    @Test("a request is declined once")
    func decline() async throws {
        let world = try await World()
        try await world.store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 600)
        func decline() async throws -> Bool {
            try await world.store.declineRequest(
                hash: [1], userID: World.ada, clientID: World.app, actor: World.adaActor, now: World.now)
        }
        #expect(try await decline())
        #expect(try await !decline())
        #expect(try await world.store.request(hash: [1], browserHash: [2], now: World.now) == nil)
        #expect(world.listener.kinds.filter { $0 == "consent.declined" }.count == 1)
    }

    @Test("requests that wait are bounded for each origin; the oldest go first, and others are left alone")
    func boundedRequests() async throws {
        let world = try await World()
        let store = world.store
        func save(_ number: Int, bytes: Int = 10, from origin: String = "192.0.2.1") async throws {
            try await store.saveRequest(
                hash: [UInt8(number % 256), UInt8(number / 256)], browserHash: [2], clientID: World.app,
                request: .string(String(repeating: "x", count: bytes)), origin: origin, createdAt: World.now + Int64(number),
                expiresAt: World.now + 10_000)
        }
        func waiting(_ numbers: [Int]) async throws -> [Int] {
            var found: [Int] = []
            for number in numbers {
                let hash = [UInt8(number % 256), UInt8(number / 256)]
                if try await store.request(hash: hash, browserHash: [2], now: World.now) != nil { found.append(number) }
            }
            return found
        }
        try await save(0, from: "192.0.2.2")
        for number in 1...1001 { try await save(number) }
        #expect(try await waiting([0, 1, 2, 1001]) == [0, 2, 1001])
        // Eight of one megabyte push out all that is small, and the ninth the first of them.
        for number in 1002...1009 { try await save(number, bytes: 1_048_000) }
        #expect(try await waiting([0, 2, 500, 1002, 1009]) == [0, 1002, 1009])
        try await save(1010, bytes: 1_048_000)
        #expect(try await waiting([0, 1002, 1003, 1010]) == [0, 1003, 1010])
    }
}
