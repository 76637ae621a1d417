import AsyncHTTPClient
import Delegation
import NIOCore
import NIOHTTP1
import OAuth

/// Requests (POST) to addresses that somebody else chose: webhooks.
///
/// The name is resolved here, every address of it is looked at, and the connection goes to the address that was looked at; no
/// resolver is asked a second time, so a name that changes in between (DNS rebinding) leads nowhere. `Host`, SNI and the check of the
/// certificate are those of the name. Redirects are answers like any other. Size and time are bounded.
struct PublicFetch: Sendable {
    struct Request: Sendable {
        var url: String
        var headers: [(name: String, value: String)]
        var body: [UInt8]
        /// Bytes of the answer's body; what comes after them is not read.
        var bodyLimit: Int
        /// For all of it, from the name to the end of the body.
        var timeLimit: Duration
    }

    struct Answer: Sendable, Equatable {
        let status: Int
        /// At most as much as the request allows.
        let body: [UInt8]
    }

    /// Why there was no answer, in a sentence for whoever chose the address. None of them names an address: what a name means inside
    /// of our network is nobody's business.
    enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case notCallable(String)
        case notPublic(String)
        case noSuchName(String)
        case unresolved(String)
        case unreachable(String)
        case untrusted(String)
        case broken(String)
        case tooLate

        var description: String {
            switch self {
            case .notCallable(let problem): problem
            case .notPublic(let host): "\(host) has an address that is private or reserved. Only hosts on the internet are called."
            case .noSuchName(let host): "DNS knows no address of \(host)."
            case .unresolved(let host): "DNS gave no answer for \(host)."
            case .unreachable(let host): "\(host) could not be reached."
            case .untrusted(let host): "\(host) offered no TLS connection that can be trusted."
            case .broken(let host): "\(host) closed the connection without a whole answer."
            case .tooLate: "There was no whole answer in time."
            }
        }
    }

    /// How many addresses of a name are tried.
    private static let addressLimit = 3

    let resolver: AddressResolver
    /// Whether hosts inside may be called, and this machine itself without TLS: for tests and for platforms that are all inside.
    let allowsPrivate: Bool
    /// For each address.
    var connectLimit = Duration.seconds(5)

    /// - Throws: `Problem`; `CancellationError` where the caller is cancelled.
    func send(_ request: Request) async throws -> Answer {
        do {
            let answer = try await withThrowingTaskGroup(of: Answer?.self) { group in
                group.addTask { try await sendWithoutLimit(request) }
                group.addTask {
                    try await Task.sleep(for: request.timeLimit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            guard let answer else { throw Problem.tooLate }
            return answer
        } catch {
            // Whatever broke off because of it is no fault of the receiver's.
            try Task.checkCancellation()
            throw error
        }
    }

    private func sendWithoutLimit(_ request: Request) async throws -> Answer {
        if let problem = PublicURL.problem(request.url, allowsPrivate: allowsPrivate) { throw Problem.notCallable(problem) }
        guard let url = URLText(request.url), let host = PublicHost(url.host) else {
            throw Problem.notCallable("The URL cannot be called.")
        }
        var last: any Error = Problem.unreachable(url.host)
        for address in try await addresses(of: host, url).prefix(Self.addressLimit) {
            do {
                return try await exchange(request, url, host, with: address)
            } catch Problem.unreachable(let host) {
                last = Problem.unreachable(host)
            }
        }
        throw last
    }

    /// Every address that the host has, each of which may be called.
    private func addresses(of host: PublicHost, _ url: URLText) async throws -> [ResolvedAddress] {
        let found: [ResolvedAddress]
        switch host {
        case .address(_, let text): found = [ResolvedAddress(text)].compactMap { $0 }
        case .name(let name):
            switch await resolver.answer(name) {
            case .addresses(let addresses): found = addresses
            case .noSuchName: throw Problem.noSuchName(name)
            case .timeout, .failed: throw Problem.unresolved(name)
            }
        }
        try Task.checkCancellation()
        let mayCall: (ResolvedAddress) -> Bool = { address in
            if !allowsPrivate { return address.address.isPublic }
            // `localhost` may mean something else somewhere.
            return url.scheme == "https" || address.address.isLoopback
        }
        guard !found.isEmpty, found.allSatisfy(mayCall) else { throw Problem.notPublic(url.host) }
        return found
    }

    private func exchange(_ request: Request, _ url: URLText, _ host: PublicHost, with address: ResolvedAddress) async throws -> Answer {
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration(host, address))
        do {
            let answer = try await exchange(request, url, host, client)
            try? await client.shutdown()
            return answer
        } catch {
            // A connection that is being made cannot be broken off, and whoever gave up does not wait for it.
            if Task.isCancelled {
                Task.detached { try? await client.shutdown() }
                throw CancellationError()
            }
            try? await client.shutdown()
            throw Self.problem(error, url.host)
        }
    }

    private func exchange(_ request: Request, _ url: URLText, _ host: PublicHost, _ client: HTTPClient) async throws -> Answer {
        var message = HTTPClientRequest(url: Self.text(url, host))
        message.method = .POST
        for header in request.headers { message.headers.add(name: header.name, value: header.value) }
        message.headers.add(name: "connection", value: "close")
        if !request.body.isEmpty { message.body = .bytes(ByteBuffer(bytes: request.body)) }
        let seconds = request.timeLimit.components.seconds + 1
        let response = try await client.execute(message, timeout: .seconds(seconds))
        var body: [UInt8] = []
        for try await part in response.body {
            body += part.readableBytesView.prefix(request.bodyLimit - body.count)
            if body.count >= request.bodyLimit { break }
        }
        return Answer(status: Int(response.status.code), body: body)
    }

    private func configuration(_ host: PublicHost, _ address: ResolvedAddress) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(connectLimit.components.seconds))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        if case .name(let name) = host { configuration.dnsOverride = [name: address.text] }
        // Nothing is sent before it is certain that the connection leads to the address that was looked at.
        configuration.http1_1ConnectionDebugInitializer = { channel in
            if let peer = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }), peer == address.address {
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(Problem.notPublic(address.text))
        }
        return configuration
    }

    /// The URL with its host as it was understood, so that no other reader can understand another.
    private static func text(_ url: URLText, _ host: PublicHost) -> String {
        let name: String =
            switch host {
            case .name(let name): name
            case .address(_, let text): text.contains(":") ? "[\(text)]" : text
            }
        return url.scheme + "://" + name + (url.port.map { ":\($0)" } ?? "") + (url.path.isEmpty ? "/" : url.path)
            + (url.query.map { "?" + $0 } ?? "")
    }

    /// TLS and sockets have errors of their own, of packages that are not imported for their names alone.
    private static func problem(_ error: any Error, _ host: String) -> any Error {
        switch error {
        case let problem as Problem: return problem
        case let error as HTTPClientError where error == .connectTimeout: return Problem.unreachable(host)
        case let error as HTTPClientError where [.deadlineExceeded, .readTimeout, .tlsHandshakeTimeout].contains(error):
            return Problem.tooLate
        case is ChannelError, is IOError: return Problem.unreachable(host)
        default:
            let type = String(reflecting: Swift.type(of: error))
            if type.contains("SSL") { return Problem.untrusted(host) }
            return type.contains("Connection") ? Problem.unreachable(host) : Problem.broken(host)
        }
    }
}
