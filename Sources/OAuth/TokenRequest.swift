/// A request of the token endpoint, a case per grant (RFC 6749 §4.1.3, §6).
public enum TokenRequest: Sendable {
    case authorizationCode(Code)
    case refreshToken(Refresh)

    /// RFC 6749 §4.1.3.
    public struct Code: Sendable {
        public let code: Secret<String>
        public let redirectURI: String?
        /// RFC 7636 §4.5.
        public let verifier: Secret<String>?
        /// RFC 8707 §2.2.
        public let resources: [String]

        public init(code: Secret<String>, redirectURI: String?, verifier: Secret<String>?, resources: [String] = []) {
            self.code = code
            self.redirectURI = redirectURI
            self.verifier = verifier
            self.resources = resources
        }
    }

    /// RFC 6749 §6.
    public struct Refresh: Sendable {
        public let token: Secret<String>
        /// nil: as before.
        public let scope: ScopeSet?
        /// RFC 8707 §2.2.
        public let resources: [String]
    }

    /// - Parameter client: the client that proved who it is.
    public init(_ parameters: Parameters, client: Client) throws(TokenError) {
        do {
            // RFC 6749 §3.2: parameters must not be included more than once.
            for name in Self.singleParameters { _ = try parameters.value(name) }
            guard let name = try parameters.value("grant_type") else {
                throw TokenError.invalidRequest("The parameter grant_type is missing.")
            }
            guard let type = Client.GrantType(rawValue: name) else {
                throw TokenError.unsupportedGrantType("The grant_type should be authorization_code or refresh_token.")
            }
            guard client.grantTypes.contains(type) else {
                throw TokenError.unauthorizedClient("The client is not registered for this grant_type.")
            }
            switch type {
            case .authorizationCode: self = .authorizationCode(try Self.code(parameters))
            case .refreshToken: self = .refreshToken(try Self.refresh(parameters))
            }
        } catch let error as TokenError {
            throw error
        } catch let error as Parameters.Duplicate {
            throw TokenError(error)
        } catch {
            throw .invalidRequest("The request cannot be read.")
        }
    }

    private static let singleParameters = [
        "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "client_id", "client_secret",
    ]

    private static func code(_ parameters: Parameters) throws -> Code {
        guard let code = try parameters.value("code") else { throw TokenError.invalidRequest("The parameter code is missing.") }
        return Code(
            code: Secret(code), redirectURI: try parameters.value("redirect_uri"),
            verifier: try parameters.value("code_verifier").map { Secret($0) }, resources: parameters.all("resource"))
    }

    private static func refresh(_ parameters: Parameters) throws -> Refresh {
        guard let token = try parameters.value("refresh_token") else {
            throw TokenError.invalidRequest("The parameter refresh_token is missing.")
        }
        let scope = try parameters.value("scope").map { text in
            guard let scope = ScopeSet(parameter: text) else {
                throw TokenError.invalidScope("The scope has characters that no scope may have.")
            }
            return scope
        }
        return Refresh(token: Secret(token), scope: scope, resources: parameters.all("resource"))
    }
}
