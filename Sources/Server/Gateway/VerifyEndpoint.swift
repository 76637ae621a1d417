import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/verify/…` on the internal listener: a gateway asks about one request to the protected API.
///
/// Each form of asking has a route of its own and reads only its own headers; `Authorization` is the only credential.
struct VerifyEndpoint: Sendable {
    let deployment: Deployment

    private static let originalMethod = HTTPField.Name("X-Original-Method")!
    private static let originalURI = HTTPField.Name("X-Original-URI")!
    private static let forwardedMethod = HTTPField.Name("X-Forwarded-Method")!
    private static let forwardedURI = HTTPField.Name("X-Forwarded-Uri")!

    /// nginx `auth_request`, HAProxy.
    func nginx(_ exchange: Exchange) async throws -> Response {
        try await answer(exchange, method: Self.originalMethod, target: Self.originalURI)
    }

    /// Traefik, Caddy.
    func forwardAuth(_ exchange: Exchange) async throws -> Response {
        try await answer(exchange, method: Self.forwardedMethod, target: Self.forwardedURI)
    }

    /// Envoy's HTTP external authorization: the request itself, with a path prefix.
    func envoy(_ exchange: Exchange) async throws -> Response {
        let target = (exchange.request.head.path ?? "").dropFirst("/verify/envoy".utf8.count)
        return try await decide(method: exchange.method.rawValue, target: target, exchange)
    }

    /// A gateway that asks in no known form must not take a 404 for anything.
    func unknownForm(_ exchange: Exchange) async throws -> Response {
        Self.answer(.forbidden, "insufficient_scope", "Ask at /verify/nginx, /verify/forward-auth or /verify/envoy/.")
    }

    private func answer(_ exchange: Exchange, method: HTTPField.Name, target: HTTPField.Name) async throws -> Response {
        let methods = exchange.request.headers[values: method]
        let targets = exchange.request.headers[values: target]
        guard methods.count == 1, targets.count == 1 else {
            return Self.answer(.forbidden, "insufficient_scope", "The gateway should say which request this is, once.")
        }
        return try await decide(method: methods[0], target: targets[0][...], exchange)
    }

    private func decide(method: String, target: Substring, _ exchange: Exchange) async throws -> Response {
        let catalogue = deployment.catalogue.current
        let gateway = GatewayDecision(
            catalogue: catalogue.catalogue, matcher: catalogue.matcher, answersPreflight: deployment.settings.answersPreflight)
        let asked: GatewayDecision.Asked
        switch gateway.match(method: method, target: target) {
        case .open: return Response(status: .ok, headers: Self.identity())
        case .refused(let refusal):
            await countRefused(refusal, exchange)
            return refused(refusal)
        case .needsToken(let operation): asked = operation
        }
        let text: String
        switch BearerToken.read(exchange.request.headers[values: .authorization]) {
        case .absent: return refused(gateway.missingToken(asked))
        case .malformed: return refused(gateway.invalidToken(asked))
        case .token(let token): text = token
        }
        guard let (claims, standing) = try await deployment.accessToken(text) else { return refused(gateway.invalidToken(asked)) }
        if exchange.now >= claims.expiresAt {
            deployment.usage.refused(.expired, standing.client.id, at: exchange.now)
            return refused(gateway.invalidToken(asked))
        }
        let scopes = claims.scopes(from: standing.family.originalScopes)
        switch Authority.of(standing, tokenScopes: scopes, tokenID: claims.tokenID, now: exchange.now) {
        case .failure(let reason):
            deployment.usage.refused(.inactive, standing.client.id, at: exchange.now)
            return refused(gateway.invalidToken(asked, reason))
        case .success(let authority):
            switch gateway.decide(asked, authority: authority) {
            case .allowed(let allowed):
                for account in allowed.unenforced {
                    deployment.unenforced.record(account, standing, at: exchange.now, address: deployment.callerAddress(exchange))
                }
                deployment.uses.record(standing.family.id, at: exchange.now, address: deployment.callerAddress(exchange))
                let needed = asked.alternatives.first { $0.isSubset(of: allowed.scopes) } ?? []
                deployment.usage.called(.verify, standing.client.id, needing: needed, at: exchange.now)
                let identity = Self.identity(
                    user: standing.user.id.description, client: standing.client.id.description, account: allowed.accountHeader,
                    scope: allowed.scopes.description, resources: allowed.resourceHeader)
                return Response(status: .ok, headers: identity)
            case .refused(let refusal):
                deployment.usage.refused(refusal.reason, standing.client.id, at: exchange.now)
                return refused(refusal, client: standing.client)
            }
        }
    }

    /// What is refused whoever asks is counted where a good token says whose call it was. It changes no answer.
    private func countRefused(_ refusal: Refusal, _ exchange: Exchange) async {
        guard case .token(let text) = BearerToken.read(exchange.request.headers[values: .authorization]),
            let (_, standing) = try? await deployment.accessToken(text)
        else { return }
        deployment.usage.refused(refusal.reason, standing.client.id, at: exchange.now)
    }

    private func refused(_ refusal: Refusal, client: Client? = nil) -> Response {
        var url: String?
        // A link to a request that is bound to be refused helps nobody.
        if let client, let wanted = refusal.wanted, wanted.scopes.ofAPI.isSubset(of: client.scopes) {
            url = deployment.authorizeURL(clientID: client.id, scopes: wanted.scopes, account: wanted.account)
        }
        var requestURL: String?
        if let client, let ask = refusal.ask {
            requestURL = deployment.appRequestURL(accountID: ask.accountID, clientID: client.id, scopes: ask.scopes)
        }
        let body = refusal.json(authorizeURL: url, requestURL: requestURL)
        var headers = Self.identity()
        headers[.latchkeyRefusal] = body.asciiText
        headers[.wwwAuthenticate] = refusal.challenge(resourceMetadata: deployment.resourceMetadataURL)
        return .json(refusal.status == 401 ? .unauthorized : .forbidden, body, headers: headers)
    }

    /// An answer that concerns the asking itself.
    static func answer(_ status: HTTPResponse.Status, _ code: String, _ description: String) -> Response {
        let body: JSON = ["error": .string(code), "error_description": .string(description)]
        var headers = identity()
        headers[.latchkeyRefusal] = body.asciiText
        return .json(status, body, headers: headers)
    }

    /// Set on every answer, so that a gateway which copies them overwrites what a caller sent.
    private static func identity(
        user: String = "", client: String = "", account: String = "", scope: String = "", resources: String = ""
    ) -> HTTPFields {
        var headers = HTTPFields()
        headers.reserveCapacity(10)
        headers[.latchkeyUser] = user
        headers[.latchkeyClient] = client
        headers[.latchkeyAccount] = account
        headers[.latchkeyScope] = scope
        headers[.latchkeyResources] = resources
        return headers
    }
}
