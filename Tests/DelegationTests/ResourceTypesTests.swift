import OAuth
import Testing

@testable import Delegation

extension Fixture {
    private static let zonesDocument = """
        {"openapi":"3.1.0","info":{"title":"Cloud","version":"1"},"x-latchkey":{"resources":[RESOURCES]},
         "components":{"securitySchemes":{"oauth":{"type":"oauth2","flows":{}}}},
         "paths":{
           "/accounts/{account_id}/zones":{"get":{"security":[{"oauth":["zone.read"]}]}},
           "/accounts/{account_id}/zones/{zone_id}":{"get":{"security":[{"oauth":["zone.read"]}]},
             "patch":{"security":[{"oauth":["zone.write"]}]}},
           "/accounts/{account_id}/zones/{zone_id}/dns":{"get":{"security":[{"oauth":["dns.read"]}]}},
           "/accounts/{account_id}/queues":{"get":{"security":[{"oauth":["queue.read"]}]}},
           "/zones":{"get":{"security":[{"oauth":["zone.read"]}]}},
           "/zones/{zone_id}":{"get":{"security":[{"oauth":["zone.read"]}]}},
           "/any/{zone_id}":{"get":{"security":[{"oauth":[]}]}},
           "/copy/{zone_id}/{target_id}":{"get":{"security":[{"oauth":["zone.read"]}]}}}}
        """
    static let zoneType = #"{"type":"zone","plural":"zones","parameters":["zone_id","target_id"]}"#

    static func zonesCatalogue(_ resources: String = zoneType, overrides: JSON? = nil) throws -> Catalogue {
        let text = zonesDocument.split(separator: "RESOURCES", omittingEmptySubsequences: false).joined(separator: resources)
        return try Catalogue.imported(from: JSON(parsing: text), file: "api.json", overrides: overrides, overridesFile: "o.yaml").catalogue
    }

    static func zones(_ ids: String...) -> ResourceChoice.Types { ["zone": .some(ResourceIDs(ids))] }

    /// Ada's app with zones of Acme and of Birch chosen; nil: all of them.
    static func zonesAuthority(acme: ResourceChoice.Types?, birch: ResourceChoice.Types? = nil) throws -> Authority {
        let scopes: ScopeSet = ["zone.read", "zone.write", "dns.read"]
        var choice: [Identifier: ResourceChoice.Types] = [:]
        choice[acmeID] = acme
        choice[birchID] = birch
        var family = family(scopes: scopes)
        family.resources = ResourceChoice(choice)
        let standing = Standing(
            family: family, authorization: authorization(scopes: scopes), registration: .init(client(), of: account(pineID, "Pine")),
            person: .init(
                User(id: userID, email: "ada@acme.example", name: "Ada", createdAt: 1), memberships: [Fixture.birch, Fixture.acme]))
        return try Authority.of(standing, tokenScopes: scopes, tokenID: 7, now: now).get()
    }
}

