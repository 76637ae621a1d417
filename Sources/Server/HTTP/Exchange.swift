import Delegation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuth

/// The framework has a type of the same name, for its router.
typealias Parameters = OAuth.Parameters

/// What Hummingbird hands to a responder with each request: the connection's remote address and a logger.
public struct ListenerContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    let channel: any Channel

    public init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// Who is at the other end of a connection.
enum Peer: Sendable {
    case socket(SocketAddress?)
    /// Its address in text, where a connection works it out once.
    case text(String?)

    var address: String? {
        switch self {
        case .socket(let address): address?.ipAddress
        case .text(let address): address
        }
    }
}

/// A request target in two.
struct RequestTarget: Sendable {
    /// Up to the first `?`, exactly as it was sent.
    let path: Substring
    /// After the first `?`.
    let query: Substring

    init(_ request: Request) { self.init(request.head) }

    init(_ head: HTTPRequest) {
        let target = head.path ?? "/"
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = target[..<mark]
            query = target[target.utf8.index(after: mark)...]
        } else {
            path = target[...]
            query = ""
        }
    }
}

/// One request and what is fixed about it once it is there, its body included: the time is read once, here.
struct Exchange: Sendable {
    let request: Request
    /// The request target up to the first `?`, exactly as it was sent.
    let path: Substring
    /// The request target after the first `?`.
    let query: Substring
    /// The values of the route's `{…}` segments, in order.
    var captures: [Substring] = []
    /// Epoch seconds, when the whole body had been read.
    let now: Int64
    /// Appears in the log and in the `X-Request-Id` header.
    let id: String
    let log: Logger
    /// The connection that the request came over, for an answer that lasts.
    var channel: (any Channel)?
    /// The whole body; empty where the route reads none.
    private let content: ByteBuffer
    private let peer: Peer
    private let trustedProxies: [AddressRange]

    init(
        request: Request, content: ByteBuffer, target: RequestTarget, peer: Peer, log: Logger, trustedProxies: [AddressRange], now: Int64,
        id: String
    ) {
        self.request = request
        self.content = content
        path = target.path
        query = target.query
        self.now = now
        self.id = id
        self.log = log
        self.peer = peer
        self.trustedProxies = trustedProxies
    }

    var method: HTTPRequest.Method { request.method }

    /// The address of whoever sent the request: what throttles count by and what the audit log shows. It is the peer's, or what
    /// the operator's proxies say it was.
    var address: String {
        guard let peer = peer.address else { return "unknown" }
        if trustedProxies.isEmpty { return peer }
        return ForwardedAddress.address(peer: peer, fields: request.headers[values: .xForwardedFor], trusted: trustedProxies)
    }

    /// At most 200 characters of the `User-Agent` header.
    var userAgent: String { String((request.headers[.userAgent] ?? "").prefix(200)) }

