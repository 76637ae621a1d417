import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/invitations/{secret}`: where the link in an invitation leads. Whoever has the link has the mailbox, so somebody new sets a
/// name and a password here; a user signs in first, since the link alone is nobody's password.
struct InvitationStep: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        let session = try await deployment.session(exchange)
        let (browser, setCookie) = deployment.browser(exchange)
        var response = Response.page(.ok, try await page(exchange, session, browser: browser).html)
        if let setCookie { response.headers.append(setCookie) }
        return response
    }

    func accept(_ exchange: Exchange) async throws -> Response {
        let session = try await deployment.session(exchange)
        let browser = exchange.cookie(deployment.cookies.browser)
        let form = try await exchange.form()
        guard let token = session?.formToken ?? browser.map({ FormToken(cookie: $0) }), token.matches(try? form.value("csrf")) else {
            throw RequestProblem.forged
        }
        let page = try await page(exchange, session, browser: browser ?? "")
        let invitee: Store.Invitee
        if page.isNew {
            let name = (try? form.value("name")) ?? ""
            do {
                let hash = try await deployment.passwords.hash(Secret((try? form.value("password")) ?? ""), for: page.email)
                invitee = .new(id: deployment.random.identifier(), name: try DisplayName.checked(name), passwordHash: hash)
            } catch let weakness as Passwords.Weakness {
                return again(page, name, weakness.description)
            } catch let problem as DisplayName.Problem {
                return again(page, name, problem.description)
            }
        } else if page.isReady, let session {
            invitee = .user(session.userID)
        } else {
            return .page(.forbidden, page.html)
        }
        let outcome = try await deployment.store.acceptInvitation(
            hash: hash(exchange), by: invitee, address: exchange.address, now: exchange.now)
        switch outcome {
        case .accepted: return .page(.ok, JoinedPage(frame: deployment.frame(session), accountName: page.accountName).html)
        case .gone: throw gone
        // Somebody took the address in this very moment.
        case .otherUser: return .seeOther(deployment.url(String(exchange.path.dropFirst(deployment.settings.issuer.path.count))))
        }
    }

    func outbox(_ exchange: Exchange) async throws -> Response {
        guard case .outbox(let outbox) = deployment.settings.mail else { throw AccessProblem.notFound("There is no outbox.") }
        let mails = outbox.mails.map { OutboxPage.Entry(recipient: $0.recipient, subject: $0.subject, text: $0.text, link: $0.link) }
        return .page(.ok, OutboxPage(frame: deployment.frame(try await deployment.session(exchange)), mails: mails).html)
    }

    private func again(_ page: InvitationPage, _ name: String, _ problem: String) -> Response {
        var page = page
        page.name = name
        page.problem = problem
        return .page(.badRequest, page.html)
    }

    private func page(_ exchange: Exchange, _ session: SignedIn?, browser: String) async throws -> InvitationPage {
        guard let found = try await deployment.store.invitation(hash: hash(exchange), now: exchange.now) else { throw gone }
        let isReady = found.user != nil && found.user?.id == session?.userID
        return InvitationPage(
            frame: deployment.frame(session), csrf: session?.formToken.text ?? FormToken(cookie: browser).text,
            action: deployment.settings.issuer.path + "/invitations/" + String(exchange.captures[0]), accountName: found.account.name,
            roles: found.invitation.roles.map(\.name).joined(separator: ", "), email: found.invitation.email,
            isNew: found.user == nil && session == nil, isReady: isReady, mustSignIn: !isReady && (found.user != nil || session != nil))
    }

    private func hash(_ exchange: Exchange) -> [UInt8] { Credential.hash(String(exchange.captures[0].prefix(64))) }

    private var gone: PageProblem {
        PageProblem(
            status: .notFound, title: "This invitation is no longer there",
            explanation: "It was accepted or withdrawn, or it is too old.", remedy: "Ask whoever invited you for a new one.")
    }
}
