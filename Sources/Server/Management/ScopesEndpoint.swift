import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `GET /oauth/scopes`: every scope with the operations that it opens.
struct ScopesEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        _ = try await deployment.requirePrincipal(exchange)
        let (page, perPage) = try PageRequest.read(exchange)
        let catalogue = deployment.catalogue.current.catalogue
        let scopes = catalogue.scopes
        let results = PageRequest.slice(scopes, page: page, perPage: perPage).map { scope in
            JSON.object([
                "id": .string(scope.label), "name": .string(scope.name), "description": .string(scope.description),
                "category": .string(scope.category), "risk": .string(scope.risk.rawValue),
                "scopes": JSON(
                    ["com.latchkey.api.account"]
                        + catalogue.resourceTypes(of: [scope.label]).map { "com.latchkey.api.account." + $0.label }),
                "operations": .array(
                    scope.operations.map { index in
                        let operation = catalogue.operations[index]
                        return [
                            "method": .string(operation.method), "path": .string(operation.path), "summary": .string(operation.summary),
                            "risk": .string(operation.risk.rawValue),
                        ]
                    }),
            ])
        }
        return Envelope.page(results, of: scopes.count, page: page, perPage: perPage)
    }
}

/// `?page=` and `?per_page=` of numbered lists.
enum PageRequest {
    /// Without `page` everything comes at once, as page 1.
    static func read(_ exchange: Exchange) throws -> (page: Int, perPage: Int) {
        let page = try exchange.numberInQuery("page", default: 1, in: 1...1_000_000)
        return (page, try exchange.numberInQuery("per_page", default: 1000, in: 1...1000))
    }

    static func slice<Element>(_ elements: [Element], page: Int, perPage: Int) -> ArraySlice<Element> {
        elements.dropFirst((page - 1) * perPage).prefix(perPage)
    }
}