@Suite("Types of resources in the catalogue")
struct ResourceTypesTests {
    @Test("A type narrows the scopes of the operations that name one of it, unless the document says which")
    func scopes() throws {
        let type = try #require(try Fixture.zonesCatalogue().resourceType("zone"))
        #expect(type.scopes == ["dns.read", "zone.read", "zone.write"] && type.name == "zone" && type.count(2) == "2 zones")
        let limited = try Fixture.zonesCatalogue(#"{"type":"zone","parameter":"zone_id","scopes":["dns.read"]}"#)
        #expect(limited.resourceType("zone")?.scopes == ["dns.read"])
        let match = OperationMatcher(limited).match(method: "GET", target: "/zones/z1")
        guard case .operation(let found) = match else { throw Unexpected() }
        #expect(found.resources.isEmpty)
    }

    @Test("The overrides' list stands in place of the document's, and the stored form keeps it")
    func overridesAndStorage() throws {
        let overrides: JSON = ["resources": [["type": "domain", "name": "domain", "plural": "domains", "parameters": ["zone_id"]]]]
        let catalogue = try Fixture.zonesCatalogue(overrides: overrides)
        #expect(catalogue.resourceTypes.map(\.label) == ["domain"])
        #expect(try Catalogue(json: catalogue.json) == catalogue)
        guard case .object(var old) = catalogue.json else { throw Unexpected() }
        old["resource_types"] = nil
        #expect(try Catalogue(json: .object(old)).resourceTypes.isEmpty)
    }

    @Test(
        "What is wrong is told with its place",
        arguments: [
            (#"{"type":"Zone","parameter":"zone_id"}"#, "/0/type"), (#"{"parameter":"zone_id"}"#, "/0"), (#"{"type":"zone"}"#, "/0"),
            (#"{"type":"zone","parameter":"nothing"}"#, "/0"), (#"{"type":"zone","parameter":"account_id"}"#, "/0"),
            (#"{"type":"zone","parameter":"zone_id","scopes":["no.such"]}"#, "/0"), (#"{"type":"zone","parameter":7}"#, "/0/parameter"),
            (#"{"type":"zone","parameter":"zone_id","colour":"red"}"#, "/0/colour"),
            (#"{"type":"zone","parameter":"zone_id"},{"type":"zone","parameter":"zone_id"}"#, "/1"),
            (#"{"type":"zone","parameter":"zone_id"},{"type":"site","parameter":"zone_id"}"#, "/1"),
        ])
    func errors(resources: String, pointer: String) {
        let error = #expect(throws: CatalogueErrors.self) { try Fixture.zonesCatalogue(resources) }
        #expect(error?.errors.map(\.pointer).contains("/x-latchkey/resources" + pointer) == true, "\(String(describing: error))")
    }

    struct Unexpected: Error {}
}

@Suite("The check in front of the API, with resources")
struct ResourceDecisionTests {
    let gateway: GatewayDecision
    let acme = Fixture.acmeID.description
    let birch = Fixture.birchID.description

    init() throws {
        let catalogue = try Fixture.zonesCatalogue()
        gateway = GatewayDecision(catalogue: catalogue, matcher: OperationMatcher(catalogue), answersPreflight: false)
    }

    struct Unexpected: Error {}

    func decide(_ method: String, _ target: String, _ authority: Authority) throws -> GatewayDecision.Decision {
        guard case .needsToken(let asked) = gateway.match(method: method, target: target[...]) else { throw Unexpected() }
        return gateway.decide(asked, authority: authority)
    }

    func allowed(_ target: String, _ authority: Authority) throws -> GatewayDecision.Allowed {
        guard case .allowed(let allowed) = try decide("GET", target, authority) else { throw Unexpected() }
        return allowed
    }

    func refusal(_ target: String, _ authority: Authority, method: String = "GET") throws -> Refusal {
        guard case .refused(let refusal) = try decide(method, target, authority) else { throw Unexpected() }
        return refusal
    }

    @Test("A resource passes where it was chosen, compared byte by byte after one decoding")
    func inTheAccount() throws {
        let authority = try Fixture.zonesAuthority(acme: Fixture.zones("z1", "z 2"))
        for target in ["/accounts/\(acme)/zones/z1", "/accounts/\(acme)/zones/%7A1", "/accounts/\(acme)/zones/z%202/dns"] {
            #expect(try allowed(target, authority).resourceHeader == "")
        }
        for target in ["/accounts/\(acme)/zones/z3", "/accounts/\(acme)/zones/Z1", "/accounts/\(acme)/zones/z1;x"] {
            #expect(try refusal(target, authority).missing.resource != nil)
        }
        #expect(try allowed("/accounts/\(birch)/zones/z3", authority).accountHeader == birch)
    }

    @Test("The refusal names the resource and its type, and what else is missing")
    func refused() throws {
        let authority = try Fixture.zonesAuthority(acme: Fixture.zones("z1"), birch: Fixture.zones("z1"))
        let one = try refusal("/accounts/\(acme)/zones/z3", authority)
        #expect(one.status == 403 && one.missing == Refusal.Missing(resource: "z3") && one.description.contains("zone z3"))
        #expect(one.wanted == Refusal.Wanted(scopes: ["zone.read"], account: acme))
        let both = try refusal("/accounts/\(birch)/zones/z3", authority, method: "PATCH")
        #expect(both.missing == Refusal.Missing(resource: "z3", role: ["zone.write"]))
    }

    @Test("Without an account in the path, only the accounts where it was chosen are left")
    func inAnyAccount() throws {
        let authority = try Fixture.zonesAuthority(acme: Fixture.zones("z1"), birch: Fixture.zones("z2"))
        #expect(try allowed("/zones/z1", authority).accountHeader == acme)
        #expect(try allowed("/zones/z2", authority).accountHeader == birch)
        #expect(try refusal("/zones/z3", authority).missing == Refusal.Missing(resource: "z3"))
        #expect(try allowed("/any/z1", authority).accountHeader == acme)
        #expect(try refusal("/any/z3", authority).missing == Refusal.Missing(resource: "z3"))
        #expect(try allowed("/copy/z1/z1", authority).accountHeader == acme)
        #expect(try refusal("/copy/z1/z3", authority).missing == Refusal.Missing(resource: "z3"))
        #expect(try refusal("/copy/z1/z2", authority).missing == Refusal.Missing(resource: "z1"))
        #expect(try allowed("/zones/z9", Fixture.zonesAuthority(acme: Fixture.zones("z1"))).accountHeader == birch)
    }

    @Test("A list is narrowed by the header; what has nothing to do with the type is not")
    func lists() throws {
        let authority = try Fixture.zonesAuthority(acme: Fixture.zones("z1", "a,b"), birch: Fixture.zones("z2"))
        #expect(try allowed("/accounts/\(acme)/zones", authority).resourceHeader == "zone=a%2Cb,z1")
        #expect(try allowed("/zones", authority).resourceHeader == "\(acme)/zone=a%2Cb,z1;\(birch)/zone=z2")
        // One account is narrowed, the other is not: only the narrowed one is named.
        let one = try Fixture.zonesAuthority(acme: Fixture.zones("z1"))
        #expect(try allowed("/zones", one).resourceHeader == "\(acme)/zone=z1")
        #expect(try allowed("/accounts/\(birch)/zones", one).resourceHeader == "")
    }

    @Test("A list that is too long for a header is none, and leaves the others their place")
    func longLists() throws {
        func ids(_ count: Int) -> ResourceChoice.Types { ["zone": .some(ResourceIDs((0..<count).map { "zone-\(10_000 + $0)" }))] }
        let fits = try allowed("/accounts/\(acme)/zones", Fixture.zonesAuthority(acme: ids(300))).resourceHeader
        #expect(fits.utf8.count <= ResourceHeader.maximumLength && fits.split(separator: ",").count == 300)
        #expect(try allowed("/accounts/\(acme)/zones", Fixture.zonesAuthority(acme: ids(400))).resourceHeader == "zone=!")
        let two = try allowed("/zones", Fixture.zonesAuthority(acme: ids(400), birch: Fixture.zones("z2"))).resourceHeader
        #expect(two == "\(acme)/zone=!;\(birch)/zone=z2")
        let odd = (0..<40).map { String(repeating: "é", count: 30) + "\($0)" }
        let encoded = try allowed("/accounts/\(acme)/zones", Fixture.zonesAuthority(acme: ["zone": .some(ResourceIDs(odd))]))
        #expect(encoded.resourceHeader == "zone=!")
    }

    @Test("Introspection names what is narrowed, and nothing where it is not")
    func details() throws {
        let authority = try Fixture.zonesAuthority(acme: Fixture.zones("z1", "é"))
        #expect(
            try JSON(parsing: authority.authorizationDetails) == [
                ["type": "account", "identifier": .string(acme), "resources": ["zone": ["z1", "é"]]],
                ["type": "account", "identifier": .string(birch), "scope": "dns.read zone.read"],
            ])
    }
}

@Suite("Consent to resources")
struct ResourceConsentTests {
    struct Unexpected: Error {}

    private func offer(existing: Authorization? = nil, consents: [Consent] = []) throws -> ConsentOffer {
        ConsentOffer(
            client: Fixture.client(), requested: ["dns.read", "zone.read"], catalogue: try Fixture.zonesCatalogue(),
            memberships: [Fixture.acme, Fixture.birch], policies: [], existing: existing, consents: consents, preselectedAccounts: [],
            now: Fixture.now)
    }

    private func read(_ fields: [(String, String)]) throws -> ConsentChoice {
        let form: [(String, String)] = [
            ("account", Fixture.acmeID.description), ("scope", "dns.read"), ("scope", "zone.read"), ("lifetime", "0"),
            ("decision", "allow"),
        ]
        let known = [ResourceSelection.Key(Fixture.acmeID, "zone"): ResourceIDs(["z1", "z2"])]
        return ConsentChoice.read(try Fixture.form(Parameters.encode(form + fields)), offer: try offer(), known: known, now: Fixture.now)
    }

    private var radio: String { "resources_\(Fixture.acmeID)_zone" }
    private func zone(_ id: String, _ account: Identifier = Fixture.acmeID) -> (String, String) { ("resource", "\(account)/zone/\(id)") }

    @Test("Without a word about them all are meant; ticks count only where some are meant")
    func granted() throws {
        for fields in [[], [(radio, "all")], [(radio, "all"), zone("z1")]] {
            guard case .granted(let grant) = try read(fields) else { throw Unexpected() }
            #expect(grant.resources == ResourceChoice([Fixture.acmeID: ["zone": .all]]))
        }
        guard case .granted(let grant) = try read([(radio, "some"), zone("z2"), zone("z9", Fixture.birchID)]) else { throw Unexpected() }
        #expect(grant.resources == ResourceChoice([Fixture.acmeID: Fixture.zones("z2")]))
    }

    @Test("None, an unknown one and an unreadable choice are asked again, with what can be kept")
    func problems() throws {
        let cases: [([(String, String)], [String])] = [
            ([(radio, "some")], []), ([(radio, "some"), zone("z1"), zone("nowhere")], ["z1"]), ([(radio, "most"), zone("z1")], ["z1"]),
            ([(radio, "some"), zone("z1", Fixture.birchID)], []),
        ]
        for (fields, kept) in cases {
            guard case .invalid(.resources, let selection) = try read(fields) else { throw Unexpected() }
            #expect(selection.resources.chosen[.init(Fixture.acmeID, "zone")]?.strings ?? [] == kept)
            #expect(selection.accountIDs == [Fixture.acmeID])
        }
    }

    @Test("A form that speaks of one account's resources and not of another's, which it could not show, is asked again")
    func unseen() throws {
        let birch = ResourceSelection.Key(Fixture.birchID, "zone")
        func read(_ fields: [(String, String)]) throws -> ConsentChoice {
            let form: [(String, String)] = [
                ("account", Fixture.acmeID.description), ("account", Fixture.birchID.description), ("scope", "dns.read"),
                ("scope", "zone.read"), ("lifetime", "0"), ("decision", "allow"),
            ]
            return ConsentChoice.read(
                try Fixture.form(Parameters.encode(form + fields)), offer: try offer(), unshown: [birch], now: Fixture.now)
        }
        guard case .invalid(.resources(.unseen), let selection) = try read([(radio, "all")]) else { throw Unexpected() }
        #expect(selection.accountIDs == [Fixture.acmeID, Fixture.birchID].sorted())
        for fields in [[], [(radio, "all"), ("resources_\(Fixture.birchID)_zone", "all")]] {
            guard case .granted = try read(fields) else { throw Unexpected() }
        }
    }

    @Test("What an authorization in force is narrowed to is chosen already; what one had that ended is not")
    func preselected() throws {
        var existing = Fixture.authorization(scopes: ["dns.read", "zone.read"], accounts: [Fixture.acmeID])
        existing.resources = ResourceChoice([Fixture.acmeID: Fixture.zones("z1", "z2")])
        let key = ResourceSelection.Key(Fixture.acmeID, "zone")
        let initial = try offer(existing: existing).initialChoice.resources
        #expect(initial.narrowed == [key] && initial.chosen == [key: ResourceIDs(["z1", "z2"])])
        existing.endedAt = Fixture.now
        #expect(try offer(existing: existing).initialChoice.resources == ResourceSelection())
    }

    @Test("Without a page an app gets the resources of one consent, within what the authorization still has")
    func covered() throws {
        func consent(_ zones: String...) -> Consent {
            Consent(
                scopes: ["dns.read", "zone.read", "offline_access"], accountIDs: [Fixture.acmeID],
                resources: ResourceChoice([Fixture.acmeID: ["zone": .some(ResourceIDs(zones))]]), expiresAt: nil)
        }
        var existing = Fixture.authorization(scopes: ["dns.read", "zone.read", "offline_access"], accounts: [Fixture.acmeID])
        existing.resources = ResourceChoice([Fixture.acmeID: Fixture.zones("z1", "z2", "z3")])
        let one = try #require(try offer(existing: existing, consents: [consent("z1", "z2")]).coveredGrant)
        #expect(one.resources == ResourceChoice([Fixture.acmeID: Fixture.zones("z1", "z2")]))
        let newest = try #require(try offer(existing: existing, consents: [consent("z1", "z2"), consent("z3")]).coveredGrant)
        #expect(newest.resources == ResourceChoice([Fixture.acmeID: Fixture.zones("z3")]))
        existing.resources = ResourceChoice([Fixture.acmeID: Fixture.zones("z2")])
        let narrowed = try #require(try offer(existing: existing, consents: [consent("z1", "z2")]).coveredGrant)
        #expect(narrowed.resources == ResourceChoice([Fixture.acmeID: Fixture.zones("z2")]))
    }

    @Test("An authorization names no more than its bound")
    func bound() throws {
        let many = ResourceIDs((0...ResourceChoice.maximumCount).map { "z\($0)" })
        #expect(throws: Narrowing.Problem.self) {
            try Narrowing(
                Fixture.authorization(), client: Fixture.client(), keepingScopes: nil, keepingAccounts: nil,
                choosing: [Fixture.acmeID: ["zone": .some(many)]])
        }
        #expect(throws: Narrowing.Problem.self) {
            try Narrowing(
                Fixture.authorization(), client: Fixture.client(), keepingScopes: nil, keepingAccounts: nil,
                choosing: [Fixture.pineID: ["zone": .all]])
        }
    }
}
