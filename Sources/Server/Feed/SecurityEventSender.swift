import Delegation
import Logging
import OAuth
import Storage
import Synchronization

/// Pushes security event tokens (RFC 8417) to the resource servers that want them (RFC 8935): each receiver in the order of the feed,
/// at least once.
struct SecurityEventSender: Sendable {
    let deployment: Deployment

    /// Receivers that are sent to at once.
    private static let limit = 32
    private static let eventsAtOnce = 200
    /// Events that concern a receiver in nothing and that it may stand back before that is written down.
    private static let slack: Int64 = 1000
    /// Seconds after which another process goes on; longer than an attempt can take.
    private static let claimSeconds: Int64 = 20
    private static let timeLimit = Duration.seconds(10)
    private static let bodyLimit = 8 * 1024
    private static let pause = Duration.milliseconds(250)

    /// What a receiver said.
    private enum Answer {
        case accepted
        /// It will not take this one, however often it comes (RFC 8935 §2.3).
        case refused(String)
        case failed(String)
    }

    /// Sends until it is cancelled.
    func run() async {
        let busy = BusyReceivers()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for receiver in await due() {
                    guard busy.insert(receiver.serverID, limit: Self.limit) else { continue }
                    group.addTask {
                        await serve(receiver)
                        busy.remove(receiver.serverID)
                    }
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    private func due() async -> [EventReceiver] {
        guard deployment.duties.holds(.pushes) else { return [] }
        do {
            return try await deployment.store.dueEventReceivers(now: deployment.now(), limit: Self.limit)
        } catch {
            deployment.log.warning("receivers of security events could not be looked after", metadata: ["problem": "\(error)"])
            return []
        }
    }

    private func serve(_ receiver: EventReceiver) async {
        do {
            let page = try await deployment.store.feed(after: receiver.sequence, limit: Self.eventsAtOnce)
            let owed = page.changes.compactMap { pushed($0, to: receiver) }
            if owed.isEmpty, page.sequence - receiver.sequence < Self.slack, !page.isMoreWaiting { return }
            let now = deployment.now()
            guard var claimed = try await deployment.store.claim(receiver, now: now, until: now + Self.claimSeconds) else { return }
            for (change, event) in owed {
                guard let next = try await send(event, change, to: claimed) else { return }
                claimed = next
            }
            _ = try await deployment.store.moved(claimed, to: page.sequence, now: deployment.now(), until: nil)
        } catch is CancellationError {
            // The claim ends by itself.
        } catch {
            deployment.log.warning("security events could not be sent", metadata: ["problem": "\(error)"])
        }
    }

    private func pushed(_ concerned: Store.ConcernedChange, to receiver: EventReceiver) -> (FeedChange, SecurityEvent)? {
        guard concerned.concerns(receiver.audience ?? deployment.settings.resource, now: deployment.now()) else { return nil }
        return SecurityEvent(concerned.change, scopes: concerned.scopes, issuer: deployment.settings.issuer.description)
            .map { (concerned.change, $0) }
    }

    /// - Returns: the receiver, moved on; nil: it is not sent any more for now.
    private func send(_ event: SecurityEvent, _ change: FeedChange, to receiver: EventReceiver) async throws -> EventReceiver? {
        let answer = try await push(event, change, to: receiver)
        let now = deployment.now()
        switch answer {
        case .failed(let problem):
            let next = PushPace.nextAttempt(after: receiver.attempts + 1, now: now)
            try await deployment.store.failed(receiver, problem, now: now, next: next)
            return nil
        case .refused(let problem):
            deployment.log.warning(
                "a security event was refused and is left out",
                metadata: ["resource_server": "\(receiver.serverID)", "sequence": "\(change.sequence)", "problem": "\(problem)"])
        case .accepted: break
        }
        return try await deployment.store.moved(receiver, to: change.sequence, now: now, until: now + Self.claimSeconds)
    }

    private func push(_ event: SecurityEvent, _ change: FeedChange, to receiver: EventReceiver) async throws -> Answer {
        let now = deployment.now()
        let id = Credential.hash("security event \(receiver.serverID) \(change.sequence)").prefix(16)
        let claims = event.claims(
            change, issuer: deployment.settings.issuer.description, audience: receiver.serverID.description, id: Base64URL.encode(id),
            now: now)
        let token = try deployment.keys.signing.current(for: .es256, at: now).sign(type: SecurityEvent.tokenType, claims: claims)
        let request = PublicFetch.Request(
            url: receiver.url,
            headers: [("content-type", "application/secevent+jwt"), ("accept", "application/json"), ("user-agent", "Latchkey")],
            body: Array(token.utf8), bodyLimit: Self.bodyLimit, timeLimit: Self.timeLimit)
        do {
            let answer = try await deployment.fetch.send(request)
            switch answer.status {
            case 200..<300: return .accepted
            case 400:
                // RFC 8935 §2.3: anything else that says 400 may be a gateway on the way.
                guard let code = (try? JSON(parsing: answer.body))?["err"]?.stringValue else {
                    return .failed("The receiver answered 400.")
                }
                return .refused(String(code.unicodeScalars.filter { (0x20...0x7E).contains($0.value) }.prefix(64).map(Character.init)))
            default: return .failed("The receiver answered \(answer.status).")
            }
        } catch let problem as PublicFetch.Problem {
            return .failed(problem.description)
        }
    }
}

/// Those that this process is sending to.
private final class BusyReceivers: Sendable {
    private let servers = Mutex<Set<Identifier>>([])

    func insert(_ server: Identifier, limit: Int) -> Bool {
        servers.withLock { servers in servers.count < limit && servers.insert(server).inserted }
    }

    func remove(_ server: Identifier) { servers.withLock { _ = $0.remove(server) } }
}
