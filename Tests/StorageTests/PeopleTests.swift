import Delegation
import OAuth
import Storage
import Testing

@Suite("Accounts, users, roles and members")
struct PeopleTests {
    @Test("an account comes back as it was made, and its names are unique", arguments: Driver.allCases)
    func accounts(driver: Driver) async throws {
        let world = try await World(driver, isEmpty: true)
        let store = world.store
        let actor = World.operatorActor
        let account = Account(id: World.acme, reference: "acme-eu", name: "Acme", createdAt: 5)
        #expect(try await store.createAccount(account, actor: actor, now: 9) == .created)
        #expect(try await store.createAccount(account, actor: actor, now: 9) == .conflict)
        let sameReference = Account(id: World.birch, reference: "acme-eu", name: "Other", createdAt: 5)
        #expect(try await store.createAccount(sameReference, actor: actor, now: 9) == .conflict)
        #expect(try await store.account(World.acme) == account)
        #expect(try await store.account(World.birch) == nil)
        #expect(try await store.accounts() == [account])
        #expect(world.listener.kinds == ["account.created"])
    }

    @Test("suspending an account and resuming it")
    func suspendAccount() async throws {
        let world = try await World()
        let actor = World.operatorActor
        #expect(try await world.store.setAccountSuspended(World.acme, true, actor: actor, now: 9))
        #expect(try await world.store.account(World.acme)?.isSuspended == true)
        #expect(try await world.store.memberships(userID: World.ada).map(\.account.isSuspended) == [true, false])
        #expect(try await world.store.setAccountSuspended(World.acme, false, actor: actor, now: 9))
        #expect(try await world.store.account(World.acme)?.isSuspended == false)
        #expect(try await !world.store.setAccountSuspended(World.id(404), true, actor: actor, now: 9))
        #expect(world.listener.kinds.suffix(2) == ["account.suspended", "account.resumed"])
        #expect(world.listener.events.last?.accountID == World.acme)
    }

    @Test("a user signs in by email; the email is unique")
    func users() async throws {
        let world = try await World()
        let found = try #require(try await world.store.userForSignIn(email: "ada@example.com"))
        #expect(found.user == World.user())
        #expect(found.passwordHash == "scrypt$ada")
        #expect(try await world.store.userForSignIn(email: "ADA@example.com") == nil)
        #expect(try await world.store.user(email: "ada@example.com") == World.user())
        let second = World.user(World.id(0x11))
        #expect(try await world.store.createUser(second, passwordHash: "x", actor: World.operatorActor, now: 9) == .conflict)
        #expect(try await world.store.users() == [World.user()])
    }

    @Test("a disabled user's sessions end; enabling gives back none")
    func disable() async throws {
        let world = try await World()
        let session = SessionsTests.session(1)
        try await world.store.createSession(session, hash: [1], replacing: nil, actor: World.adaActor, now: World.now)
        #expect(try await world.store.setUserDisabled(World.ada, true, actor: World.operatorActor, now: World.now))
        #expect(try await world.store.user(email: "ada@example.com")?.isDisabled == true)
        #expect(try await world.store.session(hash: [1], now: World.now) == nil)
        #expect(try await world.store.setUserDisabled(World.ada, false, actor: World.operatorActor, now: World.now))
        #expect(try await world.store.user(email: "ada@example.com")?.isDisabled == false)
        #expect(try await world.store.session(hash: [1], now: World.now) == nil)
        #expect(try await !world.store.setUserDisabled(World.id(404), true, actor: World.operatorActor, now: World.now))
    }

