import OAuth

extension Role {
    /// What the role lets somebody do, in one or two plain sentences.
    public func words(_ catalogue: Catalogue) -> String {
        if allowsEverything { return "Everything: the whole API, members, apps, OAuth clients, API tokens and the account itself." }
        let own = Permission.allCases.filter { allows($0.rawValue) }
        let labels = Set(Permission.allCases.map(\.rawValue))
        let scopes = catalogue.scopes.filter { !labels.contains($0.label) }
        var parts: [String] = []
        for (risk, verb) in [(Risk.read, "reads"), (.write, "changes"), (.destructive, "deletes")] {
            let all = scopes.filter { $0.risk == risk }
            let count = all.count { allows($0.label) }
            if count == 0 { continue }
            parts.append(count == all.count ? "everything that \(verb)" : "\(count) of \(all.count) permissions whose use \(verb)")
        }
        let api = parts.isEmpty ? "In the API: nothing." : "In the API: \(parts.joined(separator: ", "))."
        let account = own.isEmpty ? "" : " In the account: \(own.map(\.name).joined(separator: "; "))."
        return api + account
    }
}
