import OAuth
import Testing

@testable import Delegation

@Suite("What the consent form decides")
struct ConsentChoiceTests {
    let acme = "&account=" + Fixture.acmeID.description
    let birch = "&account=" + Fixture.birchID.description
    let everything = "&scope=openid&scope=offline_access&scope=dns.read&scope=dns.write&scope=zone.read&scope=zone.write"

    func read(_ form: String, _ offer: ConsentOffer? = nil) throws -> ConsentChoice {
        ConsentChoice.read(try Fixture.form(form), offer: try offer ?? Fixture.offer(), now: Fixture.now)
    }

    func grant(_ form: String, _ offer: ConsentOffer? = nil) throws -> ConsentChoice.Grant {
        guard case .granted(let grant) = try read(form, offer) else { throw Unexpected() }
        return grant
    }

    func problem(_ form: String, _ offer: ConsentOffer? = nil) throws -> (ConsentChoice.Problem, ConsentChoice.Selection) {
        guard case .invalid(let problem, let selection) = try read(form, offer) else { throw Unexpected() }
        return (problem, selection)
    }

    func rerendered(_ form: String, _ offer: ConsentOffer? = nil) throws -> ConsentChoice.Selection {
        guard case .rerender(let selection) = try read(form, offer) else { throw Unexpected() }
        return selection
    }

    struct Unexpected: Error {}

    // MARK: Allow and deny

    @Test("Posting the form as rendered, with an account, grants everything that is asked and may be granted")
    func allow() throws {
        let grant = try grant("decision=allow&lifetime=0" + acme + birch + everything)
        #expect(grant.scopes == ["dns.read", "dns.write", "offline_access", "openid", "zone.read", "zone.write"])
        #expect(grant.accountIDs == [Fixture.acmeID, Fixture.birchID])
        #expect(grant.expiresAt == nil)
    }

    @Test("Denying wins over everything else in the form")
    func deny() throws {
        #expect(try read("decision=deny" + acme + everything) == .denied)
        #expect(try read("decision=deny") == .denied)
    }

    @Test("The end is counted from now", arguments: [("2592000", 2_592_000), ("604800", 604_800), ("86400", 86_400), ("3600", 3600)])
    func lifetime(value: String, seconds: Int64) throws {
        #expect(try grant("decision=allow&lifetime=\(value)" + acme + everything).expiresAt == Fixture.now + seconds)
    }

    @Test(
        "Any other lifetime is a problem that grants nothing",
        arguments: [
            "&lifetime=1", "&lifetime=-1", "&lifetime=", "", "&lifetime=03600", "&lifetime=3600.0", "&lifetime=forever",
            "&lifetime=0&lifetime=0",
        ])
    func badLifetime(field: String) throws {
        let (problem, selection) = try problem("decision=allow" + field + acme + everything)
        #expect(problem == .unknownLifetime && problem.field == "lifetime")
        #expect(selection.accountIDs == [Fixture.acmeID] && selection.scopes.count == 6)
    }

