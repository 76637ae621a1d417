import OAuth
import Testing

@testable import Delegation

@Suite("Registering and changing clients")
struct ClientRegistrationTests {
    private static let now = Fixture.now
    private static let random = Fixture.id(0x99)

    /// A web app that needs nothing more.
    private static func web(_ change: (inout ClientRegistration) -> Void = { _ in }) -> ClientRegistration {
        var asked = ClientRegistration()
        asked.name = "DNS Pilot"
        asked.authenticationMethod = "client_secret_basic"
        asked.grantTypes = ["authorization_code", "refresh_token"]
        asked.responseTypes = ["code"]
        asked.redirectURIs = ["https://app.example/cb"]
        asked.scopes = ["dns.read", "dns.write"]
        change(&asked)
        return asked
    }

    private static func created(_ asked: ClientRegistration) throws -> ClientRegistration.Change {
        try asked.newClient(
            Fixture.clientID, accountID: Fixture.pineID, catalogue: Fixture.catalogue(), random: random, now: now)
    }

    private static func changed(
        _ before: RegisteredClient, _ change: (inout ClientRegistration) -> Void
    ) throws -> ClientRegistration.Change {
        var asked = ClientRegistration()
        change(&asked)
        return try asked.change(before, catalogue: Fixture.catalogue(), random: random, now: now)
    }

    private static func registered(
        proof: HostProof.Status? = nil, _ change: (inout Client) -> Void = { _ in }
    ) throws -> RegisteredClient {
        var client = Fixture.client(visibility: .private)
        client.clientURI = proof == nil ? nil : "https://app.example/"
        change(&client)
        var known: HostProof?
        if let proof {
            known = HostProof(host: try PublisherHost(name: "app.example"), random: Fixture.id(7), now: 5)
            known?.status = proof
        }
        return RegisteredClient(client: client, secrets: [], proof: known)
    }

    private static func pointers(_ body: () throws -> Void) -> [String] {
        do {
            try body()
            return []
        } catch let problems as ClientRegistration.Problems {
            return problems.all.map(\.pointer)
        } catch {
            return ["\(error)"]
        }
    }

    @Test("a new client is private and has what was asked for")
    func create() throws {
        let client = try Self.created(
            Self.web { asked in
                asked.optionalScopes = ["dns.write"]
                asked.postLogoutRedirectURIs = ["https://app.example/bye"]
                asked.allowedCORSOrigins = ["https://app.example", "http://localhost:3000", "https://app.example"]
                asked.policyURI = "https://app.example/privacy"
                asked.purposes = ["dns.read": " To draw your zones. "]
            }
        ).client
        #expect(client.visibility == .private && client.promotedAt == nil && !client.isFrozen)
        #expect(client.scopes == ["dns.read", "dns.write"])
        #expect(client.optionalScopes == ["dns.write"])
        #expect(client.allowedCORSOrigins == ["https://app.example", "http://localhost:3000"])
        #expect(client.purposes == ["dns.read": "To draw your zones."])
        #expect(client.requiresPKCE)
        #expect((client.createdAt, client.updatedAt) == (Self.now, Self.now))
    }

