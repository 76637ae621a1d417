import OAuth

/// When things were last used: collected in memory and written in batches, since a use must cost no write of its own.
extension Store {
    /// Token families, and the authorizations that they belong to. An older use never replaces a newer one.
    public func recordUse(_ uses: [(familyID: Identifier, at: Int64, address: String)]) async throws {
        try await write { db in
            for use in uses {
                let values: [Value] = [.integer(use.at), .text(use.address), Value(use.familyID)]
                try db.run(
                    """
                    UPDATE token_families SET last_used_at = $1, last_used_address = $2
                    WHERE id = $3 AND COALESCE(last_used_at, 0) <= $1
                    """, values)
                try db.run(
                    """
                    UPDATE authorizations SET last_used_at = $1, last_used_address = $2
                    WHERE id = (SELECT authorization_id FROM token_families WHERE id = $3) AND COALESCE(last_used_at, 0) <= $1
                    """, values)
            }
        }
    }

    /// API tokens.
    public func recordUse(ofAPITokens uses: [(id: Identifier, at: Int64, address: String)]) async throws {
        try await write { db in
            for use in uses {
                try db.run(
                    """
                    UPDATE api_tokens SET last_used_at = $1, last_used_address = $2 WHERE id = $3 AND COALESCE(last_used_at, 0) <= $1
                    """, [.integer(use.at), .text(use.address), Value(use.id)])
            }
        }
    }

    /// Client secrets, each known by its SHA-256.
    public func recordUse(ofClientSecrets uses: [(hash: [UInt8], at: Int64)]) async throws {
        try await write { db in
            for use in uses {
                try db.run(
                    "UPDATE client_secrets SET last_used_at = $1 WHERE hash = $2 AND COALESCE(last_used_at, 0) <= $1",
                    [.integer(use.at), .blob(use.hash)])
            }
        }
    }
}