    @Test("Declined optional scopes are not granted")
    func declined() throws {
        #expect(
            try grant("decision=allow&lifetime=0&scope=dns.read&scope=openid" + acme).scopes == ["dns.read", "offline_access", "openid"])
    }

    @Test("A required scope left out is a problem that keeps the choices")
    func requiredMissing() throws {
        let (problem, selection) = try problem("decision=allow&lifetime=3600&scope=openid&scope=dns.write" + acme)
        let name = try #require(try Fixture.catalogue().scope("dns.read")).name
        #expect(problem == .requiredScopesMissing([name]) && problem.field == "scope")
        #expect(selection == ConsentChoice.Selection(accountIDs: [Fixture.acmeID], scopes: ["dns.write", "openid"], lifetime: 3600))
        #expect(try self.problem("decision=allow&lifetime=0&scope=dns.read" + acme).0 == .requiredScopesMissing(["Know who you are"]))
    }

    @Test("Labels that were not asked for are ignored")
    func notAsked() throws {
        let offer = try Fixture.offer(requested: ["dns.read"])
        let grant = try grant("decision=allow&lifetime=0&scope=dns.read&scope=zone.write&scope=email&scope=nonsense" + acme, offer)
        #expect(grant.scopes == ["dns.read", "offline_access"])
    }

    @Test("At least one account, unless only protocol scopes are asked")
    func accounts() throws {
        #expect(try problem("decision=allow&lifetime=0" + everything).0 == .noAccountChosen)
        #expect(try problem("decision=allow&lifetime=0&account=" + everything).0 == .noAccountChosen)
        let signIn = try Fixture.offer(requested: ["email", "openid"])
        #expect(
            try grant("decision=allow&lifetime=0&scope=openid" + acme, signIn)
                == ConsentChoice.Grant(scopes: ["offline_access", "openid"], accountIDs: [], expiresAt: nil))
    }

    @Test("An account that cannot be chosen grants nothing, even beside one that can")
    func notSelectable() throws {
        let offer = try Fixture.offer(client: Fixture.client(optional: ["dns.read", "zone.read", "zone.write"]))
        for other in [birch, "&account=" + Fixture.pineID.description, "&account=Acme"] {
            let (problem, selection) = try problem("decision=allow&lifetime=0" + acme + other + everything, offer)
            #expect(problem == .accountNotSelectable && problem.field == "account")
            #expect(selection.accountIDs == [Fixture.acmeID])
        }
    }

    @Test("The same account twice is one account")
    func twice() throws {
        #expect(try grant("decision=allow&lifetime=0" + acme + acme + everything).accountIDs == [Fixture.acmeID])
    }

    @Test("An optional scope that the role allows in none of the chosen accounts is not granted")
    func notGrantable() throws {
        #expect(
            try grant("decision=allow&lifetime=0" + birch + everything).scopes == ["dns.read", "offline_access", "openid", "zone.read"])
        #expect(try grant("decision=allow&lifetime=0" + acme + birch + everything).scopes.contains("zone.write"))
    }

    @Test("Where nothing can be approved, allowing is refused")
    func nothingToApprove() throws {
        let offer = try Fixture.offer(client: Fixture.client(optional: []), memberships: [Fixture.birch])
        #expect(try problem("decision=allow&lifetime=0" + birch + everything, offer).0 == .nothingToApprove)
        #expect(try read("decision=deny", offer) == .denied)
    }

    @Test("offline_access stands in the grant exactly when a refresh token comes, whatever the form says")
    func offlineAccess() throws {
        #expect(try grant("decision=allow&lifetime=0&scope=dns.read&scope=openid" + acme).scopes.contains("offline_access"))
        let without = try Fixture.offer(client: Fixture.client(grants: [.authorizationCode]), requested: ["dns.read", "offline_access"])
        #expect(try grant("decision=allow&lifetime=0&scope=dns.read&scope=offline_access" + acme, without).scopes == ["dns.read"])
    }

    // MARK: Rendering again

    @Test("Without a decision the form is rendered again with the choices kept")
    func rerender() throws {
        let selection = try rerendered("lifetime=86400&scope=dns.read&scope=nonsense&account=nonsense" + birch)
        #expect(selection == ConsentChoice.Selection(accountIDs: [Fixture.birchID], scopes: ["dns.read"], lifetime: 86_400))
        #expect(try rerendered("decision=").lifetime == 0)
    }

    @Test("A template changes the scopes alone, and never decides")
    func templates() throws {
        let reading = try rerendered("template=read_only&lifetime=3600&decision=allow" + acme + everything)
        #expect(
            reading
                == ConsentChoice.Selection(
                    accountIDs: [Fixture.acmeID], scopes: ["dns.read", "offline_access", "openid", "zone.read"], lifetime: 3600))
        let all = try rerendered("template=everything&scope=dns.read" + acme)
        #expect(all.scopes == ["dns.read", "dns.write", "offline_access", "openid", "zone.read", "zone.write"])
        #expect(try rerendered("template=nonsense&scope=dns.read").scopes == ["dns.read"])
    }

    @Test("A template ticks nothing that cannot be granted, and unticks nothing that is required")
    func templateLimits() throws {
        let limited = try Fixture.offer(memberships: [Fixture.birch])
        #expect(try rerendered("template=everything", limited).scopes == ["dns.read", "offline_access", "openid", "zone.read"])
        let writing = try Fixture.offer(client: Fixture.client(optional: ["zone.read", "zone.write"]))
        #expect(try rerendered("template=read_only", writing).scopes == ["dns.read", "dns.write", "offline_access", "openid", "zone.read"])
    }

    @Test("A decision that is none, or two at once, grants nothing", arguments: ["decision=yes", "decision=allow&decision=deny"])
    func unknownDecision(field: String) throws {
        #expect(try problem(field + "&lifetime=0" + acme + everything).0 == .unknownDecision)
    }

    @Test("Every problem says something")
    func texts() {
        let problems: [ConsentChoice.Problem] = [
            .unknownDecision, .unknownLifetime, .noAccountChosen, .accountNotSelectable, .requiredScopesMissing(["Read zones"]),
            .nothingToApprove,
        ]
        #expect(Set(problems.map(\.description)).count == problems.count)
        #expect(ConsentChoice.Problem.requiredScopesMissing(["Read zones"]).description.contains("Read zones"))
    }
}
