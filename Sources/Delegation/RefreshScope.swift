import OAuth

/// The `scope` parameter of a refresh request (RFC 6749 §6): it is for that access token alone.
public enum RefreshScope {
    /// The scopes that the new access token carries.
    /// - Parameter requested: nil: everything that the family has today.
    /// - Throws: `invalid_scope` for a label that the family never had. One that was narrowed away since is left out.
    public static func selection(_ requested: ScopeSet?, family: TokenFamily) throws(TokenError) -> ScopeSet {
        guard let requested else { return family.scopes }
        // OpenID Connect Core §5.4: these two may be asked for and carry no claims here.
        let asked = requested.subtracting(["address", "phone"])
        // RFC 6749 §6: the scope must not include any that was not originally granted.
        guard asked.isSubset(of: family.originalScopes) else {
            throw .invalidScope("The scope is more than what was granted with this refresh token.")
        }
        // The refresh token comes whatever is asked for, and `offline_access` says that it does.
        return asked.union(family.scopes.intersection(["offline_access"])).within(family.scopes)
    }
}
