import Delegation
import OAuth
import Storage

/// OAuth clients as the account that owns them runs them: the one thing that pages and management API both call.
///
/// Accounts and clients are named as a path names them; a client of another account does not exist.
struct ClientAdministration: Sendable {
    let deployment: Deployment
    let principal: Principal
    let exchange: Exchange

    /// A client whose secret is shown this once; nil where it has none.
    typealias Created = (registered: RegisteredClient, secret: Secret<String>?)

    func list(in account: Substring) async throws -> [RegisteredClient] {
        let account = try principal.require(.viewClients, in: account)
        try await deployment.uses.flush(to: deployment.store)
        return try await deployment.store.registeredClients(accountID: account.id)
    }

    func get(_ client: Substring, in account: Substring) async throws -> RegisteredClient {
        let account = try principal.require(.viewClients, in: account)
        try await deployment.uses.flush(to: deployment.store)
        return try known(try await deployment.store.registeredClient(id(client), of: account.id))
    }

    func create(_ registration: ClientRegistration, in account: Substring) async throws -> Created {
        let account = try principal.require(.manageClients, in: account)
        let change: ClientRegistration.Change
        do {
            change = try registration.newClient(
                deployment.random.identifier(), accountID: account.id, catalogue: deployment.catalogue.current.catalogue,
                random: deployment.random.identifier(), now: exchange.now)
        } catch {
            throw InvalidInput(error)
        }
        let secret = change.client.keepsSecret ? newSecret() : nil
        var proof: HostProof?
        if case .start(let begun) = change.proof { proof = begun }
        guard
            try await deployment.store.createClient(
                change.client, secret: secret.map { ($0.id, Credential.hash($0.text.reveal())) }, proof: proof, actor: actor,
                now: exchange.now) == .created
        else { throw AccessProblem.notFound("There is no such account.") }
        let registered = try known(try await deployment.store.registeredClient(change.client.id, of: account.id))
        return (registered, secret?.text)
    }

    func update(_ client: Substring, in account: Substring, _ registration: ClientRegistration) async throws -> RegisteredClient {
        let account = try principal.require(.manageClients, in: account)
        let catalogue = deployment.catalogue.current.catalogue
        let (random, now) = (deployment.random.identifier(), exchange.now)
        let outcome = try await deployment.store.changeClient(id(client), of: account.id, actor: actor, now: now) {
            (before) throws(ClientRegistration.Problems) in
            try registration.change(before, catalogue: catalogue, random: random, now: now)
        }
        switch outcome {
        case .changed(let registered): return registered
        case .refused(let problems): throw InvalidInput(problems)
        case .unknown: throw Self.unknown
        }
    }

    /// Ends every authorization of the client, at once.
    func delete(_ client: Substring, in account: Substring) async throws -> Identifier {
        let account = try principal.require(.manageClients, in: account)
        let id = try id(client)
        guard try await deployment.store.deleteClient(id, of: account.id, actor: actor, now: exchange.now) else { throw Self.unknown }
        return id
    }

    // MARK: Secrets

    /// A second secret, shown this once; the first one goes on working until it is deleted.
    func rotateSecret(of client: Substring, in account: Substring) async throws -> Secret<String> {
        let account = try principal.require(.manageClients, in: account)
        let secret = newSecret()
        let outcome = try await deployment.store.addClientSecret(
            (secret.id, Credential.hash(secret.text.reveal())), to: id(client), of: account.id, actor: actor, now: exchange.now)
        switch outcome {
        case .added: return secret.text
        case .twoAlready:
            throw InvalidInput("The client has two secrets already. Delete the older one, once nothing uses it any more, and rotate again.")
        case .publicClient: throw InvalidInput("The client has no secret: it proves itself by PKCE alone.")
        case .ownKeys: throw InvalidInput("The client has no secret: it proves itself by its own key. Change its jwks instead.")
        case .unknown: throw Self.unknown
        }
    }

    /// Takes the older of two secrets away.
    func deleteRotatedSecret(of client: Substring, in account: Substring) async throws -> Identifier {
        let account = try principal.require(.manageClients, in: account)
        let id = try id(client)
        switch try await deployment.store.removeOlderClientSecret(of: id, of: account.id, actor: actor, now: exchange.now) {
        case .removed: return id
        case .noOlder: throw InvalidInput("The client has no older secret that could be deleted. Rotate its secret first.")
        case .unknown: throw Self.unknown
        }
    }

