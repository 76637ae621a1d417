import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// The two audit lists.
    static let audit = APIArea(
        name: "Audit log", description: "What happened, who did it and from where.",
        schemas: ["AuditEvent": numbered],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/audit_logs", id: "listAuditLog", summary: "List events, by page number",
                access: .account(.viewAudit), query: filters, result: .endlessPage(of: .named("AuditEvent"))),
            APIOperation(
                method: .get, path: "/user/audit_logs", id: "listOwnAuditLog", summary: "List events that concern you",
                access: .user(.viewUser), query: filters, result: .endlessPage(of: .named("AuditEvent"))),
            APIOperation(
                method: .get, path: "/accounts/{account_id}/logs/audit", id: "followAuditLog", summary: "List events, by cursor",
                access: .account(.viewAudit),
                query: [
                    .init(name: "since", schema: moment, isRequired: true), .init(name: "before", schema: moment, isRequired: true),
                    .init(name: "cursor", schema: .string), .newestFirst,
                    .init(name: "limit", schema: .integer(1...1000).with("default", 100)),
                ], result: .cursor(of: followed)),
        ])

    private static let moment = Schema.string.described("A date, or a time (RFC 3339).").example("2026-11-24T13:05:09Z")

    private static let filters: [APIOperation.Parameter] = [
        .init(name: "id", schema: .string),
        .init(name: "action.type", schema: .string.described("A kind of events, or what stands before its dot.")),
        .init(name: "actor.email", schema: .string), .init(name: "actor.ip", schema: .string), .init(name: "since", schema: moment),
        .init(name: "before", schema: moment), .newestFirst, .page, .perPage(default: 100),
    ]

    private static let numbered = Schema.object([
        "id": .string, "action": .object(["type": .string, "result": .boolean, "info": .string]),
        "actor": .object([
            "id": .identifier.orNull, "email": .string.orNull, "ip": .string.orNull, "type": Schema.one(of: ["user", "admin"]).orNull,
        ]),
        "interface": Schema.one(of: ["API", "UI"]).orNull, "metadata": .anyObject, "newValue": .string.orNull, "oldValue": .string.orNull,
        "owner": .object(["id": .identifier.orNull]), "resource": .object(["id": .identifier.orNull, "type": .string]), "when": .time,
    ])

    private static let followed = Schema.object([
        "id": .string, "account": .object(["id": .identifier, "name": .string]),
        "action": .object(["description": .string, "result": .one(of: ["success", "failure"]), "time": .time, "type": .string]),
        "actor": .object([
            "id": .identifier.orNull, "context": Schema.one(of: ["api_token", "oauth", "dash"]).orNull, "email": .string.orNull,
            "ip_address": .string.orNull, "token_id": .identifier.orNull, "token_name": .string.orNull,
            "type": Schema.one(of: ["user", "account", "system"]).orNull,
        ]),
        "raw": .object(["user_agent": .string.orNull]),
        "resource": .object([
            "id": .identifier.orNull, "product": .string, "type": .string, "scope": .string, "request": .anyObject,
        ]),
    ])

    /// This document.
    static let document = APIArea(
        name: "Description", description: "What there is.",
        operations: [
            APIOperation(
                method: .get, path: "/openapi.json", id: "getDescription", summary: "Read this document", access: .open,
                result: .bare(
                    .object([
                        "openapi": .string, "info": .anyObject, "servers": .anyList, "security": .anyList, "tags": .anyList,
                        "paths": .anyObject, "components": .anyObject,
                    ])))
        ])
}

extension APIOperation.Parameter {
    fileprivate static let newestFirst = APIOperation.Parameter(
        name: "direction", schema: .one(of: ["asc", "desc"]).with("default", "desc"))
}
