import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuth
import Storage

/// Answers the requests of one listener from its route table: applies the limits, turns what was thrown into the
/// endpoint's own form of error and sets the headers that every answer carries.
public final class Listener: HTTPResponder {
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
        guard let trace = TraceContext(request.headers) else { return await answer(request, context) }
        return await TraceContext.$current.withValue(trace) { await answer(request, context) }
    }

    private func answer(_ request: Request, _ context: ListenerContext) async -> Response {
        var request = request
        let target = RequestTarget(request)
        let match = table.match(method: request.method, path: target.path)
        var content = ByteBuffer()
        var problem: (any Error)?
        if case .route(let route, _) = match {
            do {
                try requireWithinLimits(request, target)
                content = try await receiveBody(of: &request, for: route, context)
            } catch {
                problem = error
            }
        }
        let began = NIODeadline.now()
        // Only now: a body can be held back, and nothing may be judged by the time from before it.
        var exchange = exchange(request, content, target, .socket(context.channel.remoteAddress), context.logger)
        var response: Response
        var pattern = "-"
        var metered = MeteredEndpoint.unknown
        switch match {
        case .route(let route, let captures):
            exchange.captures = captures
            exchange.channel = context.channel
            pattern = route.path
            metered = route.metered
            do {
                if let problem { throw problem }
                response = try await route.answer(exchange)
            } catch {
                response = deployment.errors.answer(to: error, shape: route.shape, exchange).response
                if let problem = error as? RequestProblem, leavesMuchUnread(request, problem) { closeAfterAnswer(&response, context) }
            }
            if route.isOpenToScripts { openToScripts(&response.headers) }
        case .preflight(let allowed):
            response = preflight(allowed)
        case .methodNotAllowed(let route, let allowed):
            response = deployment.errors.methodNotAllowed(route.shape, exchange).response
            response.headers[.allow] = (allowed + [.options]).map(\.rawValue).joined(separator: ", ")
            if route.isOpenToScripts { openToScripts(&response.headers) }
        case .notFound:
            response = deployment.errors.notFound(exchange)
        }
        finish(&response.headers, response.status, exchange, pattern: pattern)
        deployment.metrics.answered(metered, status: response.status.code, since: began)
        // RFC 9110 §9.3.2: the same fields as for GET, and no content.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func exchange(_ request: Request, _ content: ByteBuffer, _ target: RequestTarget, _ peer: Peer, _ log: Logger) -> Exchange {
        Exchange(
            request: request, content: content, target: target, peer: peer, log: log, trustedProxies: deployment.settings.trustedProxies,
            now: deployment.now(), id: prefix.next())
    }

    /// A route that a connection may run by itself, because its answers are whole.
    struct QuickRoute: Sendable {
        let route: Route
        let whole: @Sendable (Exchange) async throws -> Answer
        let captures: [Substring]
    }

    func quickRoute(_ method: HTTPRequest.Method, path: Substring) -> QuickRoute? {
        guard case .route(let route, let captures) = table.match(method: method, path: path), let whole = route.whole else { return nil }
        return QuickRoute(route: route, whole: whole, captures: captures)
    }

    /// The answer to a request whose whole body is there: the same rules as for one whose body arrives, in the same order.
    func answer(_ head: HTTPRequest, body: ByteBuffer, peer: String?, _ quick: QuickRoute) async -> Answer {
        guard let trace = TraceContext(head.headerFields) else { return await untraced(head, body, peer, quick) }
        return await TraceContext.$current.withValue(trace) { await untraced(head, body, peer, quick) }
    }

    private func untraced(_ head: HTTPRequest, _ body: ByteBuffer, _ peer: String?, _ quick: QuickRoute) async -> Answer {
        let began = NIODeadline.now()
        let request = Request(head: head, body: RequestBody(buffer: body))
        let target = RequestTarget(head)
        let route = quick.route
        var exchange = exchange(request, body, target, .text(peer), deployment.log)
        exchange.captures = quick.captures
        var answer: Answer
        do {
            try requireWithinLimits(request, target)
            if body.readableBytes > route.bodyLimit { throw RequestProblem.tooLarge(route.bodyLimit) }
            answer = try await quick.whole(exchange)
        } catch {
            answer = deployment.errors.answer(to: error, shape: route.shape, exchange)
        }
        if route.isOpenToScripts { openToScripts(&answer.headers) }
        finish(&answer.headers, answer.status, exchange, pattern: route.path)
        deployment.metrics.answered(route.metered, status: answer.status.code, since: began)
        return answer
    }

    /// - Returns: the whole body, or nothing where the route reads none.
    /// - Throws: `RequestProblem.tooLarge`, `.tooSlow`.
    private func receiveBody(of request: inout Request, for route: Route, _ context: ListenerContext) async throws -> ByteBuffer {
        guard route.readsBody else {
            request.body = RequestBody(buffer: ByteBuffer())
            return ByteBuffer()
        }
        let limit = route.bodyLimit
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw RequestProblem.tooLarge(limit) }
        let number = arriving.insert(context.channel)
        defer { arriving.remove(number) }
        do {
            return try await request.collectBody(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw RequestProblem.tooLarge(limit)
        }
    }

    /// Whether the rest of the body has no end that one could wait for; a short one is skipped.
    private func leavesMuchUnread(_ request: Request, _ problem: RequestProblem) -> Bool {
        switch problem {
        case .tooSlow: true
        case .tooLarge: request.headers[.contentLength].flatMap { Int($0) }.map { $0 > Limits.longBody } ?? true
        case .targetTooLong, .headersTooLarge, .notAForm, .malformed, .forged: false
        }
    }

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

    private func openToScripts(_ headers: inout HTTPFields) {
        headers[.accessControlAllowOrigin] = "*"
        headers[.accessControlExposeHeaders] = "WWW-Authenticate, DPoP-Nonce, Retry-After"
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

    /// Every answer passes here once, whichever way it is made.
    private func finish(_ headers: inout HTTPFields, _ status: HTTPResponse.Status, _ exchange: Exchange, pattern: String) {
        headers[.xRequestID] = exchange.id
        // RFC 9112 §9.6: who keeps the connection sends the next request elsewhere.
        if deployment.state.isStopping { headers[.connection] = "close" }
        headers[.xContentTypeOptions] = "nosniff"
        if headers[.contentType]?.hasPrefix("text/html") == true {
            headers[.contentSecurityPolicy] = Listener.contentSecurityPolicy
            headers[.xFrameOptions] = "DENY"
        }
        // A code stands in the address that a redirect leads to.
        headers[.referrerPolicy] = "no-referrer"
        if deployment.settings.issuer.isSecure { headers[.strictTransportSecurity] = "max-age=31536000" }
        if exchange.log.logLevel <= .debug {
            // The route and not the path: a path can carry a one-time token.
            exchange.log.debug(
                "answered",
                metadata: [
                    "request": "\(exchange.id)", "method": "\(exchange.method.rawValue)", "route": "\(pattern)",
                    "status": "\(status.code)",
                ])
        }
    }

    /// `form-action` is left out: browsers apply it to the redirect that follows a form too, and that leads to the client.
    private static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
        + "base-uri 'none'"
}
