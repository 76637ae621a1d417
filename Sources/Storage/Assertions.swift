import OAuth

/// Client assertions that were used: each is good once, on every node and after every restart.
extension Store {
    /// - Returns: false where it was used before.
    public func useAssertion(_ use: ClientAssertion.Use) async throws -> Bool {
        try await write { db in
            try db.run(
                "INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.blob(use.hash), .integer(use.expiresAt)]) > 0
        }
    }
}
