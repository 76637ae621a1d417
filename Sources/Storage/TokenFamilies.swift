import Delegation
import OAuth

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
