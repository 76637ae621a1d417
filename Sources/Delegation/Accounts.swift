import OAuth

/// A tenant of the platform; it owns clients and has members.
public struct Account: Sendable, Equatable {
    public var id: Identifier
    /// The platform's own name for the account, where its API's paths use another than Latchkey's identifier.
    public var reference: String?
    public var name: String
    public var isSuspended: Bool
    /// Epoch seconds.
    public var createdAt: Int64

    public init(id: Identifier, reference: String? = nil, name: String, isSuspended: Bool = false, createdAt: Int64) {
        self.id = id
        self.reference = reference
        self.name = name
        self.isSuspended = isSuspended
        self.createdAt = createdAt
    }

    /// Whether a text can stand in a path and in the comma-separated account header as it is.
    public static func isReference(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E, 0x3A, 0x40: true
                default: false
                }
            }
    }

    /// What the protected API calls the account: the value of its path parameter and of the account header.
    public var nameInAPI: String { reference ?? id.description }
}

/// A person who signs in.
public struct User: Sendable, Equatable {
    public var id: Identifier
    /// Lowercased; unique.
    public var email: String
    public var name: String
    public var isDisabled: Bool
    /// Epoch seconds.
    public var createdAt: Int64

    public init(id: Identifier, email: String, name: String, isDisabled: Bool = false, createdAt: Int64) {
        self.id = id
        self.email = email
        self.name = name
        self.isDisabled = isDisabled
        self.createdAt = createdAt
    }
}

/// A named set of permissions that a member can have in an account.
public struct Role: Sendable, Equatable {
    public var id: Identifier
    public var name: String
    /// Patterns over scope labels; `*` stands for any run of characters: `*`, `dns.*`, `*.read`, `zone.write`.
    public var permissions: [String]

    public init(id: Identifier, name: String, permissions: [String]) {
        self.id = id
        self.name = name
        self.permissions = permissions
    }
}

/// A user's place in an account.
public struct Membership: Sendable, Equatable {
    /// The place's own name in the management API; nil for what an account's token stands for.
    public var id: Identifier?
    public var account: Account
    public var userID: Identifier
    public var roles: [Role]

    public init(id: Identifier? = nil, account: Account, userID: Identifier, roles: [Role]) {
        self.id = id
        self.account = account
        self.userID = userID
        self.roles = roles
    }
}
