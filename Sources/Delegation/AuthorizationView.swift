import OAuth

/// An authorization as its user sees it: in *Connected apps* and, as JSON, at `/user/authorizations`.
public struct AuthorizationView: Sendable, Equatable {
    /// One token family, without anything that would help to use it.
    public struct Installation: Sendable, Equatable {
        public let id: Identifier
        public let createdAt: Int64
        public let expiresAt: Int64
        public let lastUsedAt: Int64?
        public let lastUsedAddress: String?
        public let scopes: ScopeSet
        public let accounts: [NamedAccount]
        public let resources: ResourceChoice
        public let redirectURI: String
        public let userAgent: String
    }

    /// Installations of one device, as far as anybody can tell: a new sign-in stands beside the old one.
    public struct InstallationGroup: Sendable, Equatable {
        public let redirectURI: String
        public let userAgent: String
        /// The newest first.
        public let installations: [Installation]
    }

    public struct NamedAccount: Sendable, Equatable {
        public let id: Identifier
        public let name: String
    }

    public let id: Identifier
    public let clientID: Identifier
    public let clientName: String
    public let visibility: Client.Visibility
    public let scopes: ScopeSet
    public let accounts: [NamedAccount]
    /// What was chosen inside of them.
    public let resources: ResourceChoice
    /// Epoch seconds, here and below.
    public let createdAt: Int64
    public let expiresAt: Int64?
    public let lastUsedAt: Int64?
    public let lastUsedAddress: String?
    /// The ones that still live, the newest first.
    public let installations: [Installation]

    /// - Parameters:
    ///   - accounts: at least the accounts of the authorization; one that is not among them is shown by its identifier.
    ///   - families: those of the authorization; the ended ones are left out.
    ///   - policyEnd: where the view is of one account, when that account's app policy ends a family there.
    public init(
        _ authorization: Authorization, client: Client, accounts: [Account], families: [TokenFamily], now: Int64,
        policyEnd: (TokenFamily) -> Int64? = { _ in nil }
    ) {
        let names = Dictionary(accounts.map { ($0.id, $0.name) }) { first, _ in first }
        func named(_ ids: [Identifier]) -> [NamedAccount] {
            ids.map { NamedAccount(id: $0, name: names[$0] ?? $0.description) }
        }
        id = authorization.id
        clientID = client.id
        clientName = client.name
        visibility = client.visibility
        scopes = authorization.scopes
        self.accounts = named(authorization.accountIDs)
        resources = authorization.resources.kept(to: authorization.accountIDs)
        createdAt = authorization.createdAt
        expiresAt = authorization.expiresAt
        lastUsedAt = authorization.lastUsedAt
        lastUsedAddress = authorization.lastUsedAddress
        installations =
            families
            .filter { $0.revokedAt == nil && now < $0.expiresAt && now < $0.idleExpiresAt }
            .sorted { ($1.createdAt, $0.installationID) < ($0.createdAt, $1.installationID) }
            .map { family in
                let reached = family.accountIDs.filter(authorization.accountIDs.ascendingContains)
                return Installation(
                    id: family.installationID, createdAt: family.createdAt, expiresAt: min(family.expiresAt, policyEnd(family) ?? .max),
                    lastUsedAt: family.lastUsedAt, lastUsedAddress: family.lastUsedAddress,
                    scopes: family.scopes.within(authorization.scopes),
                    accounts: named(reached),
                    resources: family.resources.kept(to: reached).within(authorization.resources.kept(to: reached)),
                    redirectURI: family.redirectURI, userAgent: family.userAgent)
            }
    }

    /// The installations by redirect URI and user agent, the group with the newest one first.
    public var installationGroups: [InstallationGroup] {
        var keys: [[String]] = []
        var members: [[String]: [Installation]] = [:]
        for installation in installations {
            let key = [installation.redirectURI, installation.userAgent]
            if members[key] == nil { keys.append(key) }
            members[key, default: []].append(installation)
        }
        return keys.map { InstallationGroup(redirectURI: $0[0], userAgent: $0[1], installations: members[$0] ?? []) }
    }

    /// The object of `/user/authorizations`.
    public var json: JSONObject {
        [
            "id": .string(id.description),
            "client_id": .string(clientID.description),
            "client_name": .string(clientName),
            "visibility": .string(visibility.rawValue),
            "scopes": JSON(scopes.labels),
            "accounts": Self.json(accounts),
            "resources": Self.json(resources, accounts),
            "created_at": Self.json(createdAt),
            "expires_on": Self.json(expiresAt),
            "last_used_at": Self.json(lastUsedAt),
            "last_used_ip": JSON(lastUsedAddress),
            "installations": .array(installations.map(Self.json)),
        ]
    }

    private static func json(_ installation: Installation) -> JSON {
        var object: JSONObject = [
            "id": .string(installation.id.description),
            "created_at": json(installation.createdAt),
            "expires_on": json(installation.expiresAt),
            "last_used_at": json(installation.lastUsedAt),
            "scopes": JSON(installation.scopes.labels),
            "accounts": json(installation.accounts),
        ]
        let narrowed = json(installation.resources, installation.accounts)
        if narrowed != .null { object["resources"] = narrowed }
        return .object(object)
    }

    private static func json(_ accounts: [NamedAccount]) -> JSON {
        .array(accounts.map { ["id": .string($0.id.description), "name": .string($0.name)] })
    }

    /// By account and type; null: nothing inside the accounts is left out.
    private static func json(_ resources: ResourceChoice, _ accounts: [NamedAccount]) -> JSON {
        var object = JSONObject()
        for account in accounts {
            let narrowed = resources.narrowed(in: account.id)
            if !narrowed.isEmpty { object[account.id.description] = narrowed.json }
        }
        return object.isEmpty ? .null : .object(object)
    }

    private static func json(_ seconds: Int64?) -> JSON { JSON(seconds.map(Timestamp.text)) }
}