    /// The value of a cookie; nil where it is missing, empty or sent twice (RFC 6265 §5.4 sends each name once).
    func cookie(_ name: String) -> String? {
        var found: String?
        for header in request.headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let trimmed = pair.drop { $0 == " " }
                guard trimmed.hasPrefix(name), trimmed.dropFirst(name.count).first == "=" else { continue }
                if found != nil { return nil }
                found = String(trimmed.dropFirst(name.count + 1))
            }
        }
        return found?.isEmpty == true ? nil : found
    }

    /// The whole body, which the listener has read; its route says up to which size (`Route.withBody(upTo:)`).
    /// - Throws: `RequestProblem.tooLarge` past `limit` bytes.
    func body(limit: Int = Limits.body) async throws -> ByteBuffer { try content(limit) }

    private func content(_ limit: Int) throws(RequestProblem) -> ByteBuffer {
        if content.readableBytes > limit { throw .tooLarge(limit) }
        return content
    }

    /// The body's form fields.
    /// - Throws: `RequestProblem` where the body is too large, another media type, or not a form.
    func form(_ policy: Parameters.DecodingPolicy = .strict, limit: Int = Limits.body) async throws -> Parameters {
        try formAtOnce(policy, limit: limit)
    }

    /// The same, for what is answered without waiting.
    func formAtOnce(_ policy: Parameters.DecodingPolicy = .strict, limit: Int = Limits.body) throws -> Parameters {
        guard let type = request.headers[.contentType], Self.isForm(type) else { throw RequestProblem.notAForm }
        let buffer = try content(limit)
        // A form that may be long holds many short fields.
        let count = limit > Limits.body ? Limits.longFormCount : Parameters.maximumCount
        return try readParameters(buffer.readableBytesView, policy, countLimit: count)
    }

    private static func isForm(_ type: String) -> Bool {
        let form = "application/x-www-form-urlencoded"
        return type == form || type.split(separator: ";").first?.lowercased().filter { $0 != " " } == form
    }

    /// The query's parameters.
    func queryParameters(_ policy: Parameters.DecodingPolicy = .strict) throws -> Parameters {
        try readParameters(query.utf8, policy)
    }

    private func readParameters(
        _ bytes: some Collection<UInt8>, _ policy: Parameters.DecodingPolicy, countLimit: Int = Parameters.maximumCount
    ) throws -> Parameters {
        do {
            return try Parameters(bytes, valueLimit: Limits.target, countLimit: countLimit, policy)
        } catch {
            throw RequestProblem.malformed("The parameters cannot be read: \(error).")
        }
    }
}

/// How much of a request is read before it is refused.
enum Limits {
    /// Bytes of a body.
    static let body = 64 * 1024
    /// Bytes of a body that may name thousands of resources.
    static let longBody = 1024 * 1024
    /// Bytes of a call that changes a choice of resources: 5,000 identifiers of the usual length.
    static let choiceBody = 256 * 1024
    /// Fields of such a form.
    static let longFormCount = 8000
    /// Bytes of a request target: `/oauth2/auth` takes 32 KiB of query.
    static let target = 33 * 1024
    /// From the headers to the end of the body.
    static let bodyTime = TimeAmount.seconds(15)
    /// After which a body ends the connection that nobody answered for taking too long.
    static let bodySlack = TimeAmount.seconds(5)
    /// From the first byte of the headers to their end.
    static let headerTime = TimeAmount.seconds(15)
    /// For which a peer may fetch nothing of what it was sent.
    static let departureTime = TimeAmount.seconds(30)
    /// Between the answer to a request that was not read to its end and the end of its connection.
    static let lingerTime = TimeAmount.seconds(2)
    /// Bytes of all header fields together.
    static let headers = 64 * 1024
}

/// Why a request was refused before any endpoint looked at it.
enum RequestProblem: Error {
    /// With the limit, in bytes.
    case tooLarge(Int)
    case targetTooLong, headersTooLarge
    /// The body was not there in time.
    case tooSlow
    case notAForm
    case malformed(String)
    /// A form whose anti-forgery token is missing or belongs to another session.
    case forged

    var status: HTTPResponse.Status {
        switch self {
        case .tooLarge: .contentTooLarge
        case .targetTooLong: .uriTooLong
        case .headersTooLarge: .requestHeaderFieldsTooLarge
        case .tooSlow: .requestTimeout
        case .notAForm: .unsupportedMediaType
        case .malformed: .badRequest
        case .forged: .forbidden
        }
    }

    /// Public; ASCII.
    var description: String {
        switch self {
        case .tooLarge(let limit): "The request body is larger than \(limit / 1024) KiB."
        case .targetTooLong: "The request target is longer than \(Limits.target / 1024) KiB."
        case .headersTooLarge: "The request headers are larger than \(Limits.headers / 1024) KiB."
        case .tooSlow: "The request body did not arrive in time."
        case .notAForm: "Send the parameters as application/x-www-form-urlencoded."
        case .malformed(let problem): problem
        case .forged: "This form belongs to another session or is out of date. Go back, reload the page and try again."
        }
    }
}
