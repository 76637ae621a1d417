import OAuth

/// When things were last used: collected in memory and written in batches, since a use must cost no write of its own.
///
/// Each is a transaction of one statement all the same: a driver commits many of them together, and what is refreshed a hundred times
/// a second is not held until the whole batch is written.
extension Store {
    /// Token families, and the authorizations that they belong to. An older use never replaces a newer one.
    public func recordUse(_ uses: [(familyID: Identifier, at: Int64, address: String)]) async throws {
        try await each(uses) { use in
            let family = try await write { db in
                try db.rows(
                    """
                    UPDATE token_families SET last_used_at = $1, last_used_address = $2
                    WHERE id = $3 AND COALESCE(last_used_at, 0) <= $1 RETURNING authorization_id
                    """, [.integer(use.at), .text(use.address), Value(use.familyID)])
            }
            guard let authorization = family.first?[0] else { return }
            _ = try await write { db in
                try db.run(
                    """
                    UPDATE authorizations SET last_used_at = $1, last_used_address = $2 WHERE id = $3 AND COALESCE(last_used_at, 0) <= $1
                    """, [.integer(use.at), .text(use.address), authorization])
            }
        }
    }

    /// API tokens.
    public func recordUse(ofAPITokens uses: [(id: Identifier, at: Int64, address: String)]) async throws {
        try await each(uses) { use in
            _ = try await write { db in
                try db.run(
                    """
                    UPDATE api_tokens SET last_used_at = $1, last_used_address = $2 WHERE id = $3 AND COALESCE(last_used_at, 0) <= $1
                    """, [.integer(use.at), .text(use.address), Value(use.id)])
            }
        }
    }

    /// Client secrets, each known by its SHA-256.
    public func recordUse(ofClientSecrets uses: [(hash: [UInt8], at: Int64)]) async throws {
        try await each(uses) { use in
            _ = try await write { db in
                try db.run(
                    "UPDATE client_secrets SET last_used_at = $1 WHERE hash = $2 AND COALESCE(last_used_at, 0) <= $1",
                    [.integer(use.at), .blob(use.hash)])
            }
        }
    }

    /// So many at once that they share a commit, and no more.
    private func each<Use: Sendable>(_ uses: [Use], _ write: @escaping @Sendable (Use) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, use) in uses.enumerated() {
                if index >= 64 { try await group.next() }
                group.addTask { try await write(use) }
            }
            try await group.waitForAll()
        }
    }
}
