import OAuth
import Testing

@testable import Delegation

@Suite("The check in front of the API")
struct GatewayDecisionTests {
    let gateway: GatewayDecision
    let acme = Fixture.acmeID.description
    let birch = Fixture.birchID.description

    init() throws {
        gateway = try GatewayDecisionTests.gateway(answersPreflight: true)
    }

    static func gateway(answersPreflight: Bool) throws -> GatewayDecision {
        let catalogue = try Fixture.catalogue()
        return GatewayDecision(catalogue: catalogue, matcher: OperationMatcher(catalogue), answersPreflight: answersPreflight)
    }

    func decide(_ alternatives: [ScopeSet], _ account: String?, _ change: (inout Standing) -> Void = { _ in }) throws
        -> GatewayDecision.Decision
    {
        gateway.decide(GatewayDecision.Asked(alternatives: alternatives, account: account), authority: try Fixture.authority(change))
    }

    func refusal(_ alternatives: [ScopeSet], _ account: String?, _ change: (inout Standing) -> Void = { _ in }) throws -> Refusal {
        guard case .refused(let refusal) = try decide(alternatives, account, change) else { throw Unexpected() }
        return refusal
    }

    struct Unexpected: Error {}

    // MARK: Before the token

    @Test("An operation that takes a token says which scopes and which account")
    func needsToken() {
        let step = gateway.match(method: "GET", target: "/accounts/\(acme)/zones?page=2")
        #expect(step == .needsToken(GatewayDecision.Asked(alternatives: [["zone.read"]], account: acme)))
        #expect(
            gateway.match(method: "GET", target: "/user") == .needsToken(GatewayDecision.Asked(alternatives: [["user.read"]], account: nil))
        )
    }

    @Test("An open operation passes without a token")
    func open() {
        #expect(gateway.match(method: "GET", target: "/status") == .open)
    }

    @Test(
        "Whatever no token is good for is refused before any token is looked at, and names the operation without its query",
        arguments: [
            ("GET", "/nowhere?token=secret", "GET /nowhere"), ("PATCH", "/user", "PATCH /user"), ("GET", "/keyed#x", "GET /keyed"),
            ("GET", "/accounts/../user", "GET /accounts/../user"), ("GET", "//user", "GET //user"),
            ("GET", "/%2e%2e/user", "GET /%2e%2e/user"),
        ])
    func missingOperation(method: String, target: String, operation: String) throws {
        guard case .refused(let refusal) = gateway.match(method: method, target: target[...]) else { throw Unexpected() }
        #expect(refusal.status == 403 && refusal.error == "insufficient_scope")
        #expect(refusal.missing == Refusal.Missing(operation: operation))
        #expect(!refusal.wantsAuthorizeURL && refusal.challengeScopes.isEmpty)
        #expect(!refusal.challenge(resourceMetadata: "https://api.example/meta").contains("scope=\""))
    }

    @Test("A preflight of a described path passes, unless the setting is off or the document describes OPTIONS itself")
    func preflight() throws {
        #expect(gateway.match(method: "OPTIONS", target: "/accounts/x/zones") == .open)
        #expect(gateway.match(method: "OPTIONS", target: "/keyed") == .open)
        guard case .refused = gateway.match(method: "OPTIONS", target: "/nowhere") else { throw Unexpected() }
        guard case .refused = gateway.match(method: "OPTIONS", target: "/accounts/x/../zones") else { throw Unexpected() }
        guard case .needsToken = gateway.match(method: "OPTIONS", target: "/accounts/x/dns") else { throw Unexpected() }
        let strict = try GatewayDecisionTests.gateway(answersPreflight: false)
        guard case .refused = strict.match(method: "OPTIONS", target: "/accounts/x/zones") else { throw Unexpected() }
    }

    @Test("A catalogue that opens unknown operations lets them pass, but no malformed path")
    func opensUnknownOperations() throws {
        var catalogue = try Fixture.catalogue()
        catalogue.opensUnknownOperations = true
        let gateway = GatewayDecision(catalogue: catalogue, matcher: OperationMatcher(catalogue), answersPreflight: false)
        #expect(gateway.match(method: "GET", target: "/nowhere") == .open)
        guard case .refused = gateway.match(method: "GET", target: "/a//b") else { throw Unexpected() }
        guard case .refused = gateway.match(method: "GET", target: "/keyed") else { throw Unexpected() }
    }

    // MARK: Without a good token

    @Test("RFC 6750 §3.1: no token, no error code; a bad token is invalid_token; both say which scope it takes")
    func challenges() {
        let asked = GatewayDecision.Asked(alternatives: [["a", "b"], ["c"]], account: acme)
        let missing = gateway.missingToken(asked)
        #expect(missing.status == 401 && missing.error == nil && missing.challengeScopes == ["c"])
        #expect(!missing.challenge(resourceMetadata: "https://api.example/meta").contains("error"))
        #expect(missing.json(authorizeURL: nil)["error"] == nil)
        let invalid = gateway.invalidToken(asked)
        #expect(invalid.status == 401 && invalid.error == "invalid_token")
        let challenge = invalid.challenge(resourceMetadata: "https://api.example/meta")
        #expect(challenge.hasPrefix("Bearer "))
        #expect(challenge.contains("error=\"invalid_token\"") && challenge.contains("resource_metadata=\"https://api.example/meta\""))
        #expect(gateway.invalidToken(asked, .userDisabled).description == Inactive.userDisabled.description)
    }

    // MARK: With an account in the path

    @Test("A scope that the role allows there passes, and the answer names the account as the API does")
    func allowed() throws {
        #expect(
            try decide([["dns.write"]], acme)
                == .allowed(
                    GatewayDecision.Allowed(accountHeader: acme, scopes: ["dns.read", "dns.write", "offline_access", "openid"])))
        #expect(
            try decide([["dns.read"]], birch)
                == .allowed(GatewayDecision.Allowed(accountHeader: birch, scopes: ["dns.read", "offline_access", "openid"])))
    }

    @Test("The account may be called by its name in the API or by its identifier; the name wins")
    func names() throws {
        let change: (inout Standing) -> Void = { $0.memberships[0].account.reference = "birch-co" }
        for name in ["birch-co", birch] {
            guard case .allowed(let allowed) = try decide([["dns.read"]], name, change) else { throw Unexpected() }
            #expect(allowed.accountHeader == "birch-co")
        }
        let confusing: (inout Standing) -> Void = {
            $0.memberships[0].account.reference = Fixture.acmeID.description
            $0.memberships[1].account.reference = "acme-co"
        }
        guard case .refused(let refusal) = try decide([["dns.write"]], acme, confusing) else { throw Unexpected() }
        #expect(refusal.missing.role == ["dns.write"])
    }

    @Test("Any alternative will do, all labels of one must be there, an empty one takes any token for the account")
    func alternatives() throws {
        func passes(_ alternatives: [ScopeSet], _ account: String) throws -> Bool {
            if case .allowed = try decide(alternatives, account) { true } else { false }
        }
        #expect(try passes([["zone.read"], ["dns.read"]], birch))
        #expect(try passes([["dns.read", "dns.write"]], acme))
        #expect(try !passes([["dns.read", "dns.write"]], birch))
        #expect(try passes([[]], birch))
        #expect(try !passes([[]], Fixture.pineID.description))
        #expect(try passes([["dns.read", "openid"]], birch))
        #expect(try !passes([], acme))
    }

    @Test("An account that was not granted gets the same answer whether it exists or not")
    func missingAccount() throws {
        let cedar = Fixture.id(0xC)
        let stranger = try refusal([["dns.write"]], cedar.description)
        let member = try refusal([["dns.write"]], cedar.description) {
            $0.memberships.append(Fixture.membership(Fixture.account(cedar, "Cedar"), Fixture.administrator))
        }
        #expect(stranger == member)
        #expect(stranger.status == 403 && stranger.missing == Refusal.Missing(account: cedar.description))
        #expect(stranger.wanted == Refusal.Wanted(scopes: ["dns.write"], account: cedar.description))
        let both = try refusal([["zone.write"]], cedar.description)
        #expect(both.missing == Refusal.Missing(scope: ["zone.write"], account: cedar.description))
    }

    @Test("A scope that the token does not hold is named, and a consent for just that is offered")
    func missingScope() throws {
        let refusal = try refusal([["dns.read", "zone.write"]], acme)
        #expect(refusal.error == "insufficient_scope")
        #expect(refusal.missing == Refusal.Missing(scope: ["zone.write"]))
        #expect(refusal.wanted == Refusal.Wanted(scopes: ["zone.write"], account: acme))
        #expect(refusal.challenge(resourceMetadata: "m").contains("scope=\"zone.write\""))
        #expect(refusal.description.contains("zone.write"))
    }

    @Test("A scope that the user's own role does not allow is named as that, and nobody is sent to consent")
    func missingRole() throws {
        let refusal = try refusal([["dns.write"]], birch)
        #expect(refusal.missing == Refusal.Missing(role: ["dns.write"]))
        #expect(!refusal.wantsAuthorizeURL && refusal.challengeScopes.isEmpty)
        #expect(refusal.description.contains("role"))
        let both = try self.refusal([["dns.write", "zone.read"]], birch)
        #expect(both.missing == Refusal.Missing(scope: ["zone.read"], role: ["dns.write"]))
        #expect(!both.wantsAuthorizeURL)
    }

    @Test("Of several alternatives the one that lacks the fewest is named, and of equals one that the user can grant")
    func least() throws {
        #expect(try refusal([["zone.read", "zone.write"], ["dns.read", "zone.write"]], acme).missing.scope == ["zone.write"])
        #expect(try refusal([["zone.read"], ["zone.write"]], acme).missing.scope == ["zone.read"])
        #expect(try refusal([["dns.write"], ["zone.read"]], birch).missing == Refusal.Missing(scope: ["zone.read"]))
    }

    // MARK: Without an account in the path

    @Test("Scopes alone decide, and all accounts where the operation is allowed are listed, ascending")
    func anyAccount() throws {
        let all: ScopeSet = ["dns.read", "dns.write", "offline_access", "openid"]
        #expect(try decide([["dns.read"]], nil) == .allowed(GatewayDecision.Allowed(accountHeader: "\(acme),\(birch)", scopes: all)))
        #expect(try decide([["dns.write"]], nil) == .allowed(GatewayDecision.Allowed(accountHeader: acme, scopes: all)))
        let named: (inout Standing) -> Void = {
            $0.memberships[0].account.reference = "a-birch"
            $0.memberships[1].account.reference = "z-acme"
        }
        #expect(try decide([["dns.read"]], nil, named) == .allowed(GatewayDecision.Allowed(accountHeader: "a-birch,z-acme", scopes: all)))
    }

    @Test("Labels of one alternative must come together in one account")
    func together() throws {
        let change: (inout Standing) -> Void = {
            $0.memberships[0].roles = [Role(id: Fixture.id(3), name: "Writer", permissions: ["*.write"])]
            $0.memberships[1].roles = [Fixture.reader]
        }
        let refusal = try refusal([["dns.read", "dns.write"]], nil, change)
        #expect(refusal.missing.role.count == 1 && refusal.missing.scope.isEmpty)
    }

    @Test("What is missing is measured in the account that comes nearest")
    func nearest() throws {
        #expect(try refusal([["dns.write", "zone.read"]], nil).missing == Refusal.Missing(scope: ["zone.read"]))
        #expect(try refusal([["zone.read"]], nil).wanted == Refusal.Wanted(scopes: ["zone.read"], account: nil))
        #expect(try refusal([["dns.write"]], nil, { $0.memberships = [Fixture.birch] }).missing == Refusal.Missing(role: ["dns.write"]))
    }

    @Test("With no account left only the protocol's own scopes open anything")
    func noAccountLeft() throws {
        let gone: (inout Standing) -> Void = { $0.memberships = [] }
        #expect(
            try decide([["openid"]], nil, gone)
                == .allowed(GatewayDecision.Allowed(accountHeader: "", scopes: ["offline_access", "openid"])))
        let refusal = try refusal([["dns.read"]], nil, gone)
        #expect(refusal.missing == Refusal.Missing(role: ["dns.read"]))
        #expect(refusal.wanted == Refusal.Wanted(scopes: ["dns.read"], account: nil))
    }
}
