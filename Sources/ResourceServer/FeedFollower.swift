import AsyncHTTPClient
import Delegation
import Logging
import NIOCore
import NIOHTTP1
import OAuth
import Synchronization

/// Follows the change feed: connects, applies what comes, and connects again from where it was.
struct FeedFollower: Sendable {
    let verifier: TokenVerifier
    let keys: PublishedKeys

    private enum Ending: Error {
        case silent, refused(UInt), gone, unreadable, otherAudience
    }

    /// Where the feed is resumed, and how far it has to come before it counts.
    private struct Place {
        var last: String?
        var goal: Int64 = 0
    }

    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)

    /// Returns when it is cancelled.
    func run() async {
        var place = Place()
        var pause = Self.shortestPause
        while !Task.isCancelled {
            let begun = ContinuousClock.now
            do {
                try await follow(&place)
            } catch Ending.gone {
                place = Place()
            } catch {
                if Task.isCancelled { break }
                verifier.log.warning("the change feed broke off", metadata: ["problem": "\(error)"])
            }
            verifier.feed.caughtUp(false)
            if begun + Self.longestPause < .now { pause = Self.shortestPause }
            // Jittered, so that a hundred services do not come back at the same moment.
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, Self.longestPause)
        }
        verifier.feed.caughtUp(false)
    }

    /// Throws when the stream ends, in whichever way.
    private func follow(_ place: inout Place) async throws {
        verifier.feed.heard(at: .now)
        let start = place
        place = try await withThrowingTaskGroup(of: Place?.self) { group in
            group.addTask { try await read(from: start) }
            group.addTask {
                while !verifier.feed.isSilent(at: .now) { try await Task.sleep(for: .milliseconds(250)) }
                // What comes after a silence may be old: the feed is asked where it is.
                verifier.feed.caughtUp(false)
                return nil
            }
            defer { group.cancelAll() }
            guard let ended = try await group.next(), let place = ended else {
                group.cancelAll()
                let place = try? await group.next()
                return (place ?? nil) ?? start
            }
            return place
        }
    }

    /// - Returns: where it stopped.
    private func read(from start: Place) async throws -> Place {
        var place = start
        var request = HTTPClientRequest(url: verifier.settings.internalOrigin + "/feed")
        request.headers.add(name: "Authorization", value: verifier.settings.basicCredentials)
        request.headers.add(name: "Accept", value: "text/event-stream")
        if let last = place.last { request.headers.add(name: "Last-Event-ID", value: last) }
        let response = try await verifier.client.execute(request, deadline: .distantFuture)
        if response.status == .gone { throw Ending.gone }
        guard response.status == .ok else { throw Ending.refused(response.status.code) }
        var events = ServerSentEvents()
        do {
            for try await part in response.body {
                // What comes after a silence may be old: the feed is asked where it is.
                if verifier.feed.isSilent(at: .now) { throw Ending.silent }
                for event in try events.read(part.readableBytesView) { try apply(event, &place) }
                verifier.feed.heard(at: .now)
            }
        } catch let ending as Ending {
            throw ending
        } catch {
            verifier.log.debug("the change feed's connection ended", metadata: ["problem": "\(error)"])
        }
        return place
    }

    private func apply(_ event: ServerSentEvents.Event, _ place: inout Place) throws {
        guard let data = try? JSON(parsing: event.data) else { throw Ending.unreadable }
        switch event.name {
        case "hello": try begin(data, &place)
        case "change":
            // A change that cannot be read may concern anything.
            let concerns = data["concerns"]?.objectValue.flatMap { FeedChange.Concerns($0) } ?? .everything
            guard let issuedBefore = data["issued_before"]?.integerValue else { throw Ending.unreadable }
            verifier.cache.withLock { $0.apply(concerns, issuedBefore: issuedBefore, at: .now) }
        case "keys": keys.refetch()
        case "reset": throw Ending.gone
        default: break
        }
        guard let id = event.id else { return }
        place.last = id
        if let sequence = Int64(id), sequence >= place.goal { verifier.feed.caughtUp(true) }
    }

    private func begin(_ hello: JSON, _ place: inout Place) throws {
        guard let newest = hello["sequence"]?.integerValue, let issuedBefore = hello["issued_before"]?.integerValue else {
            throw Ending.unreadable
        }
        // A feed for another API says nothing about our tokens.
        guard let audience = hello["audience"]?.stringValue, ResourceIdentifier.matches(audience, verifier.settings.audience) else {
            throw Ending.otherAudience
        }
        place.goal = newest
        if hello["resumed"]?.boolValue == true, let last = place.last.flatMap({ Int64($0) }) {
            verifier.feed.caughtUp(last >= newest)
        } else {
            verifier.cache.withLock { $0.reset(issuedBefore: issuedBefore, at: .now) }
            place.last = String(newest)
            verifier.feed.caughtUp(true)
        }
        keys.refetch()
    }
}
