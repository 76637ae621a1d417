import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/user/tokens`.
    static let userTokens = tokens(
        "Your API tokens", "Long-lived credentials of a user.", at: "/user/tokens", id: "User", view: .user(.viewTokens),
        manage: .user(.manageTokens), groups: .caller, verify: .caller, schemas: ["Token": token, "TokenPolicy": policy])

    /// `/accounts/{account_id}/tokens`.
    static let accountTokens = tokens(
        "API tokens of an account", "Long-lived credentials that belong to no person.", at: "/accounts/{account_id}/tokens",
        id: "Account", view: .account(.viewTokens), manage: .account(.manageTokens), groups: .member, verify: .member)

    private static func tokens(
        _ name: String, _ description: String, at path: String, id: String, view: APIOperation.Access, manage: APIOperation.Access,
        groups: APIOperation.Access, verify: APIOperation.Access, schemas: KeyValuePairs<String, Schema> = [:]
    ) -> APIArea {
        let one = path + "/{token_id}"
        return APIArea(
            name: name, description: description, schemas: schemas,
            operations: [
                APIOperation(
                    method: .get, path: path, id: "list\(id)Tokens", summary: "List API tokens", access: view, query: [.page, .perPage()],
                    result: .page(of: .named("Token"))),
                APIOperation(
                    method: .post, path: path, id: "create\(id)Token", summary: "Create an API token",
                    details: "Its text is shown in this answer and never again. Nobody makes a token that may do more than they.",
                    access: manage, body: newToken, result: .one(.named("Token").and(.object(["value": .string])))),
                APIOperation(
                    method: .get, path: path + "/verify", id: "verify\(id)Token", summary: "Read what the presented API token is",
                    access: verify,
                    result: .one(
                        .object(["id": .identifier, "status": statuses], optional: ["not_before": .time, "expires_on": .time]))),
                APIOperation(
                    method: .get, path: path + "/permission_groups", id: "list\(id)PermissionGroups",
                    summary: "List what an API token can be given", access: groups,
                    query: [.init(name: "name", schema: .string), .init(name: "scope", schema: .string)], result: .page(of: group)),
                APIOperation(
                    method: .get, path: one, id: "get\(id)Token", summary: "Read an API token", access: view,
                    result: .one(.named("Token"))),
                APIOperation(
                    method: .put, path: one, id: "update\(id)Token", summary: "Change an API token",
                    details: "What is not sent stays as it is, but for `name` and `policies`, which are always sent.", access: manage,
                    body: changedToken, result: .one(.named("Token")), errors: [409]),
                APIOperation(
                    method: .delete, path: one, id: "delete\(id)Token", summary: "Delete an API token", details: "It stops at once.",
                    access: manage, result: .one(named)),
                APIOperation(
                    method: .put, path: one + "/value", id: "roll\(id)Token", summary: "Give an API token another text",
                    details: "The result is the new text. The one before stops at once.", access: manage, result: .one(.string),
                    errors: [409]),
            ])
    }

    // MARK: What is sent

    private static let ranges = Schema.list(of: .string, 0...APITokenBody.mostRanges).orNull
        .described("Addresses, or blocks such as 192.0.2.0/24.")

    private static let condition = Schema.object(
        [:], optional: ["request_ip": Schema.object([:], optional: ["in": ranges, "not_in": ranges], isClosed: true).orNull], isClosed: true
    ).orNull.described("Where it can be used from.")

    private static let everything = Schema.constant("*")

    private static let places = Schema.map(to: .any(of: [everything, .object(["*": everything], isClosed: true)]), least: 1)
        .with("propertyNames", ["pattern": #"^(\*|com\.latchkey\.api\.(account\.(\*|[0-9a-f]{32})|user\.[0-9a-f]{32}))$"#])
        .described("By `com.latchkey.api.account.<id>`, `com.latchkey.api.user.<id>` or `*`.")

    private static let policies = Schema.list(
        of: .object(
            [
                "effect": .one(of: TokenPolicy.Effect.self),
                "permission_groups": .list(of: .object(["id": .identifier])).with("minItems", 1), "resources": places,
            ], optional: ["id": Schema.string.orNull]),
        1...APITokenBody.mostPolicies)

    private static let tokenName = Schema.string(1...DisplayName.maximumLength)

    private static let newToken = Schema.object(
        ["name": tokenName, "policies": policies],
        optional: ["condition": condition, "not_before": .time.orNull, "expires_on": .time.orNull, "status": statuses.orNull])

    private static let changedToken = newToken

    // MARK: What is answered

    private static let statuses = Schema.one(of: ["active", "disabled", "expired"])

    private static let policy = Schema.object([
        "id": .identifier, "effect": .one(of: TokenPolicy.Effect.self),
        "permission_groups": .list(of: .object(["id": .identifier, "name": .string])), "resources": .map(to: everything),
    ])

    private static let token = Schema.object(
        [
            "id": .identifier, "name": .string, "status": statuses, "policies": .list(of: .named("TokenPolicy")), "issued_on": .time,
            "modified_on": .time, "last_used_on": .time.orNull, "last_used_ip": .string.orNull,
        ],
        optional: [
            "condition": .object([
                "request_ip": .object([:], optional: ["in": .list(of: .string), "not_in": .list(of: .string)])
            ]), "not_before": .time, "expires_on": .time,
        ])

    private static let group = Schema.object([
        "id": .identifier, "name": .string, "label": .string, "category": .string,
        "scopes": .list(of: .one(of: PermissionGroup.Kind.self)),
        "is_selectable": .boolean.described("Whether the caller may give it."),
    ])
}
