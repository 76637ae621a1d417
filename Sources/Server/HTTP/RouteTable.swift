import HTTPTypes
import Hummingbird
import OAuth

/// A method, a path and what answers it. A path segment `{…}` captures one segment; `{…*}` captures all that is left.
struct Route: Sendable {
    let method: HTTPRequest.Method
    let path: String
    let shape: ErrorShape
    /// Whether scripts of any origin may call it. No route that reads a cookie is open to them.
    let isOpenToScripts: Bool
    let answer: @Sendable (Exchange) async throws -> Response
    /// The same answer as a whole, where it always is one: then the connection itself runs it.
    private(set) var whole: (@Sendable (Exchange) async throws -> Answer)?
    /// Bytes that a body may have.
    private(set) var bodyLimit = Limits.body
    /// What it is counted under.
    let metered: MeteredEndpoint

    /// Whether a body is waited for. Gateways ask with the method and sometimes with the headers of the call that they ask about.
    var readsBody: Bool { method != .get && method != .any }

    init(
        method: HTTPRequest.Method, path: String, shape: ErrorShape, isOpenToScripts: Bool,
        answer: @escaping @Sendable (Exchange) async throws -> Response
    ) {
        self.method = method
        self.path = path
        self.shape = shape
        self.isOpenToScripts = isOpenToScripts
        self.answer = answer
        metered = MeteredEndpoint(path: path, shape: shape)
    }

    /// The same route, for bodies of another size.
    func withBody(upTo limit: Int) -> Route {
        var route = self
        route.bodyLimit = limit
        return route
    }

    /// What programs ask on their way to something else: the connection runs it, and no page or stream comes out of it.
    static func quick(
        _ method: HTTPRequest.Method, _ path: String, _ shape: ErrorShape, scripts: Bool = false,
        _ answer: @escaping @Sendable (Exchange) async throws -> Answer
    ) -> Route {
        var route = Route(method: method, path: path, shape: shape, isOpenToScripts: scripts) { try await answer($0).response }
        route.whole = answer
        return route
    }

    static func get(
        _ path: String, _ shape: ErrorShape, scripts: Bool = false, _ answer: @escaping @Sendable (Exchange) async throws -> Response
    ) -> Route {
        Route(method: .get, path: path, shape: shape, isOpenToScripts: scripts, answer: answer)
    }

    static func post(
        _ path: String, _ shape: ErrorShape, scripts: Bool = false, _ answer: @escaping @Sendable (Exchange) async throws -> Response
    ) -> Route {
        Route(method: .post, path: path, shape: shape, isOpenToScripts: scripts, answer: answer)
    }

    static func put(
        _ path: String, _ shape: ErrorShape, _ answer: @escaping @Sendable (Exchange) async throws -> Response
    ) -> Route {
        Route(method: .put, path: path, shape: shape, isOpenToScripts: false, answer: answer)
    }

    static func patch(
        _ path: String, _ shape: ErrorShape, _ answer: @escaping @Sendable (Exchange) async throws -> Response
    ) -> Route {
        Route(method: .patch, path: path, shape: shape, isOpenToScripts: false, answer: answer)
    }

    static func delete(
        _ path: String, _ shape: ErrorShape, _ answer: @escaping @Sendable (Exchange) async throws -> Response
    ) -> Route {
        Route(method: .delete, path: path, shape: shape, isOpenToScripts: false, answer: answer)
    }
}

/// The routes of one listener, looked up by path and then by method.
struct RouteTable: Sendable {
    enum Match {
        case route(Route, captures: [Substring])
        case preflight(allowed: [HTTPRequest.Method])
        /// With a route of the path that answers another method.
        case methodNotAllowed(Route, allowed: [HTTPRequest.Method])
        case notFound
    }

    let routes: [Route]
    private var exact: [String: [Route]] = [:]
    private var patterns: [(segments: [Substring], routes: [Route])] = []

    init(_ routes: [Route]) {
        self.routes = routes
        for route in routes {
            if !route.path.contains("{") {
                exact[route.path, default: []].append(route)
                continue
            }
            let segments = route.path.split(separator: "/", omittingEmptySubsequences: false)
            if let index = patterns.firstIndex(where: { $0.segments == segments }) {
                patterns[index].routes.append(route)
            } else {
                patterns.append((segments, [route]))
            }
        }
    }

    func match(method: HTTPRequest.Method, path: Substring) -> Match {
        if let routes = exact[String(path)] { return choose(method, from: routes, captures: []) }
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        for pattern in patterns {
            if let captures = RouteTable.captures(segments, pattern.segments, path) {
                return choose(method, from: pattern.routes, captures: captures)
            }
        }
        return .notFound
    }

    private func choose(_ method: HTTPRequest.Method, from routes: [Route], captures: [Substring]) -> Match {
        let wanted = method == .head ? .get : method
        if let route = routes.first(where: { $0.method == wanted || $0.method == .any }) { return .route(route, captures: captures) }
        let allowed = routes.map(\.method)
        if method == .options, routes.contains(where: \.isOpenToScripts) { return .preflight(allowed: allowed) }
        return .methodNotAllowed(routes[0], allowed: allowed)
    }

    private static func captures(_ segments: [Substring], _ pattern: [Substring], _ path: Substring) -> [Substring]? {
        var captures: [Substring] = []
        for (index, expected) in pattern.enumerated() {
            guard index < segments.count else { return nil }
            if expected.hasSuffix("*}") {
                captures.append(path[segments[index].startIndex...])
                return captures
            }
            if expected.first == "{" {
                if segments[index].isEmpty { return nil }
                captures.append(segments[index])
            } else if expected != segments[index] {
                return nil
            }
        }
        return pattern.count == segments.count ? captures : nil
    }
}

extension HTTPRequest.Method {
    /// Stands in a route for every method.
    static let any = HTTPRequest.Method("ANY")!
}
