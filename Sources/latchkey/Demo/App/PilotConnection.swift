import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OAuth

/// Why the protected API refuses a call, as it says itself.
struct PilotRefusal: Sendable {
    let text: String
    let scopes: [String]
    let role: [String]
    let account: String?
    let operation: String?
    /// Where the user can be asked for what is missing.
    let authorizeURL: String?

    init(_ json: JSON) {
        text = json["error_description"]?.stringValue ?? "The API gives no reason."
        let missing = json["missing"]
        scopes = missing?["scope"]?.stringsValue ?? []
        role = missing?["role"]?.stringsValue ?? []
        account = missing?["account"]?.stringValue
        operation = missing?["operation"]?.stringValue
        authorizeURL = json["authorize_url"]?.stringValue
    }
}

/// What came of a call.
enum PilotAnswer: Sendable {
    case done(JSON)
    case refused(PilotRefusal)
    /// The API's own complaint about the request, or a failure on the way.
    case failed(String)
    /// The user, or somebody for them, ended the connection.
    case disconnected
}

/// A connected account: the tokens, kept on the app's server alone, and the calls made with them.
actor PilotConnection {
    enum RefreshOutcome: Sendable {
        case refreshed, disconnected, unreachable
    }

    let server: PilotAuthorizationServer
    private let api: String
    private var tokens: PilotTokens
    private(set) var refreshCount = 0
    private var notices: [String] = []
    private var refreshing: Task<PilotAuthorizationServer.TokenOutcome, Never>?

    private static let timeout = TimeAmount.seconds(10)
    private static let maximumAnswer = 1024 * 1024

    init(server: PilotAuthorizationServer, api: String, tokens: PilotTokens) {
        self.server = server
        self.api = api
        self.tokens = tokens
    }

    var scope: ScopeSet { tokens.scope }

    /// Seconds until the access token ends.
    var remaining: Int64 { max(0, (tokens.expiresAt - .now).components.seconds) }

    /// What happened since it was last asked for, in words for the user.
    func takeNotices() -> [String] {
        defer { notices = [] }
        return notices
    }

    func call(_ method: HTTPMethod, _ path: String, _ body: JSON? = nil) async -> PilotAnswer {
        if tokens.expiresAt <= .now {
            switch await refresh(because: "The access token had ended, so DNS Pilot refreshed it.") {
            case .refreshed: break
            case .disconnected: return .disconnected
            case .unreachable: return .failed(Self.unreachable)
            }
        }
        let used = refreshCount
        guard var (status, json) = await send(method, path, body) else { return .failed("The API cannot be reached right now.") }
        if status == 401 {
            // RFC 6750 §3.1 `invalid_token`: a new token may help, once. Another call may have fetched one by now.
            if used == refreshCount {
                switch await refresh(because: "The API did not take the access token any more, so DNS Pilot refreshed it.") {
                case .refreshed: break
                case .disconnected: return .disconnected
                case .unreachable: return .failed(Self.unreachable)
                }
            }
            guard let again = await send(method, path, body) else { return .failed("The API cannot be reached right now.") }
            (status, json) = again
        }
        switch status {
        case 200..<300: return .done(json)
        case 401: return .disconnected
        case 403: return .refused(PilotRefusal(json))
        default: return .failed(json["error_description"]?.stringValue ?? "The API answered with status \(status).")
        }
    }

    /// Exchanges the refresh token; calls that come at the same time share one exchange.
    func refresh(because reason: String) async -> RefreshOutcome {
        // A task of its own: a browser that hangs up must not lose the answer.
        let isFirst = refreshing == nil
        let task = refreshing ?? Task { [server, tokens] in await server.refresh(tokens) }
        refreshing = task
        let outcome = await task.value
        if isFirst {
            refreshing = nil
            if case .tokens(let new) = outcome {
                tokens = new
                refreshCount += 1
                notices.append(reason)
            }
        }
        return switch outcome {
        case .tokens: .refreshed
        case .refused("invalid_grant"), .refused("invalid_client"): .disconnected
        case .refused, .unreachable: .unreachable
        }
    }

    /// - Returns: whether the server confirmed the end of the connection.
    func revoke() async -> Bool { await server.revoke(tokens) }

    private static let unreachable = "The sign-in server cannot be reached right now. Try again in a moment."

    private func send(_ method: HTTPMethod, _ path: String, _ body: JSON?) async -> (UInt, JSON)? {
        var request = HTTPClientRequest(url: api + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer " + tokens.access.reveal())
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: body.bytes))
        }
        do {
            let response = try await server.httpClient.execute(request, timeout: Self.timeout)
            let bytes = try await response.body.collect(upTo: Self.maximumAnswer)
            return (response.status.code, (try? JSON(parsing: bytes.readableBytesView)) ?? .null)
        } catch {
            return nil
        }
    }
}
