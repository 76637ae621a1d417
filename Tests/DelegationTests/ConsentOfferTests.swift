import OAuth
import Testing

@testable import Delegation

extension Fixture {
    static func offer(
        client: Client = client(), requested: ScopeSet = ["dns.read", "dns.write", "openid", "zone.read", "zone.write"],
        memberships: [Membership] = [acme, birch], existing: Authorization? = nil, consents: [Consent]? = nil,
        preselected: [String] = [], policies: [ClientPolicy] = []
    ) throws -> ConsentOffer {
        let whole = existing.map { Consent(scopes: $0.scopes, accountIDs: $0.accountIDs, expiresAt: $0.expiresAt) }
        return ConsentOffer(
            client: client, requested: requested, catalogue: try catalogue(), memberships: memberships, policies: policies,
            existing: existing, consents: consents ?? whole.map { [$0] } ?? [], preselectedAccounts: preselected, now: now)
    }
}

@Suite("What consent can offer")
struct ConsentOfferTests {
    let writer = Role(id: Fixture.id(3), name: "Writer", permissions: ["*.write"])

    func scope(_ label: String, _ offer: ConsentOffer) throws -> ConsentOffer.OfferedScope {
        try #require(offer.scopes.first { $0.label == label })
    }

    @Test("Scopes by category in the catalogue's order, with words, risk and operations")
    func categories() throws {
        let offer = try Fixture.offer()
        let catalogue = try Fixture.catalogue()
        #expect(offer.categories.map(\.name) == catalogue.categories.filter { ["Zones", "DNS"].contains($0) })
        #expect(Set(offer.categories.flatMap(\.scopes).map(\.label)) == ["dns.read", "dns.write", "zone.read", "zone.write"])
        let write = try scope("zone.write", offer)
        let entry = try #require(catalogue.scope("zone.write"))
        #expect(write.name == entry.name && write.description == entry.description && write.risk == .destructive)
        #expect(write.operations.map(\.summary) == ["Delete all zones"])
        #expect(!write.isProtocolScope && write.obstacleText == nil)
    }

    @Test("Protocol scopes in plain words, in a fixed order")
    func protocolScopes() throws {
        let offer = try Fixture.offer(requested: ["email", "offline_access", "openid", "profile"])
        #expect(offer.protocolScopes.map(\.label) == ["openid", "profile", "email", "offline_access"])
        #expect(offer.protocolScopes.map(\.name).first == "Know who you are")
        #expect(offer.protocolScopes.map(\.name).last == "Stay connected when you are away")
        #expect(offer.protocolScopes.allSatisfy { $0.isGrantable && $0.isProtocolScope && $0.operations.isEmpty })
        #expect(offer.protocolScopes.map(\.isRequired) == [true, false, false, true])
        #expect(!offer.asksForAccounts && offer.canApprove)
    }

    @Test("offline_access is offered exactly when a refresh token comes")
    func offlineAccess() throws {
        #expect(try Fixture.offer(requested: ["dns.read"]).protocolScopes.map(\.label) == ["offline_access"])
        let without = Fixture.client(grants: [.authorizationCode])
        #expect(try Fixture.offer(client: without, requested: ["dns.read", "offline_access"]).protocolScopes.isEmpty)
    }

    @Test("profile and email can be declined unless the client registered them as required")
    func registeredProfile() throws {
        let client = Fixture.client(scopes: ["dns.read", "email", "profile"], optional: ["email"])
        let offer = try Fixture.offer(client: client, requested: ["dns.read", "email", "profile"])
        #expect(try scope("profile", offer).isRequired)
        #expect(try !scope("email", offer).isRequired)
    }

    @Test("Labels that the catalogue or the client has no more are left out")
    func gone() throws {
        let client = Fixture.client(scopes: ["dns.read", "gone.read"], optional: [])
        let offer = try Fixture.offer(client: client, requested: ["dns.read", "gone.read", "zone.read"])
        #expect(offer.scopes.map(\.label) == ["offline_access", "dns.read"])
        #expect(offer.canApprove)
    }

    @Test("A required scope restricts which accounts can be chosen, and the others say why not")
    func requiredRestricts() throws {
        let client = Fixture.client(optional: ["dns.read", "zone.read", "zone.write"])
        let offer = try Fixture.offer(client: client)
        #expect(offer.accounts.map(\.name) == ["Acme", "Birch"])
        #expect(offer.accounts[0].isSelectable)
        let name = try scope("dns.write", offer).name
        #expect(offer.accounts[1].obstacle == .roleLacks(names: [name]))
        #expect(offer.accounts[1].obstacle?.text.contains(name) == true)
        #expect(try scope("dns.read", offer).grantableIn == [Fixture.acmeID])
    }

