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

    /// How a gateway says which request it asks about.
    enum Form: Sendable {
        /// nginx `auth_request`, HAProxy.
        case nginx
        /// Traefik, Caddy.
        case forwardAuth
        /// Envoy's HTTP external authorization: the request itself, with a path prefix.
        case envoy
    }

    /// How far an answer comes without knowing anything about a token.
    private enum Step {
        case answered(Answer)
        /// It is refused whoever asks, and counted where a good token says whose call it was.
        case refused(Refusal)
        case token(TokenClaims, GatewayDecision, GatewayDecision.Asked)
        /// It names a key that this node has not heard of; the answer where nobody has.
        case unknownKey(Answer)
    }

    func answer(_ exchange: Exchange, _ form: Form) async throws -> Answer {
        var step = step(exchange, form)
        if case .unknownKey = step {
            try await deployment.keys.reread(from: deployment.store)
            step = self.step(exchange, form)
        }
        switch step {
        case .answered(let answer), .unknownKey(let answer): return answer
        case .refused(let refusal):
            await countRefused(refusal, exchange)
            return refused(refusal)
        case .token(let claims, let gateway, let asked):
            guard let standing = try await deployment.standing(claims.familyID) else { return refused(gateway.invalidToken(asked)) }
            return decide(claims, standing, gateway, asked, exchange)
        }
    }

    /// A gateway that asks in no known form must not take a 404 for anything.
    func unknownForm(_ exchange: Exchange) -> Answer {
        Self.answer(.forbidden, "insufficient_scope", "Ask at /verify/nginx, /verify/forward-auth or /verify/envoy/.")
    }

    private func step(_ exchange: Exchange, _ form: Form) -> Step {
        switch form {
        case .nginx: return step(exchange, method: Self.originalMethod, target: Self.originalURI)
        case .forwardAuth: return step(exchange, method: Self.forwardedMethod, target: Self.forwardedURI)
        case .envoy:
            let target = (exchange.request.head.path ?? "").dropFirst("/verify/envoy".utf8.count)
            return step(method: exchange.method.rawValue, target: target, exchange)
        }
    }

    private func step(_ exchange: Exchange, method: HTTPField.Name, target: HTTPField.Name) -> Step {
        let methods = exchange.request.headers[values: method]
        let targets = exchange.request.headers[values: target]
        guard methods.count == 1, targets.count == 1 else {
            return .answered(Self.answer(.forbidden, "insufficient_scope", "The gateway should say which request this is, once."))
        }
        return step(method: methods[0], target: targets[0][...], exchange)
    }

    private func step(method: String, target: Substring, _ exchange: Exchange) -> Step {
        let catalogue = deployment.catalogue.current
        let gateway = GatewayDecision(
            catalogue: catalogue.catalogue, matcher: catalogue.matcher, answersPreflight: deployment.settings.answersPreflight)
        let asked: GatewayDecision.Asked
        switch gateway.match(method: method, target: target) {
        case .open: return .answered(Answer(.ok, headers: Self.identity()))
        case .refused(let refusal): return .refused(refusal)
        case .needsToken(let operation): asked = operation
        }
        switch BearerToken.read(exchange.request.headers[values: .authorization]) {
        case .absent: return .answered(refused(gateway.missingToken(asked)))
        case .malformed: return .answered(refused(gateway.invalidToken(asked)))
        case .token(let text):
            guard let claims = deployment.claims(text) else {
                let answer = refused(gateway.invalidToken(asked))
                return deployment.keys.lackKey(of: text) ? .unknownKey(answer) : .answered(answer)
            }
            return .token(claims, gateway, asked)
        }
    }

    private func decide(
        _ claims: TokenClaims, _ standing: Standing, _ gateway: GatewayDecision, _ asked: GatewayDecision.Asked, _ exchange: Exchange
    ) -> Answer {
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
                return passed(allowed, asked, standing, exchange)
            case .refused(let refusal):
                deployment.usage.refused(refusal.reason, standing.client.id, at: exchange.now)
                return refused(refusal, client: standing.client)
            }
        }
    }

    private func passed(
        _ allowed: GatewayDecision.Allowed, _ asked: GatewayDecision.Asked, _ standing: Standing, _ exchange: Exchange
    ) -> Answer {
        let address = deployment.callerAddress(exchange)
        for account in allowed.unenforced { deployment.unenforced.record(account, standing, at: exchange.now, address: address) }
        deployment.uses.record(standing.family.id, at: exchange.now, address: address)
        let needed = asked.alternatives.first { $0.isSubset(of: allowed.scopes) } ?? []
        deployment.usage.called(.verify, standing.client.id, needing: needed, at: exchange.now)
        let identity = Self.identity(
            user: standing.user.id.description, client: standing.client.id.description, account: allowed.accountHeader,
            scope: allowed.scopes.description, resources: allowed.resourceHeader)
        return Answer(.ok, headers: identity)
    }

    /// What is refused whoever asks is counted where a good token says whose call it was. It changes no answer.
    private func countRefused(_ refusal: Refusal, _ exchange: Exchange) async {
        guard case .token(let text) = BearerToken.read(exchange.request.headers[values: .authorization]),
            let (_, standing) = try? await deployment.accessToken(text)
        else { return }
        deployment.usage.refused(refusal.reason, standing.client.id, at: exchange.now)
    }

    private func refused(_ refusal: Refusal, client: Client? = nil) -> Answer {
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
    static func answer(_ status: HTTPResponse.Status, _ code: String, _ description: String) -> Answer {
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
