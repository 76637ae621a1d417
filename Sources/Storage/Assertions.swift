import OAuth

/// Client assertions that were used: each is good once, on every node and after every restart.
extension Store {
    /// Seconds that a use is remembered after its assertion's end: more than a body may take and a clock may be wrong together,
    /// so that no request that read the time before the sweep did finds the assertion both good and unused.
    private static let memoryAfterEnd: Int64 = 60

    /// - Returns: false where it was used before.
    public func useAssertion(_ use: ClientAssertion.Use) async throws -> Bool {
        try await write { db in
            try db.run(
                "INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                [.blob(use.hash), .integer(use.expiresAt + Self.memoryAfterEnd)]) > 0
        }
    }
}
