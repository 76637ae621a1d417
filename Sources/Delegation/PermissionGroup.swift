import OAuth

/// What a token may be given, under the name and the identifier by which the management API knows it.
public struct PermissionGroup: Sendable, Equatable {
    /// What a permission is about.
    public enum Kind: String, Sendable, CaseIterable {
        case account = "com.latchkey.api.account"
        case user = "com.latchkey.api.user"
    }

    public let id: Identifier
    /// The label that stands in policies and roles.
    public let label: String
    public let name: String
    public let category: String
    public let kind: Kind

    init(label: String, name: String, category: String, kind: Kind) {
        id = PermissionGroup.id(of: label)
        self.label = label
        self.name = name
        self.category = category
        self.kind = kind
    }

    /// The first 128 bits of the label's SHA-256: the same in every deployment.
    public static func id(of label: String) -> Identifier {
        Identifier(bytes: Credential.hash(label).prefix(16)) ?? Identifier(high: 0, low: 0)
    }

    /// Every group: Latchkey's own, then the scopes of the catalogue.
    public static func all(_ catalogue: Catalogue) -> [PermissionGroup] {
        let own = Permission.allCases.map { PermissionGroup(label: $0.rawValue, name: $0.name, category: "Account", kind: .account) }
        let user = UserPermission.allCases.map { PermissionGroup(label: $0.rawValue, name: $0.name, category: "User", kind: .user) }
        let known = Set((own + user).map(\.label))
        let scopes = catalogue.scopes.filter { !known.contains($0.label) }.map {
            PermissionGroup(label: $0.label, name: $0.name, category: $0.category, kind: .account)
        }
        return own + user + scopes
    }
}
