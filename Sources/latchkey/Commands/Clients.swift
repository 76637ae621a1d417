import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey client …`
struct Clients: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "Add, list, suspend, resume and delete OAuth clients.",
        discussion: "Works beside a running server.",
        subcommands: [Add.self, List.self, Suspend.self, Resume.self, Delete.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a client. Its secret is printed once.",
            discussion: "A client that cannot keep a secret (native app, CLI, single-page app) is added with --native.")
        @Argument(help: "The client's name, as users see it.") var name: String
        @Option(help: "The id of the account that owns it.") var account: String
        @Option(help: "Where users are sent back to; may be repeated.") var redirectUri: [String]
        @Option(help: "Where users may be sent after signing out; may be repeated.") var postLogoutRedirectUri: [String] = []
        @Option(help: "The scopes that it may ask for, separated by spaces.") var scope: String
        @Option(help: "Those of them that a user may decline.") var optionalScope: String = ""
        @Flag(help: "Anybody may authorize it, not only members of its account.") var `public` = false
        @Flag(help: "It has no secret and proves itself by PKCE alone.") var native = false
        @Flag(help: "It sends its secret in the body instead of the Authorization header.") var post = false
        @Option(help: "The algorithm of its ID tokens: ES256, RS256 or EdDSA.") var idTokenAlgorithm: String = "ES256"
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let (client, secret) = try await checked(store)
            guard
                try await store.createClient(
                    client, secret: secret.map { (options.random.identifier(), Credential.hash($0.reveal())) }, actor: options.actor,
                    now: options.now) == .created
            else { throw CommandFailure.notFound("\(account): there is no such account.") }
            var json = Clients.json(client)
            json["client_secret"] = JSON(secret?.reveal())
            options.done(
                json,
                "Added client \(client.id)." + (secret.map { " Secret, shown this once: \($0.reveal())" } ?? " It has no secret."))
        }

        /// Everything that is wrong is said at once.
        private func checked(_ store: Store) async throws -> (Client, Secret<String>?) {
            var problems: [String] = []
            var name = name
            do { name = try DisplayName.checked(name) } catch { problems.append(error.description) }
            let accountID = try options.identifier(account, of: "account")
            guard try await store.account(accountID) != nil else { throw CommandFailure.notFound("\(account): there is no such account.") }
            for uri in redirectUri {
                do { try RedirectURI.requireRegistrable(uri, isNative: native) } catch { problems.append("\(uri): \(error)") }
            }
            for uri in postLogoutRedirectUri {
                do { try RedirectURI.requireRegistrable(uri, isNative: native) } catch { problems.append("\(uri): \(error)") }
            }
            guard let scopes = ScopeSet(parameter: scope), let optional = ScopeSet(parameter: optionalScope) else {
                throw CommandFailure.usage("--scope holds a character that no scope may have.")
            }
            if !optional.isSubset(of: scopes) { problems.append("--optional-scope names a scope that --scope does not.") }
            if let stored = try await store.currentCatalogue() {
                let catalogue = try Catalogue(json: JSON(parsing: stored))
                for label in scopes.ofAPI.labels where catalogue.scope(label) == nil {
                    problems.append("\(label): the catalogue has no such scope.")
                }
            }
            guard let algorithm = SigningAlgorithm(rawValue: idTokenAlgorithm) else {
                throw CommandFailure.usage("--id-token-algorithm should be ES256, RS256 or EdDSA.")
            }
            if !problems.isEmpty { throw CommandFailure.usage(problems.joined(separator: "\n")) }
            let client = Client(
                id: options.random.identifier(), accountID: accountID, name: name, visibility: `public` ? .public : .private,
                authenticationMethod: native ? .none : post ? .post : .basic, redirectURIs: redirectUri,
                postLogoutRedirectURIs: postLogoutRedirectUri, scopes: scopes.ofAPI, optionalScopes: optional.ofAPI,
                idTokenAlgorithm: algorithm, promotedAt: `public` ? options.now : nil, createdAt: options.now, updatedAt: options.now)
            let secret = native ? nil : Secret(Credential.text(prefix: .clientSecret, random: options.random.bytes(32)))
            return (client, secret)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the clients.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let clients = try await options.store().clients()
            options.list(clients.map(Clients.json), columns: ["client_id", "client_name", "account_id", "visibility", "status"])
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Suspend a client: nothing of it works until it is resumed.")
        @Argument(help: "The client's id.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Clients.setSuspended(true, id, options) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a suspension back; authorizations work again.")
        @Argument(help: "The client's id.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Clients.setSuspended(false, id, options) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a client and end every authorization of it.")
        @Argument(help: "The client's id.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            guard try await store.deleteClient(options.identifier(id, of: "client"), actor: options.actor, now: options.now) else {
                throw CommandFailure.notFound("\(id): there is no such client.")
            }
            options.done(["id": .string(id)], "Deleted client \(id).")
        }
    }

    private static func setSuspended(_ isSuspended: Bool, _ text: String, _ options: OperatorOptions) async throws {
        let store = try await options.store()
        let id = try options.identifier(text, of: "client")
        guard try await store.setClientSuspended(id, isSuspended, actor: options.actor, now: options.now) else {
            throw CommandFailure.notFound("\(text): there is no such client.")
        }
        let status = isSuspended ? "suspended" : "active"
        options.done(["id": .string(text), "status": .string(status)], "Client \(text) is \(status).")
    }

    static func json(_ client: Client) -> JSONObject {
        [
            "id": .string(client.id.description), "client_id": .string(client.id.description), "client_name": .string(client.name),
            "account_id": .string(client.accountID.description), "visibility": .string(client.visibility.rawValue),
            "status": .string(client.status.rawValue),
            "token_endpoint_auth_method": .string(client.authenticationMethod.rawValue),
            "redirect_uris": JSON(client.redirectURIs), "scopes": JSON(client.scopes.labels),
            "optional_scopes": JSON(client.optionalScopes.labels), "created_at": .string(Timestamp.text(client.createdAt)),
        ]
    }
}
