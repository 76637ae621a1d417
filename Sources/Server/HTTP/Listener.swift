import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuth
import Storage

/// Answers the requests of one listener from its route table: applies the limits, turns what was thrown into the
/// endpoint's own form of error and sets the headers that every answer carries.
public struct Listener: HTTPResponder {
    let table: RouteTable
    let deployment: Deployment
    let arriving: ArrivingBodies
    let prefix: RequestIDPrefix

    init(_ routes: [Route], deployment: Deployment, arriving: ArrivingBodies) {
        table = RouteTable(routes)
        self.deployment = deployment
        self.arriving = arriving
        prefix = RequestIDPrefix()
    }

    public func respond(to request: Request, context: ListenerContext) async throws -> Response {
        var request = request
        let target = RequestTarget(request)
        let match = table.match(method: request.method, path: target.path)
        var problem: (any Error)?
        if case .route(let route, _) = match {
            do {
                try requireWithinLimits(request, target)
                try await receiveBody(of: &request, for: route, context)
            } catch {
                problem = error
            }
        }
        // Only now: a body can be held back, and nothing may be judged by the time from before it.
        var exchange = Exchange(
            request: request, target: target, context: context, trustedProxies: deployment.settings.trustedProxies, now: deployment.now(),
            id: prefix.next())
        var response: Response
        var pattern = "-"
        switch match {
        case .route(let route, let captures):
            exchange.captures = captures
            pattern = route.path
            do {
                if let problem { throw problem }
                response = try await route.answer(exchange)
            } catch {
                response = deployment.errors.response(to: error, shape: route.shape, exchange)
                if (error as? RequestProblem)?.leavesBodyUnread == true { closeAfterAnswer(&response, context) }
            }
            if route.isOpenToScripts { openToScripts(&response) }
        case .preflight(let allowed):
            response = preflight(allowed)
        case .methodNotAllowed(let route, let allowed):
            response = deployment.errors.methodNotAllowed(route.shape, exchange)
            response.headers[.allow] = (allowed + [.options]).map(\.rawValue).joined(separator: ", ")
            if route.isOpenToScripts { openToScripts(&response) }
        case .notFound:
            response = deployment.errors.notFound(exchange)
        }
        finish(&response, exchange, pattern: pattern)
        // RFC 9110 §9.3.2: the same fields as for GET, and no content.
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// The request has its whole body afterwards, or none where the route reads none.
    /// - Throws: `RequestProblem.tooLarge`, `.tooSlow`.
    private func receiveBody(of request: inout Request, for route: Route, _ context: ListenerContext) async throws {
        guard route.readsBody else {
            request.body = RequestBody(buffer: ByteBuffer())
            return
        }
        let limit = route.bodyLimit
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw RequestProblem.tooLarge(limit) }
        let number = arriving.insert(context.channel)
        defer { arriving.remove(number) }
        do {
            _ = try await request.collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw RequestProblem.tooLarge(limit)
        }
    }

    /// What was not read to its end has no end that one could wait for.
    private func closeAfterAnswer(_ response: inout Response, _ context: ListenerContext) {
        response.headers[.connection] = "close"
        context.channel.triggerUserOutboundEvent(ConnectionEvent.closeAfterAnswer, promise: nil)
    }

    private func requireWithinLimits(_ request: Request, _ target: RequestTarget) throws(RequestProblem) {
        if target.path.utf8.count + target.query.utf8.count > Limits.target { throw .targetTooLong }
        var size = 0
        for field in request.headers { size += field.name.rawName.utf8.count + field.value.utf8.count }
        if size > Limits.headers { throw .headersTooLarge }
    }

    private func openToScripts(_ response: inout Response) {
        response.headers[.accessControlAllowOrigin] = "*"
        response.headers[.accessControlExposeHeaders] = "WWW-Authenticate, DPoP-Nonce, Retry-After"
    }

    private func preflight(_ allowed: [HTTPRequest.Method]) -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowOrigin: "*",
                .accessControlAllowMethods: allowed.map(\.rawValue).joined(separator: ", "),
                .accessControlAllowHeaders: "Authorization, Content-Type, DPoP",
                .accessControlMaxAge: "600",
            ])
    }

    private func finish(_ response: inout Response, _ exchange: Exchange, pattern: String) {
        response.headers[.xRequestID] = exchange.id
        response.headers[.xContentTypeOptions] = "nosniff"
        if response.headers[.contentType]?.hasPrefix("text/html") == true {
            response.headers[.contentSecurityPolicy] = Listener.contentSecurityPolicy
            response.headers[.xFrameOptions] = "DENY"
        }
        // A code stands in the address that a redirect leads to.
        response.headers[.referrerPolicy] = "no-referrer"
        if deployment.settings.issuer.isSecure { response.headers[.strictTransportSecurity] = "max-age=31536000" }
        if exchange.log.logLevel <= .debug {
            // The route and not the path: a path can carry a one-time token.
            exchange.log.debug(
                "answered",
                metadata: [
                    "request": "\(exchange.id)", "method": "\(exchange.method.rawValue)", "route": "\(pattern)",
                    "status": "\(response.status.code)",
                ])
        }
    }

    /// `form-action` is left out: browsers apply it to the redirect that follows a form too, and that leads to the client.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
        + "base-uri 'none'"
}
