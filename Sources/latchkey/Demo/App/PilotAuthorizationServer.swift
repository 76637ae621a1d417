import AsyncHTTPClient
import Crypto
import NIOCore
import NIOHTTP1
import OAuth

/// What the app was given by the token endpoint (RFC 6749 §5.1).
struct PilotTokens: Sendable {
    let access: Secret<String>
    let refresh: Secret<String>?
    let scope: ScopeSet
    let expiresAt: ContinuousClock.Instant
}

/// One authorization request under way. The verifier never leaves the app's server (RFC 7636 §7.1).
struct PilotAttempt: Sendable {
    let state: String
    let verifier: Secret<String>
    let scopes: ScopeSet
}

/// The authorization server as the app knows it: its issuer, and what it was given when it was registered there.
struct PilotAuthorizationServer: Sendable {
    enum TokenOutcome: Sendable {
        case tokens(PilotTokens)
        /// The error code (RFC 6749 §5.2).
        case refused(String)
        case unreachable
    }

    let issuer: String
    let clientID: String
    let clientSecret: Secret<String>
    let redirectURI: String
    /// Everything that the app was registered for.
    let scopes: ScopeSet
    let httpClient: HTTPClient

    private static let timeout = TimeAmount.seconds(10)
    private static let maximumAnswer = 64 * 1024

    /// Where the browser goes to ask the user (RFC 6749 §4.1.1, RFC 7636 §4.3).
    /// - Parameter account: the account that is selected beforehand.
    func authorizationURL(_ attempt: PilotAttempt, account: String? = nil) -> String {
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Array(attempt.verifier.reveal().utf8))))
        return URLText.adding(
            [
                ("response_type", "code"), ("client_id", clientID), ("redirect_uri", redirectURI), ("scope", attempt.scopes.description),
                ("state", attempt.state), ("code_challenge", challenge), ("code_challenge_method", "S256"), ("account", account),
            ], to: issuer + "/oauth2/auth")
    }

    /// What the `authorize_url` of a refusal asks for.
    /// - Returns: nil where the URL is not the authorization endpoint: the app sends nobody anywhere else.
    func wanted(by authorizeURL: String) -> (scopes: ScopeSet, account: String?)? {
        let start = issuer + "/oauth2/auth?"
        guard authorizeURL.hasPrefix(start) else { return nil }
        do {
            let parameters = try Parameters(String(authorizeURL.dropFirst(start.count)))
            guard let scopes = ScopeSet(parameter: try parameters.value("scope") ?? "") else { return nil }
            return (scopes, try parameters.value("account"))
        } catch {
            return nil
        }
    }

    /// RFC 6749 §4.1.3.
    func redeem(code: String, _ attempt: PilotAttempt) async -> TokenOutcome {
        await token(
            [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirectURI),
                ("code_verifier", attempt.verifier.reveal()),
            ], asked: attempt.scopes, previous: nil)
    }

    /// RFC 6749 §6.
    func refresh(_ tokens: PilotTokens) async -> TokenOutcome {
        guard let refresh = tokens.refresh else { return .refused("invalid_grant") }
        return await token(
            [("grant_type", "refresh_token"), ("refresh_token", refresh.reveal())], asked: tokens.scope, previous: refresh)
    }

    /// Ends the installation (RFC 7009 §2.1).
    /// - Returns: whether the server confirmed it.
    func revoke(_ tokens: PilotTokens) async -> Bool {
        let (token, hint) = tokens.refresh.map { ($0, "refresh_token") } ?? (tokens.access, "access_token")
        let answer = await post("/oauth2/revoke", [("token", token.reveal()), ("token_type_hint", hint)])
        return answer?.status == 200
    }

    /// - Parameters:
    ///   - asked: what was granted where the answer names no scope (RFC 6749 §5.1).
    ///   - previous: the refresh token that stays good where no new one comes (RFC 6749 §6).
    private func token(_ form: [(String, String)], asked: ScopeSet, previous: Secret<String>?) async -> TokenOutcome {
        guard let (status, json) = await post("/oauth2/token", form) else { return .unreachable }
        if (400..<500).contains(status), status != 429, let code = json["error"]?.stringValue { return .refused(code) }
        guard status == 200, let access = json["access_token"]?.stringValue, json["token_type"]?.stringValue?.lowercased() == "bearer"
        else { return .unreachable }
        return .tokens(
            PilotTokens(
                access: Secret(access), refresh: json["refresh_token"]?.stringValue.map(Secret.init) ?? previous,
                scope: json["scope"]?.stringValue.map(ScopeSet.init(stored:)) ?? asked,
                expiresAt: .now + .seconds(json["expires_in"]?.integerValue ?? 60)))
    }

    private func post(_ path: String, _ form: [(String, String)]) async -> (status: UInt, json: JSON)? {
        var request = HTTPClientRequest(url: issuer + path)
        request.method = .POST
        // RFC 6749 §2.3.1 asks for form encoding of both; ids and secrets are made of characters that it leaves as they are.
        request.setBasicAuth(username: clientID, password: clientSecret.reveal())
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        request.body = .bytes(ByteBuffer(string: Parameters.encode(form)))
        do {
            let response = try await httpClient.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.maximumAnswer)
            let json = body.readableBytes == 0 ? .null : try JSON(parsing: body.readableBytesView)
            return (response.status.code, json)
        } catch {
            return nil
        }
    }
}
