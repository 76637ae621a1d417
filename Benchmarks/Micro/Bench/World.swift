import Delegation
import OAuth

/// What the measures are about: a user in two accounts, an app with four scopes, a document with 659 operations.
struct World {
    let now: Int64 = 1_795_525_509
    let keys = MACKeyRing([MACKey(id: 1, key: Array(0..<32), activeFrom: 0)])
    let scopes: ScopeSet = ["dns.read", "dns.write", "offline_access", "openid", "zone.read"]
    let standing: Standing
    /// The same with a thousand resources chosen in one account.
    let narrowed: Standing
    let authority: Authority
    let gateway: GatewayDecision
    let matcher: OperationMatcher
    let accessToken: String
    let refreshToken: String
    let form: [UInt8]

    static func id(_ low: UInt64) -> Identifier { Identifier(high: 0xFEDC_BA98_7654_3210, low: low) }

    init() throws {
        let everything = World.standing(scopes, now: now, ResourceChoice.everything)
        standing = everything
        let zones = ResourceIDs((0..<1000).map { World.id(UInt64($0)).description })
        narrowed = World.standing(scopes, now: now, ResourceChoice([World.id(0xA): ["zone": .some(zones)]]))
        authority = try Authority.of(everything, tokenScopes: scopes, tokenID: 7, now: now).get()
        let catalogue = try Catalogue.imported(from: JSON(parsing: World.document()), file: "api.json").catalogue
        matcher = OperationMatcher(catalogue)
        gateway = GatewayDecision(catalogue: catalogue, matcher: matcher, answersPreflight: true)
        accessToken = try AccessToken(
            familyID: World.id(0x40), tokenID: 7, issuedAt: now, lifetime: 3600, selection: .all, audience: nil
        ).text(keys: keys)
        refreshToken = try RefreshToken(familyID: World.id(0x40), generation: 12).text(keys: keys, issuedAt: now)
        form = Array("token=\(accessToken)&token_type_hint=access_token&x=a%20b+c".utf8)
    }

    private static func standing(_ scopes: ScopeSet, now: Int64, _ resources: ResourceChoice) -> Standing {
        func account(_ low: UInt64, _ name: String) -> Account {
            Account(id: id(low), reference: nil, name: name, isSuspended: false, createdAt: 1)
        }
        let userID = id(0x10)
        let accounts = [account(0xA, "Acme"), account(0xB, "Birch")]
        return Standing(
            family: TokenFamily(
                id: id(0x40), authorizationID: id(0x30), originalScopes: scopes, scopes: scopes, accountIDs: accounts.map { $0.id },
                resources: resources, installationID: id(0x41), createdAt: now - 1000, expiresAt: now + 1_000_000,
                idleExpiresAt: now + 500_000, redirectURI: "https://app.example/cb", userAgent: "Firefox", authenticatedAt: now - 1001,
                audience: "https://api.example"),
            authorization: Authorization(
                id: id(0x30), userID: userID, clientID: id(0x20), scopes: scopes, accountIDs: accounts.map { $0.id }, resources: resources,
                createdAt: now - 1000, expiresAt: nil),
            registration: .init(
                Client(
                    id: id(0x20), accountID: id(0xF), name: "DNS Pilot", visibility: .public, authenticationMethod: .basic,
                    grantTypes: [.authorizationCode, .refreshToken], redirectURIs: ["https://app.example/cb"], scopes: scopes,
                    optionalScopes: ["dns.write"], createdAt: 1, updatedAt: 1), of: account(0xF, "Pine")),
            person: .init(
                User(id: userID, email: "ada@acme.example", name: "Ada", createdAt: 1),
                memberships: accounts.map {
                    Membership(account: $0, userID: userID, roles: [Role(id: id(1), name: "Administrator", permissions: ["*"])])
                }))
    }

    /// As many operations as the document of a large cloud has.
    private static func document() -> [UInt8] {
        var paths: [String] = []
        for index in 0..<659 {
            let scope = index % 2 == 0 ? "zone.read" : "dns.read"
            paths.append(
                #""/accounts/{account_id}/kind\#(index)/{id}":{"get":{"tags":["K"],"summary":"s","security":[{"oauth":["\#(scope)"]}]}}"#)
        }
        let scheme =
            #"{"type":"oauth2","flows":{"authorizationCode":{"authorizationUrl":"https://x.example","tokenUrl":"https://x.example","#
            + #""scopes":{"zone.read":"Read zones","dns.read":"Read records"}}}}"#
        return Array(
            (#"{"openapi":"3.0.3","info":{"title":"Cloud","version":"1"},"components":{"securitySchemes":{"oauth":\#(scheme)}},"#
                + #""paths":{\#(paths.joined(separator: ","))}}"#).utf8)
    }
}
