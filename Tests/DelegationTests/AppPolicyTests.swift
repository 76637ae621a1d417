import OAuth
import Testing

@testable import Delegation

@Suite("App policies")
struct AppPolicyTests {
    /// Whose client it is.
    enum Kind: CaseIterable { case foreign, own, platform }

    enum Approved: CaseIterable {
        case no, member, everyone, otherMember

        var approvals: [AppApproval] {
            let user: Identifier?
            switch self {
            case .no: return []
            case .member: user = Fixture.userID
            case .everyone: user = nil
            case .otherMember: user = Fixture.id(0x99)
            }
            return [Fixture.approval(userID: user)]
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let mode: AppPolicy.Mode
        let rule: AppPolicy.ClientRule?
        let kind: Kind
        let approved: Approved
        var testDescription: String { "\(mode), \(rule.map { "\($0)" } ?? "no rule"), \(kind), approved: \(approved)" }
    }

    static let rows: [Row] = {
        var rows: [Row] = []
        for mode in AppPolicy.Mode.allCases {
            for rule in [nil, AppPolicy.ClientRule.allow, .block] {
                for kind in Kind.allCases {
                    for approved in Approved.allCases { rows.append(Row(mode: mode, rule: rule, kind: kind, approved: approved)) }
                }
            }
        }
        return rows
    }()

    static func standing(_ policy: AppPolicy, _ kind: Kind = .foreign, approvals: [AppApproval] = []) -> Standing {
        Fixture.standing { standing in
            if kind == .own { standing.client.accountID = Fixture.acmeID }
            if kind == .platform { standing.client.isPlatformOwned = true }
            standing.policies = [Fixture.applied(policy, client: standing.client, approvals: approvals)]
        }
    }

    static func authority(_ standing: Standing, now: Int64 = Fixture.now) throws -> Authority {
        try Authority.of(standing, tokenScopes: standing.family.scopes, tokenID: 7, now: now).get()
    }

    /// Written as sentences of the policy page, not as its code: a block, then a name, then the mode.
    static func expected(_ row: Row) -> PolicyObstacle? {
        if row.rule == .block { return .blocked }
        if row.rule == .allow { return nil }
        switch row.mode {
        case .open: return nil
        case .closed: return .closed
        case .approved:
            let isApproved = row.kind != .foreign || row.approved == .member || row.approved == .everyone
            return isApproved ? nil : .notApproved
        }
    }

    @Test("Every mode, rule, kind of client and approval", arguments: rows)
    func table(row: Row) throws {
        let policy = AppPolicy(mode: row.mode, clients: row.rule.map { [Fixture.clientID: $0] } ?? [:])
        let authority = try Self.authority(Self.standing(policy, row.kind, approvals: row.approved.approvals))
        let expected = Self.expected(row)
        #expect(authority.refusedAccounts.map(\.obstacle) == (expected.map { [$0] } ?? []))
        #expect(authority.accounts.map(\.id) == (expected == nil ? [Fixture.acmeID, Fixture.birchID] : [Fixture.birchID]))
        if expected == nil { #expect(authority.accounts[0].scopes == authority.heldScopes) }
    }

    @Test("The same table when the policy only watches: nothing is refused, and it is known what would have been", arguments: rows)
    func auditOnly(row: Row) throws {
        let policy = AppPolicy(mode: row.mode, clients: row.rule.map { [Fixture.clientID: $0] } ?? [:], isAuditOnly: true)
        let authority = try Self.authority(Self.standing(policy, row.kind, approvals: row.approved.approvals))
        #expect(authority.refusedAccounts.isEmpty && authority.accounts.map(\.id) == [Fixture.acmeID, Fixture.birchID])
        #expect(authority.accounts[0].scopes == authority.heldScopes)
        #expect(authority.accounts[0].policy?.obstacle == Self.expected(row))
        #expect(authority.accounts[0].policy.map { !$0.isEnforced } ?? true)
    }

    @Test("A policy of one account changes nothing in another")
    func otherAccount() throws {
        let authority = try Self.authority(Self.standing(AppPolicy(mode: .closed)))
        #expect(authority.accounts.map(\.id) == [Fixture.birchID])
        #expect(authority.scopes == ["dns.read", "offline_access", "openid"])
        #expect(
            try JSON(parsing: authority.authorizationDetails) == [["type": "account", "identifier": .string(Fixture.birchID.description)]])
    }

