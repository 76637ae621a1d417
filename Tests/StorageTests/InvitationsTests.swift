import Delegation
import OAuth
import Storage
import Testing

@Suite("Invitations")
struct InvitationsTests {
    private static func invitation(
        _ id: UInt64 = 0x80, email: String = "bo@example.com", roles: [Role] = [World.reader]
    ) -> Invitation {
        Invitation(
            id: World.id(id), accountID: World.acme, email: email, roles: roles, createdAt: World.now, expiresAt: World.now + 100)
    }

    private static func invite(_ world: World, _ invitation: Invitation = invitation(), hash: [UInt8] = [1]) async throws
        -> Store.InviteOutcome
    {
        try await world.store.invite(invitation, hash: hash, actor: World.adaActor, now: World.now)
    }

    private static let newcomer = Store.Invitee.new(id: World.id(0x11), name: "Bo", passwordHash: "scrypt$bo")

    @Test("somebody new becomes a user and a member under the invitation's id, once", arguments: Driver.allCases)
    func newcomer(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        #expect(try await Self.invite(world) == .invited(World.id(0x80)))
        let found = try #require(try await store.invitation(hash: [1], now: World.now))
        #expect(found.invitation == Self.invitation() && found.account.name == "Acme" && found.user == nil)
        #expect(try await store.invitations(accountID: World.acme, now: World.now) == [Self.invitation()])
        let outcomes = try await together(3) { number in
            let invitee = Store.Invitee.new(id: World.id(0x11 + UInt64(number)), name: "Bo", passwordHash: "scrypt$bo")
            return try await store.acceptInvitation(hash: [1], by: invitee, address: "192.0.2.1", now: World.now)
        }
        #expect(outcomes.filter { $0 == .accepted }.count == 1)
        #expect(outcomes.filter { $0 == .gone }.count == 2)
        let member = try #require(try await store.members(accountID: World.acme).first { $0.user.email == "bo@example.com" })
        #expect(member.id == World.id(0x80) && member.roles == [World.reader] && member.user.name == "Bo")
        #expect(try await store.invitations(accountID: World.acme, now: World.now).isEmpty)
        #expect(world.listener.kinds.suffix(3) == ["user.created", "invitation.accepted", "member.added"])
        #expect(!world.listener.events.contains { "\($0)".contains("bo@example.com") })
    }

    @Test("an address that is a user's is accepted by that user alone")
    func user() async throws {
        let world = try await World()
        let store = world.store
        let bo = World.user(World.id(0x12), email: "bo@example.com")
        _ = try await store.createUser(bo, passwordHash: "x", actor: World.operatorActor, now: World.now)
        #expect(try await Self.invite(world) == .invited(World.id(0x80)))
        #expect(try await store.invitation(hash: [1], now: World.now)?.user == bo)
        func accept(_ invitee: Store.Invitee) async throws -> Store.Acceptance {
            try await store.acceptInvitation(hash: [1], by: invitee, address: "192.0.2.1", now: World.now)
        }
        #expect(try await accept(.user(World.ada)) == .otherUser)
        #expect(try await accept(Self.newcomer) == .otherUser)
        #expect(try await accept(.user(bo.id)) == .accepted)
        #expect(try await Self.invite(world) == .member)
        #expect(try await Self.invite(world, Self.invitation(email: "ada@example.com")) == .member)
    }

    @Test("asking again keeps the id and ends the link before; changed, withdrawn and old ones")
    func again() async throws {
        let world = try await World()
        let store = world.store
        _ = try await Self.invite(world)
        let second = Self.invitation(0x81, roles: [World.administrator])
        #expect(try await Self.invite(world, second, hash: [2]) == .invited(World.id(0x80)))
        #expect(try await store.invitation(hash: [1], now: World.now) == nil)
        let kept = try #require(try await store.invitation(hash: [2], now: World.now)).invitation
        #expect(kept.id == World.id(0x80) && kept.roles == [World.administrator])
        #expect(try await store.setInvitationRoles(kept, roles: [World.reader], actor: World.adaActor, now: World.now))
        #expect(try await store.invitation(hash: [2], now: World.now)?.invitation.roles == [World.reader])
        #expect(try await store.invitation(hash: [2], now: World.now + 100) == nil)
        let late = try await store.acceptInvitation(hash: [2], by: Self.newcomer, address: "192.0.2.1", now: World.now + 100)
        #expect(late == .gone)
        #expect(try await store.withdrawInvitation(kept, actor: World.adaActor, now: World.now))
        #expect(try await !store.withdrawInvitation(kept, actor: World.adaActor, now: World.now))
        _ = try await Self.invite(world, hash: [3])
        #expect(try await store.sweep(now: World.now + 100, limit: 10) == 1)
    }
}
