import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts/{account_id}/resources`.
    static let resources = APIArea(
        name: "Resources", description: "What access can be narrowed to inside an account.",
        schemas: ["Resource": resource],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/resources", id: "listResourceTypes", summary: "List types of resources",
                access: .account(.viewResources), result: .one(.list(of: resourceType))),
            APIOperation(
                method: .get, path: ofType, id: "listResources", summary: "List resources of a type, by name",
                access: .account(.viewResources), segments: typeSegment,
                query: [
                    .init(name: "search", schema: .string(0...200)), .init(name: "cursor", schema: .string),
                    .init(name: "limit", schema: .integer(1...1000).with("default", 100)),
                ], result: .cursor(of: .named("Resource"))),
            APIOperation(
                method: .put, path: ofType, id: "putResources", summary: "Register many resources",
                details: "All of them or, where anything is wrong, none. Those that are there get their new names; the others stay.",
                access: .account(.manageResources), segments: typeSegment,
                body: .list(of: .object(["id": resourceID], optional: ["name": resourceName.orNull]), 1...ResourceRegister.maximumCount),
                result: .one(.object(["count": .count]))),
            APIOperation(
                method: .get, path: one, id: "getResource", summary: "Read a resource", access: .account(.viewResources),
                segments: bothSegments, result: .one(.named("Resource"))),
            APIOperation(
                method: .put, path: one, id: "putResource", summary: "Register a resource, or rename it",
                access: .account(.manageResources), segments: bothSegments,
                body: .object([:], optional: ["name": resourceName.orNull.described("Empty or missing: its id.")]),
                result: .one(.named("Resource"))),
            APIOperation(
                method: .delete, path: one, id: "deleteResource", summary: "Remove a resource", access: .account(.manageResources),
                segments: bothSegments, result: .one(.object(["id": .string]))),
        ])

    private static let ofType = "/accounts/{account_id}/resources/{type}"
    private static let one = ofType + "/{resource_id}"

    private static let typeName = Schema.string.described("A type that the catalogue names, such as zone.")
    private static let resourceID = Schema.string(1...ResourceIDs.maximumLength).described(Resource.idRule)
    private static let resourceName = Schema.string(0...Resource.maximumNameLength)
    private static let typeSegment: KeyValuePairs<String, Schema> = ["type": typeName]
    private static let bothSegments: KeyValuePairs<String, Schema> = ["type": typeName, "resource_id": resourceID]

    private static let resource = Schema.object(["type": .string, "id": .string, "name": .string, "created_at": .time])

    private static let resourceType = Schema.object([
        "type": .string, "name": .string, "plural": .string,
        "parameters": .list(of: .string).described("Of paths: what stands there is such a resource."),
        "scopes": .list(of: .string).described("Scopes that can be narrowed to such resources."), "count": .count,
    ])
}
