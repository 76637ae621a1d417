import Delegation
import OAuth

/// From consent to tokens: authorizations, codes, token families.
extension Store {
    public enum GrantOutcome: Sendable, Equatable {
        case granted(authorizationID: Identifier)
        /// The request was answered before or has expired, or its user or client went away meanwhile.
        case alreadyDecided
        /// Nobody was asked, and what was granted before does not cover it, or no longer.
        case notCovered
        /// With what was granted before it would name more resources than an authorization may.
        case tooManyResources
    }

    /// Commits a consent: the authorization becomes the union of what it was and what is granted now, and the code is kept.
    /// - Parameters:
    ///   - code: `authorizationID` is used where there is no authorization in force yet.
    ///   - requestHash: the request that is answered with it; nil where none was kept.
    ///   - isDecision: the user was asked. Otherwise one of the consents in force has to cover the code now, whatever was read before.
    public func grant(
        _ code: AuthorizationCode, codeHash: [UInt8], requestHash: [UInt8]?, isDecision: Bool = true, actor: Actor, now: Int64
    ) async throws -> GrantOutcome {
        try await write { db in
            if !isDecision, try !db.isCovered(code, at: now) { return .notCovered }
            if try db.namesTooMany(code, at: now) { return .tooManyResources }
            if let requestHash {
                let taken = try db.run(
                    "DELETE FROM authorization_requests WHERE hash = $1 AND expires_at > $2", [.blob(requestHash), .integer(now)])
                if taken == 0 { return .alreadyDecided }
            }
            let remain = try db.rows(
                "SELECT 1 FROM users u, clients c WHERE u.id = $1 AND c.id = $2", [Value(code.userID), Value(code.clientID)])
            if remain.isEmpty { return .alreadyDecided }
            var code = code
            if let existing = try db.authorization(userID: code.userID, clientID: code.clientID) {
                if existing.isInForce(at: now) {
                    code.authorizationID = existing.id
                    try db.widen(existing, by: code, actor, at: now)
                } else {
                    try db.end(existing.id, userID: code.userID, clientID: code.clientID, actor, at: now)
                    try db.begin(code, actor, at: now)
                }
            } else {
                try db.begin(code, actor, at: now)
            }
            if isDecision { try db.keepConsent(code, at: now) }
            try db.run(
                "INSERT INTO authorization_codes (hash, authorization_id, code, expires_at) VALUES ($1, $2, $3, $4)",
                [.blob(codeHash), Value(code.authorizationID), .text(code.json.text), .integer(code.expiresAt)])
            return .granted(authorizationID: code.authorizationID)
        }
    }

    /// A code as it was kept, used or not.
    public func code(hash: [UInt8]) async throws -> AuthorizationCode? {
        try await read { db in try db.code(hash) }
    }

    public enum RedeemOutcome: Sendable {
        case redeemed(AuthorizationCode, Standing)
        /// Whoever presents the code may not, or not so; it stays as it is.
        case refused(TokenError)
        /// It was used before; what it gave has been ended (RFC 6749 §4.1.2).
        case replayed
        case unknown
    }

    /// Uses a code up and begins its token family. Of many at once exactly one does.
    /// - Parameters:
    ///   - registration: the client that redeems it, with its owner, as far as it is known; it is not read again.
    ///   - begin: checks the code, used or not, and says what begins; it begins with what of its scopes and accounts the user
    ///     has not taken away since the consent. It may be asked twice.
    public func redeem(
        codeHash: [UInt8], registration: Standing.Registration? = nil, actor: Actor, now: Int64,
        begin: @escaping @Sendable (AuthorizationCode) -> Result<TokenFamily, TokenError>
    ) async throws -> RedeemOutcome {
        try await write { db in
            guard let code = try db.transaction.code(codeHash) else { return .unknown }
            let family: TokenFamily
            switch begin(code) {
            case .failure(let error): return .refused(error)
            case .success(let begun): family = begun
            }
            let used = try db.run(
                "UPDATE authorization_codes SET used_at = $1, family_id = $2 WHERE hash = $3 AND used_at IS NULL AND expires_at > $4",
                [.integer(now), Value(family.id), .blob(codeHash), .integer(now)])
            if used == 0 { return try db.replay(codeHash, actor, at: now) }
            guard let authorization = try db.transaction.authorization(family.authorizationID) else { return .unknown }
            let begun = family.narrowed(to: authorization)
            try db.insert(begun)
            try db.endOldest(besides: begun, actor, at: now)
            guard let standing = try db.transaction.standing(of: begun, authorization, registration) else { return .unknown }
            try db.record(
                NewEvent(
                    kind: "installation.began", clientID: standing.client.id, userID: standing.user.id,
                    authorizationID: family.authorizationID, installationID: family.installationID), actor, at: now)
            return .redeemed(code, standing)
        }
    }
}

