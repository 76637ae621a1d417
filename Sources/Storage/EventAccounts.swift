import OAuth

/// Which accounts see an event in their audit log.
///
/// One event may concern many accounts: an authorization reaches several, the client belongs to another one, a person is a member
/// of some. So the accounts stand in a table of their own, keyed by account and time: that key is at once the index that an
/// account's log is read by, newest first, without a sort and without looking at anybody else's events. The rows are sealed
/// together with their event. `shows_person` is 0 where the account sees what happened but not who did it from where, because
/// the person is none of its members: the owner of a client learns that it was authorized, not by whom.
extension Change {
    func addAccounts(of event: NewEvent, as row: Event) throws {
        if let account = event.accountID { try add(account, row, showsPerson: true) }
        let stranger = row.actorID == event.userID ? nil : row.actorID
        for account in event.accountIDs { try add(account, row, showsPerson: try isKnown(stranger, to: account)) }
        if let authorization = event.authorizationID, !event.isOfNamedAccountsOnly { try addGranted(authorization, row, by: stranger) }
        if let user = event.userID, event.accountID == nil, row.concernsEveryMembership { try addMemberships(of: user, row) }
        if let client = event.clientID { try addOwner(of: client, row) }
    }

    private func add(_ account: Identifier, _ row: Event, showsPerson: Bool) throws {
        try run(
            "INSERT INTO event_accounts (account_id, at, sequence, shows_person) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            [Value(account), .integer(row.at), .integer(row.sequence), Value(showsPerson)])
    }

    /// Somebody else than the user may end or narrow what the user granted, such as the owner of the client or an administrator of
    /// one of the accounts: the others do not know them.
    private func isKnown(_ actor: Identifier?, to account: Identifier) throws -> Bool {
        guard let actor else { return true }
        return try !rows("SELECT 1 FROM members WHERE account_id = $1 AND user_id = $2", [Value(account), Value(actor)]).isEmpty
    }

    /// One statement, however many accounts there are: codes are exchanged often.
    private func addGranted(_ authorization: Identifier, _ row: Event, by stranger: Identifier?) throws {
        try run(
            """
            INSERT INTO event_accounts (account_id, at, sequence, shows_person)
            SELECT g.account_id, $1, $2, CASE WHEN $3 = '' OR EXISTS (
                    SELECT 1 FROM members m WHERE m.account_id = g.account_id AND m.user_id = $3) THEN 1 ELSE 0 END
            FROM authorization_accounts g WHERE g.authorization_id = $4 ON CONFLICT DO NOTHING
            """, [.integer(row.at), .integer(row.sequence), .text(stranger?.description ?? ""), Value(authorization)])
    }

    private func addMemberships(of user: Identifier, _ row: Event) throws {
        try run(
            """
            INSERT INTO event_accounts (account_id, at, sequence, shows_person)
            SELECT account_id, $1, $2, 1 FROM members WHERE user_id = $3 ON CONFLICT DO NOTHING
            """, [.integer(row.at), .integer(row.sequence), Value(user)])
    }

    private func addOwner(of client: Identifier, _ row: Event) throws {
        try run(
            """
            INSERT INTO event_accounts (account_id, at, sequence, shows_person)
            SELECT account_id, $1, $2, $3 FROM clients WHERE id = $4 ON CONFLICT DO NOTHING
            """, [.integer(row.at), .integer(row.sequence), Value(row.subject == .client), Value(client)])
        guard row.stopsOrResumesClient else { return }
        try run(
            """
            INSERT INTO event_accounts (account_id, at, sequence, shows_person)
            SELECT DISTINCT g.account_id, $1, $2, 0 FROM authorizations z JOIN authorization_accounts g ON g.authorization_id = z.id
            WHERE z.client_id = $3 AND z.ended_at IS NULL ON CONFLICT DO NOTHING
            """, [.integer(row.at), .integer(row.sequence), Value(client)])
    }
}

extension Event {
    /// Whether it is about a person as such, and so about every account where the person is a member.
    fileprivate var concernsEveryMembership: Bool {
        ["user", "session", "sign_in", "api_token"].contains(kind.prefix { $0 != "." })
    }

    /// Whether everybody who authorized the client feels it at once.
    fileprivate var stopsOrResumesClient: Bool {
        ["client.suspended", "client.resumed", "client.frozen", "client.thawed"].contains(kind)
    }
}
