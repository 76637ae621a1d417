import Delegation
import OAuth
import Storage
import Testing

@Suite("From consent to tokens")
struct GrantsTests {
    // MARK: Consent

    @Test("a consent answers its request once; fifty at once, one counts", arguments: Driver.allCases)
    func once(driver: Driver) async throws {
        let world = try await World(driver)
        try await world.store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 600)
        let outcomes = try await together(50) { number in
            try await world.store.grant(
                World.code(authorization: UInt64(0x100 + number)), codeHash: World.hash("\(number)"), requestHash: [1],
                actor: World.adaActor, now: World.now)
        }
        #expect(outcomes.filter { $0 != .alreadyDecided }.count == 1)
        #expect(world.listener.kinds.filter { $0 == "authorization.granted" }.count == 1)
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now).count == 1)
    }

    @Test("a request that has expired grants nothing")
    func expiredRequest() async throws {
        let world = try await World()
        try await world.store.saveRequest(
            hash: [1], browserHash: [2], clientID: World.app, request: [:], origin: "192.0.2.1", createdAt: World.now,
            expiresAt: World.now + 600)
        let outcome = try await world.store.grant(
            World.code(), codeHash: [9], requestHash: [1], actor: World.adaActor, now: World.now + 600)
        #expect(outcome == .alreadyDecided)
        #expect(try await world.store.code(hash: [9]) == nil)
    }

    @Test("a user or a client that went away meanwhile grants nothing")
    func gone() async throws {
        let world = try await World()
        for code in [World.code(user: World.id(404)), World.code(client: World.id(404))] {
            let outcome = try await world.store.grant(code, codeHash: [9], requestHash: nil, actor: World.adaActor, now: World.now)
            #expect(outcome == .alreadyDecided)
        }
        #expect(try await world.store.code(hash: [9]) == nil)
    }

    @Test("a code comes back as it was kept", arguments: Driver.allCases)
    func code(driver: Driver) async throws {
        let world = try await World(driver)
        let code = World.code(until: World.now + 500)
        _ = try await world.grant(code, as: "code")
        #expect(try await world.store.code(hash: World.hash("code")) == code)
        #expect(try await world.store.code(hash: World.hash("other")) == nil)
    }

    @Test("without a decision only what a consent covers at that moment is granted")
    func withoutDecision() async throws {
        let world = try await World()
        func silent(_ code: AuthorizationCode, _ text: String) async throws -> Store.GrantOutcome {
            try await world.store.grant(
                code, codeHash: World.hash(text), requestHash: nil, isDecision: false, actor: World.adaActor, now: World.now)
        }
        let reading = World.code(scopes: ["dns.read"])
        #expect(try await silent(reading, "before any") == .notCovered)
        let id = try await world.grant(reading, as: "1")
        _ = try await world.grant(World.code(scopes: ["dns.write"], accounts: [World.acme]), as: "2")
        #expect(try await silent(reading, "3") == .granted(authorizationID: id))
        #expect(try await silent(World.code(scopes: ["dns.read", "dns.write"], accounts: [World.acme]), "4") == .notCovered)
        #expect(try await silent(World.code(scopes: ["dns.write"], accounts: [World.birch]), "5") == .notCovered)
        #expect(try await world.store.code(hash: World.hash("5")) == nil)
        // Narrowed, given back by another consent: what was taken from the first stays taken.
        #expect(
            try await world.store.narrow(id, to: ["dns.read"], accountIDs: [World.acme], actor: World.adaActor, now: World.now)
                == .narrowed)
        #expect(try await silent(reading, "6") == .notCovered)
        _ = try await world.grant(World.code(scopes: ["dns.write"]), as: "7")
        #expect(try await silent(reading, "8") == .notCovered)
        #expect(try await silent(World.code(scopes: ["dns.read"], accounts: [World.acme]), "9") == .granted(authorizationID: id))
        #expect(try await world.store.endAuthorization(id, actor: World.adaActor, now: World.now))
        #expect(try await silent(World.code(scopes: ["dns.read"], accounts: [World.acme]), "10") == .notCovered)
    }

    @Test("a second consent adds to the first and takes nothing away")
    func union() async throws {
        let world = try await World()
        let first = try await world.install(0x40, World.code(scopes: ["dns.read"], accounts: [World.acme], until: World.now + 100))
        let later = World.code(authorization: 0x31, scopes: ["dns.write"], accounts: [World.birch], until: World.now + 200)
        let second = try await world.install(0x41, later)
        #expect(second.authorization.id == first.authorization.id)
        #expect(second.authorization.scopes == ["dns.read", "dns.write"])
        #expect(second.authorization.accountIDs == [World.acme, World.birch])
        #expect(second.authorization.expiresAt == World.now + 200)
        let kept = try #require(try await world.store.standing(first.family.id))
        #expect(kept.family == first.family)
        #expect(second.family.scopes == ["dns.write"])
        #expect(second.family.accountIDs == [World.birch])
    }

    @Test(
        "the later end wins, and no end wins over any",
        arguments: [(100, 200, 200), (200, 100, 200), (nil, 100, nil), (100, nil, nil), (nil, nil, nil)] as [(Int64?, Int64?, Int64?)])
    func ends(first: Int64?, second: Int64?, expected: Int64?) async throws {
        let world = try await World()
        _ = try await world.grant(World.code(until: first.map { World.now + $0 }), as: "1")
        _ = try await world.grant(World.code(until: second.map { World.now + $0 }), as: "2")
        let granted = try await world.store.authorizations(userID: World.ada, now: World.now)
        #expect(granted.map(\.authorization.expiresAt) == [expected.map { World.now + $0 }])
    }

    @Test("what is covered already changes nothing and is no event")
    func covered() async throws {
        let world = try await World()
        let first = try await world.grant(World.code(), as: "1")
        #expect(try await world.grant(World.code(authorization: 0x31, scopes: ["dns.read"], accounts: [World.acme]), as: "2") == first)
        #expect(world.listener.kinds.filter { $0 == "authorization.granted" }.count == 1)
        #expect(try await world.store.code(hash: World.hash("2"))?.authorizationID == first)
    }

    @Test("an authorization that expired is ended and started anew, without what it held")
    func anew() async throws {
        let world = try await World()
        let old = try await world.install(0x40, World.code(scopes: ["dns.read", "dns.write"], until: World.now + 100))
        let now = World.now + 100
        let new = try await world.install(
            0x41, World.code(authorization: 0x31, scopes: ["dns.read"], accounts: [World.acme], at: now), at: now)
        #expect(new.authorization.id == World.id(0x31))
        #expect(new.authorization.scopes == ["dns.read"])
        #expect(new.authorization.accountIDs == [World.acme])
        let before = try #require(try await world.store.standing(old.family.id))
        #expect(before.authorization.endedAt == now)
        #expect(before.family.revokedAt == now)
    }

    // MARK: Codes

    @Test("a code used fifty times at once: one family, and the replays end it", arguments: Driver.allCases)
    func redeemTogether(driver: Driver) async throws {
        let world = try await World(driver)
        let authorization = try await world.grant(as: "code")
        let outcomes = try await together(50) { number in
            try await world.store.redeem(
                codeHash: World.hash("code"), family: World.family(UInt64(0x100 + number), of: authorization), actor: World.operatorActor,
                now: World.now)
        }
        let redeemed = outcomes.compactMap(\.standing)
        try #require(redeemed.count == 1)
        #expect(outcomes.filter(\.isReplayed).count == 49)
        #expect(try await world.store.standing(redeemed[0].family.id)?.family.revokedAt == World.now)
        #expect(world.listener.kinds.filter { $0 == "installation.began" }.count == 1)
        #expect(world.listener.kinds.filter { $0 == "code.replayed" }.count == 1)
        #expect(try await world.database.read { try $0.rows("SELECT COUNT(*) FROM token_families", []) } == [[.integer(1)]])
    }

    @Test("redeeming answers with everything that the new family stands on")
    func standing() async throws {
        let world = try await World()
        let standing = try await world.install(0x40)
        #expect(standing.family == World.family(0x40, of: World.id(0x30)))
        #expect(standing.client == World.client())
        #expect(standing.clientAccount.name == "Pine")
        #expect(standing.user == World.user())
        #expect(standing.memberships == (try await world.store.memberships(userID: World.ada)))
        #expect(try await world.store.standing(World.id(0x40)) == standing)
        #expect(try await world.store.standing(World.id(0x41)) == nil)
    }

    @Test("a client that is known is not read again, and believed only where it is the one", arguments: Driver.allCases)
    func registration(driver: Driver) async throws {
        let world = try await World(driver)
        var known = try await world.install(0x40).client
        known.name = "as it was known"
        for (number, client) in [(UInt64(0x41), known), (0x42, World.client(World.id(0x77)))] {
            let authorization = try await world.grant(as: "code \(number)")
            let owner = Account(id: World.acme, name: "as it was known", createdAt: World.now)
            let standing = try await world.store.redeem(
                codeHash: World.hash("code \(number)"), registration: Standing.Registration(client, of: owner), actor: World.operatorActor,
                now: World.now
            ) { _ in .success(World.family(number, of: authorization)) }.standing
            let isTheOne = client.id == World.client().id
            #expect(standing?.client.name == (isTheOne ? "as it was known" : World.client().name))
            #expect(standing?.clientAccount.name == (isTheOne ? "as it was known" : "Pine"))
        }
    }

    @Test("a code that is not there, has expired or lost its authorization gives nothing")
    func unknown() async throws {
        let world = try await World()
        let authorization = try await world.grant(as: "code")
        let family = World.family(0x40, of: authorization)
        func redeem(_ text: String, at now: Int64) async throws -> Store.RedeemOutcome {
            try await world.store.redeem(codeHash: World.hash(text), family: family, actor: World.operatorActor, now: now)
        }
        #expect(try await redeem("other", at: World.now).isUnknown)
        #expect(try await redeem("code", at: World.now + 60).isUnknown)
        #expect(try await world.store.endAuthorization(authorization, actor: World.adaActor, now: World.now))
        #expect(try await redeem("code", at: World.now).isUnknown)
        #expect(try await world.store.standing(family.id) == nil)
    }

    @Test("a replay ends the family of its own code and no other, and is told to the user's list")
    func replay() async throws {
        let world = try await World()
        let first = try await world.install(0x40)
        let second = try await world.install(0x41)
        let replayed = try await world.store.redeem(
            codeHash: World.hash("code \(0x40)"), family: World.family(0x42, of: first.authorization.id), actor: World.operatorActor,
            now: World.now + 30)
        #expect(replayed.isReplayed)
        #expect(try await world.store.standing(first.family.id)?.family.revokedAt == World.now + 30)
        #expect(try await world.store.standing(second.family.id)?.family.revokedAt == nil)
        let event = try #require(world.listener.events.last)
        #expect(event.kind == "code.replayed")
        #expect(event.installationID == first.family.installationID)
        #expect([event.authorizationID, event.clientID, event.userID] == [first.authorization.id, World.app, World.ada])
    }

    @Test("whoever may not use a code neither uses it up nor ends what it gave", arguments: Driver.allCases)
    func refusedCode(driver: Driver) async throws {
        let world = try await World(driver)
        let authorization = try await world.grant(as: "code")
        let stranger = TokenError.invalidGrant("The code was issued to another client.")
        func present(_ outcome: Result<TokenFamily, TokenError>) async throws -> Store.RedeemOutcome {
            try await world.store.redeem(codeHash: World.hash("code"), actor: World.operatorActor, now: World.now) { _ in outcome }
        }
        guard case .refused(stranger) = try await present(.failure(stranger)) else { throw Unexpected(what: "it was not refused") }
        #expect(try await present(.success(World.family(0x40, of: authorization))).standing != nil)
        guard case .refused(stranger) = try await present(.failure(stranger)) else { throw Unexpected(what: "it was not refused") }
        #expect(try await world.store.standing(World.id(0x40))?.family.revokedAt == nil)
    }

    @Test("what was taken away before a code was used does not come back with the next consent")
    func narrowedCode() async throws {
        let world = try await World()
        let authorization = try await world.grant(as: "code")
        _ = try await world.store.narrow(
            authorization, to: ["dns.read"], accountIDs: [World.acme], actor: World.adaActor, now: World.now)
        let outcome = try await world.store.redeem(
            codeHash: World.hash("code"), family: World.family(0x40, of: authorization), actor: World.operatorActor, now: World.now)
        let family = try #require(outcome.standing?.family)
        #expect(family.scopes == ["dns.read"])
        #expect(family.accountIDs == [World.acme])
        // Access tokens name scopes by their position in this set.
        #expect(family.originalScopes == ["dns.read", "dns.write"])
        _ = try await world.grant(as: "another installation")
        #expect(try await world.store.standing(family.id)?.family.scopes == ["dns.read"])
    }

    // MARK: Many families

    @Test(
        "where many resources were chosen, one family more than there may be ends the one not used for longest", arguments: Driver.allCases)
    func mostFamilies(driver: Driver) async throws {
        let world = try await World(driver)
        func code(at now: Int64) -> AuthorizationCode {
            var code = World.code(at: now)
            code.resources = ResourceChoice([
                World.acme: ["zone": .some(ResourceIDs((0..<40).map { "z\($0)" + String(repeating: "x", count: 120) }))]
            ])
            return code
        }
        let most = UInt64(TokenFamily.maximumCount)
        var authorization = World.id(0)
        for number in 0..<most {
            let now = World.now + Int64(number)
            authorization = try await world.install(0x1000 + number, code(at: now), at: now).authorization.id
        }
        func live() async throws -> Set<Identifier> {
            let grant = try await world.store.authorization(authorization, userID: World.ada, now: World.now + 500)
            return Set((grant?.families ?? []).map(\.id))
        }
        #expect(try await live().count == Int(most))
        #expect(!world.listener.kinds.contains("installation.ended"))
        // The first was refreshed and the second called with; the tenth has expired.
        _ = try await world.rotate(World.id(0x1000), 0, at: World.now + 200)
        try await world.database.run("UPDATE token_families SET last_used_at = \(World.now + 201) WHERE id = '\(World.id(0x1001))'")
        try await world.database.run("UPDATE token_families SET idle_expires_at = \(World.now) WHERE id = '\(World.id(0x1009))'")
        for (number, ended) in [(most, 0x1009), (most + 1, 0x1002), (most + 2, 0x1003)] as [(UInt64, UInt64)] {
            let before = try await live()
            _ = try await world.install(0x1000 + number, code(at: World.now + 300), at: World.now + 300)
            #expect(try await live() == before.subtracting([World.id(ended)]).union([World.id(0x1000 + number)]))
        }
        #expect(world.listener.kinds.filter { $0 == "installation.ended" }.count == 3)
        #expect(try await world.rotate(World.id(0x1002), 0, at: World.now + 301) == .ended)
    }

    @Test("without a long choice a new installation never ends another")
    func manyFamilies() async throws {
        let world = try await World()
        for number in 0...UInt64(TokenFamily.maximumCount) { _ = try await world.install(0x1000 + number) }
        #expect(!world.listener.kinds.contains("installation.ended"))
    }
}
