import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/oauth/scopes`.
    static let scopes = APIArea(
        name: "Scopes", description: "What a client can ask for.",
        operations: [
            APIOperation(
                method: .get, path: "/oauth/scopes", id: "listScopes", summary: "List scopes and what each opens", access: .caller,
                query: [.page, .perPage()],
                result: .page(of: scope))
        ])

    private static let scope = Schema.object([
        "id": .string.described("The label."), "name": .string, "description": .string, "category": .string, "risk": .one(of: Risk.self),
        "scopes": .list(of: .string).described("Kinds of resources that it holds in."),
        "operations": .list(of: .object(["method": .string, "path": .string, "summary": .string, "risk": .one(of: Risk.self)])),
    ])

    /// `/user`.
    static let user = APIArea(
        name: "User", description: "Who the caller is.",
        schemas: ["User": person],
        operations: [
            APIOperation(
                method: .get, path: "/user", id: "getUser", summary: "Read your user", access: .user(.viewUser),
                result: .one(
                    .named("User").and(.object(["suspended": .boolean, "created_on": .time, "organizations": .anyList])))),
            APIOperation(
                method: .get, path: "/memberships", id: "listMemberships", summary: "List the accounts that you are a member of",
                access: .user(.viewUser),
                query: [
                    .page, .perPage(), .init(name: "account.name", schema: .string), .init(name: "name", schema: .string), .direction,
                    .init(name: "status", schema: .one(of: ["accepted", "pending", "rejected"])),
                ],
                result: .page(of: membership)),
            APIOperation(
                method: .get, path: "/memberships/{membership_id}", id: "getMembership", summary: "Read your place in an account",
                access: .user(.viewUser), result: .one(membership)),
            APIOperation(
                method: .delete, path: "/memberships/{membership_id}", id: "leaveAccount", summary: "Leave an account",
                details: "What you granted on it ends at once. The last one who may do everything there cannot leave.",
                access: .user(.manageMemberships), result: .one(named), errors: [400]),
        ])

    private static let membership = Schema.object([
        "id": .identifier.orNull, "account": .named("Account"), "status": .constant("accepted"), "roles": .list(of: .string),
        "permissions": .anyObject,
    ])

    private static let person = Schema.object([
        "id": .identifier, "email": .string, "name": .string, "first_name": .string, "last_name": .string.orNull,
        "two_factor_authentication_enabled": .boolean,
    ])

    /// `/user/authorizations` and `/authorizations/self`.
    static let connectedApps = APIArea(
        name: "Connected apps", description: "What the user granted, to whom, and the ways to end it.",
        schemas: ["Authorization": .object(authorization)],
        operations: [
            APIOperation(
                method: .get, path: "/user/authorizations", id: "listAuthorizations", summary: "List what you granted",
                access: .user(.viewApps), query: [.page, .perPage()], result: .page(of: .named("Authorization"))),
            APIOperation(
                method: .get, path: "/user/authorizations/{authorization_id}", id: "getAuthorization", summary: "Read an authorization",
                access: .user(.viewApps), result: .one(.named("Authorization"))),
            APIOperation(
                method: .patch, path: "/user/authorizations/{authorization_id}", id: "narrowAuthorization",
                summary: "Narrow an authorization", details: "The lists say what stays. It reaches every installation at once.",
                access: .user(.manageApps),
                body: whatStays,
                result: .one(.named("Authorization"))),
            APIOperation(
                method: .delete, path: "/user/authorizations/{authorization_id}", id: "endAuthorization",
                summary: "End an authorization", details: "Every installation of the app stops at once.", access: .user(.manageApps),
                result: .one(named)),
            APIOperation(
                method: .delete, path: "/user/authorizations/{authorization_id}/installations/{installation_id}", id: "endInstallation",
                summary: "End one installation of an app", details: "The others go on.", access: .user(.manageApps), result: .one(named)),
            APIOperation(
                method: .get, path: "/authorizations/self", id: "getOwnAuthorization",
                summary: "Read the authorization of the presented access token", access: .accessToken,
                result: .one(
                    .named("Authorization").and(
                        .object(["declined_scopes": .list(of: .string), "authorize_url": .string, "installation": .identifier]))),
                errors: [404]),
        ])

    private static let whatStays = Schema.object(
        [:],
        optional: [
            "scopes": Schema.list(of: .string, 0...1000).orNull, "accounts": Schema.list(of: .string, 0...1000).orNull,
            "resources": Schema.map(to: .map(to: .any(of: [.constant("all"), .list(of: .string(1...ResourceIDs.maximumLength))]))).orNull
                .described("By account and type; a type that is not named stays as it is."),
        ]
    ).with("minProperties", 1)

    private static let namedAccounts = Schema.list(of: .object(["id": .identifier, "name": .string]))

    private static let chosen = Schema.map(to: .map(to: .list(of: .string))).orNull
        .described("By account and type, the resources that access is narrowed to. Null: all of them.")

    private static let authorization: KeyValuePairs<String, Schema> = [
        "id": .identifier, "client_id": .identifier, "client_name": .string, "visibility": .one(of: Client.Visibility.self),
        "scopes": .list(of: .string), "accounts": namedAccounts, "resources": chosen,
        "created_at": .time, "expires_on": Schema.time.orNull.described("Null: until it is ended."), "last_used_at": .time.orNull,
        "last_used_ip": .string.orNull,
        "installations": .list(
            of: .object(
                [
                    "id": .identifier, "created_at": .time, "expires_on": .time.orNull, "last_used_at": .time.orNull,
                    "scopes": .list(of: .string), "accounts": namedAccounts,
                ], optional: ["resources": chosen.described("Where it is narrowed.")])),
    ]

    /// `/user/sessions`.
    static let sessions = APIArea(
        name: "Sessions", description: "Where the user is signed in.",
        operations: [
            APIOperation(
                method: .get, path: "/user/sessions", id: "listSessions", summary: "List where you are signed in",
                access: .user(.viewSessions), query: [.page, .perPage()],
                result: .page(
                    of: .object([
                        "id": .identifier, "created_at": .time, "last_seen_at": .time, "authenticated_at": .time, "expires_on": .time,
                        "ip": .string, "user_agent": .string,
                    ]))),
            APIOperation(
                method: .delete, path: "/user/sessions", id: "endSessions", summary: "Sign out everywhere", access: .user(.manageSessions),
                query: [.init(name: "except", schema: .identifier.described("A session that stays."))],
                result: .one(.object(["count": .count]))),
            APIOperation(
                method: .delete, path: "/user/sessions/{session_id}", id: "endSession", summary: "Sign out one session",
                access: .user(.manageSessions), result: .one(named)),
        ])
}

extension APIOperation.Parameter {
    /// Of lists that are ordered by name.
    static let direction = APIOperation.Parameter(
        name: "direction", schema: .one(of: ["asc", "desc"]).with("default", "asc"))
}