    @Test("Scopes that need approval drop out, by label and by risk, and never those of the protocol")
    func guarded() throws {
        typealias Case = (policy: AppPolicy, left: ScopeSet)
        let cases: [Case] = [
            (AppPolicy(guardedScopes: ["dns.write"]), ["dns.read", "offline_access", "openid"]),
            (AppPolicy(guardedRisks: [.write]), ["dns.read", "offline_access", "openid"]),
            (AppPolicy(guardedRisks: [.destructive]), ["dns.read", "dns.write", "offline_access", "openid"]),
            (AppPolicy(guardedScopes: ["openid"], guardedRisks: [.read, .write]), ["offline_access", "openid"]),
        ]
        for (policy, left) in cases {
            #expect(try Self.authority(Self.standing(policy)).accounts[0].scopes == left, "\(policy)")
            for kind in [Kind.own, .platform] {
                #expect(try Self.authority(Self.standing(policy, kind)).accounts[0].scopes.count == 4, "\(policy) \(kind)")
            }
            var allowed = policy
            allowed.clients = [Fixture.clientID: .allow]
            #expect(try Self.authority(Self.standing(allowed)).accounts[0].scopes.count == 4)
            let approved = Self.standing(policy, approvals: [Fixture.approval()])
            #expect(try Self.authority(approved).accounts[0].scopes.count == 4)
        }
    }

    @Test("A scope whose risk nobody knows counts as destructive")
    func unknownRisk() {
        let policy = ClientPolicy(
            AppPolicy(guardedRisks: [.destructive]), accountID: Fixture.acmeID, client: Fixture.client(), userID: Fixture.userID,
            approvals: [], risks: [:], scopes: ["new.thing"])
        #expect(policy.withheld(from: ["new.thing", "openid"]) == ["new.thing"])
    }

    @Test("An approval of some scopes gives those: all others wait where apps need approval, the guarded ones elsewhere")
    func partialApproval() throws {
        let some = [Fixture.approval(scopes: ["dns.read"])]
        let approved = try Self.authority(Self.standing(AppPolicy(mode: .approved), approvals: some))
        #expect(approved.accounts[0].scopes == ["dns.read", "offline_access", "openid"])
        #expect(approved.accounts[0].policy?.withheld == ["dns.write"])
        let open = try Self.authority(Self.standing(AppPolicy(), approvals: some))
        #expect(open.accounts[0].scopes.contains("dns.write"))
        let both = some + [Fixture.approval(id: 2, userID: nil, scopes: ["dns.write"])]
        #expect(try Self.authority(Self.standing(AppPolicy(mode: .approved), approvals: both)).accounts[0].scopes.count == 4)
    }

    @Test("The longest lifetime counts from the installation's beginning and ends access in that account alone")
    func lifetime() throws {
        let standing = Self.standing(AppPolicy(longestLifetime: 3600, clients: [Fixture.clientID: .allow]), .own)
        let end = standing.family.createdAt + 3600
        var long = standing
        long.family.expiresAt = end + 1000
        long.family.idleExpiresAt = end + 1000
        #expect(try Self.authority(long, now: end - 1).accounts.count == 2)
        let over = try Self.authority(long, now: end)
        #expect(over.accounts.map(\.id) == [Fixture.birchID] && over.refusedAccounts.map(\.obstacle) == [.lifetimeOver(3600)])
    }

    @Test("What is known of a token is good until the first of its accounts' policies ends; those that are over or only watch set no end")
    func firstEnd() throws {
        typealias Case = (acme: AppPolicy, birch: AppPolicy?, now: Int64, end: Int64?)
        var standing = Self.standing(AppPolicy())
        let began = standing.family.createdAt
        (standing.family.expiresAt, standing.family.idleExpiresAt) = (began + 100_000, began + 100_000)
        let cases: [Case] = [
            (AppPolicy(), nil, began, nil),
            (AppPolicy(longestLifetime: 7200), nil, began, began + 7200),
            (AppPolicy(longestLifetime: 7200, isAuditOnly: true), nil, began, nil),
            (AppPolicy(longestLifetime: 7200), AppPolicy(longestLifetime: 3600), began, began + 3600),
            (AppPolicy(longestLifetime: 7200), AppPolicy(longestLifetime: 3600), began + 3599, began + 3600),
            (AppPolicy(longestLifetime: 7200), AppPolicy(longestLifetime: 3600), began + 3600, began + 7200),
            (AppPolicy(longestLifetime: 7200), AppPolicy(longestLifetime: 3600), began + 7200, nil),
            // What a block takes away at once has no end any more.
            (AppPolicy(longestLifetime: 3600, clients: [Fixture.clientID: .block]), AppPolicy(longestLifetime: 7200), began, began + 7200),
        ]
        for (acme, birch, now, end) in cases {
            standing.policies = [(Fixture.acmeID, acme as AppPolicy?), (Fixture.birchID, birch)].compactMap { account, policy in
                policy.map {
                    ClientPolicy(
                        $0, accountID: account, client: standing.client, userID: Fixture.userID, approvals: [], risks: [:], scopes: [])
                }
            }
            #expect(try Self.authority(standing, now: now).policyEndsAt == end, "\(acme) \(String(describing: birch)) \(now - began)")
        }
    }

