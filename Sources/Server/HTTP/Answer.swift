import HTTPTypes
import Hummingbird
import NIOCore
import OAuth

/// An answer that is whole in memory: what a connection can write without a task.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers: HTTPFields
    var body: ByteBuffer

    init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// JSON that no cache may keep (RFC 6749 §5.1).
    static func json(_ status: HTTPResponse.Status = .ok, _ body: [UInt8], headers: HTTPFields = [:]) -> Answer {
        var headers = headers
        headers[.cacheControl] = "no-store"
        headers[.contentType] = "application/json"
        return Answer(status, headers: headers, body: ByteBuffer(bytes: body))
    }

    static func json(_ status: HTTPResponse.Status = .ok, _ value: JSON, headers: HTTPFields = [:]) -> Answer {
        .json(status, value.bytes, headers: headers)
    }

    /// A page that no cache may keep.
    static func page(_ status: HTTPResponse.Status, _ html: String, headers: HTTPFields = [:]) -> Answer {
        var headers = headers
        headers[.cacheControl] = "no-store"
        headers[.contentType] = "text/html; charset=utf-8"
        return Answer(status, headers: headers, body: ByteBuffer(string: html))
    }

    /// The same for the framework.
    var response: Response { Response(status: status, headers: headers, body: .init(byteBuffer: body)) }
}
