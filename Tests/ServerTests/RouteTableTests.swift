import HTTPTypes
import Hummingbird
import Testing

@testable import Server

struct RouteTableTests {
    private static let table = RouteTable([
        .get("/plain", .page) { _ in Response(status: .ok) },
        .post("/plain", .page) { _ in Response(status: .ok) },
        .get("/open", .oauth, scripts: true) { _ in Response(status: .ok) },
        .get("/apps/{id}", .page) { _ in Response(status: .ok) },
        Route(method: .any, path: "/verify/envoy/{target*}", shape: .gateway, isOpenToScripts: false) { _ in Response(status: .ok) },
    ])

    private func outcome(_ method: HTTPRequest.Method, _ path: String) -> String {
        switch Self.table.match(method: method, path: path[...]) {
        case .route(let route, let captures): ([route.path] + captures.map(String.init)).joined(separator: " ")
        case .preflight(let allowed): "preflight " + allowed.map(\.rawValue).joined(separator: ",")
        case .methodNotAllowed(_, let allowed): "405 " + allowed.map(\.rawValue).joined(separator: ",")
        case .notFound: "404"
        }
    }

    @Test(arguments: [
        (HTTPRequest.Method.get, "/plain", "/plain"),
        (.head, "/plain", "/plain"),
        (.put, "/plain", "405 GET,POST"),
        (.options, "/plain", "405 GET,POST"),
        (.options, "/open", "preflight GET"),
        (.get, "/apps/7", "/apps/{id} 7"),
        (.get, "/apps/", "404"),
        (.get, "/apps/7/8", "404"),
        (.get, "/apps", "404"),
        (.get, "/PLAIN", "404"),
        (.get, "/plain/", "404"),
        (.get, "//plain", "404"),
        (.get, "/%70lain", "404"),
        (.delete, "/verify/envoy/accounts/1/../2", "/verify/envoy/{target*} accounts/1/../2"),
        (.get, "/verify/envoy//x", "/verify/envoy/{target*} /x"),
    ])
    func aRequestFindsItsRoute(method: HTTPRequest.Method, path: String, expected: String) {
        #expect(outcome(method, path) == expected)
    }
}
