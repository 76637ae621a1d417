import Delegation
import OAuth
import Storage
import Testing

@Suite("Seeing, narrowing and ending what was granted")
struct AuthorizationsTests {
    @Test("a user's list shows what is in force, with client, owner, accounts and installations", arguments: Driver.allCases)
    func list(driver: Driver) async throws {
        let world = try await World(driver)
        let first = try await world.install(0x40)
        let second = try await world.install(0x41, at: World.now + 1)
        let granted = try #require(try await world.store.authorizations(userID: World.ada, now: World.now).first)
        #expect(granted.authorization == first.authorization)
        #expect(granted.client == World.client())
        #expect(granted.owner.name == "Pine")
        #expect(granted.accounts.map(\.name) == ["Acme", "Birch"])
        #expect(granted.families == [second.family, first.family])
        #expect(try await world.store.authorization(granted.authorization.id, userID: World.ada, now: World.now) == granted)
    }

    @Test("another user's, an expired and an ended one are not there")
    func hidden() async throws {
        let world = try await World()
        let id = try await world.grant(World.code(until: World.now + 100), as: "1")
        #expect(try await world.store.authorization(id, userID: World.id(404), now: World.now) == nil)
        #expect(try await world.store.authorization(id, userID: World.ada, now: World.now + 99) != nil)
        #expect(try await world.store.authorization(id, userID: World.ada, now: World.now + 100) == nil)
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now + 100).isEmpty)
        #expect(try await world.store.endAuthorization(id, actor: World.adaActor, now: World.now))
        #expect(try await world.store.authorization(id, userID: World.ada, now: World.now) == nil)
    }

    @Test("the state that consent starts from")
    func consentState() async throws {
        let world = try await World()
        let before = try await world.store.consentState(userID: World.ada, client: World.client())
        #expect(before.memberships.map(\.account.id) == [World.acme, World.birch])
        #expect(before.existing == nil && before.consents.isEmpty)
        let id = try await world.grant(as: "1")
        #expect(try await world.store.consentState(userID: World.ada, client: World.client()).existing?.id == id)
    }

    @Test("revoking ends every installation and every code that was not used yet")
    func end() async throws {
        let world = try await World()
        let families = [try await world.install(0x40).family.id, try await world.install(0x41).family.id]
        let id = try await world.grant(as: "unused")
        #expect(try await world.store.endAuthorization(id, actor: World.adaActor, now: World.now + 5))
        for family in families {
            let standing = try #require(try await world.store.standing(family))
            #expect(standing.family.revokedAt == World.now + 5)
            #expect(standing.authorization.endedAt == World.now + 5)
            #expect(try await world.rotate(family, 0, at: World.now + 5) == .ended)
        }
        #expect(try await world.store.code(hash: World.hash("unused")) == nil)
        #expect(try await !world.store.endAuthorization(id, actor: World.adaActor, now: World.now + 6))
        let event = try #require(world.listener.events.last)
        #expect(event.kind == "authorization.ended")
        #expect([event.actorID, event.userID, event.clientID, event.authorizationID] == [World.ada, World.ada, World.app, id])
    }

    @Test("consent after revoking begins a new authorization beside the ended one")
    func again() async throws {
        let world = try await World()
        let old = try await world.install(0x40)
        _ = try await world.store.endAuthorization(old.authorization.id, actor: World.adaActor, now: World.now)
        let new = try await world.install(0x41, World.code(authorization: 0x31, scopes: ["dns.read"]))
        #expect(new.authorization.id == World.id(0x31))
        #expect(new.authorization.scopes == ["dns.read"])
        #expect(try await world.store.standing(old.family.id)?.family.revokedAt == World.now)
    }

    @Test("one installation ends alone, by its public id and within its own authorization")
    func endInstallation() async throws {
        let world = try await World()
        let first = try await world.install(0x40)
        let second = try await world.install(0x41)
        let store = world.store
        let authorization = first.authorization.id
        func end(_ installation: Identifier, of authorization: Identifier) async throws -> Bool {
            try await store.endInstallation(installation, authorizationID: authorization, actor: World.adaActor, now: World.now)
        }
        #expect(try await !end(first.family.id, of: authorization))
        #expect(try await !end(first.family.installationID, of: World.id(404)))
        #expect(try await end(first.family.installationID, of: authorization))
        #expect(try await !end(first.family.installationID, of: authorization))
        #expect(try await store.standing(first.family.id)?.family.revokedAt == World.now)
        #expect(try await store.standing(second.family.id)?.family.revokedAt == nil)
        #expect(try await store.authorizations(userID: World.ada, now: World.now).first?.families.map(\.id) == [second.family.id])
        #expect(world.listener.events.last?.clientID == World.app)
    }

    @Test("a revoked refresh token ends its family once (RFC 7009 §2.1)")
    func endFamily() async throws {
        let world = try await World()
        let standing = try await world.install(0x40)
        #expect(try await world.store.endFamily(standing.family.id, actor: World.operatorActor, now: World.now))
        #expect(try await !world.store.endFamily(standing.family.id, actor: World.operatorActor, now: World.now))
        #expect(try await !world.store.endFamily(World.id(404), actor: World.operatorActor, now: World.now))
        #expect(world.listener.events.last?.installationID == standing.family.installationID)
        #expect(try await world.store.standing(standing.family.id)?.authorization.endedAt == nil)
    }

    @Test("a revoked access token is named in the standing; the whole range of token ids survives")
    func revokeAccessToken() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        for token in [UInt64.max, 5, 5] {
            try await world.store.revokeAccessToken(
                token, familyID: family, expiresAt: World.now + 100, actor: World.operatorActor, now: World.now)
        }
        let standing = try #require(try await world.store.standing(family))
        #expect(Set(standing.family.revokedTokenIDs) == [UInt64.max, 5])
        #expect(standing.family.revokedTokenIDs.count == 2)
        #expect(standing.family.revokedAt == nil)
        #expect(world.listener.kinds.filter { $0 == "token.revoked" }.count == 2)
        try await world.store.revokeAccessToken(
            1, familyID: World.id(404), expiresAt: World.now + 100, actor: World.operatorActor, now: World.now)
        #expect(world.listener.kinds.filter { $0 == "token.revoked" }.count == 2)
    }

    @Test("narrowing reaches a code that waits, so that a later consent gives nothing back to what it begins")
    func narrowCode() async throws {
        let world = try await World()
        let id = try await world.grant(as: "waiting")
        #expect(
            try await world.store.narrow(id, to: ["dns.read"], accountIDs: [World.acme], actor: World.adaActor, now: World.now)
                == .narrowed)
        _ = try await world.grant(as: "later")
        let waiting = try #require(try await world.store.code(hash: World.hash("waiting")))
        #expect(waiting.scopes == ["dns.read"] && waiting.accountIDs == [World.acme])
        let later = try #require(try await world.store.code(hash: World.hash("later")))
        #expect(later.scopes == ["dns.read", "dns.write"] && later.accountIDs == [World.acme, World.birch])
    }

    @Test("narrowing reaches every family, and a new consent widens the new installation alone")
    func narrow() async throws {
        let world = try await World()
        let first = try await world.install(0x40)
        let second = try await world.install(0x41, World.code(scopes: ["dns.write"], accounts: [World.birch]))
        let id = first.authorization.id
        // `zone.read` was never held: what is not held stays not held.
        #expect(
            try await world.store.narrow(
                id, to: ["dns.read", "zone.read"], accountIDs: [World.acme, World.pine], actor: World.adaActor, now: World.now)
                == .narrowed)
        let after = try #require(try await world.store.standing(first.family.id))
        #expect(after.authorization.scopes == ["dns.read"])
        #expect(after.authorization.accountIDs == [World.acme])
        #expect(after.family.scopes == ["dns.read"])
        #expect(after.family.originalScopes == ["dns.read", "dns.write"])
        #expect(after.family.accountIDs == [World.acme])
        #expect(try await world.store.standing(second.family.id)?.family.scopes == [])
        #expect(try await world.store.standing(second.family.id)?.family.accountIDs == [])
        let details = #"{"scopes":["dns.read"],"accounts":["\#(World.acme)"],"scopes_before":["dns.read","dns.write"],"#
        #expect(world.listener.events.last?.details == details + #""accounts_before":["\#(World.acme)","\#(World.birch)"]}"#)

        let third = try await world.install(0x42)
        #expect(third.authorization.scopes == ["dns.read", "dns.write"])
        #expect(try await world.store.standing(first.family.id)?.family == after.family)
    }

    @Test("narrowing what is not in force changes nothing")
    func narrowEnded() async throws {
        let world = try await World()
        let id = try await world.grant(as: "1")
        _ = try await world.store.endAuthorization(id, actor: World.adaActor, now: World.now)
        for unknown in [id, World.id(404)] {
            #expect(
                try await world.store.narrow(unknown, to: [], accountIDs: [], actor: World.adaActor, now: World.now) == .unknown)
        }
    }

    @Test("uses are written for the family and its authorization; an older one never replaces a newer one")
    func recordUse() async throws {
        let world = try await World()
        let family = try await world.install(0x40).family.id
        try await world.store.recordUse([
            (familyID: family, at: World.now + 5, address: "192.0.2.5"), (familyID: World.id(404), at: World.now, address: "192.0.2.6"),
        ])
        try await world.store.recordUse([(familyID: family, at: World.now + 4, address: "192.0.2.4")])
        let standing = try #require(try await world.store.standing(family))
        #expect(standing.family.lastUsedAt == World.now + 5)
        #expect(standing.family.lastUsedAddress == "192.0.2.5")
        #expect(standing.authorization.lastUsedAt == World.now + 5)
        #expect(standing.authorization.lastUsedAddress == "192.0.2.5")
    }
}
