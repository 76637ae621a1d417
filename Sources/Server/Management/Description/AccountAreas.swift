import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts`.
    static let accounts = APIArea(
        name: "Accounts", description: "Accounts that the caller is a member of.",
        schemas: [
            "Account": .object([
                "id": .identifier, "name": .string, "type": .string, "created_on": .time,
                "settings": .object(["enforce_twofactor": .boolean]),
                "reference": .string.orNull.described("What the platform's API calls it, where that is another name."),
                "status": .one(of: ["active", "suspended"]),
            ])
        ],
        operations: [
            APIOperation(
                method: .get, path: "/accounts", id: "listAccounts", summary: "List your accounts", access: .caller,
                query: [.page, .perPage(), .init(name: "name", schema: .string), .direction], result: .page(of: .named("Account"))),
            APIOperation(
                method: .post, path: "/accounts", id: "createAccount", summary: "Create an account",
                details: "You become its first member. It takes a token that may do everything that its user may; a platform can keep "
                    + "it to its operator.",
                access: .caller, body: nameOnly, result: .one(.named("Account"))),
            APIOperation(
                method: .get, path: "/accounts/{account_id}", id: "getAccount", summary: "Read an account", access: .member,
                result: .one(.named("Account"))),
            APIOperation(
                method: .put, path: "/accounts/{account_id}", id: "renameAccount", summary: "Rename an account",
                access: .account(.manageAccount), body: nameOnly, result: .one(.named("Account"))),
        ])

    private static let nameOnly = Schema.object(["name": .string(1...DisplayName.maximumLength)])

    /// `/accounts/{account_id}/members` and `…/roles`.
    static let members = APIArea(
        name: "Members", description: "Who is in an account, who was asked to join, and what the roles may do.",
        schemas: ["Role": role, "Member": .any(of: [accepted, pending])],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/roles", id: "listRoles", summary: "List roles",
                access: .account(.viewMembers), query: [.page, .perPage()], result: .page(of: .named("Role"))),
            APIOperation(
                method: .get, path: "/accounts/{account_id}/roles/{role_id}", id: "getRole", summary: "Read a role",
                access: .account(.viewMembers), result: .one(.named("Role"))),
            APIOperation(
                method: .get, path: "/accounts/{account_id}/members", id: "listMembers", summary: "List members and invitations",
                access: .account(.viewMembers),
                query: [
                    .page, .perPage(), .direction, .init(name: "status", schema: .one(of: ["accepted", "pending", "rejected"])),
                ], result: .page(of: .named("Member"))),
            APIOperation(
                method: .post, path: "/accounts/{account_id}/members", id: "inviteMember", summary: "Invite somebody",
                details: "They are a member once they have followed the link in the mail. Nobody gives a role that may do more than they.",
                access: .account(.manageMembers),
                body: .object(
                    ["email": .string(3...254).with("format", "email"), "roles": roles],
                    optional: ["status": Schema.constant("pending").orNull]),
                result: .one(.named("Member")), errors: [409, 429]),
            APIOperation(
                method: .get, path: member, id: "getMember", summary: "Read a member", access: .account(.viewMembers),
                result: .one(.named("Member"))),
            APIOperation(
                method: .put, path: member, id: "changeMember", summary: "Give a member other roles",
                access: .account(.manageMembers), body: .object(["roles": roles]), result: .one(.named("Member"))),
            APIOperation(
                method: .delete, path: member, id: "removeMember", summary: "Remove a member, or withdraw an invitation",
                details: "What they granted on the account ends at once.", access: .account(.manageMembers), result: .one(named),
                errors: [400]),
        ])

    private static let member = "/accounts/{account_id}/members/{member_id}"

    private static let roles = Schema.list(of: .any(of: [.identifier, .object(["id": .identifier])]), 1...50)
        .described("Ids of roles, or objects with an `id`.")

    private static let role = Schema.object([
        "id": .identifier, "name": .string, "description": .string, "permissions": .anyObject,
        "patterns": .list(of: .string).described("Of permissions and scopes; `*` stands for any run of characters."),
    ])

    private static let accepted = Schema.object([
        "id": .identifier, "email": .string, "status": .constant("accepted"), "user": .named("User"), "roles": .list(of: .named("Role")),
        "policies": .anyList, "joined_on": .time,
    ])

    private static let pending = Schema.object([
        "id": .identifier, "email": .string, "status": .constant("pending"), "user": .object(["email": .string]),
        "roles": .list(of: .named("Role")), "policies": .anyList, "invited_on": .time, "expires_on": .time,
    ])
}
