import HTTPTypes
import Hummingbird
import NIOCore
import OAuth

/// Middleware for a protected API: only requests with an access token that is good now get past it.
///
/// They go on with `context.caller` set. Without a token the answer is 401 with a bare challenge, with a bad one 401 `invalid_token`
/// (RFC 6750 §3). When it cannot be said what a token is good for, the answer is 503 with `Retry-After`: no request passes unchecked.
///
/// What a caller may do is for each route to ask: `RequireScope`, `VerifiedCaller.require(_:in:)`.
///
///     let verifier = TokenVerifier(settings, client: client, log: log)
///     let router = Router(context: YourContext.self)
///     router.add(middleware: BearerCheck(verifier))
///     var app = Application(router: router)
///     app.addServices(verifier)
public struct BearerCheck<Context: VerifiedCallerContext>: RouterMiddleware {
    private let verifier: TokenVerifier

    public init(_ verifier: TokenVerifier) { self.verifier = verifier }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let metadata = verifier.settings.resourceMetadata
        do {
            let token: String
            switch BearerToken.read(request.headers[values: .authorization]) {
            case .absent: throw BearerRefusal.missingToken
            case .malformed: throw BearerRefusal.invalidToken("The credential is not a bearer token.")
            case .token(let text): token = text
            }
            var context = context
            switch await verifier.verdict(on: token) {
            case .active(let caller): context.caller = caller
            case .inactive(let reason): throw BearerRefusal.invalidToken(reason)
            case .unknown: throw BearerRefusal.unavailable
            }
            return try await next(request, context)
        } catch let refusal as BearerRefusal {
            let response = refusal.response(resourceMetadata: metadata)
            return request.method == .head ? response.createHeadResponse() : response
        }
    }
}

/// Middleware for some routes: the caller's token has to carry a scope. Add it behind `BearerCheck`.
public struct RequireScope<Context: VerifiedCallerContext>: RouterMiddleware {
    private let scope: ScopeSet
    private let accountParameter: String?

    /// - Parameters:
    ///   - labels: all of them are needed, separated by spaces.
    ///   - accountParameter: the path parameter that names an account, such as `account_id`: the scopes are needed there.
    public init(_ labels: String, accountParameter: String? = nil) {
        scope = ScopeSet(stored: labels)
        self.accountParameter = accountParameter
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        guard let caller = context.caller else { throw BearerRefusal.missingToken }
        // A route that lost its parameter is not open.
        try caller.require(scope, in: accountParameter.map { context.parameters.get($0) ?? "" })
        return try await next(request, context)
    }
}

extension VerifiedCaller {
    /// Whether the token carries all of the scopes, and where an account is named, whether they hold in it.
    /// - Throws: `BearerRefusal.insufficientScope` (RFC 6750 §3.1), `.wrongAccount`.
    public func require(_ scope: ScopeSet, in account: String? = nil) throws(BearerRefusal) {
        guard let account else {
            if !scope.isSubset(of: self.scope) { throw .insufficientScope(scope) }
            return
        }
        guard accounts.contains(account) else { throw .wrongAccount }
        if !scope.isSubset(of: self.scope(in: account)) { throw .insufficientScope(scope) }
    }

    /// Whether the user lets the app touch a resource.
    /// - Throws: `BearerRefusal.wrongAccount`, `.wrongResource`.
    public func require(resource id: String, of type: String, in account: String) throws(BearerRefusal) {
        guard accounts.contains(account) else { throw .wrongAccount }
        if !resources.allows(type, id, in: account) { throw .wrongResource }
    }
}

/// Why a request is not served. Thrown behind `BearerCheck` it becomes the answer that RFC 6750 §3 describes.
public enum BearerRefusal: Error, Sendable, Equatable {
    /// 401, without an error (RFC 6750 §3.1).
    case missingToken
    /// 401 `invalid_token`, with a reason in printable ASCII.
    case invalidToken(String)
    /// 403 `insufficient_scope`, with all scopes that are needed.
    case insufficientScope(ScopeSet)
    /// 403: the user did not grant this account.
    case wrongAccount
    /// 403: the user left this resource out.
    case wrongResource
    /// 503: it cannot be checked right now.
    case unavailable

    /// - Parameter resourceMetadata: URL of the protected resource's metadata (RFC 9728 §5.1).
    public func response(resourceMetadata: String) -> Response {
        let (status, code, description): (HTTPResponse.Status, String?, String) =
            switch self {
            case .missingToken: (.unauthorized, nil, "Send an access token.")
            case .invalidToken(let reason): (.unauthorized, "invalid_token", reason)
            case .insufficientScope: (.forbidden, "insufficient_scope", "The access token does not carry the scopes that this needs.")
            case .wrongAccount: (.forbidden, "insufficient_scope", "The user did not grant this account.")
            case .wrongResource: (.forbidden, "insufficient_scope", "The user left this resource out.")
            case .unavailable: (.serviceUnavailable, "temporarily_unavailable", "The access token cannot be checked right now.")
            }
        var headers: HTTPFields = [.cacheControl: "no-store"]
        if self == .unavailable {
            headers[.retryAfter] = "2"
        } else {
            var challenge = BearerChallenge(error: code, description: description, resourceMetadata: resourceMetadata)
            if case .insufficientScope(let scope) = self { challenge.scope = scope }
            headers[.wwwAuthenticate] = challenge.text
        }
        guard let code else { return Response(status: status, headers: headers) }
        headers[.contentType] = "application/json"
        let body: JSON = ["error": .string(code), "error_description": .string(description)]
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body.bytes)))
    }
}