extension Transaction {
    fileprivate func code(_ hash: [UInt8]) throws -> AuthorizationCode? {
        try rows("SELECT code FROM authorization_codes WHERE hash = $1", [.blob(hash)])
            .first?[0].text.flatMap { try? JSON(parsing: $0) }.flatMap { AuthorizationCode(json: $0) }
    }
}

extension Change {
    /// The authorization that has not been ended; it may have expired.
    fileprivate func authorization(userID: Identifier, clientID: Identifier) throws -> Authorization? {
        let row = try rows(
            """
            SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at
            FROM authorizations WHERE user_id = $1 AND client_id = $2 AND ended_at IS NULL
            """, [Value(userID), Value(clientID)]
        ).first
        guard let row else { return nil }
        return try transaction.authorization(row)
    }

    /// Whether a single consent that is in force allows all that a code stands for.
    fileprivate func isCovered(_ code: AuthorizationCode, at now: Int64) throws -> Bool {
        guard let existing = try authorization(userID: code.userID, clientID: code.clientID), existing.isInForce(at: now) else {
            return false
        }
        let wanted = Consent(code)
        return try transaction.consents(existing.id).contains {
            $0.isInForce(at: now) && $0.within(existing).covers(wanted)
        }
    }

    fileprivate func namesTooMany(_ code: AuthorizationCode, at now: Int64) throws -> Bool {
        guard code.resources.count > 0, let existing = try authorization(userID: code.userID, clientID: code.clientID),
            existing.isInForce(at: now)
        else { return false }
        return existing.resources.adding(code.resources, ofAccounts: existing.accountIDs, and: code.accountIDs)
            .isTooMuch(after: existing.resources)
    }

    fileprivate func keepConsent(_ code: AuthorizationCode, at now: Int64) throws {
        let known = try transaction.consents(code.authorizationID).filter { $0.isInForce(at: now) }
        try replaceConsents(of: code.authorizationID, with: known.adding(Consent(code)).suffix(Self.keptConsents))
    }

    /// More decisions than this differ by accident; the oldest is asked for again.
    private static let keptConsents = 50

    fileprivate mutating func begin(_ code: AuthorizationCode, _ actor: Actor, at now: Int64) throws {
        try run(
            "INSERT INTO authorizations (id, user_id, client_id, scopes, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
            [
                Value(code.authorizationID), Value(code.userID), Value(code.clientID), .text(code.scopes.description), .integer(now),
                Value(code.grantExpiresAt),
            ])
        try addAccounts(code, code.resources)
        try recordGrant(code, actor, at: now)
    }

    /// A consent only adds; the later end wins, and no end wins over any.
    fileprivate mutating func widen(_ existing: Authorization, by code: AuthorizationCode, _ actor: Actor, at now: Int64) throws {
        let scopes = existing.scopes.union(code.scopes)
        let end = existing.expiresAt.flatMap { known in code.grantExpiresAt.map { max(known, $0) } }
        let resources = existing.resources.adding(code.resources, ofAccounts: existing.accountIDs, and: code.accountIDs)
        let isWider =
            scopes != existing.scopes || end != existing.expiresAt
            || !Set(code.accountIDs).isSubset(of: existing.accountIDs) || resources != existing.resources
        if !isWider { return }
        try run(
            "UPDATE authorizations SET scopes = $1, expires_at = $2 WHERE id = $3",
            [.text(scopes.description), Value(end), Value(existing.id)])
        try addAccounts(code, resources)
        try recordGrant(code, actor, at: now)
    }

    private func addAccounts(_ code: AuthorizationCode, _ resources: ResourceChoice) throws {
        for account in code.accountIDs {
            try run(
                """
                INSERT INTO authorization_accounts (authorization_id, account_id, resources) VALUES ($1, $2, $3)
                ON CONFLICT (authorization_id, account_id) DO UPDATE SET resources = excluded.resources
                """, [Value(code.authorizationID), Value(account), .text(resources.kept(to: [account]).text)])
        }
    }

    private mutating func recordGrant(_ code: AuthorizationCode, _ actor: Actor, at now: Int64) throws {
        var details: JSONObject = ["scopes": JSON(code.scopes.labels), "accounts": JSON(code.accountIDs.map(\.description))]
        if code.resources.count > 0 { details["resources"] = code.resources.counts }
        try record(
            NewEvent(
                kind: "authorization.granted", clientID: code.clientID, userID: code.userID, authorizationID: code.authorizationID,
                details: details), actor, at: now)
    }

