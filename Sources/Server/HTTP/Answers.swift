import HTTPTypes
import Hummingbird
import NIOCore
import OAuth

extension HTTPField.Name {
    static let xForwardedFor = Self("X-Forwarded-For")!
    static let traceparent = Self("traceparent")!
    static let xRequestID = Self("X-Request-Id")!
    static let xShouldRetry = Self("x-should-retry")!
    static let accessControlAllowOrigin = Self("Access-Control-Allow-Origin")!
    static let accessControlAllowMethods = Self("Access-Control-Allow-Methods")!
    static let accessControlAllowHeaders = Self("Access-Control-Allow-Headers")!
    static let accessControlExposeHeaders = Self("Access-Control-Expose-Headers")!
    static let accessControlMaxAge = Self("Access-Control-Max-Age")!
    static let referrerPolicy = Self("Referrer-Policy")!
    static let xFrameOptions = Self("X-Frame-Options")!
    static let latchkeyUser = Self("X-Latchkey-User")!
    static let latchkeyClient = Self("X-Latchkey-Client")!
    static let latchkeyAccount = Self("X-Latchkey-Account")!
    static let latchkeyScope = Self("X-Latchkey-Scope")!
    static let latchkeyResources = Self("X-Latchkey-Resources")!
    static let latchkeyRefusal = Self("X-Latchkey-Refusal")!
}

extension Response {
    static func bytes(_ status: HTTPResponse.Status = .ok, _ body: [UInt8], type: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }

    /// JSON that no cache may keep (RFC 6749 §5.1).
    static func json(_ status: HTTPResponse.Status = .ok, _ body: [UInt8], headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.cacheControl] = "no-store"
        return .bytes(status, body, type: "application/json", headers: headers)
    }

    static func json(_ status: HTTPResponse.Status = .ok, _ value: JSON, headers: HTTPFields = [:]) -> Response {
        .json(status, value.bytes, headers: headers)
    }

    static func page(_ status: HTTPResponse.Status = .ok, _ html: String, headers: HTTPFields = [:]) -> Response {
        Answer.page(status, html, headers: headers).response
    }

    /// 303: the browser follows with GET, so a reload never posts a form again (RFC 9110 §15.4.4; RFC 9700 §4.12 asks for it).
    static func seeOther(_ location: String) -> Response {
        Response(status: .seeOther, headers: [.location: location, .cacheControl: "no-store", .contentLength: "0"])
    }
}

/// The form in which an endpoint's clients expect an error.
enum ErrorShape: Sendable {
    /// A page for a person.
    case page
    /// RFC 6749 §5.2.
    case oauth
    /// The management API's envelope.
    case envelope
    /// `/verify`: 200, 401, 403 or 503, nothing else.
    case gateway
}
