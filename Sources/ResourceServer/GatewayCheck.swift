import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import OAuth

/// Middleware for a protected API: asks Latchkey about every request before anything else sees it.
///
/// Allowed requests go on with `context.caller` set. `X-Latchkey-…` fields of the caller's own are taken off the request, so
/// that nothing further in can mistake them for ours. Refusals are answered with Latchkey's status, `WWW-Authenticate`
/// (RFC 6750 §3) and JSON body. When Latchkey cannot be asked, the answer is 503 with `Retry-After`: no request passes unchecked.
///
/// Add it before the routes, so that paths without a route are checked too:
///
///     let router = Router(context: YourContext.self)
///     router.add(middleware: GatewayCheck(internalOrigin: "http://127.0.0.1:8401", client: client))
public struct GatewayCheck<Context: GatewayCheckContext>: RouterMiddleware {
    private let url: String
    private let client: HTTPClient
    private let timeout: TimeAmount

    /// - Parameters:
    ///   - internalOrigin: scheme, host and port of Latchkey's internal listener.
    ///   - client: need not follow redirects; the check answers with none.
    ///   - timeout: how long Latchkey may take to answer.
    public init(internalOrigin: String, client: HTTPClient, timeout: TimeAmount = .seconds(5)) {
        url = internalOrigin + "/verify/forward-auth"
        self.client = client
        self.timeout = timeout
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let answer: Answer
        do {
            answer = try await ask(about: request)
        } catch let error as CancellationError {
            throw error
        } catch {
            context.logger.error("Latchkey cannot be asked", metadata: ["problem": "\(error)"])
            return GatewayAnswer.unavailable(to: request.method)
        }
        switch answer {
        case .allowed(let caller):
            var context = context
            context.caller = caller
            return try await next(Self.withoutIdentity(request), context)
        case .refused(let response):
            return request.method == .head ? response.createHeadResponse() : response
        case .unclear(let status):
            context.logger.error("Latchkey gave no decision", metadata: ["status": "\(status)"])
            return GatewayAnswer.unavailable(to: request.method)
        }
    }

    private enum Answer {
        case allowed(VerifiedCaller?)
        case refused(Response)
        case unclear(UInt)
    }

    private func ask(about request: Request) async throws -> Answer {
        var question = HTTPClientRequest(url: url)
        question.headers.add(name: "X-Forwarded-Method", value: request.method.rawValue)
        // The target as it was sent: decoded or normalised it could mean another operation than the one that is served.
        question.headers.add(name: "X-Forwarded-Uri", value: request.head.path ?? "")
        for value in request.headers[values: .authorization] { question.headers.add(name: "Authorization", value: value) }
        let answer = try await client.execute(question, timeout: timeout)
        switch answer.status.code {
        case 200: return .allowed(Self.caller(answer))
        case 401, 403: return .refused(try await GatewayAnswer.refusal(answer))
        default: return .unclear(answer.status.code)
        }
    }

    /// - Returns: nil where the identity is empty: the operation is open.
    private static func caller(_ answer: HTTPClientResponse) -> VerifiedCaller? {
        let fields = answer.headers
        guard let user = fields.first(name: "X-Latchkey-User"), !user.isEmpty else { return nil }
        let accounts = (fields.first(name: "X-Latchkey-Account") ?? "").split(separator: ",").map(String.init)
        return VerifiedCaller(
            user: user, client: fields.first(name: "X-Latchkey-Client") ?? "", accounts: accounts,
            scope: ScopeSet(stored: fields.first(name: "X-Latchkey-Scope") ?? ""),
            resources: VerifiedResources(header: fields.first(name: "X-Latchkey-Resources") ?? "", accounts: accounts))
    }

    private static func withoutIdentity(_ request: Request) -> Request {
        var head = request.head
        for name in GatewayAnswer.identityFields { head.headerFields[values: name] = [] }
        return Request(head: head, body: request.body)
    }
}

/// What the caller is told in place of the protected API's answer.
private enum GatewayAnswer {
    static let identityFields = [
        "X-Latchkey-User", "X-Latchkey-Client", "X-Latchkey-Account", "X-Latchkey-Scope", "X-Latchkey-Resources",
    ]
    .compactMap { HTTPField.Name($0) }

    /// A refusal is at most 4 KiB; anything much longer is none.
    private static let maximumLength = 64 * 1024

    static func refusal(_ answer: HTTPClientResponse) async throws -> Response {
        let body = try await answer.body.collect(upTo: maximumLength)
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        // RFC 6750 §3: the challenge says what a token would need.
        for value in answer.headers["WWW-Authenticate"] {
            headers.append(HTTPField(name: .wwwAuthenticate, value: value))
        }
        return Response(
            status: .init(code: Int(answer.status.code)), headers: headers, body: .init(byteBuffer: body))
    }

    /// RFC 9110 §15.6.4.
    static func unavailable(to method: HTTPRequest.Method) -> Response {
        let body: JSON = [
            "error": "temporarily_unavailable", "error_description": "Whether this request may pass cannot be checked right now.",
        ]
        let response = Response(
            status: .serviceUnavailable,
            headers: [.contentType: "application/json", .cacheControl: "no-store", .retryAfter: "2"],
            body: .init(byteBuffer: ByteBuffer(bytes: body.bytes)))
        return method == .head ? response.createHeadResponse() : response
    }
}