    @Test("Accounts that can be chosen come first, by name; a suspended one cannot")
    func suspended() throws {
        var acme = Fixture.acme
        acme.account.isSuspended = true
        let cedar = Fixture.membership(Fixture.account(Fixture.id(0xC), "Cedar"), Fixture.administrator)
        let offer = try Fixture.offer(memberships: [cedar, acme, Fixture.birch])
        #expect(offer.accounts.map(\.name) == ["Birch", "Cedar", "Acme"])
        #expect(offer.accounts[2].obstacle == .suspended)
        #expect(try scope("dns.write", offer).grantableIn == [Fixture.id(0xC)])
    }

    @Test("An optional scope that no role allows is shown, disabled")
    func optionalNotGrantable() throws {
        let offer = try Fixture.offer(memberships: [Fixture.birch])
        let write = try scope("dns.write", offer)
        #expect(!write.isGrantable && write.grantableIn.isEmpty && write.obstacleText != nil && !write.isRequired)
        #expect(try scope("dns.read", offer).isGrantable)
        #expect(offer.canApprove && offer.obstacleText == nil)
        #expect(offer.initialChoice.scopes == ["dns.read", "offline_access", "openid", "zone.read"])
    }

    @Test("A required scope that no account can give leaves only to decline, and the page says which")
    func requiredNowhere() throws {
        let client = Fixture.client(optional: [])
        let offer = try Fixture.offer(client: client, memberships: [Fixture.birch])
        #expect(!offer.canApprove)
        let text = try #require(offer.obstacleText)
        #expect(text.contains(try scope("dns.write", offer).name))
        // Two scopes in two accounts are not one account that allows both.
        let split = try Fixture.offer(
            client: client, memberships: [Fixture.birch, Fixture.membership(Fixture.account(Fixture.acmeID, "Acme"), writer)])
        #expect(!split.canApprove && split.obstacleText != nil)
    }

    @Test("Without any account, or with suspended ones alone, there is nothing to approve")
    func noAccounts() throws {
        #expect(try Fixture.offer(memberships: []).obstacleText?.contains("not a member of any account") == true)
        var acme = Fixture.acme
        acme.account.isSuspended = true
        #expect(try Fixture.offer(memberships: [acme]).obstacleText?.contains("suspended") == true)
    }

    @Test("A private client is for members of the account that owns it, whatever their role there")
    func privateClient() throws {
        let client = Fixture.client(visibility: .private)
        let stranger = try Fixture.offer(client: client)
        #expect(!stranger.mayAuthorize && !stranger.canApprove && stranger.obstacleText != nil)
        let pine = Fixture.membership(Fixture.account(Fixture.pineID, "Pine"))
        let member = try Fixture.offer(client: client, memberships: [Fixture.acme, pine])
        #expect(member.mayAuthorize && member.canApprove)
        #expect(member.accounts.map(\.isSelectable) == [true, false])
    }

