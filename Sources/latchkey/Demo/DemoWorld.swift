import AsyncHTTPClient
import Delegation
import Hummingbird
import Logging
import OAuth
import Server
import ServiceLifecycle
import Storage

/// Everybody and everything of a demo, with the secrets, as its state determines them.
struct DemoWorld {
    let ports: [Int]
    let issuer: Issuer
    private let seed: DemoSeed
    private let clientSecrets: [Identifier: String]
    private let resourceServer: (id: Identifier, secret: String)
    private let apiTokens: [(id: Identifier, userID: Identifier, email: String, value: String)]
    private let catalogue: ImportedCatalogue

    init(state: DemoState, catalogue: ImportedCatalogue, isOwnCatalogue: Bool) throws {
        ports = state.ports
        do {
            issuer = try Issuer("http://127.0.0.1:\(state.ports[0])")
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        self.catalogue = catalogue
        let labels = isOwnCatalogue ? nil : ScopeSet(catalogue.catalogue.scopes.map(\.label))
        let seed = DemoSeed(
            appRedirectURI: "http://127.0.0.1:\(state.ports[3])/callback", catalogueLabels: labels,
            random: state.randomness(for: "people and clients"), now: state.createdAt)
        self.seed = seed
        let random = state.randomness(for: "credentials")
        var secrets: [Identifier: String] = [:]
        for client in seed.clients where !client.isPublicClient {
            secrets[client.id] = Credential.text(prefix: .clientSecret, random: random.bytes(32))
        }
        clientSecrets = secrets
        resourceServer = (random.identifier(), Credential.text(prefix: .clientSecret, random: random.bytes(32)))
        apiTokens = seed.people.map { person in
            (random.identifier(), person.user.id, person.user.email, Credential.text(prefix: .apiToken, random: random.bytes(32)))
        }
    }

    var api: String { "http://127.0.0.1:\(ports[2])" }
    var app: String { "http://127.0.0.1:\(ports[3])" }
    private var internalOrigin: String { "http://127.0.0.1:\(ports[1])" }

    /// The demo API behind the check, and the demo app.
    func services(
        _ client: HTTPClient, _ log: Logger, whenListening: @escaping @Sendable () async -> Void
    ) throws -> [any Service] {
        var quiet = log
        quiet.logLevel = max(log.logLevel, .warning)
        let api = DemoAPI(
            internalOrigin: internalOrigin, accounts: seed.accounts.map { ($0.id.description, $0.name) }, httpClient: client)
        let pilot = seed.clients[0]
        let app = try DemoApp(
            issuer: issuer.description, api: self.api, clientID: pilot.id.description,
            clientSecret: Secret(clientSecrets[pilot.id] ?? ""), redirectURI: pilot.redirectURIs[0], scopes: pilot.scopes,
            httpClient: client)
        return [
            api.application(port: ports[2], logger: quiet, whenListening: { _ in await whenListening() }),
            app.application(port: ports[3], logger: quiet, whenListening: { _ in await whenListening() }),
        ]
    }

    // MARK: Putting it into storage

    /// Makes everybody and everything, once, and brings clients up to the ports and the catalogue of this start.
    /// - Parameter isSeeded: an earlier start finished making them. What was deleted since then stays deleted.
    func ensure(in store: Store, isSeeded: Bool, now: Int64) async throws {
        let actor = Actor(userID: nil, address: "demo")
        try await CatalogueImport.store(catalogue, in: store, actor: actor, now: now)
        if !isSeeded { try await seed(store, actor, now) }
        for client in seed.clients {
            guard var known = try await store.clientForAuthentication(client.id)?.client else { continue }
            known.redirectURIs = client.redirectURIs
            known.postLogoutRedirectURIs = client.postLogoutRedirectURIs
            known.scopes = client.scopes
            known.optionalScopes = client.optionalScopes
            _ = try await store.updateClient(known, actor: actor, now: now)
        }
    }

    /// A start that was cut short is gone on with: whatever is there already is left as it is.
    private func seed(_ store: Store, _ actor: Actor, _ now: Int64) async throws {
        for account in seed.accounts { _ = try await store.createAccount(account, actor: actor, now: now) }
        try await seedPeople(store, actor, now)
        if catalogue.catalogue.resourceType("zone") != nil { try await registerZones(store, actor, now) }
        for client in seed.clients {
            let secret = clientSecrets[client.id].map { (id: client.id, hash: Credential.hash($0)) }
            _ = try await store.createClient(client, secret: secret, actor: actor, now: now)
        }
        if try await store.resourceServer(resourceServer.id) == nil {
            try await store.createResourceServer(
                ResourceServerRecord(
                    id: resourceServer.id, name: "Demo API", secretHash: Credential.hash(resourceServer.secret), createdAt: now),
                actor: actor, now: now)
        }
    }

    /// As the demo's API would do whenever it makes one.
    private func registerZones(_ store: Store, _ actor: Actor, _ now: Int64) async throws {
        for account in seed.accounts {
            let zones = Cloud.firstZones(account.id.description, name: account.name).map { (id: $0.id, name: $0.name) }
            _ = try await store.putResources(zones, type: "zone", accountID: account.id, actor: actor, now: now)
        }
    }

    private func seedPeople(_ store: Store, _ actor: Actor, _ now: Int64) async throws {
        let roles = try await store.roles()
        let passwords = Passwords()
        for person in seed.people {
            let hash = try await passwords.hash(person.password, for: person.user.email)
            _ = try await store.createUser(person.user, passwordHash: hash, actor: actor, now: now)
            for (accountID, name) in person.memberships {
                let ids = roles.filter { $0.name == name }.map(\.id)
                _ = try await store.addMember(userID: person.user.id, accountID: accountID, roleIDs: ids, actor: actor, now: now)
            }
        }
        for token in apiTokens where try await store.apiToken(hash: Credential.hash(token.value)) == nil {
            try await store.createAPIToken(
                APIToken(id: token.id, owner: .user(token.userID), name: "Demo", createdAt: now), hash: Credential.hash(token.value),
                actor: actor, now: now)
        }
    }

    // MARK: Saying so

    /// The line that programs read.
    func line(catalogue file: String) -> JSON {
        [
            "issuer": .string(issuer.description), "management": .string(issuer.url("/api/v4")), "internal": .string(internalOrigin),
            "api": .string(api), "app": .string(app), "catalogue": .string(file),
            "pages": [
                "connected_apps": .string(issuer.url("/connected-apps")), "sessions": .string(issuer.url("/sessions")),
                "sign_out": .string(issuer.url("/sign-out")),
            ],
            "accounts": .array(seed.accounts.map { ["id": .string($0.id.description), "name": .string($0.name)] }),
            "users": .array(
                seed.people.map { person in
                    [
                        "email": .string(person.user.email), "password": .string(person.password.reveal()),
                        "memberships": .array(
                            person.memberships.map { ["account_id": .string($0.accountID.description), "role": .string($0.role)] }),
                    ]
                }),
            "clients": .array(seed.clients.map(json)),
            "resource_server": [
                "client_id": .string(resourceServer.id.description), "client_secret": .string(resourceServer.secret),
            ],
            "api_tokens": .array(apiTokens.map { ["user": .string($0.email), "value": .string($0.value)] }),
        ]
    }

    private func json(_ client: Client) -> JSON {
        [
            "client_id": .string(client.id.description), "client_secret": JSON(clientSecrets[client.id]),
            "client_name": .string(client.name), "account_id": .string(client.accountID.description),
            "visibility": .string(client.visibility.rawValue),
            "token_endpoint_auth_method": .string(client.authenticationMethod.rawValue),
            "grant_types": JSON(client.grantTypes.map(\.rawValue)), "redirect_uris": JSON(client.redirectURIs),
            "post_logout_redirect_uris": JSON(client.postLogoutRedirectURIs), "scopes": JSON(client.scopes.labels),
            "optional_scopes": JSON(client.optionalScopes.labels),
            "id_token_signed_response_alg": .string(client.idTokenAlgorithm.rawValue),
        ]
    }

    /// The same for a person.
    var introduction: String {
        let people = seed.people.map { person in
            let places = person.memberships.map { place in
                "\(place.role) of \(seed.accounts.first { $0.id == place.accountID }?.name ?? "")"
            }
            return [person.user.email, person.password.reveal(), places.joined(separator: ", ")]
        }
        let places = [
            ["The app", app, "click \"Connect your account\""],
            ["Connected apps", issuer.url("/connected-apps"), "what you allowed, and its end"],
            ["Accounts", issuer.url("/accounts"), "as ada: OAuth clients, members, app policy, audit log"],
            ["The API", api, "no pages; refuses whoever brings no token"],
            ["Mail", issuer.url("/outbox"), "what a demo would have sent"],
        ]
        return """

              Latchkey is running.

            \(Output.table(places).split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))

              Sign in as one of:

            \(Output.table(people).split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))

              Stop with Ctrl-C. Everything is kept; start again to go on.

            """
    }
}
