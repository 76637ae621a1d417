import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{a}/oauth_clients…`: the OAuth clients that an account owns.
struct ClientsEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        let (page, perPage) = try PageRequest.read(exchange)
        let clients = try await administration(exchange).list(in: exchange.captures[0])
        let results = PageRequest.slice(clients, page: page, perPage: perPage).map { JSON.object($0.json) }
        return Envelope.page(results, of: clients.count, page: page, perPage: perPage)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        let administration = try await administration(exchange)
        let registration = try await ClientRegistration(exchange)
        let (registered, secret) = try await administration.create(registration, in: exchange.captures[0])
        var json = registered.json
        if let secret { json["client_secret"] = .string(secret.reveal()) }
        return Envelope.result(.object(json))
    }

    func get(_ exchange: Exchange) async throws -> Response {
        let registered = try await administration(exchange).get(exchange.captures[1], in: exchange.captures[0])
        return Envelope.result(.object(registered.json))
    }

    func update(_ exchange: Exchange) async throws -> Response {
        let administration = try await administration(exchange)
        let registration = try await ClientRegistration(exchange)
        let registered = try await administration.update(exchange.captures[1], in: exchange.captures[0], registration)
        return Envelope.result(.object(registered.json))
    }

    func delete(_ exchange: Exchange) async throws -> Response {
        Self.named(try await administration(exchange).delete(exchange.captures[1], in: exchange.captures[0]))
    }

    func rotateSecret(_ exchange: Exchange) async throws -> Response {
        let secret = try await administration(exchange).rotateSecret(of: exchange.captures[1], in: exchange.captures[0])
        return Envelope.result(["client_secret": .string(secret.reveal())])
    }

    func deleteRotatedSecret(_ exchange: Exchange) async throws -> Response {
        Self.named(try await administration(exchange).deleteRotatedSecret(of: exchange.captures[1], in: exchange.captures[0]))
    }

    func freeze(_ exchange: Exchange) async throws -> Response { try await setFrozen(true, exchange) }

    func thaw(_ exchange: Exchange) async throws -> Response { try await setFrozen(false, exchange) }

    func checkHost(_ exchange: Exchange) async throws -> Response {
        let registered = try await administration(exchange).checkHost(of: exchange.captures[1], in: exchange.captures[0])
        return Envelope.result(.object(registered.json))
    }

    func consequences(_ exchange: Exchange) async throws -> Response {
        Envelope.result(try await administration(exchange).consequences(of: exchange.captures[1], in: exchange.captures[0]).json)
    }

    private func setFrozen(_ isFrozen: Bool, _ exchange: Exchange) async throws -> Response {
        let registered = try await administration(exchange).setFrozen(isFrozen, exchange.captures[1], in: exchange.captures[0])
        return Envelope.result(.object(registered.json))
    }

    private func administration(_ exchange: Exchange) async throws -> ClientAdministration {
        ClientAdministration(deployment: deployment, principal: try await deployment.requirePrincipal(exchange), exchange: exchange)
    }

    private static func named(_ id: Identifier) -> Response { Envelope.result(["id": .string(id.description)]) }
}

extension ClientRegistration {
    /// What the body of a call asks for.
    init(_ exchange: Exchange) async throws {
        var body = try await ManagementBody(exchange)
        self.init()
        name = body.string("client_name")
        visibility = body.string("visibility")
        authenticationMethod = body.string("token_endpoint_auth_method")
        grantTypes = body.strings("grant_types")
        responseTypes = body.strings("response_types")
        redirectURIs = body.strings("redirect_uris")
        postLogoutRedirectURIs = body.strings("post_logout_redirect_uris")
        allowedCORSOrigins = body.strings("allowed_cors_origins")
        scopes = body.strings("scopes")
        optionalScopes = body.strings("optional_scopes")
        purposes = body.texts("purposes")
        clientURI = body.clearable("client_uri")
        logoURI = body.clearable("logo_uri")
        policyURI = body.clearable("policy_uri")
        tosURI = body.clearable("tos_uri")
        idTokenAlgorithm = body.string("id_token_signed_response_alg")
        keys = body.object["jwks"]
        if body.has("jwks_uri"), body.object["jwks_uri"] != .null {
            body.reject(
                "/jwks_uri", "jwks_uri is not supported: nothing is fetched from a client. Send the public keys themselves as jwks.")
        }
        unreadable = body.problems.map { Problem(pointer: $0.pointer, text: $0.text) }
    }
}

extension ManagementBody {
    /// A text that can be taken away: null and the empty text are both empty.
    fileprivate mutating func clearable(_ name: String) -> String? { object[name] == .null ? "" : string(name) }

    /// An object of texts; null is an empty one.
    fileprivate mutating func texts(_ name: String) -> [String: String]? {
        guard let value = object[name] else { return nil }
        if value == .null { return [:] }
        var texts: [String: String] = [:]
        for (member, text) in value.objectValue?.members ?? [] { texts[member] = text.stringValue }
        guard let members = value.objectValue?.members, members.count == texts.count else {
            reject("/" + name, "\(name) should be an object of texts.")
            return nil
        }
        return texts
    }
}
