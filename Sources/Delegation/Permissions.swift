import OAuth

extension Role {
    /// Whether one of the role's permissions covers a scope label; `*` in a permission stands for any run of characters.
    public func allows(_ label: String) -> Bool {
        permissions.contains { Role.pattern($0, covers: label) }
    }

    /// Whether the role covers every label there is.
    public var allowsEverything: Bool { permissions.contains("*") }

    /// Walks both texts once and goes back to the last `*` only, so a hostile pattern costs no more than the product of the lengths.
    private static func pattern(_ pattern: String, covers label: String) -> Bool {
        let pattern = pattern.utf8
        let label = label.utf8
        var patternAt = pattern.startIndex
        var labelAt = label.startIndex
        var resume: (pattern: String.UTF8View.Index, label: String.UTF8View.Index)?
        while labelAt < label.endIndex {
            if patternAt < pattern.endIndex, pattern[patternAt] == UInt8(ascii: "*") {
                pattern.formIndex(after: &patternAt)
                resume = (patternAt, labelAt)
            } else if patternAt < pattern.endIndex, pattern[patternAt] == label[labelAt] {
                pattern.formIndex(after: &patternAt)
                label.formIndex(after: &labelAt)
            } else if let last = resume {
                patternAt = last.pattern
                labelAt = label.index(after: last.label)
                resume = (patternAt, labelAt)
            } else {
                return false
            }
        }
        return pattern[patternAt...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension Membership {
    /// Whether any of the member's roles in the account covers a scope label.
    public func allows(_ label: String) -> Bool { roles.contains { $0.allows(label) } }

    /// Whether any of the member's roles in the account covers every label.
    public var allowsEverything: Bool { roles.contains(where: \.allowsEverything) }

    /// The part of some scopes that means something in the account: what the roles cover, and the protocol's own scopes,
    /// which need no role.
    func allowed(_ scopes: ScopeSet) -> ScopeSet {
        if allowsEverything { return scopes }
        return scopes.filter { ScopeSet.protocolScopes.contains($0) || allows($0) }
    }
}
