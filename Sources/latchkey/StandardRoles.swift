import Delegation
import OAuth
import Server
import Storage

/// The roles that every account has.
enum StandardRoles {
    /// `:` separates the verb in the labels of some well-known APIs, `.` in those of others.
    private static let all: [(name: String, permissions: [String])] = [
        ("Super Administrator", ["*"]),
        ("Administrator", ["*"]),
        ("OAuth Client Write", ["*.read", "*:read", "latchkey.clients.*"]),
        ("Member", ["*.read", "*.write", "*:read", "*:write", "*:create", "*:update", "latchkey.clients.view"]),
        ("Viewer", ["*.read", "*:read", "latchkey.clients.view"]),
    ]

    static var names: String { all.map(\.name).joined(separator: ", ") }

    /// Adds those that are missing.
    static func ensure(in store: Store, now: Int64) async throws {
        let known = Set(try await store.roles().map(\.name))
        for role in all where !known.contains(role.name) {
            _ = try await store.createRole(
                Role(id: Randomness.system.identifier(), name: role.name, permissions: role.permissions),
                actor: Actor(userID: nil, address: "operator"), now: now)
        }
    }
}
