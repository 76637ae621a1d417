import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// Who calls a token-side endpoint.
extension Deployment {
    /// A caller of the introspection endpoint.
    enum Caller: Sendable {
        case client(Client)
        case resourceServer(Identifier)

        /// A client sees its own tokens, a resource server all (RFC 7662 §2.1).
        func maySee(_ standing: Standing) -> Bool {
            switch self {
            case .client(let client): standing.client.id == client.id
            case .resourceServer: true
            }
        }
    }

    /// The client that a request of the token or revocation endpoint comes from.
    /// - Throws: `EndpointError` (`invalid_client`, `invalid_request`).
    func authenticatedClient(_ exchange: Exchange, _ parameters: Parameters) async throws -> Client {
        let presented = try clientAuthentication(exchange, parameters)
        return try await client(presented, exchange)
    }

    /// A client with a secret, or a resource server.
    func authenticatedCaller(_ exchange: Exchange, _ parameters: Parameters) async throws -> Caller {
        let presented = try clientAuthentication(exchange, parameters)
        if let id = Identifier(presented.clientID), let server = try await clients.resourceServer(id, in: store) {
            guard presented.method != .none, presented.matches([server.secretHash]) else { throw unauthorized(presented) }
            return .resourceServer(id)
        }
        let client = try await client(presented, exchange)
        // A public client proves nothing, so it is nobody here.
        if client.isPublicClient { throw unauthorized(presented) }
        return .client(client)
    }

    private func clientAuthentication(_ exchange: Exchange, _ parameters: Parameters) throws -> ClientAuthentication {
        let headers = exchange.request.headers[values: .authorization]
        let realm = settings.issuer.description
        if headers.count > 1 {
            throw EndpointError(.invalidRequest("Send one Authorization header."), triedBasic: true, realm: realm)
        }
        do {
            return try ClientAuthentication(authorization: headers.first, parameters: parameters)
        } catch {
            throw EndpointError(error, triedBasic: !headers.isEmpty, realm: realm)
        }
    }

    private func client(_ presented: ClientAuthentication, _ exchange: Exchange) async throws -> Client {
        let client = try check(presented, try await clientEntry(presented), exchange)
        if let assertion = presented.assertion { try await use(assertion, by: client, exchange) }
        return client
    }

    /// RFC 7523 §3: what the client signed is for us, is good now, and was not used before.
    private func use(_ assertion: ClientAssertion, by client: Client, _ exchange: Exchange) async throws {
        do {
            let use = try assertion.use(by: client.id, issuer: settings.issuer, now: exchange.now)
            // One INSERT decides, so of two at once, on whichever node, one is let in.
            guard try await store.useAssertion(use) else { throw TokenError.invalidClient("The client assertion was used before.") }
        } catch let error as TokenError {
            usage.refused(.invalidClient, client.id, at: exchange.now)
            throw EndpointError(error)
        }
    }

    private func clientEntry(_ presented: ClientAuthentication) async throws -> ClientDirectory.Entry? {
        guard let id = Identifier(presented.clientID) else { return nil }
        return try await clients.client(id, in: store)
    }

    /// An unknown client, a wrong secret and a suspended client get the same answer in the same time.
    private func check(
        _ presented: ClientAuthentication, _ entry: ClientDirectory.Entry?, _ exchange: Exchange
    ) throws -> Client {
        let proven = presented.match(entry?.secretHashes ?? [])
        guard let entry, entry.client.status == .active, !entry.owner.isSuspended,
            presented.method == entry.client.authenticationMethod,
            proven != nil || entry.client.isPublicClient || presented.assertion?.isSigned(by: entry.client.keys) == true
        else {
            if let entry { usage.refused(.invalidClient, entry.client.id, at: exchange.now) }
            throw unauthorized(presented)
        }
        if let proven { uses.record(clientSecret: proven, at: exchange.now) }
        return entry.client
    }

    private func unauthorized(_ presented: ClientAuthentication) -> EndpointError {
        EndpointError(
            .invalidClient("The client is unknown, suspended, or did not prove who it is."), triedBasic: presented.method == .basic,
            realm: settings.issuer.description)
    }
}

extension EndpointError {
    /// RFC 6749 §5.2: 401 with a challenge only where Basic was tried.
    init(_ error: TokenError, triedBasic: Bool = false, realm: String = "") {
        let isChallenged = error.code == .invalidClient && triedBasic
        self.init(
            error.code == .invalidClient ? .unauthorized : .badRequest, error.code.rawValue, error.description,
            challenge: isChallenged ? "Basic realm=\"\(realm)\", charset=\"UTF-8\"" : nil)
    }
}
