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

    private static func invite(
        _ world: World, _ invitation: Invitation = invitation(), replacing before: Invitation? = nil, hash: [UInt8] = [1],
        at now: Int64 = World.now
    ) async throws -> Store.InviteOutcome {
        try await world.store.invite(invitation, replacing: before, hash: hash, actor: World.adaActor, now: now)
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
        #expect(try await Self.invite(world, second, replacing: Self.invitation(), hash: [2]) == .invited(World.id(0x80)))
        #expect(try await store.invitation(hash: [1], now: World.now) == nil)
        let kept = try #require(try await store.invitation(hash: [2], now: World.now)).invitation
        #expect(kept.id == World.id(0x80) && kept.roles == [World.administrator])
        #expect(try await store.setInvitationRoles(kept, roles: [World.reader], actor: World.adaActor, now: World.now) == .done)
        // Whoever read it before that decided about other roles.
        #expect(try await store.setInvitationRoles(kept, roles: [World.reader], actor: World.adaActor, now: World.now) == .changed)
        #expect(try await store.withdrawInvitation(kept, actor: World.adaActor, now: World.now) == .changed)
        #expect(try await store.invitation(hash: [2], now: World.now)?.invitation.roles == [World.reader])
        #expect(try await store.invitation(hash: [2], now: World.now + 100) == nil)
        let late = try await store.acceptInvitation(hash: [2], by: Self.newcomer, address: "192.0.2.1", now: World.now + 100)
        #expect(late == .gone)
        let changed = try #require(try await store.invitation(hash: [2], now: World.now)).invitation
        #expect(try await store.withdrawInvitation(changed, actor: World.adaActor, now: World.now) == .done)
        #expect(try await store.withdrawInvitation(changed, actor: World.adaActor, now: World.now) == .unknown)
        _ = try await Self.invite(world, hash: [3])
        #expect(try await store.sweep(now: World.now + 100, limit: 10) == 1)
    }

    @Test("an invitation that is not the one that was looked at is not replaced")
    func changedMeanwhile() async throws {
        let world = try await World()
        let store = world.store
        let first = Self.invitation(roles: [World.administrator])
        #expect(try await Self.invite(world, first) == .invited(first.id))
        #expect(try await Self.invite(world, hash: [2]) == .changed, "the caller knows of none")
        #expect(try await Self.invite(world, replacing: Self.invitation(roles: [World.reader]), hash: [2]) == .changed)
        #expect(try await store.invitation(hash: [1], now: World.now)?.invitation == first)
        #expect(try await store.invitation(to: World.acme, email: first.email, now: World.now) == first)
        #expect(try await Self.invite(world, replacing: first, hash: [2]) == .invited(first.id))
        #expect(try await store.invitation(to: World.birch, email: first.email, now: World.now) == nil)
        // One that is too old counts as none, whether it was swept or not.
        #expect(try await store.invitation(to: World.acme, email: first.email, now: World.now + 100) == nil)
        #expect(try await Self.invite(world, hash: [3], at: World.now + 100) == .invited(first.id))
    }

    @Test("five mails a day go to one address, whichever account asks")
    func mailsToOne() async throws {
        let world = try await World()
        for number in 0..<5 {
            let account = [World.acme, World.birch, World.pine][number % 3]
            let asked = Invitation(
                id: World.id(0x80 + UInt64(number)), accountID: account, email: "bo@example.com", roles: [World.reader],
                createdAt: World.now + Int64(number), expiresAt: World.now + 1_000_000)
            let before = try await world.store.invitation(to: account, email: asked.email, now: World.now)
            let outcome = try await Self.invite(
                world, asked, replacing: before, hash: [UInt8(number + 1)], at: World.now + Int64(number))
            #expect(outcome == .invited(before?.id ?? asked.id))
        }
        let before = try await world.store.invitation(to: World.acme, email: "bo@example.com", now: World.now)
        let again = try await Self.invite(world, replacing: before, hash: [9], at: World.now + 10)
        #expect(again == .tooOften(retryAfter: 86_390))
        #expect(try await world.store.invitation(hash: [9], now: World.now) == nil)
        #expect(try await Self.invite(world, Self.invitation(0x90, email: "cy@example.com"), hash: [10]) == .invited(World.id(0x90)))
        #expect(try await Self.invite(world, replacing: before, hash: [9], at: World.now + 86_400) == .invited(World.id(0x80)))
        #expect(try await world.store.sweep(now: World.now + 86_410, limit: 100) >= 5)
    }

    @Test("fifty invitations of an account wait at most, and one inviter sends two hundred mails a day")
    func manyInvitations() async throws {
        let world = try await World()
        func ask(_ number: Int) async throws -> Store.InviteOutcome {
            try await Self.invite(
                world, Self.invitation(UInt64(0x1000 + number), email: "person\(number)@example.com"),
                hash: [UInt8(number % 256), UInt8(number / 256)])
        }
        for number in 0..<50 { #expect(try await ask(number) == .invited(World.id(UInt64(0x1000 + number)))) }
        #expect(try await ask(50) == .full)
        let first = Self.invitation(0x1000, email: "person0@example.com")
        #expect(try await Self.invite(world, first, replacing: first, hash: [1, 2, 3]) == .invited(first.id), "that is no further one")
        for number in 0..<50 {
            let each = Self.invitation(UInt64(0x1000 + number), email: "person\(number)@example.com")
            #expect(try await world.store.withdrawInvitation(each, actor: World.adaActor, now: World.now) == .done)
        }
        // Cancelling makes room, but what was sent was sent.
        for number in 51..<200 {
            #expect(try await ask(number) == .invited(World.id(UInt64(0x1000 + number))))
            let each = Self.invitation(UInt64(0x1000 + number), email: "person\(number)@example.com")
            #expect(try await world.store.withdrawInvitation(each, actor: World.adaActor, now: World.now) == .done)
        }
        #expect(try await ask(200) == .tooOften(retryAfter: 86_400))
    }
}
