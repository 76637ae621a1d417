import Delegation
import OAuth

extension Store {
    public enum RotateOutcome: Sendable, Equatable {
        case rotated(generation: Int64)
        /// The token before the current one, inside the grace window: the answer that was given is given again.
        case replayed(generation: Int64, rotatedAt: Int64)
        /// An older token: the family has been ended.
        case reused
        case ended
    }

    /// Rotates a family's refresh token: one conditional update where all is well.
    /// - Parameter grace: seconds; 0: any second use ends the family.
    public func rotate(
        _ familyID: Identifier, generation: Int64, grace: Int64, idleExpiresAt: Int64, actor: Actor, now: Int64
    ) async throws -> RotateOutcome {
        try await write { db in
            let rotated = try db.run(
                """
                UPDATE token_families SET generation = generation + 1, rotated_at = $1, idle_expires_at = $2
                WHERE id = $3 AND generation = $4 AND revoked_at IS NULL AND idle_expires_at > $5 AND expires_at > $5
                """, [.integer(now), .integer(idleExpiresAt), Value(familyID), .integer(generation), .integer(now)])
            if rotated > 0 { return .rotated(generation: generation + 1) }
            let row = try db.rows(
                """
                SELECT generation, rotated_at, authorization_id, installation_id FROM token_families
                WHERE id = $1 AND revoked_at IS NULL AND idle_expires_at > $2 AND expires_at > $2
                """, [Value(familyID), .integer(now)]
            ).first
            guard let row, let current = row[0].integer, let rotatedAt = row[1].integer, generation < current else { return .ended }
            // With no grace nothing is young enough, not even a rotation that happened after this request read the time.
            if generation == current - 1, grace > 0, max(0, now - rotatedAt) < grace {
                return .replayed(generation: current, rotatedAt: rotatedAt)
            }
            try db.run("UPDATE token_families SET revoked_at = $1 WHERE id = $2", [.integer(now), Value(familyID)])
            try db.record("refresh.reused", ofAuthorization: row[2], installation: row[3], actor, at: now)
            return .reused
        }
    }

    /// Everything known about a family, in one read.
    public func standing(_ familyID: Identifier) async throws -> Standing? {
        try await read { db in try db.standing(familyID) }
    }
}

extension TokenFamily {
    init?(_ row: Row) {
        guard let id = row[0].identifier, let authorizationID = row[1].identifier, let installationID = row[2].identifier,
            let original = row[3].text, let scopes = row[4].text, let accounts = row[5].text, let generation = row[6].integer,
            let createdAt = row[7].integer, let expiresAt = row[8].integer, let idleExpiresAt = row[9].integer,
            let redirectURI = row[14].text, let userAgent = row[15].text, let authenticatedAt = row[16].integer,
            let audience = row[17].text, let resources = ResourceChoice(text: row[18].text ?? "")
        else { return nil }
        self.init(
            id: id, authorizationID: authorizationID, originalScopes: ScopeSet(stored: original), scopes: ScopeSet(stored: scopes),
            accountIDs: accounts.words.compactMap { Identifier($0) }, resources: resources,
            installationID: installationID, generation: generation, createdAt: createdAt, expiresAt: expiresAt,
            idleExpiresAt: idleExpiresAt, rotatedAt: row[10].integer,
            revokedAt: row[11].integer, lastUsedAt: row[12].integer, lastUsedAddress: row[13].text, redirectURI: redirectURI,
            userAgent: userAgent, authenticatedAt: authenticatedAt, audience: audience)
    }
}