    @Test("a client without a secret uses PKCE, and it alone may have a scheme of its own")
    func publicClient() throws {
        let native = try Self.created(
            Self.web { asked in
                asked.authenticationMethod = "none"
                asked.redirectURIs = ["com.example.app:/callback", "http://127.0.0.1/callback"]
            }
        ).client
        #expect(native.isPublicClient && native.requiresPKCE)
        let before = RegisteredClient(client: native, secrets: [], proof: nil)
        #expect(
            Self.pointers { _ = try Self.changed(before) { $0.authenticationMethod = "client_secret_post" } } == ["/redirect_uris/0"])
    }

    @Test(
        "openid and offline_access follow from response and grant types",
        arguments: [
            (["code"], ["authorization_code"], ["dns.read", "dns.write"]),
            (["code"], ["authorization_code", "refresh_token"], ["dns.read", "dns.write", "offline_access"]),
            (["code", "id_token"], ["authorization_code"], ["dns.read", "dns.write", "openid"]),
            (["id_token", "code"], ["refresh_token", "authorization_code"], ["dns.read", "dns.write", "offline_access", "openid"]),
        ] as [([String], [String], [String])])
    func impliedScopes(responseTypes: [String], grantTypes: [String], scopes: [String]) throws {
        for named in [["dns.read", "dns.write"], ["openid", "dns.read", "offline_access", "dns.write"]] {
            let client = try Self.created(
                Self.web { asked in
                    asked.responseTypes = responseTypes
                    asked.grantTypes = grantTypes
                    asked.scopes = named
                }
            ).client
            #expect(client.registeredScopes.labels == scopes)
            #expect(RegisteredClient(client: client, secrets: [], proof: nil).json["scopes"]?.stringsValue == scopes)
        }
    }

    /// One mistake, and the members that are named for it.
    struct Mistake: Sendable, CustomTestStringConvertible {
        let name: String
        let pointers: [String]
        let make: @Sendable (inout ClientRegistration) -> Void
        var testDescription: String { name }

        init(_ name: String, _ pointers: String..., make: @escaping @Sendable (inout ClientRegistration) -> Void) {
            self.name = name
            self.pointers = pointers
            self.make = make
        }
    }

    static let mistakes: [Mistake] = [
        Mistake("no name", "/client_name") { $0.name = nil },
        Mistake("an empty name", "/client_name") { $0.name = "  " },
        Mistake("a name that turns text around", "/client_name") { $0.name = "DNS \u{202E}toliP" },
        Mistake("a name too long", "/client_name") { $0.name = String(repeating: "x", count: 101) },
        Mistake("an unknown method", "/token_endpoint_auth_method") { $0.authenticationMethod = "client_secret_jwt" },
        Mistake("an unknown grant", "/grant_types/1") { $0.grantTypes = ["authorization_code", "implicit"] },
        Mistake("no code grant", "/grant_types") { $0.grantTypes = ["refresh_token"] },
        Mistake("no grant", "/grant_types") { $0.grantTypes = [] },
        Mistake("implicit response type", "/response_types/1") { $0.responseTypes = ["code", "token"] },
        Mistake("no code", "/response_types") { $0.responseTypes = ["id_token"] },
        Mistake("no redirect URI", "/redirect_uris") { $0.redirectURIs = [] },
        Mistake("plain http", "/redirect_uris/1") { $0.redirectURIs = ["https://app.example/cb", "http://app.example/cb"] },
        Mistake("scheme of its own with a secret", "/redirect_uris/0") { $0.redirectURIs = ["com.example.app:/cb"] },
        Mistake("code in a redirect URI", "/redirect_uris/0") { $0.redirectURIs = ["javascript:alert(1)"] },
        Mistake("too many redirect URIs", "/redirect_uris") { $0.redirectURIs = (0...100).map { "https://app.example/\($0)" } },
        Mistake("post-logout URI with a fragment", "/post_logout_redirect_uris/0") {
            $0.postLogoutRedirectURIs = ["https://app.example/#x"]
        },
        Mistake("origin with a path", "/allowed_cors_origins/0") { $0.allowedCORSOrigins = ["https://app.example/"] },
        Mistake("plain origin", "/allowed_cors_origins/1") { $0.allowedCORSOrigins = ["http://localhost", "http://app.example"] },
        Mistake("any origin", "/allowed_cors_origins/0") { $0.allowedCORSOrigins = ["*"] },
        Mistake("unknown scope", "/scopes/1") { $0.scopes = ["dns.read", "nothing.read"] },
        Mistake("unseen characters in a scope", "/scopes/0") { $0.scopes = ["dns.\u{202E}read"] },
        Mistake("optional but not asked", "/optional_scopes/0") { $0.optionalScopes = ["zone.read"] },
        Mistake("protocol scopes optional", "/optional_scopes/0", "/optional_scopes/1") {
            $0.scopes = ["openid", "offline_access", "dns.read"]
            $0.optionalScopes = ["openid", "offline_access"]
        },
        Mistake("purpose of another scope", "/purposes/zone.read") { $0.purposes = ["zone.read": "Why not"] },
        Mistake("purpose too long", "/purposes/dns.read") { $0.purposes = ["dns.read": String(repeating: "x", count: 201)] },
        Mistake("purpose of a name with slashes", "/purposes/a~1b~0c") { $0.purposes = ["a/b~c": "x"] },
        Mistake("client URL without TLS", "/client_uri") { $0.clientURI = "http://app.example" },
        Mistake("client URL at an address", "/client_uri") { $0.clientURI = "https://192.0.2.1/" },
        Mistake("logo without TLS", "/logo_uri") { $0.logoURI = "http://app.example/logo.png" },
        Mistake("logo inline", "/logo_uri") { $0.logoURI = "data:image/png;base64,xyz" },
        Mistake("policy with a password", "/policy_uri") { $0.policyURI = "https://a:b@app.example/" },
        Mistake("terms without a host", "/tos_uri") { $0.tosURI = "https:///terms" },
        Mistake("unknown algorithm", "/id_token_signed_response_alg") { $0.idTokenAlgorithm = "none" },
        Mistake("public at once", "/visibility") { $0.visibility = "public" },
    ]

    @Test("each mistake is named by its member", arguments: mistakes)
    func oneMistake(mistake: Mistake) {
        #expect(Self.pointers { _ = try Self.created(Self.web(mistake.make)) } == mistake.pointers)
    }

    @Test("all mistakes are told at once, and what could not be read is not missing besides")
    func allAtOnce() {
        var asked = ClientRegistration()
        asked.unreadable = [ClientRegistration.Problem(pointer: "/client_name", text: "client_name should be a text.")]
        asked.redirectURIs = ["http://app.example", "nonsense"]
        asked.clientURI = "ftp://app.example"
        #expect(
            Self.pointers { _ = try Self.created(asked) } == [
                "/client_name", "/grant_types", "/response_types", "/scopes", "/token_endpoint_auth_method", "/redirect_uris/0",
                "/redirect_uris/1", "/client_uri",
            ])
    }

    @Test("what is not named stays")
    func patch() throws {
        let before = try Self.registered { client in
            client.purposes = ["dns.write": "To fix records."]
            client.logoURI = "https://app.example/logo.png"
        }
        let after = try Self.changed(before) { $0.name = "Renamed" }.client
        var expected = before.client
        expected.name = "Renamed"
        expected.updatedAt = Self.now
        #expect(after == expected)
        #expect(try Self.changed(before) { $0.logoURI = "" }.client.logoURI == nil)
        #expect(try Self.changed(before) { _ in }.client == before.client)
        let (old, new) = before.client.difference(to: after)
        #expect(old == ["client_name": "DNS Pilot"] && new == ["client_name": "Renamed"])
    }

    @Test("what hangs on a scope goes with it")
    func fewerScopes() throws {
        let before = try Self.registered { $0.purposes = ["dns.write": "To fix records.", "dns.read": "To see them."] }
        let after = try Self.changed(before) { $0.scopes = ["dns.read", "zone.read"] }.client
        #expect(after.scopes == ["dns.read", "zone.read"])
        #expect(after.optionalScopes == ["zone.read"])
        #expect(after.purposes == ["dns.read": "To see them."])
    }

    @Test("a scope that the catalogue has lost stays until it is taken away")
    func lostScope() throws {
        let before = try Self.registered { client in
            client.scopes = ["dns.read", "gone.read"]
            client.optionalScopes = []
        }
        #expect(try Self.changed(before) { $0.scopes = ["dns.read", "gone.read"] }.client == before.client)
        #expect(try Self.changed(before) { $0.name = "Renamed" }.client.scopes == before.client.scopes)
    }

    @Test("a URL begins the proof of its host, the same URL begins it anew, and a proven host stays")
    func proof() throws {
        let plain = try Self.registered()
        guard case .start(let begun) = try Self.changed(plain, { $0.clientURI = "https://App.example/about" }).proof else {
            Issue.record("no proof began")
            return
        }
        #expect(begun.host.name == "app.example" && begun.status == .pending && begun.nextCheckAt == Self.now)
        #expect(begun.value == "latchkey-client-publisher=" + Self.random.description)

        let failed = try Self.registered(proof: .failed)
        guard case .start(let again) = try Self.changed(failed, { $0.clientURI = "https://app.example/" }).proof else {
            Issue.record("the proof did not begin anew")
            return
        }
        #expect(again.value == failed.proof?.value && again.status == .pending)
        #expect(try Self.changed(failed) { $0.clientURI = "" }.proof == .forget)
        #expect(try Self.changed(failed) { $0.name = "Renamed" }.proof == .keep)

        let proven = try Self.registered(proof: .verified)
        #expect(try Self.changed(proven) { $0.clientURI = "https://app.example/other" }.proof == .keep)
        for other in ["https://other.example/", ""] {
            #expect(Self.pointers { _ = try Self.changed(proven) { $0.clientURI = other } } == ["/client_uri"])
        }
    }

    @Test("publishing takes a logo, a proven host and a scope of the API")
    func publish() throws {
        func missing(_ registered: RegisteredClient) -> [String] {
            Self.pointers { _ = try Self.changed(registered) { $0.visibility = "public" } }
        }
        #expect(missing(try Self.registered()) == ["/logo_uri", "/client_uri"])
        for status in [HostProof.Status.pending, .inProgress, .failed] {
            #expect(missing(try Self.registered(proof: status) { $0.logoURI = "https://app.example/l.png" }) == ["/client_uri"])
        }
        #expect(
            missing(
                try Self.registered(proof: .verified) { client in
                    client.logoURI = "https://app.example/l.png"
                    client.scopes = ["profile", "email"]
                }) == ["/scopes"])
        let ready = try Self.registered(proof: .verified) { $0.logoURI = "https://app.example/l.png" }
        let published = try Self.changed(ready) { $0.visibility = "public" }.client
        #expect(published.visibility == .public && published.promotedAt == Self.now)

        let shown = RegisteredClient(client: published, secrets: [], proof: ready.proof)
        #expect(Self.pointers { _ = try Self.changed(shown) { $0.logoURI = "" } } == ["/logo_uri"])
        #expect(Self.pointers { _ = try Self.changed(shown) { $0.scopes = [] } } == ["/scopes"])
        let back = try Self.changed(shown) { $0.visibility = "private" }.client
        #expect(back.visibility == .private && back.promotedAt == nil)
        #expect(Self.pointers { _ = try Self.changed(ready) { $0.visibility = "secret" } } == ["/visibility"])
    }

    @Test("a client that the operator made public can be changed, though it lacks what publishing takes")
    func publicByOperator() throws {
        let seeded = try Self.registered { $0.visibility = .public }
        #expect(try Self.changed(seeded) { $0.name = "Renamed" }.client.visibility == .public)
        #expect(try Self.changed(seeded) { $0.visibility = "public" }.client == seeded.client)
    }

    /// The key of RFC 8037 appendix A.2.
    private static let keys: JSON = ["keys": [["kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"]]]

    @Test("a client with its own keys keeps no secret and may be asked without PKCE's being dropped")
    func ownKeys() throws {
        let client = try Self.created(
            Self.web {
                $0.authenticationMethod = "private_key_jwt"
                $0.keys = Self.keys
            }
        ).client
        #expect(client.keys?.keys.count == 1 && !client.keepsSecret && !client.isPublicClient && client.requiresPKCE)
        #expect(client.registration["jwks"] == client.keys?.json)
        #expect(Self.pointers { _ = try Self.created(Self.web { $0.authenticationMethod = "private_key_jwt" }) } == ["/jwks"])
        #expect(Self.pointers { _ = try Self.created(Self.web { $0.keys = Self.keys }) } == ["/jwks"])
    }

    @Test("keys stay while nothing is said of them, and go with their method")
    func changingKeys() throws {
        let before = try Self.registered {
            $0.authenticationMethod = .privateKeyJWT
            $0.keys = try? ClientKeySet(Self.keys)
        }
        #expect(before.client.keys != nil)
        #expect(try Self.changed(before) { $0.name = "Renamed" }.client.keys == before.client.keys)
        #expect(try Self.changed(before) { $0.authenticationMethod = "client_secret_basic" }.client.keys == nil)
        #expect(Self.pointers { _ = try Self.changed(before) { $0.keys = .null } } == ["/jwks"])
        #expect(Self.pointers { _ = try Self.changed(before) { $0.keys = ["keys": []] } } == ["/jwks/keys"])
    }
}
