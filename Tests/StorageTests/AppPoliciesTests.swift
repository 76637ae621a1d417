import Delegation
import OAuth
import Testing

@testable import Storage

@Suite("App policies are kept")
struct AppPoliciesTests {
    static let policy = AppPolicy(
        mode: .approved, longestLifetime: 86_400, guardedScopes: ["dns.write"], guardedRisks: [.destructive, .write],
        clients: [World.app: .block], isAuditOnly: true)

    private func request(_ number: UInt64 = 0x70, account: Identifier = World.acme) -> AppRequest {
        AppRequest(
            id: World.id(number), accountID: account, userID: World.ada, clientID: World.app, scopes: ["dns.write"], reason: "for work",
            createdAt: World.now)
    }

    private func approval(_ number: UInt64, userID: Identifier?, scopes: ScopeSet? = nil) -> AppApproval {
        AppApproval(
            id: World.id(number), accountID: World.acme, clientID: World.app, userID: userID, scopes: scopes, approvedAt: World.now,
            approvedBy: World.ada)
    }

    @Test("A policy comes back as it was set; setting it again changes and records nothing", arguments: Driver.allCases)
    func policy(driver: Driver) async throws {
        let world = try await World(driver)
        #expect(try await world.store.appPolicy(accountID: World.acme) == nil)
        for _ in 0..<2 {
            #expect(
                try await world.store.setAppPolicy(Self.policy, accountID: World.acme, actor: World.adaActor, now: World.now) == .created)
        }
        let stored = try #require(try await world.store.appPolicy(accountID: World.acme))
        #expect(stored.policy == Self.policy && stored.updatedAt == World.now)
        let events = world.listener.events.filter { $0.kind == "policy.changed" }
        #expect(events.count == 1 && events[0].accountID == World.acme && events[0].subject == .policy)
        #expect(events[0].details?.contains("\"mode\":\"open\"") == true && events[0].details?.contains("\"mode\":\"approved\"") == true)
        var unknown = Self.policy
        unknown.clients[World.id(0xDEAD)] = .allow
        #expect(try await world.store.setAppPolicy(unknown, accountID: World.acme, actor: World.adaActor, now: World.now) == .conflict)
        #expect(try await world.store.appPolicy(accountID: World.acme)?.policy == Self.policy)
        #expect(try await world.store.setAppPolicy(.init(), accountID: World.id(9), actor: World.adaActor, now: World.now) == .conflict)
    }

    @Test("A standing carries the policies of the user's accounts, and nothing where there is none", arguments: Driver.allCases)
    func standing(driver: Driver) async throws {
        let world = try await World(driver)
        #expect(try await world.install(1).policies.isEmpty)
        _ = try await world.store.setAppPolicy(
            AppPolicy(clients: [World.app: .block]), accountID: World.birch, actor: World.adaActor, now: World.now)
        _ = try await world.store.setAppPolicy(AppPolicy(mode: .closed), accountID: World.pine, actor: World.adaActor, now: World.now)
        let standing = try #require(try await world.store.standing(World.id(1)))
        #expect(standing.policies.map(\.accountID) == [World.birch])
        let authority = try Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: nil, now: World.now).get()
        #expect(authority.accounts.map(\.id) == [World.acme] && authority.refusedAccounts.map(\.obstacle) == [.blocked])
        let consent = try await world.store.consentState(userID: World.ada, client: World.client())
        #expect(consent.policies.map(\.accountID) == [World.birch])
    }

    @Test("Risks come from the catalogue in force", arguments: Driver.allCases)
    func risks(driver: Driver) async throws {
        let world = try await World(driver)
        let scopes = [("dns.read", Risk.read), ("dns.write", .write)].map {
            ScopeEntry(label: $0.0, name: $0.0, description: "", category: "DNS", risk: $0.1, operations: [])
        }
        let catalogue = Catalogue(title: "Cloud", scopes: scopes, categories: ["DNS"], operations: [])
        try await world.store.saveCatalogue(
            content: catalogue.json.bytes, source: "x", digest: [1], actor: World.operatorActor, now: World.now)
        var client = World.client()
        client.isPlatformOwned = false
        #expect(try await world.store.updateClient(client, actor: World.operatorActor, now: World.now))
        _ = try await world.store.setAppPolicy(
            AppPolicy(guardedRisks: [.write]), accountID: World.acme, actor: World.adaActor, now: World.now)
        let standing = try await world.install(1)
        let authority = try Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: nil, now: World.now).get()
        #expect(authority.accounts.first { $0.id == World.acme }?.scopes == ["dns.read"])
        #expect(try await world.store.policyFacts(accountID: World.acme, now: World.now).risks == ["dns.read": .read, "dns.write": .write])
    }

    @Test("Requests: one waits at a time, it is decided once, and an approval follows", arguments: Driver.allCases)
    func requests(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        #expect(try await store.makeAppRequest(request(0x70), actor: World.adaActor, now: World.now) == .created)
        #expect(try await store.makeAppRequest(request(0x71), actor: World.adaActor, now: World.now) == .created)
        #expect(try await store.makeAppRequest(request(0x72, account: World.pine), actor: World.adaActor, now: World.now) == .conflict)
        let (waiting, total) = try await store.appRequests(accountID: World.acme, status: .pending, limit: 10, offset: 0)
        #expect(waiting.map(\.request) == [request(0x71)] && total == 1 && waiting[0].user.id == World.ada)
        #expect(try await store.appRequest(World.id(0x71), accountID: World.birch) == nil)

        let yes = approval(0x80, userID: World.ada, scopes: ["dns.read"])
        #expect(
            try await store.approveAppRequest(World.id(0x71), with: yes, answer: "fine", actor: World.adaActor, now: World.now) == .decided)
        #expect(
            try await store.approveAppRequest(World.id(0x71), with: yes, answer: nil, actor: World.adaActor, now: World.now)
                == .alreadyDecided)
        #expect(
            try await store.denyAppRequest(World.id(0x71), accountID: World.acme, answer: nil, actor: World.adaActor, now: World.now)
                == .alreadyDecided)
        #expect(
            try await store.denyAppRequest(World.id(0x77), accountID: World.acme, answer: nil, actor: World.adaActor, now: World.now)
                == .unknown)
        #expect(try await store.appApprovals(accountID: World.acme) == [yes])
        let decided = try #require(try await store.appRequest(World.id(0x71), accountID: World.acme)?.request)
        #expect(decided.status == .approved && decided.answer == "fine" && decided.decidedBy == World.ada)

        // A later approval for the same member takes the place of the first; one for all stands beside it.
        for (number, user) in [(0x73, World.ada), (0x74, nil)] as [(UInt64, Identifier?)] {
            _ = try await store.makeAppRequest(request(number), actor: World.adaActor, now: World.now)
            _ = try await store.approveAppRequest(
                World.id(number), with: approval(number + 0x10, userID: user), answer: nil, actor: World.adaActor, now: World.now)
        }
        #expect(Set(try await store.appApprovals(accountID: World.acme).map(\.id)) == [World.id(0x83), World.id(0x84)])
        #expect(try await store.withdrawApproval(World.id(0x83), accountID: World.acme, actor: World.adaActor, now: World.now))
        #expect(try await !store.withdrawApproval(World.id(0x83), accountID: World.acme, actor: World.adaActor, now: World.now))
        let subjects = Dictionary(world.listener.events.map { ($0.kind, $0.subject) }) { first, _ in first }
        #expect(subjects["app_request.made"] == Event.Subject.none && subjects["app_request.approved"] == .policy)
        #expect(subjects["policy.approval_withdrawn"] == .policy)
    }

    @Test("Whoever leaves the account takes requests and approvals along", arguments: Driver.allCases)
    func leaving(driver: Driver) async throws {
        let world = try await World(driver)
        _ = try await world.store.makeAppRequest(request(), actor: World.adaActor, now: World.now)
        _ = try await world.store.approveAppRequest(
            World.id(0x70), with: approval(0x80, userID: World.ada), answer: nil, actor: World.adaActor, now: World.now)
        let bob = World.user(World.id(0xB0), email: "bob@example.com")
        _ = try await world.store.createUser(bob, passwordHash: "scrypt$bob", actor: World.operatorActor, now: World.now)
        _ = try await world.store.addMember(
            userID: bob.id, accountID: World.acme, roleIDs: [World.administrator.id], actor: World.operatorActor, now: World.now)
        #expect(
            try await world.store.removeMember(userID: World.ada, accountID: World.acme, actor: World.operatorActor, now: World.now)
                == .done)
        #expect(try await world.store.appApprovals(accountID: World.acme).isEmpty)
        #expect(try await world.store.appRequests(userID: World.ada, limit: 10).isEmpty)
    }

    @Test("An account leaves one authorization, or one client's, or one member's; the last one ends it", arguments: Driver.allCases)
    func taking(driver: Driver) async throws {
        let world = try await World(driver)
        let store = world.store
        let standing = try await world.install(1)
        let (found, total) = try await store.authorizations(accountID: World.acme, .init(), limit: 10, offset: 0, now: World.now)
        #expect(found.map(\.grant.authorization.id) == [standing.authorization.id] && total == 1 && found[0].user.id == World.ada)
        for filter in [Store.AuthorizationFilter(clientID: World.id(0x99)), .init(userID: World.id(0x99))] {
            #expect(try await store.authorizations(accountID: World.acme, filter, limit: 10, offset: 0, now: World.now).total == 0)
            #expect(try await store.takeAccount(World.acme, outOf: filter, actor: World.adaActor, now: World.now) == 0)
        }
        #expect(try await !store.takeAccount(World.pine, outOf: standing.authorization.id, actor: World.adaActor, now: World.now))
        #expect(try await store.takeAccount(World.acme, outOf: standing.authorization.id, actor: World.adaActor, now: World.now))
        let left = try #require(try await store.standing(World.id(1)))
        #expect(left.authorization.accountIDs == [World.birch] && left.family.accountIDs == [World.birch])
        #expect(left.authorization.endedAt == nil)
        #expect(
            try await store.takeAccount(World.birch, outOf: .init(clientID: World.app), actor: World.adaActor, now: World.now) == 1)
        #expect(try await store.standing(World.id(1))?.authorization.endedAt == World.now)
        #expect(world.listener.kinds.suffix(2) == ["authorization.narrowed", "authorization.ended"])
    }

    @Test("What would have been refused is recorded and drops nothing from memory")
    func unenforced() async throws {
        let world = try await World()
        try await world.store.recordUnenforced([
            UnenforcedUse(
                authorizationID: World.id(1), clientID: World.app, userID: World.ada, accountID: World.acme, obstacle: "blocked",
                withheld: [], address: "192.0.2.9", at: World.now)
        ])
        let event = try #require(world.listener.events.last)
        #expect(event.kind == "app_policy.would_refuse" && event.subject == .none && event.accountID == World.acme)
        #expect(event.authorizationID == World.id(1) && event.details?.contains("blocked") == true)
    }
}
