import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/user/sessions`: where the caller's user is signed in.
struct SessionsEndpoint: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        let (user, _) = try await deployment.requireUser(.viewSessions, exchange)
        let (page, perPage) = try PageRequest.read(exchange)
        let sessions = try await deployment.store.sessions(userID: user.id, now: exchange.now)
        let results = PageRequest.slice(sessions, page: page, perPage: perPage).map { JSON.object($0.json) }
        return Envelope.page(results, of: sessions.count, page: page, perPage: perPage)
    }

    func end(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageSessions, exchange)
        guard let id = Identifier(exchange.captures[0]),
            try await deployment.store.endSession(id, userID: user.id, actor: principal.actor(exchange), now: exchange.now)
        else { throw EnvelopeError.notFound("There is no such session.") }
        return Envelope.result(["id": .string(id.description)])
    }

    /// Every one, or every one but `except`.
    func endAll(_ exchange: Exchange) async throws -> Response {
        let (user, principal) = try await deployment.requireUser(.manageSessions, exchange)
        let kept = try exchange.identifierInQuery("except")
        let count = try await deployment.store.endSessions(
            userID: user.id, except: kept, actor: principal.actor(exchange), now: exchange.now)
        return Envelope.result(["count": .integer(Int64(count))])
    }
}

extension Session {
    /// As the management API shows it.
    fileprivate var json: JSONObject {
        [
            "id": .string(id.description), "created_at": .string(Timestamp.text(createdAt)),
            "last_seen_at": .string(Timestamp.text(lastSeenAt)), "authenticated_at": .string(Timestamp.text(authenticatedAt)),
            "expires_on": .string(Timestamp.text(expiresAt)), "ip": .string(address), "user_agent": .string(userAgent),
        ]
    }
}