    @Test("One account that may be chosen is selected, of several none, unless the request named them")
    func initialAccounts() throws {
        #expect(try Fixture.offer(memberships: [Fixture.acme]).initialChoice.accountIDs == [Fixture.acmeID])
        #expect(try Fixture.offer().initialChoice.accountIDs == [])
        let onlyAcme = Fixture.client(optional: ["dns.read", "zone.read", "zone.write"])
        #expect(try Fixture.offer(client: onlyAcme).initialChoice.accountIDs == [Fixture.acmeID])
        #expect(try Fixture.offer(preselected: [Fixture.birchID.description]).initialChoice.accountIDs == [Fixture.birchID])
        var acme = Fixture.acme
        acme.account.reference = "acme-co"
        #expect(
            try Fixture.offer(memberships: [acme, Fixture.birch], preselected: ["acme-co"]).initialChoice.accountIDs == [Fixture.acmeID])
        #expect(
            try Fixture.offer(client: onlyAcme, preselected: [Fixture.birchID.description]).initialChoice.accountIDs == [Fixture.acmeID])
        #expect(try Fixture.offer(preselected: ["nobody"]).initialChoice.accountIDs == [])
    }

    @Test("As rendered, everything that may be granted is chosen, until it is revoked")
    func initialScopes() throws {
        let choice = try Fixture.offer().initialChoice
        #expect(choice.scopes == ["dns.read", "dns.write", "offline_access", "openid", "zone.read", "zone.write"])
        #expect(choice.lifetime == 0)
        #expect(try Fixture.offer(requested: ["openid"]).initialChoice.accountIDs == [])
    }

    @Test("Of an access that ends, the shortest time that takes nothing from it is chosen")
    func initialLifetime() throws {
        let day: Int64 = 86_400
        let choices: [(left: Int64?, chosen: Int64)] = [
            (nil, 0), (7 * day, 7 * day), (7 * day - 60, 7 * day), (2 * day, 7 * day), (day, day), (1, 3600),
        ]
        for (left, chosen) in choices {
            let existing = Fixture.authorization(expiresAt: left.map { Fixture.now + $0 })
            #expect(try Fixture.offer(existing: existing).initialChoice.lifetime == chosen)
        }
        let ended = Fixture.authorization(expiresAt: Fixture.now)
        #expect(try Fixture.offer(existing: ended).initialChoice.lifetime == 0)
    }

    @Test("What the client holds already is told apart from what is new")
    func changes() throws {
        let existing = Fixture.authorization(scopes: ["dns.read", "openid"], accounts: [Fixture.acmeID])
        let offer = try Fixture.offer(existing: existing)
        #expect(offer.scopes.filter(\.isGrantedBefore).map(\.label).sorted() == ["dns.read", "openid"])
        #expect(offer.accounts.filter(\.isGrantedBefore).map(\.id) == [Fixture.acmeID])
        for ended in [Fixture.authorization(expiresAt: Fixture.now), Fixture.authorization(endedAt: 5)] {
            let fresh = try Fixture.offer(existing: ended)
            #expect(fresh.existing == nil && !fresh.scopes.contains(where: \.isGrantedBefore))
        }
    }
}

@Suite("When consent need not be asked again")
struct CoveredConsentTests {
    let asked: ScopeSet = ["dns.read", "openid"]

