import HTTPTypes
import Logging
import OAuth
import Storage
import Testing

@testable import Server

@Suite("The OpenAPI document of the management API")
struct APIDescriptionTests {
    private static let document = APIDescription.document(url: "https://login.example/api/v4", platform: "Example")

    /// Every `.envelope` route, below `/api/v4`.
    private static func routes() async throws -> [Route] {
        let database = try SQLiteDatabase(path: ":memory:")
        try await Migrations.apply(to: database, now: 1_800_000_000)
        let deployment = try await Deployment.open(
            settings: Settings(issuer: try Issuer("https://login.example/base")), database: database,
            masterKey: try #require(MasterKey(MasterKey.generate(.system))), log: Logger(label: "test"), now: { 1_800_000_000 })
        return publicRoutes(deployment).filter { $0.shape == .envelope }
    }

    /// The names in braces are the reader's to choose.
    private static func shape(_ method: HTTPRequest.Method, _ path: some StringProtocol) -> String {
        method.rawValue + " " + path.split(separator: "/").map { $0.first == "{" ? "{}" : String($0) }.joined(separator: "/")
    }

    @Test("every route is described, and everything described has a route")
    func routesAndDescriptions() async throws {
        let prefix = "/base/api/v4"
        let routes = try await Self.routes()
        #expect(routes.allSatisfy { $0.path.hasPrefix(prefix + "/") })
        let routed = Set(routes.map { Self.shape($0.method, $0.path.dropFirst(prefix.count)) })
        let described = Set(APIDescription.operations.map { Self.shape($0.method, $0.path) })
        #expect(routed.subtracting(described).sorted() == [], "no description; see APIArea")
        #expect(described.subtracting(routed).sorted() == [], "no route")
        #expect(described.count == APIDescription.operations.count, "described twice")
        #expect(routes.count == routed.count)
    }

    @Test("a route that nobody described would be found")
    func theComparisonSeesADifference() {
        #expect(Self.shape(.get, "/accounts/{a}/x/{id}") == Self.shape(.get, "/accounts/{account_id}/x/{x_id}"))
        #expect(Self.shape(.get, "/accounts/{a}/x") != Self.shape(.get, "/accounts/{a}/y"))
        #expect(Self.shape(.get, "/accounts/{a}") != Self.shape(.put, "/accounts/{a}"))
    }

    @Test("operations have names of their own")
    func names() {
        let ids = APIDescription.operations.map(\.id)
        #expect(Set(ids).count == ids.count)
        let tags = APIDescription.areas.map(\.name)
        #expect(Set(tags).count == tags.count)
        let schemas = APIDescription.areas.flatMap { $0.schemas.map(\.key) }
        #expect(Set(schemas).count == schemas.count)
    }

    @Test("every schema that is referred to is there, and every one that is there is referred to")
    func references() {
        var used: Set<String> = []
        func walk(_ json: JSON) {
            if let target = json["$ref"]?.stringValue { used.insert(target) }
            for element in json.arrayValue ?? [] { walk(element) }
            for member in json.objectValue?.members ?? [] { walk(member.value) }
        }
        walk(Self.document)
        var known: Set<String> = []
        for kind in ["schemas", "responses"] {
            for name in Self.document["components"]?[kind]?.objectValue?.names ?? [] { known.insert("#/components/\(kind)/\(name)") }
        }
        #expect(used.subtracting(known).sorted() == [])
        // 429 is there for areas that count requests.
        #expect(known.subtracting(used).subtracting(["#/components/responses/Error429"]).sorted() == [])
    }

    @Test("each operation says who may call it and which errors it can give")
    func operations() throws {
        for operation in APIDescription.operations {
            let json = try #require(Self.document["paths"]?[operation.path]?[operation.method.rawValue.lowercased()])
            #expect(json["operationId"] == .string(operation.id))
            let statuses = Set(json["responses"]?.objectValue?.names ?? [])
            let names = (json["parameters"]?.arrayValue ?? []).filter { $0["in"] == "path" }.compactMap { $0["name"]?.stringValue }
            #expect(names == operation.pathNames, "\(operation.id)")
            if case .open = operation.access {
                #expect(json["security"] == [])
                continue
            }
            #expect(json["security"] == nil)
            #expect(statuses.isSuperset(of: ["200", "401", "403"]), "\(operation.id)")
            #expect(statuses.contains("404") || names.isEmpty, "\(operation.id)")
            #expect(json["requestBody"] == nil || statuses.isSuperset(of: ["400", "413"]), "\(operation.id)")
        }
    }
}
