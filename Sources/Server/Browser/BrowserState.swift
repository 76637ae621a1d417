import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// What cookies say about the browser that asks.
extension Deployment {
    /// The session of whoever is signed in.
    func session(_ exchange: Exchange) async throws -> SignedIn? {
        guard let cookie = exchange.cookie(cookies.session), cookie.utf8.count <= 64,
            let (session, user) = try await store.session(hash: Credential.hash(cookie), now: exchange.now), !user.isDisabled
        else { return nil }
        // Nobody is kept from a page because it cannot be written down.
        if exchange.now - session.lastSeenAt >= Session.touchInterval { try? await store.touchSession(session.id, now: exchange.now) }
        return SignedIn(session: session, user: user, formToken: FormToken(cookie: cookie))
    }

    /// The mark that tells this browser apart, and the header that sets it where it is new.
    func browser(_ exchange: Exchange) -> (mark: String, setCookie: HTTPField?) {
        if let mark = exchange.cookie(cookies.browser), (20...64).contains(mark.utf8.count) { return (mark, nil) }
        let mark = random.token()
        return (mark, HTTPField(name: .setCookie, value: cookies.setting(cookies.browser, to: mark, maxAge: nil)))
    }

    /// The pending request of that name, where this browser began it.
    func pendingRequest(_ name: String, browser: String, now: Int64) async throws -> PendingRequest? {
        guard name.utf8.count <= 64,
            let stored = try await store.request(hash: Credential.hash(name), browserHash: Credential.hash(browser), now: now)
        else { return nil }
        return PendingRequest(stored)
    }

    func frame(_ session: SignedIn?) -> PageFrame {
        PageFrame(platformName: settings.platformName, basePath: settings.issuer.path, signedInAs: session?.user.email)
    }
}

/// A user in a browser.
struct SignedIn: Sendable {
    let session: Session
    let user: User
    /// What the forms of this session carry.
    let formToken: FormToken

    var id: Identifier { session.id }
    var userID: Identifier { session.userID }
    var authenticatedAt: Int64 { session.authenticatedAt }
}

/// Ways back to the app, for errors.
extension Deployment {
    func location(_ error: AuthorizationError, state: String?, to redirectURI: RedirectURI.Verified) -> String {
        redirectURI.location(error: error, state: state, issuer: settings.issuer)
    }

    func redirect(_ error: AuthorizationError, state: String?, to redirectURI: RedirectURI.Verified) -> Response {
        .seeOther(location(error, state: state, to: redirectURI))
    }
}

extension PageProblem {
    static let alreadyDecided = PageProblem(
        title: "Already decided", explanation: "This request was answered before, or it was left open for too long.",
        remedy: "Go back to the app and start again if something is still missing.")
    static let unknownRequest = PageProblem(
        title: "This request cannot be continued",
        explanation: "It was answered before, was left open for too long, or was begun in another browser.",
        remedy: "Go back to the app and start again.")
    static let unknownApp = PageProblem(
        status: .notFound, title: "Not connected", explanation: "This app is not connected to your account, or no longer.",
        remedy: "Connected apps shows what is.")

    init(_ error: AuthorizationPageError) {
        self.init(
            title: error.title, explanation: error.explanation, remedy: "Tell whoever makes the app. Nothing was shared with it.",
            details: error.details)
    }
}
