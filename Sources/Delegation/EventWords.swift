/// The kinds of events in plain words.
public enum EventWords {
    /// Kinds that belong together, in the order in which a filter offers them.
    public struct Group: Sendable {
        /// What every kind of it begins with.
        public let prefix: String
        public let name: String
        /// Without the prefix, each with what it says.
        let kinds: [(String, String)]

        public var members: [(kind: String, text: String)] { kinds.map { (prefix + "." + $0.0, $0.1) } }
    }

    public static let groups: [Group] = [
        Group(
            prefix: "authorization", name: "Connected apps",
            kinds: [
                ("granted", "Allowed an app to act"), ("narrowed", "Took permissions away from an app"),
                ("resources_changed", "Changed which resources an app reaches"), ("ended", "Ended an app's access"),
            ]),
        Group(prefix: "consent", name: "Consent", kinds: [("declined", "Declined an app's request")]),
        Group(prefix: "installation", name: "Installations", kinds: [("began", "App installed"), ("ended", "Installation ended")]),
        Group(prefix: "token", name: "Access tokens", kinds: [("revoked", "Access token revoked")]),
        Group(prefix: "code", name: "Codes", kinds: [("replayed", "Code used a second time; what it gave was ended")]),
        Group(prefix: "refresh", name: "Refresh tokens", kinds: [("reused", "Old refresh token used again; the installation was ended")]),
        Group(
            prefix: "client", name: "OAuth clients",
            kinds: [
                ("created", "OAuth client created"), ("updated", "OAuth client changed"), ("deleted", "OAuth client deleted"),
                ("suspended", "OAuth client suspended"), ("resumed", "OAuth client resumed"), ("frozen", "OAuth client frozen"),
                ("thawed", "OAuth client thawed"), ("secret_added", "Client secret added"), ("secret_removed", "Old client secret deleted"),
                ("host_proof_started", "Proof of the client's host begun"), ("host_verified", "Client's host proven"),
                ("host_proof_failed", "Proof of the client's host failed"),
            ]),
        Group(
            prefix: "webhook", name: "Webhooks",
            kinds: [
                ("created", "Webhook added"), ("updated", "Webhook changed"), ("secret_rotated", "Webhook's secret replaced"),
                ("disabled", "Webhook stopped: its receiver fails or is gone"), ("deleted", "Webhook deleted"),
            ]),
        Group(
            prefix: "member", name: "Members",
            kinds: [
                ("added", "Member added"), ("changed", "Member's roles changed"), ("removed", "Member removed"),
            ]),
        Group(
            prefix: "invitation", name: "Invitations",
            kinds: [
                ("created", "Member invited"), ("changed", "Invitation changed"), ("withdrawn", "Invitation withdrawn"),
                ("accepted", "Invitation accepted"),
            ]),
        Group(
            prefix: "policy", name: "App policy",
            kinds: [("changed", "App policy changed"), ("approval_withdrawn", "Approval of an app withdrawn")]),
        Group(
            prefix: "app_request", name: "Requests for apps",
            kinds: [("made", "Asked for an app"), ("approved", "App approved"), ("denied", "App denied")]),
        Group(prefix: "app_policy", name: "App policy, trial", kinds: [("would_refuse", "The app policy would have refused this")]),
        Group(
            prefix: "resource", name: "Resources", kinds: [("registered", "Resources registered"), ("removed", "Resource removed")]),
        Group(
            prefix: "api_token", name: "API tokens",
            kinds: [
                ("created", "API token created"), ("updated", "API token changed"), ("rolled", "API token's value replaced"),
                ("deleted", "API token deleted"),
            ]),
        Group(prefix: "session", name: "Sessions", kinds: [("created", "Signed in"), ("ended", "Session ended")]),
        Group(prefix: "sign_in", name: "Failed sign-ins", kinds: [("failed", "Sign-in failed")]),
        Group(
            prefix: "user", name: "Users",
            kinds: [
                ("created", "User created"), ("disabled", "User disabled"), ("enabled", "User enabled"),
                ("password_changed", "Password changed"), ("deleted", "User deleted"),
            ]),
        Group(
            prefix: "account", name: "The account",
            kinds: [
                ("created", "Account created"), ("renamed", "Account renamed"), ("suspended", "Account suspended"),
                ("resumed", "Account resumed"),
            ]),
        Group(prefix: "role", name: "Roles", kinds: [("created", "Role created")]),
        Group(
            prefix: "resource_server", name: "Resource servers",
            kinds: [("created", "Resource server created"), ("updated", "Resource server changed")]),
        Group(prefix: "keys", name: "Keys", kinds: [("added", "Keys added"), ("retired", "Key retired")]),
        Group(prefix: "database", name: "Database", kinds: [("restored", "Database restored from a backup")]),
        Group(prefix: "catalogue", name: "Scope catalogue", kinds: [("imported", "Scope catalogue imported")]),
    ]

    private static let texts: [String: String] = Dictionary(
        groups.flatMap(\.members).map { ($0.kind, $0.text) }, uniquingKeysWith: { first, _ in first })

    /// A kind that has no words of its own is spelled out.
    public static func text(_ kind: String) -> String {
        if let text = texts[kind] { return text }
        let words = kind.map { $0 == "." || $0 == "_" ? " " : String($0) }.joined()
        return words.prefix(1).uppercased() + words.dropFirst()
    }

    /// Whether it tells of something that was tried and refused.
    public static func isFailure(_ kind: String) -> Bool {
        ["sign_in.failed", "code.replayed", "refresh.reused", "consent.declined", "app_policy.would_refuse", "app_request.denied"]
            .contains(kind)
    }

    /// Whether somebody should look at it.
    public static func isAlarming(_ kind: String) -> Bool {
        ["sign_in.failed", "code.replayed", "refresh.reused"].contains(kind)
    }
}
