import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts/{account_id}/authorizations`.
    static let membersApps = APIArea(
        name: "Members' apps", description: "What members connected to an account, and the ways to end it.",
        schemas: ["MemberAuthorization": memberAuthorization],
        operations: [
            APIOperation(
                method: .get, path: authorizations, id: "listMembersAuthorizations", summary: "List what members connected",
                access: .account(.viewApps), query: [.page, .perPage(), .client, .user], result: .page(of: .named("MemberAuthorization"))),
            APIOperation(
                method: .delete, path: authorizations, id: "endMembersAuthorizations",
                summary: "End one client for everyone, or one member's all", details: "One of the two filters is needed.",
                access: .account(.manageApps), query: [.client, .user], result: .one(.object(["count": .count]))),
            APIOperation(
                method: .get, path: authorizations + "/{authorization_id}", id: "getMembersAuthorization",
                summary: "Read what a member connected", access: .account(.viewApps), result: .one(.named("MemberAuthorization"))),
            APIOperation(
                method: .delete, path: authorizations + "/{authorization_id}", id: "endMembersAuthorization",
                summary: "Take the account out of one authorization", details: "Its next call here is refused.",
                access: .account(.manageApps), result: .one(named)),
        ])

    private static let authorizations = "/accounts/{account_id}/authorizations"

    private static let memberAuthorization = Schema.named("Authorization").and(
        .object([
            "installations": Schema.anyList.described("`expires_on`: until when it reaches this account; its app policy may end it there."),
            "refused_by_policy": Schema.string.orNull.described("Why the app policy keeps it out."), "owner_name": .string,
            "user": person,
        ]))

    private static let person = Schema.object(["id": .identifier, "email": .string, "name": .string])

    /// `/accounts/{account_id}/app_policy`.
    static let appPolicy = APIArea(
        name: "App policy", description: "Which apps members may connect to an account, and for how long.",
        schemas: ["AppPolicyChange": policyChange],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/app_policy", id: "getAppPolicy", summary: "Read the app policy",
                access: .account(.viewApps), result: .one(policyInForce)),
            APIOperation(
                method: .put, path: "/accounts/{account_id}/app_policy", id: "replaceAppPolicy", summary: "Replace the app policy",
                details: """
                    What is not sent is as in an account without a policy, which is open: {} refuses nothing. \
                    It applies to what is connected at once.
                    """,
                access: .account(.manageApps), body: .named("AppPolicyChange"), result: .one(policyInForce)),
            APIOperation(
                method: .post, path: "/accounts/{account_id}/app_policy/preview", id: "previewAppPolicy",
                summary: "Count what an app policy would stop", details: "Nothing is changed.", access: .account(.viewApps),
                body: .named("AppPolicyChange"), result: .one(policyPreview)),
        ])

    private static let clientIDs = Schema.list(of: .identifier, 0...AppPolicyInput.limit)

    private static let policyChange = Schema.object(
        [:],
        optional: [
            "mode": Schema.one(of: AppPolicy.Mode.self).orNull.described("Left out or null: open."),
            "longest_lifetime": Schema.integer(AppPolicy.lifetimes).orNull.described("Seconds; null: as long as it was granted."),
            "approval_scopes": Schema.list(of: .string, 0...AppPolicyInput.limit).orNull,
            "approval_risks": Schema.list(of: .one(of: Risk.self), 0...AppPolicyInput.limit).orNull,
            "allowed_clients": clientIDs.orNull, "blocked_clients": clientIDs.orNull,
            "audit_only": Schema.boolean.orNull.described("Refuses nothing; what it would have refused is recorded."),
        ])

    private static let policyInForce = Schema.object([
        "mode": .one(of: AppPolicy.Mode.self), "longest_lifetime": Schema.integer(AppPolicy.lifetimes).orNull,
        "approval_scopes": .list(of: .string), "approval_risks": .list(of: .one(of: Risk.self)),
        "allowed_clients": .list(of: .identifier), "blocked_clients": .list(of: .identifier), "audit_only": .boolean,
        "updated_at": Schema.time.orNull.described("Null: there is none, which is as if it were open."),
    ])

    private static let policyPreview = Schema.object([
        "authorizations": .count, "members": .count, "clients": .count, "narrowed": .count, "resumed": .count, "widened": .count,
        "by_client": .list(
            of: .object([
                "client_id": .identifier, "client_name": .string, "authorizations": .count, "members": .count, "narrowed": .count,
                "resumed": .count, "widened": .count,
            ])),
    ])

    /// `/accounts/{account_id}/app_requests`, `…/app_approvals` and `/user/app_requests`.
    static let appRequests = APIArea(
        name: "App requests", description: "Members ask for an app; administrators approve or deny.",
        schemas: ["AppRequest": appRequest],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/app_requests", id: "listAppRequests", summary: "List requests",
                access: .account(.viewApps),
                query: [.page, .perPage(), .init(name: "status", schema: .one(of: ["pending", "approved", "denied"]))],
                result: .page(of: .named("AppRequest"))),
            APIOperation(
                method: .post, path: "/accounts/{account_id}/app_requests/{request_id}/approve", id: "approveAppRequest",
                summary: "Approve a request", access: .account(.manageApps),
                body: .object(
                    [:],
                    optional: [
                        "for": Schema.one(of: ["member", "everyone"]).orNull, "optional_scopes": Schema.list(of: .string, 0...1000).orNull,
                        "answer": longText.orNull,
                    ]), result: .one(.named("AppRequest"))),
            APIOperation(
                method: .post, path: "/accounts/{account_id}/app_requests/{request_id}/deny", id: "denyAppRequest",
                summary: "Deny a request", access: .account(.manageApps), body: .object([:], optional: ["answer": longText.orNull]),
                result: .one(.named("AppRequest"))),
            APIOperation(
                method: .get, path: "/accounts/{account_id}/app_approvals", id: "listAppApprovals", summary: "List approvals",
                access: .account(.viewApps), query: [.page, .perPage()], result: .page(of: approval)),
            APIOperation(
                method: .delete, path: "/accounts/{account_id}/app_approvals/{approval_id}", id: "withdrawAppApproval",
                summary: "Take an approval back", access: .account(.manageApps), result: .one(named)),
            APIOperation(
                method: .get, path: "/user/app_requests", id: "listOwnAppRequests", summary: "List what you asked for",
                access: .user(.viewApps), query: [.page, .perPage()], result: .page(of: .named("AppRequest"))),
            APIOperation(
                method: .post, path: "/user/app_requests", id: "askForApp", summary: "Ask the administrators of an account for an app",
                access: .user(.manageApps),
                body: .object(
                    ["account_id": .identifier, "client_id": .identifier],
                    optional: ["scopes": Schema.list(of: .string, 0...1000).orNull, "reason": longText.orNull]),
                result: .one(.named("AppRequest"))),
        ])

    private static let longText = Schema.string(0...AppGovernance.longestText)

    private static let appRequest = Schema.object([
        "id": .identifier, "status": .one(of: ["pending", "approved", "denied"]), "account_id": .identifier,
        "client": .object([
            "client_id": .identifier, "client_name": .string, "owner_name": .string, "required_scopes": .list(of: .string),
            "optional_scopes": .list(of: .string),
        ]),
        "user": person, "scopes": .list(of: .string), "reason": .string, "created_at": .time, "decided_at": .time.orNull,
        "decided_by": .identifier.orNull, "answer": .string.orNull,
    ])

    private static let approval = Schema.object([
        "id": .identifier, "client_id": .identifier, "for": .one(of: ["member", "everyone"]), "user_id": .identifier.orNull,
        "scopes": Schema.list(of: .string).orNull.described("Null: whatever the client asks for."), "approved_at": .time,
        "approved_by": .identifier.orNull,
    ])
}

extension APIOperation.Parameter {
    fileprivate static let client = APIOperation.Parameter(name: "client_id", schema: .identifier)
    fileprivate static let user = APIOperation.Parameter(name: "user_id", schema: .identifier)
}
