import OAuth
import Synchronization

/// One browser, and what the app knows of it.
actor PilotSession {
    /// Stands in every form, so that no other page can submit one.
    let formToken: String
    private(set) var connection: PilotConnection?
    private var attempts: [PilotAttempt] = []
    private var notices: [String] = []
    /// Of the last refusal: what to ask the user for.
    private(set) var authorizeURL: String?

    /// Tabs that may be on their way to the authorization server at the same time.
    private static let maximumAttempts = 8

    init(formToken: String) {
        self.formToken = formToken
    }

    func begin(_ attempt: PilotAttempt) {
        if attempts.count == Self.maximumAttempts { attempts.removeFirst() }
        attempts.append(attempt)
    }

    /// The attempt with that state, which is good once (RFC 6749 §10.12).
    func takeAttempt(state: String) -> PilotAttempt? {
        guard let index = attempts.firstIndex(where: { Credential.areEqual($0.state.utf8, state.utf8) }) else { return nil }
        return attempts.remove(at: index)
    }

    /// - Returns: the connection that was there before.
    func connect(_ new: PilotConnection?) -> PilotConnection? {
        defer { connection = new }
        authorizeURL = nil
        return connection
    }

    func note(_ refusal: PilotRefusal) {
        authorizeURL = refusal.authorizeURL
    }

    func tell(_ notice: String) { notices.append(notice) }

    func takeNotices() -> [String] {
        defer { notices = [] }
        return notices
    }
}

/// The sessions, by the value of their cookie. In memory: the app forgets everything when the demo ends.
final class PilotSessions: Sendable {
    private struct State {
        var sessions: [String: PilotSession] = [:]
        var oldestFirst: [String] = []
    }

    private let state = Mutex(State())

    /// More than a demo ever sees; the oldest goes first.
    private static let maximumCount = 1000

    func session(_ id: String?) -> PilotSession? {
        guard let id else { return nil }
        return state.withLock { $0.sessions[id] }
    }

    func add(_ session: PilotSession, id: String) {
        state.withLock { state in
            if state.oldestFirst.count == Self.maximumCount { state.sessions[state.oldestFirst.removeFirst()] = nil }
            state.sessions[id] = session
            state.oldestFirst.append(id)
        }
    }

    /// Gives the session another id, so that one that was planted in the browser beforehand is worth nothing.
    func rename(_ old: String, to new: String) {
        state.withLock { state in
            guard let session = state.sessions.removeValue(forKey: old) else { return }
            state.sessions[new] = session
            state.oldestFirst.removeAll { $0 == old }
            state.oldestFirst.append(new)
        }
    }
}
