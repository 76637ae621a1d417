import HTTPTypes
import OAuth

/// The OpenAPI 3.1 document of the management API, put together from the areas.
enum APIDescription {
    /// Every area, one a line.
    static let areas: [APIArea] = [
        .clients,
        .usage,
        .webhooks,
        .scopes,
        .user,
        .connectedApps,
        .sessions,
        .accounts,
        .members,
        .userTokens,
        .accountTokens,
        .resources,
        .membersApps,
        .appPolicy,
        .appRequests,
        .audit,
        .document,
    ]

    static var operations: [APIOperation] { areas.flatMap(\.operations) }

    /// - Parameters:
    ///   - url: where the API stands, without a slash at the end.
    ///   - platform: how the platform is called.
    static func document(url: String, platform: String) -> JSON {
        var paths = JSONObject()
        for area in areas {
            for operation in area.operations {
                var item = paths[operation.path]?.objectValue ?? [:]
                item[operation.method.rawValue.lowercased()] = .object(operation.json(area))
                paths[operation.path] = .object(item)
            }
        }
        return [
            "openapi": "3.1.0",
            "info": ["title": .string("\(platform): management API"), "version": "4", "description": .string(introduction)],
            "servers": [["url": .string(url)]],
            "security": [["bearer": []]],
            "tags": .array(areas.map { ["name": .string($0.name), "description": .string($0.description)] }),
            "paths": .object(paths),
            "components": [
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer",
                        "description": "An API token (`lkt_…`), or an OAuth access token within its scopes.",
                    ]
                ],
                "schemas": .object(schemas), "responses": .object(responses),
            ],
        ]
    }

    private static let introduction = """
        Everything that the pages can do. An answer is wrapped in an envelope: `success`, `errors`, `messages`, `result`, and \
        `result_info` for lists. An error has the HTTP status that it deserves, and in `errors` a code, a message and, where a \
        member of the body is wrong, a JSON pointer to it. What belongs to an account that the caller has no place in does not \
        exist: 404. Members that are not described are ignored.
        """

    private static var schemas: JSONObject {
        var all: JSONObject = [
            "Problem": .object(problem.json), "Failure": .object(failure.json), "PageInfo": .object(pageInfo.json),
        ]
        for area in areas {
            for (name, schema) in area.schemas { all[name] = .object(schema.json) }
        }
        return all
    }

    private static let problem = Schema.object(
        ["code": .count.described("Stable, for programs; ten times the HTTP status and a digit."), "message": .string],
        optional: [
            "documentation_url": .string,
            "source": .object([:], optional: ["pointer": .string.described("RFC 6901: the member of the body that is wrong.")]),
        ])

    private static let failure = Schema.object([
        "success": .constant(false), "errors": .list(of: .named("Problem")).with("minItems", 1), "messages": .list(of: .named("Problem")),
        "result": Schema.anyObject.orNull,
    ])

    private static let pageInfo = Schema.object([
        "count": .count.described("How many are on this page."), "page": .count, "per_page": .count,
        "total_count": .count.described("How many there are on all pages."),
    ])

    /// The error answers, by status.
    static let errors: KeyValuePairs<Int, String> = [
        400: "Something in the request is wrong. Each entry of `errors` says what.",
        401: "No credential, or one that is unknown, disabled, expired or not valid yet.",
        403: "The role or the credential does not allow it.",
        404: "There is no such thing, or none that concerns the caller.",
        409: "It cannot be done as things stand. Trying again changes nothing.",
        413: "The body is too large.",
        414: "The path and the query are too long.",
        429: "Too many requests. `Retry-After` says when to try again.",
        431: "The header fields are too large.",
        503: "The server cannot answer right now. `Retry-After` says when to try again.",
    ]

    private static var responses: JSONObject {
        var responses = JSONObject()
        for (status, text) in errors {
            var response: JSONObject = [
                "description": .string(text),
                "content": ["application/json": ["schema": .object(Schema.named("Failure").json)]],
            ]
            if status == 401 {
                response["headers"] = [
                    "WWW-Authenticate": ["schema": .object(Schema.string.json), "description": "RFC 6750 §3."]
                ]
            }
            responses[responseName(status)] = .object(response)
        }
        return responses
    }

    static func responseName(_ status: Int) -> String { "Error\(status)" }
}

extension APIOperation {
    /// The operation object (OpenAPI 3.1 §4.8.10).
    fileprivate func json(_ area: APIArea) -> JSONObject {
        var json: JSONObject = [
            "operationId": .string(id), "summary": .string(summary),
            "description": .string([details, access.text].compactMap { $0 }.joined(separator: " ")), "tags": [.string(area.name)],
        ]
        if let permission = access.permission { json["x-latchkey-permission"] = .string(permission) }
        if case .open = access { json["security"] = [] }
        let parameters = pathParameters + query.map(\.json)
        if !parameters.isEmpty { json["parameters"] = .array(parameters) }
        if let body {
            let isRequired = body.json["required"] != nil || body.json["minItems"] != nil
            json["requestBody"] = [
                "required": .bool(isRequired), "content": ["application/json": ["schema": .object(body.json)]],
            ]
        }
        var responses: JSONObject = ["200": .object(success)]
        for (status, _) in APIDescription.errors where statuses.contains(status) {
            responses[String(status)] = ["$ref": .string("#/components/responses/" + APIDescription.responseName(status))]
        }
        json["responses"] = .object(responses)
        return json
    }

    /// The names in the path's braces, in order.
    var pathNames: [String] {
        path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
    }

    private var pathParameters: [JSON] {
        pathNames.map { name in
            let words = name.hasSuffix("_id") ? name.dropLast(3).split(separator: "_").joined(separator: " ") : name
            let schema = segments.first { $0.key == name }?.value ?? Schema.identifier.described("Which \(words).")
            return ["name": .string(name), "in": "path", "required": true, "schema": .object(schema.json)]
        }
    }

    /// The errors that it can give.
    private var statuses: Set<Int> {
        var statuses = Set(errors)
        statuses.formUnion([414, 431])
        if case .open = access { return statuses }
        statuses.formUnion([401, 403, 503])
        if !pathNames.isEmpty { statuses.insert(404) }
        if !query.isEmpty { statuses.insert(400) }
        if body != nil { statuses.formUnion([400, 413]) }
        return statuses
    }

    private var success: JSONObject {
        let schema: Schema
        switch result {
        case .bare(let bare): schema = bare
        case .one(let one): schema = Self.envelope(one)
        case .page(let element): schema = Self.envelope(.list(of: element), info: .named("PageInfo"))
        case .endlessPage(let element):
            schema = Self.envelope(.list(of: element), info: .object(["count": .count, "page": .count, "per_page": .count]))
        case .cursor(let element):
            let cursors = Schema.object(["after": .string.described("Send it as `cursor` for what follows.")])
            schema = Self.envelope(.list(of: element), info: .object(["count": .count], optional: ["cursors": cursors]))
        }
        return ["description": "Done.", "content": ["application/json": ["schema": .object(schema.json)]]]
    }

    private static func envelope(_ result: Schema, info: Schema? = nil) -> Schema {
        let problems = Schema.emptyList
        guard let info else {
            return .object(["success": .constant(true), "errors": problems, "messages": .list(of: .named("Problem")), "result": result])
        }
        return .object([
            "success": .constant(true), "errors": problems, "messages": .list(of: .named("Problem")), "result": result, "result_info": info,
        ])
    }
}

extension APIOperation.Parameter {
    fileprivate var json: JSON {
        ["name": .string(name), "in": "query", "required": .bool(isRequired), "schema": .object(schema.json)]
    }
}
