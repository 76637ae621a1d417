import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts/{account_id}/oauth_clients/{client_id}/usage`.
    static let usage = APIArea(
        name: "Usage", description: "How an OAuth client is used.",
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/oauth_clients/{client_id}/usage", id: "getClientUsage",
                summary: "Read how a client is used", access: .account(.viewClients),
                query: [
                    .init(
                        name: "days",
                        schema: .integer(1...Int64(ClientUsage.longest)).with("default", 30).described("How many days, today included."))
                ],
                result: .one(usageOfClient))
        ])

    private static let usageOfClient = Schema.object([
        "authorizations": .count, "active_installations": .count, "users": .count, "accounts": .count,
        "calls_last_day": Schema.count.described("In the last 24 hours."), "first_call_on": date.orNull, "days": .list(of: day),
        "scopes": .list(
            of: .object(["id": .string, "asked": .count, "granted": .count, "used": .count, "last_used_on": date.orNull])),
        "never_used": Schema.list(of: .string).described("What it asks for and no call needed."),
    ])

    private static let day = Schema.object([
        "date": date, "tokens": .count, "tokens_by_grant": .object(["authorization_code": .count, "refresh_token": .count]),
        "calls": .count, "refusals": Schema.map(to: .count).described("By reason."),
    ])

    private static let date = Schema.string.with("format", "date")
}
