import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/login`: who is there. With the name of a pending request the way leads on to consent, else to the connected apps.
struct SignIn: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        let parameters = try exchange.queryParameters()
        let name = try? parameters.value("request")
        let pending = try await pendingRequest(name, exchange)
        let returnPath = ReturnPath.read(parameters)
        if pending == nil, try await deployment.session(exchange) != nil {
            return .seeOther(deployment.url(returnPath ?? "/connected-apps"))
        }
        return try await page(
            exchange, request: name, pending: pending, returnPath: returnPath, email: pending?.request.loginHint ?? "")
    }

    func submit(_ exchange: Exchange) async throws -> Response {
        let form = try await exchange.form()
        guard let browser = exchange.cookie(deployment.cookies.browser), FormToken(cookie: browser).matches(try? form.value("csrf")) else {
            throw RequestProblem.forged
        }
        let email = (try? form.value("email"))?.trimmed.lowercased() ?? ""
        let password = Secret((try? form.value("password")) ?? "")
        let name = try? form.value("request")
        let pending = try await pendingRequest(name, exchange)
        let returnPath = ReturnPath.read(form)
        guard !email.isEmpty, !password.reveal().isEmpty else {
            return try await page(
                exchange, request: name, pending: pending, returnPath: returnPath, email: email,
                problem: "Enter your email address and your password.",
                status: .badRequest)
        }
        switch try await verify(email: email, password: password, exchange) {
        case .throttled(let seconds):
            return try await page(
                exchange, request: name, pending: pending, returnPath: returnPath, email: "",
                problem: "There were too many failed attempts from here. Try again in \(Wait.words(seconds)).", status: .tooManyRequests,
                retryAfter: seconds)
        case .refused:
            return try await page(
                // Not even the address comes back: whether it exists must not be told by a byte.
                exchange, request: name, pending: pending, returnPath: returnPath, email: "",
                problem: "The email address or the password is not right.",
                status: .unauthorized)
        case .user(let user):
            let target = pending == nil ? returnPath ?? "/connected-apps" : "/consent/" + (name ?? "")
            return try await begin(user, leadingTo: target, exchange)
        }
    }

    private enum Verdict {
        case user(User)
        case refused
        case throttled(seconds: Int64)
    }

    /// A slot is reserved before the password is looked at, so that fifty guesses at once are not fifty looks.
    private func verify(email: String, password: Secret<String>, _ exchange: Exchange) async throws -> Verdict {
        let subject = Credential.hash(email + "\n" + exchange.address)
        let attempt = deployment.random.identifier()
        reserving: while true {
            switch try await deployment.store.reserveSignIn(
                attempt, subject: subject, address: exchange.address, now: deployment.now())
            {
            case .reserved: break reserving
            case .throttled(let seconds): return .throttled(seconds: max(1, seconds))
            // Others are being checked right now; whether there is room depends on how they end.
            case .busy: try await Task.sleep(for: .milliseconds(50))
            }
        }
        let found = try await deployment.store.userForSignIn(email: email)
        let isRight: Bool
        do {
            isRight = try await deployment.passwords.matches(password, stored: found?.passwordHash)
        } catch {
            try await deployment.store.settleSignIn(attempt, failed: false, now: exchange.now)
            throw error
        }
        guard isRight, let user = found?.user, !user.isDisabled else {
            let refused = found.map { found in
                Store.RefusedSignIn(
                    userID: found.user.id, reason: isRight ? "the user is disabled" : "wrong password", actor: exchange.actor(nil))
            }
            try await deployment.store.settleSignIn(attempt, failed: !isRight, refused: refused, now: exchange.now)
            return .refused
        }
        try await deployment.store.settleSignIn(attempt, failed: false, now: exchange.now)
        return .user(user)
    }

    /// A new session for a new sign-in; the one before it in this browser ends.
    private func begin(_ user: User, leadingTo target: String, _ exchange: Exchange) async throws -> Response {
        let token = deployment.random.token()
        try await deployment.store.createSession(
            Session(
                id: deployment.random.identifier(), userID: user.id, createdAt: exchange.now, lastSeenAt: exchange.now,
                expiresAt: exchange.now + Deployment.sessionLifetime, authenticatedAt: exchange.now, address: exchange.address,
                userAgent: exchange.userAgent),
            hash: Credential.hash(token), replacing: exchange.cookie(deployment.cookies.session).map { Credential.hash($0) },
            actor: exchange.actor(user.id), now: exchange.now)
        var response = Response.seeOther(deployment.url(target))
        response.headers.append(
            .init(name: .setCookie, value: deployment.cookies.setting(deployment.cookies.session, to: token, maxAge: nil)))
        return response
    }

    private func pendingRequest(_ name: String?, _ exchange: Exchange) async throws -> PendingRequest? {
        guard let name, let browser = exchange.cookie(deployment.cookies.browser) else { return nil }
        return try await deployment.pendingRequest(name, browser: browser, now: exchange.now)
    }

    private func page(
        _ exchange: Exchange, request: String?, pending: PendingRequest?, returnPath: String?, email: String, problem: String? = nil,
        status: HTTPResponse.Status = .ok, retryAfter: Int64? = nil
    ) async throws -> Response {
        let (browser, setCookie) = deployment.browser(exchange)
        var clientName: String?
        if let pending { clientName = try await deployment.clients.client(pending.request.clientID, in: deployment.store)?.client.name }
        let page = SignInPage(
            frame: deployment.frame(nil), csrf: FormToken(cookie: browser).text, request: pending == nil ? nil : request,
            clientName: clientName, returnPath: returnPath, email: email, problem: problem)
        var response = Response.page(status, page.html)
        if let setCookie { response.headers.append(setCookie) }
        if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
        return response
    }
}

/// The page that somebody wanted before they were asked to sign in: always one of ours, never another site's.
enum ReturnPath {
    private static let limit = 2000

    /// The path behind the issuer's, where it can be nothing else than one.
    static func read(_ parameters: Parameters) -> String? {
        guard let path = try? parameters.value("return"), path.hasPrefix("/"), !path.hasPrefix("//"), path.utf8.count <= limit,
            path.utf8.allSatisfy({ (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "\\") })
        else { return nil }
        return path
    }
}

extension Deployment {
    /// To the sign-in page, and from there back to the page that was asked for.
    func signInFirst(_ exchange: Exchange) -> Response {
        guard exchange.method == .get, exchange.path.hasPrefix(settings.issuer.path) else { return .seeOther(url("/login")) }
        let path = exchange.path.dropFirst(settings.issuer.path.utf8.count)
        let target = exchange.query.isEmpty ? String(path) : "\(path)?\(exchange.query)"
        return .seeOther(url("/login?") + Parameters.encode([("return", target)]))
    }
}

/// A wait in words, rounded up.
enum Wait {
    static func words(_ seconds: Int64) -> String {
        if seconds < 90 { return seconds == 1 ? "1 second" : "\(seconds) seconds" }
        return "\((seconds + 59) / 60) minutes"
    }
}

extension String {
    var trimmed: String {
        String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
}