    @Test("Lifetimes in words")
    func words() {
        for (seconds, text) in [
            (3600, "1 hour"), (7200, "2 hours"), (86_400, "1 day"), (604_800, "7 days"), (60, "1 minute"), (61, "61 seconds"),
        ] as [(Int64, String)] {
            #expect(PolicyObstacle.words(seconds) == text)
        }
    }
}

@Suite("App policies at the gateway")
struct AppPolicyGatewayTests {
    func decide(_ standing: Standing, _ alternatives: [ScopeSet], account: String?) throws -> GatewayDecision.Decision {
        let catalogue = try Fixture.catalogue()
        let gateway = GatewayDecision(catalogue: catalogue, matcher: OperationMatcher(catalogue), answersPreflight: true)
        return gateway.decide(
            GatewayDecision.Asked(alternatives: alternatives, account: account), authority: try AppPolicyTests.authority(standing))
    }

    func refusal(_ standing: Standing, _ alternatives: [ScopeSet], account: String?) throws -> Refusal {
        guard case .refused(let refusal) = try decide(standing, alternatives, account: account) else {
            throw Unexpected(what: "the request passed")
        }
        return refusal
    }

    struct Unexpected: Error { let what: String }

    @Test("A kept-out client is told so, with what to ask for and no way around it")
    func keptOut() throws {
        let acme = Fixture.acmeID.description
        for (policy, words) in [
            (AppPolicy(clients: [Fixture.clientID: .block]), "The app policy of the account Acme blocks this app."),
            (AppPolicy(mode: .approved), "The app policy of the account Acme admits approved apps only, and this one is not approved."),
            (
                AppPolicy(mode: .closed),
                "The app policy of the account Acme keeps all apps out that an administrator has not allowed by name."
            ),
        ] {
            let refusal = try refusal(AppPolicyTests.standing(policy), [["dns.read"]], account: acme)
            #expect(refusal.status == 403 && refusal.missing.policy == words && refusal.missing.account == acme)
            #expect(refusal.wanted == nil && refusal.ask == Refusal.Ask(accountID: Fixture.acmeID, scopes: []))
            let json = refusal.json(authorizeURL: nil, requestURL: "https://id.example/ask")
            #expect(json["missing"]?["policy"]?.stringValue == words && json["request_url"] == "https://id.example/ask")
        }
    }

    @Test("Where the lifetime is over, the user can authorize again")
    func lifetimeOver() throws {
        let standing = AppPolicyTests.standing(AppPolicy(longestLifetime: 3600))
        var old = standing
        old.family.createdAt = Fixture.now - 3600
        let refusal = try refusal(old, [["dns.read"]], account: Fixture.acmeID.description)
        #expect(refusal.ask == nil && refusal.wanted?.account == Fixture.acmeID.description)
        #expect(refusal.missing.policy == "The app policy of the account Acme ends access after 1 hour. Ask the user to authorize again.")
    }

    @Test("A scope that waits is told apart from one that the role lacks")
    func withheld() throws {
        let standing = AppPolicyTests.standing(AppPolicy(guardedScopes: ["dns.write"]))
        for account in [Fixture.acmeID.description, nil] {
            let refusal = try refusal(standing, [["dns.write"]], account: account)
            #expect(refusal.missing.role == [] && refusal.missing.scope == [] && refusal.wanted == nil)
            #expect(refusal.ask == Refusal.Ask(accountID: Fixture.acmeID, scopes: ["dns.write"]))
            #expect(
                refusal.missing.policy == "The app policy of the account Acme wants an administrator's approval for the scope dns.write.")
        }
    }

    @Test("With every account kept out, an operation of no account is refused by policy too")
    func noAccountLeft() throws {
        var standing = AppPolicyTests.standing(AppPolicy(mode: .closed))
        standing.authorization.accountIDs = [Fixture.acmeID]
        let refusal = try refusal(standing, [["dns.read"]], account: nil)
        #expect(refusal.missing.policy != nil && refusal.ask?.accountID == Fixture.acmeID && refusal.missing.account == nil)
    }

