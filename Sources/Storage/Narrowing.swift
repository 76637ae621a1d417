import Delegation
import OAuth

/// Taking away from what was granted, and from everything that hangs on it.
extension Change {
    func replaceConsents(of authorization: Identifier, with consents: [Consent]) throws {
        try run("DELETE FROM consents WHERE authorization_id = $1", [Value(authorization)])
        for (position, consent) in consents.enumerated() {
            try run(
                """
                INSERT INTO consents (authorization_id, position, scopes, accounts, expires_at, resources)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                [
                    Value(authorization), .integer(Int64(position)), .text(consent.scopes.description),
                    .text(consent.accountIDs.map(\.description).joined(separator: " ")), Value(consent.expiresAt),
                    .text(consent.resources.text),
                ])
        }
    }

    /// Leaves these of an authorization's scopes and accounts, to it, its families and its codes, and makes the user's new choice of
    /// resources theirs.
    func narrow(
        _ before: Authorization, to kept: ScopeSet, accountIDs accounts: [Identifier],
        resources change: [Identifier: ResourceChoice.Types] = [:]
    ) throws {
        func left(_ choice: ResourceChoice) -> ResourceChoice { choice.following(change, from: before.resources).kept(to: accounts) }
        try run("UPDATE authorizations SET scopes = $1 WHERE id = $2", [.text(kept.description), Value(before.id)])
        for account in before.accountIDs where !accounts.contains(account) {
            try run(
                "DELETE FROM authorization_accounts WHERE authorization_id = $1 AND account_id = $2", [Value(before.id), Value(account)])
        }
        let chosen = before.resources.setting(change)
        for account in change.keys {
            try run(
                "UPDATE authorization_accounts SET resources = $1 WHERE authorization_id = $2 AND account_id = $3",
                [.text(chosen.kept(to: [account]).text), Value(before.id), Value(account)])
        }
        for family in try transaction.families(of: before.id) {
            try run(
                "UPDATE token_families SET scopes = $1, accounts = $2, resources = $3 WHERE id = $4",
                [
                    .text(family.scopes.intersection(kept).description),
                    .text(family.accountIDs.filter(accounts.contains).map(\.description).joined(separator: " ")),
                    .text(left(family.resources).text), Value(family.id),
                ])
        }
        // What is left of each decision is bounded by the authorization as it was, and then follows the change as everything does.
        var remaining = before
        (remaining.scopes, remaining.accountIDs) = (kept, accounts)
        let consents = try transaction.consents(before.id).map { consent in
            var consent = consent.within(remaining)
            consent.resources = left(consent.resources)
            return consent
        }
        try replaceConsents(of: before.id, with: consents.filter { !$0.scopes.isEmpty })
        try narrowCodes(of: before.id, to: kept, accountIDs: accounts, left)
    }

    /// Each account where the choice changed hears of it; nothing said and all are the same.
    mutating func recordResources(
        _ chosen: ResourceChoice, of before: Authorization, in change: [Identifier: ResourceChoice.Types], _ actor: Actor, at now: Int64
    ) throws {
        let changed = change.filter { account, types in
            types.contains { type, wanted in wanted != before.resources[account, type] ?? .all }
        }.keys.sorted()
        if changed.isEmpty { return }
        let reduced = changed.filter { !chosen.covers(before.resources, in: [$0]) }
        try record(
            NewEvent(
                kind: Store.resourcesChanged, clientID: before.clientID, userID: before.userID, authorizationID: before.id,
                details: [
                    "resources": chosen.kept(to: changed).counts, "resources_before": before.resources.kept(to: changed).counts,
                    "accounts_reduced": JSON(reduced.map(\.description)),
                ], accountIDs: changed, isOfNamedAccountsOnly: true), actor, at: now)
    }

    /// A code that waits to be used keeps what was chosen; it shrinks with its authorization, as a family does.
    private func narrowCodes(
        of authorization: Identifier, to scopes: ScopeSet, accountIDs: [Identifier], _ left: (ResourceChoice) -> ResourceChoice
    ) throws {
        let waiting = try rows(
            "SELECT hash, code FROM authorization_codes WHERE authorization_id = $1 AND used_at IS NULL", [Value(authorization)])
        for row in waiting {
            guard let json = row[1].text.flatMap({ try? JSON(parsing: $0) }), var code = AuthorizationCode(json: json) else { continue }
            code.scopes = code.scopes.intersection(scopes)
            code.accountIDs = code.accountIDs.filter(accountIDs.contains)
            code.resources = left(code.resources)
            try run("UPDATE authorization_codes SET code = $1 WHERE hash = $2", [.text(code.json.text), row[0]])
        }
    }

    /// An event of one installation, with the client and the user that it belongs to.
    mutating func record(
        _ kind: String, ofAuthorization authorization: Value, installation: Value, _ actor: Actor, at now: Int64
    ) throws {
        let row = try rows("SELECT client_id, user_id FROM authorizations WHERE id = $1", [authorization]).first
        try record(
            NewEvent(
                kind: kind, clientID: row?[0].identifier, userID: row?[1].identifier, authorizationID: authorization.identifier,
                installationID: installation.identifier), actor, at: now)
    }
}
