/// Words for people made from a label, for documents that describe their scopes to machines only.
enum ScopeWords {
    private static let verbs: [Substring: String] = [
        "read": "Read", "list": "List", "view": "View", "get": "Read", "write": "Change", "edit": "Change", "modify": "Change",
        "create": "Create", "add": "Add", "update": "Update", "delete": "Delete", "remove": "Remove", "destroy": "Delete",
        "admin": "Manage",
        "manage": "Manage", "access": "Use", "run": "Run", "use": "Use", "view_credentials": "View the credentials of",
    ]
    private static let acronyms: Set<Substring> = [
        "api", "cdn", "dns", "gpu", "iam", "id", "ip", "kms", "nfs", "ssh", "ssl", "tls", "url", "vm", "vpc", "vpn",
    ]

    /// `block_storage:delete` is "Delete block storage".
    static func name(for label: String) -> String {
        var parts = label.split(whereSeparator: { ":./".contains($0) })
        var verb: String?
        if parts.count > 1, let last = parts.last, let known = verbs[last] {
            verb = known
            parts.removeLast()
        }
        let words = parts.flatMap { $0.split(whereSeparator: { "_-".contains($0) }) }
            .map { acronyms.contains($0) ? $0.uppercased() : String($0) }
        let text = ([verb].compactMap(\.self) + words).joined(separator: " ")
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    /// What it opens, by the summaries of its first operations.
    static func description(of operations: [Operation]) -> String {
        let summaries = operations.prefix(2).map { $0.summary.isEmpty ? "\($0.method) \($0.path)" : $0.summary }
        if summaries.isEmpty { return "Opens nothing today." }
        let rest = operations.count - summaries.count
        return summaries.joined(separator: "; ") + (rest > 0 ? "; and \(rest) more." : ".")
    }
}