    @Test("A policy that only watches lets the request pass and says what it would have refused")
    func unenforced() throws {
        let closed = AppPolicyTests.standing(AppPolicy(mode: .closed, isAuditOnly: true))
        guard case .allowed(let allowed) = try decide(closed, [["dns.read"]], account: Fixture.acmeID.description) else {
            throw Unexpected(what: "refused")
        }
        #expect(allowed.unenforced.map(\.accountID) == [Fixture.acmeID] && allowed.unenforced.map(\.obstacle) == [.closed])
        let guarded = AppPolicyTests.standing(AppPolicy(guardedScopes: ["dns.write"], isAuditOnly: true))
        for (scope, count) in [("dns.read", 0), ("dns.write", 1)] {
            guard case .allowed(let allowed) = try decide(guarded, [[scope]], account: Fixture.acmeID.description) else {
                throw Unexpected(what: "refused")
            }
            #expect(allowed.unenforced.count == count, "\(scope)")
        }
    }
}

@Suite("App policies at consent")
struct AppPolicyConsentTests {
    func offer(_ policy: AppPolicy, approvals: [AppApproval] = [], existing: Authorization? = nil) throws -> ConsentOffer {
        try Fixture.offer(
            memberships: [Fixture.acme, Fixture.membership(Fixture.account(Fixture.birchID, "Birch"), Fixture.administrator)],
            existing: existing, policies: [Fixture.applied(policy, approvals: approvals)])
    }

    @Test("An account that keeps the client out cannot be chosen, and says why and whether to ask")
    func obstacle() throws {
        let name = try #require(try Fixture.catalogue().scope("dns.read")).name
        for (policy, text) in [
            (AppPolicy(mode: .approved), "The administrators of this account have to approve this app first."),
            (AppPolicy(clients: [Fixture.clientID: .block]), "The administrators of this account have blocked this app."),
            (
                AppPolicy(guardedRisks: [.read]),
                "An administrator of this account has to approve what this app requires first: \(name)."
            ),
        ] {
            let offer = try offer(policy)
            let acme = try #require(offer.accounts.first { $0.id == Fixture.acmeID })
            #expect(acme.obstacle?.text == text && acme.obstacle?.canBeAskedFor == true)
            #expect(offer.canApprove && offer.initialChoice.accountIDs == [Fixture.birchID])
        }
        #expect(try offer(AppPolicy(mode: .approved, isAuditOnly: true)).accounts.allSatisfy(\.isSelectable))
        #expect(try offer(AppPolicy(mode: .approved), approvals: [Fixture.approval()]).accounts.allSatisfy(\.isSelectable))
    }

    @Test("A scope that waits in one account can be granted in the other, and is never granted where it waits")
    func withheld() throws {
        let offer = try offer(AppPolicy(guardedScopes: ["dns.write"]))
        let scope = try #require(offer.scopes.first { $0.label == "dns.write" })
        #expect(scope.grantableIn == [Fixture.birchID] && scope.withheldIn == [Fixture.acmeID] && scope.isGrantable)
        let form = try Fixture.form("account=\(Fixture.acmeID)&scope=dns.read&scope=dns.write&scope=openid&lifetime=0&decision=allow")
        guard case .granted(let grant) = ConsentChoice.read(form, offer: offer, now: Fixture.now) else {
            Issue.record("not granted")
            return
        }
        #expect(!grant.scopes.contains("dns.write") && grant.scopes.contains("dns.read"))
    }

    @Test("A lifetime that a chosen account does not leave is not available")
    func lifetime() throws {
        let offer = try offer(AppPolicy(longestLifetime: 86_400))
        #expect(offer.isAvailable(lifetime: 0, in: [Fixture.birchID]) && offer.isAvailable(lifetime: 0, in: []))
        #expect(!offer.isAvailable(lifetime: 0, in: [Fixture.acmeID, Fixture.birchID]))
        #expect(offer.isAvailable(lifetime: 86_400, in: [Fixture.acmeID]) && !offer.isAvailable(lifetime: 604_800, in: [Fixture.acmeID]))
        #expect(offer.longestChoice(in: [Fixture.acmeID]) == 86_400)
        func read(_ lifetime: Int64) throws -> ConsentChoice {
            let form = try Fixture.form("account=\(Fixture.acmeID)&scope=dns.read&scope=openid&lifetime=\(lifetime)&decision=allow")
            return ConsentChoice.read(form, offer: offer, now: Fixture.now)
        }
        guard case .invalid(.lifetimeTooLong(86_400), _) = try read(0), case .granted(let grant) = try read(3600) else {
            Issue.record("0 was taken or 3600 was not")
            return
        }
        #expect(grant.expiresAt == Fixture.now + 3600)
    }

