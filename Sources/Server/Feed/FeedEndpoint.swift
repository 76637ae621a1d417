import HTTPTypes
import Hummingbird
import NIOCore
import OAuth
import ServiceLifecycle
import Storage

/// `GET /feed` on the internal listener: the change feed as server-sent events (WHATWG HTML §9.2), for resource servers.
struct FeedEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        guard case .resourceServer(let id) = try await deployment.authenticatedCaller(exchange, try Parameters("".utf8)),
            let server = try await deployment.clients.resourceServer(id, in: deployment.store)
        else { throw EndpointError(.forbidden, "access_denied", "The change feed is for resource servers.") }
        let after = try resumePoint(exchange)
        let (oldest, newest) = try await deployment.store.outboxBounds()
        if let after, after > newest || after + 1 < oldest || newest - after > ChangeFeed.longestResume {
            throw EndpointError(
                .gone, "resume_point_gone", "The feed cannot be resumed from there. Forget what you know, and begin without one.")
        }
        if exchange.method == .head { return Response(status: .ok, headers: Self.headers) }
        guard let channel = exchange.channel else { throw EndpointError.unavailable("There is no connection to stream over.") }
        // What is on its way to a reader that stopped reading is bounded, and does not take long to be noticed.
        try? await channel.setOption(.socketOption(.so_sndbuf), value: 64 * 1024).get()
        guard let subscription = deployment.feed.subscribe(id, channel: channel) else {
            throw EndpointError.unavailable("There are too many subscribers. Try again shortly.")
        }
        let stream = FeedStream(
            subscription: subscription, deployment: deployment, audience: server.audience ?? deployment.settings.resource,
            from: after ?? newest, newest: newest, isResumed: after != nil)
        return Response(status: .ok, headers: Self.headers, body: ResponseBody { writer in try await stream.write(to: &writer) })
    }

    private static let headers: HTTPFields = [
        .contentType: "text/event-stream", .cacheControl: "no-store",
        // nginx would hold it back.
        HTTPField.Name("X-Accel-Buffering")!: "no",
    ]

    /// The sequence of the last event that the caller has; nil: it has none.
    private func resumePoint(_ exchange: Exchange) throws -> Int64? {
        let header = HTTPField.Name("Last-Event-ID").flatMap { exchange.request.headers[$0] }
        let text: String?
        do {
            text = try exchange.queryParameters().value("after") ?? header
        } catch let error as Parameters.Duplicate {
            throw EndpointError(.badRequest, "invalid_request", error.description)
        }
        guard let text, !text.isEmpty else { return nil }
        guard let sequence = Int64(text), sequence >= 0 else {
            throw EndpointError(.badRequest, "invalid_request", "The resume point should be the id of an event of this feed.")
        }
        return sequence
    }
}

/// What one subscriber is sent.
private struct FeedStream: Sendable {
    let subscription: FeedSubscription
    let deployment: Deployment
    let audience: String
    let from: Int64
    let newest: Int64
    let isResumed: Bool

    func write(to writer: inout any ResponseBodyWriter) async throws {
        let feed = deployment.feed
        let hello: JSON = [
            "sequence": .integer(newest), "resumed": .bool(isResumed), "issued_before": .integer(feed.issuedBefore),
            "heartbeat": .integer(ChangeFeed.heartbeat.components.seconds), "audience": .string(audience),
        ]
        try await send(ByteBuffer(string: "retry: 1000\nevent: hello\ndata: \(hello.text)\n\n"), to: &writer)
        var (position, told) = (from, from)
        var heardAt = ContinuousClock.now
        for await _ in subscription.wakes {
            while let page = try await feed.page(after: position, from: deployment.store) {
                var text = ByteBuffer()
                for line in page.lines where line.audiences?.contains(where: { ResourceIdentifier.matches($0, audience) }) ?? true {
                    text.writeImmutableBuffer(line.text)
                    told = line.sequence
                }
                position = page.sequence
                if text.readableBytes > 0 {
                    try await send(text, to: &writer)
                    heardAt = .now
                }
                if !page.isMoreWaiting { break }
            }
            // Whoever resumed is told when it has all that was there, since what comes last may not be for it.
            let isCaughtUp = position >= newest && told < newest
            guard feed.isFollowing, isCaughtUp || heardAt + ChangeFeed.heartbeat <= .now else { continue }
            let text = position > told ? "event: position\nid: \(position)\ndata: {}\n\n" : ": \(position)\n\n"
            told = position
            try await send(ByteBuffer(string: text), to: &writer)
            heardAt = .now
        }
        try await writer.finish(nil)
    }

    private func send(_ text: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws {
        try await subscription.writing { try await writer.write(text) }
    }
}

/// Ends the streams as soon as the process is told to stop: they would keep the listener waiting.
struct FeedEnd: Service {
    let feed: ChangeFeed

    func run() async throws {
        try? await gracefulShutdown()
        feed.close()
    }
}