    // MARK: Proof

    /// Seconds between two questions to DNS about the same host, whoever asks for them.
    static let restBetweenChecks: Int64 = 10

    /// Looks in DNS at once for the record that proves the host.
    /// - Returns: the client with its proof as it stands afterwards.
    func checkHost(of client: Substring, in account: Substring) async throws -> RegisteredClient {
        let account = try principal.require(.manageClients, in: account)
        let registered = try known(try await deployment.store.registeredClient(id(client), of: account.id))
        guard let before = registered.proof else {
            throw InvalidInput("The client has no URL whose host could be proven. Set client_uri first.")
        }
        if before.status == .verified { return registered }
        if before.status == .failed {
            throw InvalidInput("The proof has failed and is looked for no more. Save client_uri again to start anew.")
        }
        let after = try await HostProver(deployment: deployment).checkNow(
            registered.client.id, rest: Self.restBetweenChecks, actor: actor)
        if let after, after.attempts == before.attempts, let checkedAt = after.checkedAt {
            // It may have been looked for in the very moment of the question.
            throw AccessProblem.tooOften(
                "DNS was asked a moment ago: \(after.text) Ask again in a few seconds.",
                retryAfter: max(1, checkedAt + Self.restBetweenChecks - exchange.now))
        }
        return try known(try await deployment.store.registeredClient(registered.client.id, of: account.id))
    }

    /// Who would feel that the client is deleted, frozen or private again.
    func consequences(of client: Substring, in account: Substring) async throws -> ClientConsequences {
        let account = try principal.require(.viewClients, in: account)
        guard var counted = try await deployment.store.consequences(of: id(client), of: account.id, now: exchange.now) else {
            throw Self.unknown
        }
        counted.callsLastDay = try await deployment.callsLastDay(of: id(client), now: exchange.now)
        return counted
    }

    /// Everything that is wrong with a registration, without doing anything.
    /// - Parameter client: the one that it would change; nil: a new one.
    func problems(
        _ registration: ClientRegistration, of client: Substring?, in account: Substring
    ) async throws -> [ClientRegistration.Problem] {
        let account = try principal.require(.manageClients, in: account)
        var before: RegisteredClient?
        if let client { before = try known(try await deployment.store.registeredClient(id(client), of: account.id)) }
        let (catalogue, random) = (deployment.catalogue.current.catalogue, deployment.random.identifier())
        do throws(ClientRegistration.Problems) {
            if let before {
                _ = try registration.change(before, catalogue: catalogue, random: random, now: exchange.now)
            } else {
                _ = try registration.newClient(random, accountID: account.id, catalogue: catalogue, random: random, now: exchange.now)
            }
            return []
        } catch {
            return error.all
        }
    }

    // MARK: Break-glass

    /// Has everything of the client stand still, everywhere, until it is thawed.
    func setFrozen(_ isFrozen: Bool, _ client: Substring, in account: Substring) async throws -> RegisteredClient {
        let account = try principal.require(.manageClients, in: account)
        return try known(
            try await deployment.store.setClientFrozen(id(client), of: account.id, isFrozen, actor: actor, now: exchange.now))
    }

    // MARK: Parts

    private static let unknown = AccessProblem.notFound("There is no such client.")

    private var actor: Actor { principal.actor(exchange) }

    private func id(_ client: Substring) throws -> Identifier {
        guard let id = Identifier(client) else { throw Self.unknown }
        return id
    }

    private func known(_ registered: RegisteredClient?) throws -> RegisteredClient {
        guard let registered else { throw Self.unknown }
        return registered
    }

    private func newSecret() -> (id: Identifier, text: Secret<String>) {
        let text = Credential.text(prefix: .clientSecret, random: deployment.random.bytes(Credential.randomLength))
        return (deployment.random.identifier(), Secret(text))
    }
}

extension InvalidInput {
    init(_ problems: ClientRegistration.Problems) {
        self.init(problems.all.map { Problem(pointer: $0.pointer, text: $0.text) })
    }
}
