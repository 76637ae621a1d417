import Delegation
import OAuth

extension Store {
    /// Counts what is in force of a client.
    /// - Returns: nil where the account owns no such client.
    public func consequences(of id: Identifier, of accountID: Identifier, now: Int64) async throws -> ClientConsequences? {
        try await read { db in
            let owned = try db.rows("SELECT 1 FROM clients WHERE id = $1 AND account_id = $2", [Value(id), Value(accountID)])
            if owned.isEmpty { return nil }
            return ClientConsequences(
                all: try db.reach(of: id, of: accountID, isOutsideOnly: false, now: now),
                outside: try db.reach(of: id, of: accountID, isOutsideOnly: true, now: now))
        }
    }
}

extension Transaction {
    fileprivate func reach(
        of id: Identifier, of accountID: Identifier, isOutsideOnly: Bool, now: Int64
    ) throws -> ClientConsequences.Reach {
        let row = try rows(
            """
            WITH felt AS (
                SELECT id, user_id FROM authorizations
                WHERE client_id = $1 AND ended_at IS NULL AND (expires_at IS NULL OR expires_at > $2)
                    AND ($3 = 0 OR user_id NOT IN (SELECT user_id FROM members WHERE account_id = $4)))
            SELECT (SELECT COUNT(DISTINCT user_id) FROM felt),
                (SELECT COUNT(DISTINCT g.account_id) FROM felt z JOIN authorization_accounts g ON g.authorization_id = z.id),
                (SELECT COUNT(*) FROM felt),
                (SELECT COUNT(*) FROM felt z JOIN token_families f ON f.authorization_id = z.id
                    WHERE f.revoked_at IS NULL AND f.expires_at > $2 AND f.idle_expires_at > $2)
            """, [Value(id), .integer(now), Value(isOutsideOnly), Value(accountID)]
        ).first
        func count(_ index: Int) -> Int { Int(row?[index].integer ?? 0) }
        return .init(users: count(0), accounts: count(1), authorizations: count(2), installations: count(3))
    }
}