    @Test("No new installation begins without asking where it would outlast the policy")
    func covered() throws {
        func covered(until: Int64?) throws -> ConsentChoice.Grant? {
            let existing = Fixture.authorization(
                scopes: ["dns.read", "dns.write", "offline_access", "openid", "zone.read", "zone.write"], accounts: [Fixture.acmeID],
                expiresAt: until)
            return try offer(AppPolicy(longestLifetime: 86_400), existing: existing).coveredGrant
        }
        #expect(try covered(until: nil) == nil)
        #expect(try covered(until: Fixture.now + 86_401) == nil)
        #expect(try covered(until: Fixture.now + 86_400) != nil)
    }
}

@Suite("The preview of an app policy")
struct PolicyPreviewTests {
    func subject(_ number: UInt64, client: Client = Fixture.client(), grantedAt: Int64 = Fixture.now - 1000) -> PolicyPreview.Subject {
        var authorization = Fixture.authorization()
        authorization.id = Fixture.id(0x1000 + number)
        authorization.userID = Fixture.id(0x2000 + number)
        var family = Fixture.family()
        family.createdAt = grantedAt
        return PolicyPreview.Subject(authorization: authorization, client: client, membership: Fixture.acme, families: [family])
    }

    func preview(
        from before: AppPolicy = AppPolicy(), to after: AppPolicy, _ subjects: [PolicyPreview.Subject], _ approvals: [AppApproval] = []
    ) -> PolicyPreview {
        PolicyPreview(
            from: before, to: after, subjects: subjects, approvals: approvals, risks: Fixture.risks, now: Fixture.now)
    }

    @Test("It counts what stops, is narrowed and resumes, by client")
    func counts() {
        var other = Fixture.client()
        other.id = Fixture.id(0x21)
        other.name = "Another"
        let subjects = [subject(1), subject(2), subject(3, client: other)]
        let block = AppPolicy(clients: [Fixture.clientID: .block])
        let blocked = preview(to: block, subjects)
        #expect(blocked.stopped == 2 && blocked.stoppedMembers == 2 && blocked.stoppedClients == 1 && blocked.narrowed == 0)
        #expect(blocked.lines.map(\.clientName) == ["DNS Pilot"])
        let reopened = preview(from: block, to: AppPolicy(), subjects)
        #expect(reopened.resumed == 2 && reopened.stopped == 0)
        let narrowed = preview(to: AppPolicy(guardedRisks: [.write]), subjects)
        #expect(narrowed.narrowed == 3 && narrowed.stopped == 0 && narrowed.widened == 0)
        let widened = preview(from: AppPolicy(guardedRisks: [.write]), to: AppPolicy(), subjects)
        #expect(widened.widened == 3 && widened.narrowed == 0 && widened.resumed == 0 && widened.lines.count == 2)
        let closed = preview(to: AppPolicy(mode: .closed), subjects)
        #expect(closed.stopped == 3 && closed.stoppedClients == 2 && closed.lines.map(\.clientName) == ["Another", "DNS Pilot"])
        #expect(preview(to: AppPolicy(mode: .closed, isAuditOnly: true), subjects).lines.isEmpty)
    }

    @Test("It knows approvals and lifetimes")
    func approvalsAndLifetimes() {
        let one = Fixture.approval(userID: Fixture.id(0x2001))
        #expect(preview(to: AppPolicy(mode: .approved), [subject(1), subject(2)], [one]).stopped == 1)
        let old = subject(3, grantedAt: Fixture.now - 90_000)
        #expect(preview(to: AppPolicy(longestLifetime: 86_400), [subject(1), old]).stopped == 1)
        #expect(preview(to: AppPolicy(longestLifetime: 86_400), []).lines.isEmpty)
    }
}

extension Fixture {
    static let risks: [String: Risk] = ["dns.read": .read, "dns.write": .write, "zone.read": .read, "zone.write": .destructive]

    static func approval(id number: UInt64 = 1, userID: Identifier? = Fixture.userID, scopes: ScopeSet? = nil) -> AppApproval {
        AppApproval(
            id: id(0x500 + number), accountID: acmeID, clientID: clientID, userID: userID, scopes: scopes, approvedAt: now, approvedBy: nil)
    }

    static func applied(_ policy: AppPolicy, client: Client = client(), approvals: [AppApproval] = []) -> ClientPolicy {
        ClientPolicy(
            policy, accountID: acmeID, client: client, userID: userID, approvals: approvals, risks: risks,
            scopes: client.scopes.union(["dns.read", "dns.write", "offline_access", "openid"]))
    }
}
