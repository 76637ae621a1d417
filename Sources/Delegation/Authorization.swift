import OAuth

/// What one user granted one client. The user sees it as a connected app.
public struct Authorization: Sendable, Equatable {
    public var id: Identifier
    public var userID: Identifier
    public var clientID: Identifier
    public var scopes: ScopeSet
    /// Ascending, each once.
    public var accountIDs: [Identifier]
    /// The union of what was chosen inside of them.
    public var resources: ResourceChoice
    /// Epoch seconds, here and below.
    public var createdAt: Int64
    /// nil: until it is revoked.
    public var expiresAt: Int64?
    public var lastUsedAt: Int64?
    public var lastUsedAddress: String?
    /// Set once, when the authorization was revoked or its client or user went away.
    public var endedAt: Int64?

    public init(
        id: Identifier, userID: Identifier, clientID: Identifier, scopes: ScopeSet, accountIDs: [Identifier],
        resources: ResourceChoice = .everything, createdAt: Int64, expiresAt: Int64?, lastUsedAt: Int64? = nil,
        lastUsedAddress: String? = nil, endedAt: Int64? = nil
    ) {
        self.id = id
        self.userID = userID
        self.clientID = clientID
        self.scopes = scopes
        self.accountIDs = accountIDs
        self.resources = resources
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.lastUsedAddress = lastUsedAddress
        self.endedAt = endedAt
    }
}

/// One installation of a client under an authorization: one refresh token line and its access tokens.
public struct TokenFamily: Sendable, Equatable {
    /// How many an authorization with a long choice of resources may have that were not ended; one more ends the one that was not used
    /// for longest.
    public static let maximumCount = 100
    /// Bytes of ids from which a choice is long: each family has its own copy of it.
    public static let longChoice = 4096

    public var id: Identifier
    public var authorizationID: Identifier
    /// The scopes chosen when the family began. Access tokens name their part of it by position, so it never changes.
    public var originalScopes: ScopeSet
    /// What is left of them.
    public var scopes: ScopeSet
    /// What is left of the accounts chosen when the family began; ascending.
    public var accountIDs: [Identifier]
    /// What is left of what was chosen inside of them.
    public var resources: ResourceChoice
    /// The public name of the family as an installation in lists; not the identifier that tokens carry.
    public var installationID: Identifier
    /// The generation of the refresh token that is current; 0 is the first.
    public var generation: Int64
    /// Epoch seconds, here and below.
    public var createdAt: Int64
    /// The end of the family whatever happens: absolute lifetime or the user's own choice, the earlier.
    public var expiresAt: Int64
    /// The end of the family if it is not refreshed before.
    public var idleExpiresAt: Int64
    public var rotatedAt: Int64?
    public var revokedAt: Int64?
    public var lastUsedAt: Int64?
    public var lastUsedAddress: String?
    public var redirectURI: String
    public var userAgent: String
    /// When the user last proved who they are before granting this (OpenID Connect Core §2 `auth_time`).
    public var authenticatedAt: Int64
    /// The resource that access tokens are for (RFC 8707); it stands in `aud`.
    public var audience: String
    /// Access tokens of the family that were revoked one by one and have not expired yet.
    public var revokedTokenIDs: [UInt64]

    public init(
        id: Identifier, authorizationID: Identifier, originalScopes: ScopeSet, scopes: ScopeSet, accountIDs: [Identifier],
        resources: ResourceChoice = .everything, installationID: Identifier, generation: Int64 = 0, createdAt: Int64, expiresAt: Int64,
        idleExpiresAt: Int64,
        rotatedAt: Int64? = nil, revokedAt: Int64? = nil, lastUsedAt: Int64? = nil, lastUsedAddress: String? = nil,
        redirectURI: String, userAgent: String, authenticatedAt: Int64, audience: String, revokedTokenIDs: [UInt64] = []
    ) {
        self.id = id
        self.authorizationID = authorizationID
        self.originalScopes = originalScopes
        self.scopes = scopes
        self.accountIDs = accountIDs
        self.resources = resources
        self.installationID = installationID
        self.generation = generation
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.idleExpiresAt = idleExpiresAt
        self.rotatedAt = rotatedAt
        self.revokedAt = revokedAt
        self.lastUsedAt = lastUsedAt
        self.lastUsedAddress = lastUsedAddress
        self.redirectURI = redirectURI
        self.userAgent = userAgent
        self.authenticatedAt = authenticatedAt
        self.audience = audience
        self.revokedTokenIDs = revokedTokenIDs
    }
}