    fileprivate mutating func replay(_ codeHash: [UInt8], _ actor: Actor, at now: Int64) throws -> Store.RedeemOutcome {
        let row = try rows(
            """
            SELECT f.id, f.authorization_id, f.installation_id FROM authorization_codes c JOIN token_families f ON f.id = c.family_id
            WHERE c.hash = $1 AND c.used_at IS NOT NULL
            """, [.blob(codeHash)]
        ).first
        guard let row else { return .unknown }
        let ended = try run("UPDATE token_families SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", [.integer(now), row[0]])
        if ended > 0 { try record("code.replayed", ofAuthorization: row[1], installation: row[2], actor, at: now) }
        return .replayed
    }

    fileprivate func insert(_ family: TokenFamily) throws {
        try run(
            """
            INSERT INTO token_families (id, authorization_id, installation_id, original_scopes, scopes, accounts, generation, created_at,
                expires_at, idle_expires_at, redirect_uri, user_agent, authenticated_at, audience, resources)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
            """,
            [
                Value(family.id), Value(family.authorizationID), Value(family.installationID), .text(family.originalScopes.description),
                .text(family.scopes.description), .text(family.accountIDs.map(\.description).joined(separator: " ")),
                .integer(family.generation), .integer(family.createdAt), .integer(family.expiresAt), .integer(family.idleExpiresAt),
                .text(family.redirectURI), .text(family.userAgent), .integer(family.authenticatedAt), .text(family.audience),
                .text(family.resources.text),
            ])
    }

    /// Ends what was not used for longest, where many resources were chosen: each family has its own copy of the choice, and a change
    /// of it is written into every one. Without a long choice a new installation never ends another.
    fileprivate mutating func endOldest(besides family: TokenFamily, _ actor: Actor, at now: Int64) throws {
        guard family.resources.byteCount > TokenFamily.longChoice else { return }
        let authorization = Value(family.authorizationID)
        let surplus = try rows(
            """
            SELECT id, installation_id FROM token_families WHERE authorization_id = $1 AND revoked_at IS NULL AND id <> $2
            ORDER BY CASE WHEN expires_at > $3 AND idle_expires_at > $3 THEN 1 ELSE 0 END DESC,
                CASE WHEN COALESCE(last_used_at, 0) > COALESCE(rotated_at, created_at) THEN last_used_at
                    ELSE COALESCE(rotated_at, created_at) END DESC, created_at DESC, id DESC
            LIMIT 1000 OFFSET $4
            """, [authorization, Value(family.id), .integer(now), .integer(Int64(TokenFamily.maximumCount - 1))])
        for row in surplus {
            // What an ended family reached is asked for by nobody; a day of logins must not keep as many copies of it.
            try run("UPDATE token_families SET revoked_at = $1, resources = '' WHERE id = $2", [.integer(now), row[0]])
            try record("installation.ended", ofAuthorization: authorization, installation: row[1], actor, at: now)
        }
    }

    /// Ends an authorization with all of its families.
    mutating func end(
        _ authorization: Identifier, userID: Identifier?, clientID: Identifier?, _ actor: Actor, at now: Int64
    ) throws {
        try run("UPDATE authorizations SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL", [.integer(now), Value(authorization)])
        try run(
            "UPDATE token_families SET revoked_at = $1 WHERE authorization_id = $2 AND revoked_at IS NULL",
            [.integer(now), Value(authorization)])
        try run("DELETE FROM authorization_codes WHERE authorization_id = $1 AND used_at IS NULL", [Value(authorization)])
        try record(
            NewEvent(kind: "authorization.ended", clientID: clientID, userID: userID, authorizationID: authorization), actor, at: now)
    }
}

extension TokenFamily {
    /// A code keeps what was chosen; what was taken away before it was used must not come back with a later consent.
    fileprivate func narrowed(to authorization: Authorization) -> TokenFamily {
        var family = self
        family.scopes = scopes.intersection(authorization.scopes)
        family.accountIDs = accountIDs.filter(authorization.accountIDs.contains)
        family.resources = resources.kept(to: family.accountIDs)
        return family
    }
}

extension Consent {
    fileprivate init(_ code: AuthorizationCode) {
        self.init(scopes: code.scopes, accountIDs: code.accountIDs, resources: code.resources, expiresAt: code.grantExpiresAt)
    }
}
