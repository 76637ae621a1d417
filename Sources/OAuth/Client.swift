/// An OAuth client as it is registered (RFC 7591 §2 gives the members' names).
public struct Client: Sendable, Equatable {
    /// Who may authorize a client: members of its owning account only, or anybody.
    public enum Visibility: String, Sendable, CaseIterable {
        case `private`, `public`
    }

    /// How a client proves who it is at the token endpoint (RFC 7591 §2 `token_endpoint_auth_method`).
    public enum AuthenticationMethod: String, Sendable, CaseIterable {
        case basic = "client_secret_basic"
        case post = "client_secret_post"
        /// RFC 7523: by a JWT that the client signs with its own key.
        case privateKeyJWT = "private_key_jwt"
        case none
    }

    /// The grants that the token endpoint knows (RFC 6749 §4.1, §6).
    public enum GrantType: String, Sendable, CaseIterable {
        case authorizationCode = "authorization_code"
        case refreshToken = "refresh_token"
    }

    /// What a client may ask the authorization endpoint for (RFC 6749 §3.1.1). An ID token comes by the code flow alone: `id_token`
    /// says that the client signs people in (OpenID Connect Core §3.1).
    public enum ResponseType: String, Sendable, CaseIterable {
        case code
        case idToken = "id_token"
    }

    public enum Status: String, Sendable, CaseIterable {
        case active, suspended
    }

    public var id: Identifier
    /// The account that owns the client.
    public var accountID: Identifier
    public var name: String
    public var visibility: Visibility
    public var status: Status
    public var authenticationMethod: AuthenticationMethod
    public var grantTypes: [GrantType]
    public var responseTypes: [ResponseType]
    public var redirectURIs: [String]
    public var postLogoutRedirectURIs: [String]
    /// The origins whose scripts belong to the client.
    public var allowedCORSOrigins: [String]
    /// Every scope of the API the client may ask for.
    public var scopes: ScopeSet
    /// The part of `scopes` that a user may decline.
    public var optionalScopes: ScopeSet
    /// What the client says that it needs a scope for, by label; shown on the consent page.
    public var purposes: [String: String]
    public var clientURI: String?
    public var logoURI: String?
    public var policyURI: String?
    public var tosURI: String?
    /// The keys of a client that proves itself by `private_key_jwt`; nil for any other.
    public var keys: ClientKeySet?
    /// The algorithm of this client's ID tokens (OpenID Connect Registration §2 `id_token_signed_response_alg`).
    public var idTokenAlgorithm: SigningAlgorithm
    /// Whether an authorization request without a PKCE challenge is refused. Always true for a client without a secret.
    public var requiresPKCE: Bool
    /// The client belongs to the platform that runs Latchkey.
    public var isPlatformOwned: Bool
    /// Since when its owner has had it stand still: nothing of it works, and nothing is lost. Epoch seconds, here and below.
    public var frozenAt: Int64?
    /// When it became public.
    public var promotedAt: Int64?
    public var createdAt: Int64
    public var updatedAt: Int64

    public init(
        id: Identifier, accountID: Identifier, name: String, visibility: Visibility = .private, status: Status = .active,
        authenticationMethod: AuthenticationMethod, grantTypes: [GrantType] = [.authorizationCode, .refreshToken],
        responseTypes: [ResponseType] = [.code], redirectURIs: [String], postLogoutRedirectURIs: [String] = [],
        allowedCORSOrigins: [String] = [], scopes: ScopeSet, optionalScopes: ScopeSet = [], purposes: [String: String] = [:],
        clientURI: String? = nil, logoURI: String? = nil, policyURI: String? = nil, tosURI: String? = nil, keys: ClientKeySet? = nil,
        idTokenAlgorithm: SigningAlgorithm = .es256, requiresPKCE: Bool = true, isPlatformOwned: Bool = false,
        frozenAt: Int64? = nil, promotedAt: Int64? = nil, createdAt: Int64, updatedAt: Int64
    ) {
        self.id = id
        self.accountID = accountID
        self.name = name
        self.visibility = visibility
        self.status = status
        self.authenticationMethod = authenticationMethod
        self.grantTypes = grantTypes
        self.responseTypes = responseTypes
        self.redirectURIs = redirectURIs
        self.postLogoutRedirectURIs = postLogoutRedirectURIs
        self.allowedCORSOrigins = allowedCORSOrigins
        self.scopes = scopes
        self.optionalScopes = optionalScopes
        self.purposes = purposes
        self.clientURI = clientURI
        self.logoURI = logoURI
        self.policyURI = policyURI
        self.tosURI = tosURI
        self.keys = keys
        self.idTokenAlgorithm = idTokenAlgorithm
        self.requiresPKCE = requiresPKCE
        self.isPlatformOwned = isPlatformOwned
        self.frozenAt = frozenAt
        self.promotedAt = promotedAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// RFC 6749 §2.1: a client that cannot keep a secret.
    public var isPublicClient: Bool { authenticationMethod == .none }
    /// Whether the client proves itself by a secret that it shares with us.
    public var keepsSecret: Bool { authenticationMethod == .basic || authenticationMethod == .post }
    public var issuesRefreshTokens: Bool { grantTypes.contains(.refreshToken) }
    public var isFrozen: Bool { frozenAt != nil }
    public var requiredScopes: ScopeSet { scopes.subtracting(optionalScopes) }

    /// `scopes` with the two protocol scopes that follow from what the client is: `openid` where it signs people in,
    /// `offline_access` where it stays connected.
    public var registeredScopes: ScopeSet {
        var registered = scopes.subtracting(["openid", "offline_access"])
        if responseTypes.contains(.idToken) { registered = registered.union(["openid"]) }
        return issuesRefreshTokens ? registered.union(["offline_access"]) : registered
    }
}

/// The algorithms that Latchkey signs with (RFC 7518 §3.1, RFC 8037 §3.1). `none` and the HMAC family are left out on purpose.
public enum SigningAlgorithm: String, Sendable, CaseIterable {
    case es256 = "ES256"
    case rs256 = "RS256"
    case edDSA = "EdDSA"
}