    @Test("A request inside what was granted gets what it asks, in the accounts granted, until the same end")
    func covered() throws {
        let existing = Fixture.authorization(expiresAt: Fixture.now + 50)
        let offer = try Fixture.offer(requested: asked, existing: existing)
        #expect(
            offer.coveredGrant
                == ConsentChoice.Grant(
                    scopes: ["dns.read", "offline_access", "openid"], accountIDs: [Fixture.acmeID, Fixture.birchID],
                    expiresAt: Fixture.now + 50))
    }

    @Test("A request beyond it is asked, and so is one without an authorization in force")
    func beyond() throws {
        #expect(try Fixture.offer(requested: ["dns.read", "zone.read"], existing: Fixture.authorization()).coveredGrant == nil)
        #expect(try Fixture.offer(requested: asked, existing: Fixture.authorization(scopes: ["dns.read", "openid"])).coveredGrant == nil)
        #expect(try Fixture.offer(requested: asked).coveredGrant == nil)
        #expect(try Fixture.offer(requested: asked, existing: Fixture.authorization(expiresAt: Fixture.now)).coveredGrant == nil)
        #expect(try Fixture.offer(requested: asked, existing: Fixture.authorization(endedAt: 1)).coveredGrant == nil)
    }

    /// CVE-2023-34246: consent skipped for a client that cannot prove who it is.
    @Test("A public client is always asked")
    func publicClient() throws {
        let client = Fixture.client(method: .none)
        #expect(try Fixture.offer(client: client, requested: asked, existing: Fixture.authorization()).coveredGrant == nil)
    }

    @Test("A user who may not authorize the client any more is not covered")
    func notMember() throws {
        let client = Fixture.client(visibility: .private)
        #expect(try Fixture.offer(client: client, requested: asked, existing: Fixture.authorization()).coveredGrant == nil)
    }

    @Test("Accounts and scopes that the role no longer allows are not granted again")
    func roleChanged() throws {
        let client = Fixture.client(optional: ["dns.read", "zone.read", "zone.write"])
        let existing = Fixture.authorization()
        let both: ScopeSet = ["dns.read", "dns.write"]
        #expect(try Fixture.offer(client: client, requested: both, existing: existing).coveredGrant?.accountIDs == [Fixture.acmeID])
        #expect(try Fixture.offer(client: client, requested: both, memberships: [Fixture.birch], existing: existing).coveredGrant == nil)
        let optional = try Fixture.offer(requested: both, memberships: [Fixture.birch], existing: existing).coveredGrant
        #expect(optional?.scopes == ["dns.read", "offline_access"])
        #expect(try Fixture.offer(requested: both, memberships: [], existing: existing).coveredGrant == nil)
    }

    @Test("An account that the request names must be among those granted, and then it is the only one")
    func named() throws {
        let existing = Fixture.authorization(accounts: [Fixture.acmeID])
        func grant(_ names: [String]) throws -> ConsentChoice.Grant? {
            try Fixture.offer(requested: asked, existing: existing, preselected: names).coveredGrant
        }
        #expect(try grant([Fixture.acmeID.description])?.accountIDs == [Fixture.acmeID])
        #expect(try grant([Fixture.acmeID.description, Fixture.birchID.description]) == nil)
        #expect(try grant(["nobody"]) == nil)
        let wide = try Fixture.offer(requested: asked, existing: Fixture.authorization(), preselected: [Fixture.birchID.description])
        #expect(wide.coveredGrant?.accountIDs == [Fixture.birchID])
    }

    @Test("What two consents allow apart, they do not allow together")
    func apart() throws {
        let existing = Fixture.authorization()
        let reading = Consent(scopes: ["dns.read", "offline_access"], accountIDs: [Fixture.acmeID, Fixture.birchID], expiresAt: nil)
        let writing = Consent(scopes: ["dns.write", "offline_access"], accountIDs: [Fixture.acmeID], expiresAt: Fixture.now + 9)
        func grant(_ requested: ScopeSet, _ consents: [Consent]) throws -> ConsentChoice.Grant? {
            try Fixture.offer(requested: requested, existing: existing, consents: consents).coveredGrant
        }
        #expect(try grant(["dns.read", "dns.write"], [reading, writing]) == nil)
        #expect(try grant(["dns.write"], [reading, writing])?.accountIDs == [Fixture.acmeID])
        #expect(try grant(["dns.write"], [reading, writing])?.expiresAt == Fixture.now + 9)
        #expect(try grant(["dns.read"], [reading, writing])?.accountIDs == [Fixture.acmeID, Fixture.birchID])
        var over = writing
        over.expiresAt = Fixture.now
        #expect(try grant(["dns.write"], [reading, over]) == nil)
    }

    @Test("Of several consents that cover the request the widest counts, then the longest; nothing that was taken away comes back")
    func best() throws {
        let one = Consent(scopes: ["dns.read", "offline_access"], accountIDs: [Fixture.acmeID], expiresAt: nil)
        let both = Consent(
            scopes: ["dns.read", "offline_access"], accountIDs: [Fixture.acmeID, Fixture.birchID], expiresAt: Fixture.now + 9)
        for consents in [[one, both], [both, one]] {
            let whole = try Fixture.offer(requested: ["dns.read"], existing: Fixture.authorization(), consents: consents)
            #expect(whole.coveredGrant?.accountIDs == [Fixture.acmeID, Fixture.birchID])
            let narrowed = Fixture.authorization(accounts: [Fixture.acmeID])
            let left = try Fixture.offer(requested: ["dns.read"], existing: narrowed, consents: consents).coveredGrant
            #expect(left?.accountIDs == [Fixture.acmeID] && left?.expiresAt == nil)
        }
    }

    @Test("Consents are kept without those that another one covers")
    func adding() {
        let small = Consent(scopes: ["a"], accountIDs: [Fixture.acmeID], expiresAt: 5)
        let large = Consent(scopes: ["a", "b"], accountIDs: [Fixture.acmeID], expiresAt: nil)
        let other = Consent(scopes: ["c"], accountIDs: [], expiresAt: nil)
        #expect([small].adding(large) == [large])
        #expect([large].adding(small) == [large])
        #expect([large].adding(other) == [large, other])
        #expect(!Consent(scopes: ["a"], accountIDs: [], expiresAt: 5).covers(Consent(scopes: ["a"], accountIDs: [], expiresAt: 6)))
    }

    @Test("Signing in alone needs no account")
    func signIn() throws {
        let offer = try Fixture.offer(requested: ["openid"], memberships: [], existing: Fixture.authorization())
        #expect(offer.coveredGrant == ConsentChoice.Grant(scopes: ["offline_access", "openid"], accountIDs: [], expiresAt: nil))
    }
}