    @Test("a new password ends every session but the one that changed it")
    func password() async throws {
        let world = try await World()
        for number in 1...3 {
            try await world.store.createSession(
                SessionsTests.session(UInt64(number)), hash: [UInt8(number)], replacing: nil, actor: World.adaActor, now: World.now)
        }
        #expect(
            try await world.store.setPassword(
                userID: World.ada, passwordHash: "scrypt$new", keepingSession: World.id(2), actor: World.adaActor, now: World.now))
        #expect(try await world.store.userForSignIn(email: "ada@example.com")?.passwordHash == "scrypt$new")
        #expect(try await world.store.sessions(userID: World.ada, now: World.now).map(\.id) == [World.id(2)])
        #expect(
            try await !world.store.setPassword(
                userID: World.id(404), passwordHash: "x", keepingSession: nil, actor: World.adaActor, now: World.now))
    }

    @Test("a deleted user's grants end at once, and events keep the id alone", arguments: Driver.allCases)
    func deleteUser(driver: Driver) async throws {
        let world = try await World(driver)
        let standing = try await world.install(0x40)
        #expect(try await world.store.deleteUser(World.ada, actor: World.operatorActor, now: World.now + 1))
        #expect(try await world.store.standing(standing.family.id) == nil)
        #expect(try await world.rotate(standing.family.id, 0, at: World.now + 2) == .ended)
        #expect(try await world.store.authorizations(userID: World.ada, now: World.now + 2).isEmpty)
        #expect(try await world.store.memberships(userID: World.ada).isEmpty)
        #expect(world.listener.kinds.suffix(2) == ["authorization.ended", "user.deleted"])
        let events = try await world.store.events(after: 0, limit: 1000)
        #expect(events.last?.userID == World.ada)
        #expect(!events.contains { "\($0)".contains("ada@example.com") })
        #expect(try await !world.store.deleteUser(World.ada, actor: World.operatorActor, now: World.now + 3))
    }

    @Test("memberships and members tell the same, from either side")
    func members() async throws {
        let world = try await World()
        let memberships = try await world.store.memberships(userID: World.ada)
        #expect(memberships.map(\.account.name) == ["Acme", "Birch"])
        #expect(memberships.map(\.roles) == [[World.administrator], [World.reader]])
        let members = try await world.store.members(accountID: World.birch)
        #expect(members.map(\.user) == [World.user()])
        #expect(members.map(\.roles) == [[World.reader]])
        #expect(try await world.store.members(accountID: World.pine).isEmpty)
    }

    @Test("adding a member again replaces the roles; what is not there is a conflict that changes nothing")
    func addMember() async throws {
        let world = try await World()
        let store = world.store
        func add(_ user: Identifier, _ account: Identifier, _ roles: [Identifier]) async throws -> Store.Creation {
            try await store.addMember(userID: user, accountID: account, roleIDs: roles, actor: World.operatorActor, now: World.now)
        }
        #expect(try await add(World.ada, World.birch, [World.id(404)]) == .conflict)
        #expect(try await add(World.id(404), World.birch, []) == .conflict)
        #expect(try await add(World.ada, World.id(404), []) == .conflict)
        #expect(try await store.members(accountID: World.birch).map(\.roles) == [[World.reader]])
        #expect(try await add(World.ada, World.birch, [World.administrator.id, World.reader.id]) == .created)
        #expect(try await store.members(accountID: World.birch).map(\.roles) == [[World.administrator, World.reader]])
        #expect(try await add(World.ada, World.pine, []) == .created)
        #expect(try await store.members(accountID: World.pine).map(\.roles) == [[]])
    }

    @Test("a member who leaves loses the roles with it")
    func removeMember() async throws {
        let world = try await World()
        func remove(_ account: Identifier) async throws -> Store.MemberChange {
            try await world.store.removeMember(userID: World.ada, accountID: account, actor: World.operatorActor, now: 9)
        }
        #expect(try await remove(World.birch) == .done)
        #expect(try await world.store.memberships(userID: World.ada).map(\.account.name) == ["Acme"])
        #expect(world.listener.events.last?.subject == .membership)
        #expect(try await remove(World.birch) == .unknown)
    }

    @Test("somebody who may do everything is always left", arguments: Driver.allCases)
    func lastAdministrator(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let actor = World.operatorActor
        @Sendable func demote(_ user: Identifier) async throws -> Store.MemberChange {
            try await store.setMemberRoles(userID: user, accountID: World.acme, roles: [World.reader], actor: actor, now: 9)
        }
        #expect(try await store.removeMember(userID: World.ada, accountID: World.acme, actor: actor, now: 9) == .lastAdministrator)
        #expect(try await demote(World.ada) == .lastAdministrator)
        let bo = World.user(World.id(0x11), email: "bo@example.com")
        _ = try await store.createUser(bo, passwordHash: "x", actor: actor, now: 9)
        _ = try await store.addMember(
            userID: bo.id, accountID: World.acme, roleIDs: [World.administrator.id], actor: actor, now: 9)
        _ = try await store.setUserDisabled(bo.id, true, actor: actor, now: 9)
        #expect(try await demote(World.ada) == .lastAdministrator)
        _ = try await store.setUserDisabled(bo.id, false, actor: actor, now: 9)
        let outcomes = try await together(2) { try await demote($0 == 0 ? World.ada : bo.id) }
        #expect(outcomes.filter { $0 == .done }.count == 1)
        #expect(outcomes.filter { $0 == .lastAdministrator }.count == 1)
        #expect(try await store.members(accountID: World.acme).filter { $0.roles == [World.administrator] }.count == 1)
        #expect(try await demote(World.id(404)) == .unknown)
        #expect(world.listener.events.last { $0.kind == "member.changed" }?.details == #"{"roles":["Reader"]}"#)
    }

    @Test("an account begins with whoever made it, and can be renamed")
    func founder() async throws {
        let world = try await World()
        let account = Account(id: World.id(0xC), name: "Cedar", createdAt: 9)
        try await world.store.createAccount(
            account, ownerID: World.ada, roleID: World.administrator.id, actor: World.adaActor, now: 9)
        #expect(try await world.store.members(accountID: account.id).map(\.roles) == [[World.administrator]])
        #expect(world.listener.kinds.suffix(2) == ["account.created", "member.added"])
        let memberID = try await world.store.members(accountID: account.id).first?.id
        #expect(try await world.store.memberships(userID: World.ada).last?.id == memberID)
        #expect(try await world.store.renameAccount(account.id, "Cypress", actor: World.adaActor, now: 9))
        #expect(try await world.store.account(account.id)?.name == "Cypress")
        #expect(try await !world.store.renameAccount(World.id(404), "x", actor: World.adaActor, now: 9))
    }

    @Test("a role's name is unique where it holds")
    func roles() async throws {
        let world = try await World()
        let same = Role(id: World.id(3), name: "Reader", permissions: ["*"])
        #expect(try await world.store.createRole(same, actor: World.operatorActor, now: 9) == .conflict)
        #expect(try await world.store.roles() == [World.administrator, World.reader])
    }

    @Test("who is removed takes the account out of what they granted, and finds it ended when they come back", arguments: Driver.allCases)
    func removalEndsGrants(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        _ = try await world.install(0x40)
        let only = try await world.grant(
            World.code(authorization: 0x31, accounts: [World.birch], client: try await Self.otherClient(store)), as: "only")
        let outcome = try await store.removeMember(
            userID: World.ada, accountID: World.birch, actor: World.adaActor, now: World.now + 1)
        #expect(outcome == .done)
        #expect(world.listener.kinds.suffix(3).sorted() == ["authorization.ended", "authorization.narrowed", "member.removed"])
        _ = try await store.addMember(
            userID: World.ada, accountID: World.birch, roleIDs: [World.reader.id], actor: World.operatorActor, now: World.now + 2)
        let (found, total) = try await store.authorizations(
            accountID: World.birch, .init(userID: World.ada), limit: 10, offset: 0, now: World.now + 2)
        #expect(found.isEmpty && total == 0)
        #expect(try await store.authorization(only, accountID: World.birch, now: World.now + 2) == nil)
        #expect(try await store.authorizations(accountID: World.acme, .init(), limit: 10, offset: 0, now: World.now + 2).total == 1)
        let nobody = try await store.removeMember(userID: World.id(0x99), accountID: World.acme, actor: World.adaActor, now: World.now)
        #expect(nobody == .unknown)
    }

    @Test("a change that was decided on other roles than there are does not happen")
    func decidedOnOldRoles() async throws {
        let world = try await World()
        let store = world.store
        func set(_ roles: [Role], before: [Role]) async throws -> Store.MemberChange {
            try await store.setMemberRoles(
                userID: World.ada, accountID: World.birch, roles: roles, before: before, actor: World.operatorActor, now: World.now)
        }
        #expect(try await set([World.administrator], before: []) == .changed)
        #expect(try await set([World.administrator], before: [World.reader]) == .done)
        #expect(try await set([World.reader], before: [World.reader]) == .changed)
        let removal = try await store.removeMember(
            userID: World.ada, accountID: World.birch, before: [World.reader], actor: World.operatorActor, now: World.now)
        #expect(removal == .changed)
        #expect(try await store.members(accountID: World.birch).map(\.roles) == [[World.administrator]])
    }

    private static func otherClient(_ store: Store) async throws -> Identifier {
        let other = World.client(World.id(0x28), name: "Other")
        _ = try await store.createClient(
            other, secret: (id: World.id(0x29), hash: World.hash("other")), actor: World.operatorActor, now: World.now)
        return other.id
    }
}
