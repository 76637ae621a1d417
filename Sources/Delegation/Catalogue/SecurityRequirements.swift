import OAuth

/// What an operation's `security` asks for (OpenAPI 3.1 §4.8.30), as far as a token of ours can meet it.
struct SecurityRequirements {
    /// The schemes whose requirements are scopes: OAuth and OpenID Connect, and any that is asked for with scopes somewhere.
    private let carriers: Set<String>

    init(schemes: [(name: String, type: String)], requirements: [Located]) {
        var carriers = Set(schemes.filter { $0.type == "oauth2" || $0.type == "openIdConnect" }.map(\.name))
        let defined = Set(schemes.map(\.name))
        for requirement in requirements.flatMap(\.elements) {
            for (name, scopes) in requirement.members where defined.contains(name) && scopes.value.arrayValue?.isEmpty == false {
                carriers.insert(name)
            }
        }
        self.carriers = carriers
    }

    /// - Throws: where the list is not one of requirements.
    func access(_ security: Located) throws(CatalogueError) -> Access {
        guard let list = security.value.arrayValue else { throw security.error("This should be a list of security requirements.") }
        if list.isEmpty { return .open }
        var alternatives: [ScopeSet] = []
        var foreign: [String] = []
        for requirement in security.elements {
            guard requirement.value.objectValue != nil else { throw requirement.error("This should be an object of scheme names.") }
            if requirement.members.isEmpty { return .open }
            var labels: [String] = []
            for (name, value) in requirement.members {
                guard let scopes = value.value.stringsValue else { throw value.error("This should be a list of scopes.") }
                if let wrong = scopes.first(where: { $0.isEmpty || $0.contains(" ") || ScopeSet(parameter: $0) == nil }) {
                    throw value.error("\"\(wrong)\" has characters that no scope may have (RFC 6749 section 3.3).")
                }
                if carriers.contains(name) { labels += scopes } else { foreign.append(name) }
            }
            if requirement.members.allSatisfy({ carriers.contains($0.name) }) { alternatives.append(ScopeSet(labels)) }
        }
        if alternatives.isEmpty {
            let names = foreign.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
            return .unreachable(reason: "It takes \(names.joined(separator: ", ")), which no access token is.")
        }
        return .alternatives(alternatives.reduce(into: []) { if !$0.contains($1) { $0.append($1) } })
    }
}
