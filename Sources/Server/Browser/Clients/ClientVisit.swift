import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// Somebody at the pages of an account's OAuth clients, and how these pages reach what the management API reaches too.
struct ClientVisit: Sendable {
    let deployment: Deployment
    let exchange: Exchange
    let session: SignedIn
    let principal: Principal
    let account: Account

    /// - Returns: nil where nobody is signed in.
    /// - Throws: `AccessProblem` where the clients of the account cannot be seen.
    init?(_ exchange: Exchange, _ deployment: Deployment) async throws {
        guard let session = try await deployment.session(exchange) else { return nil }
        self.deployment = deployment
        self.exchange = exchange
        self.session = session
        principal = try await deployment.principal(session)
        account = try principal.require(.viewClients, in: exchange.captures[0])
    }

    var administration: ClientAdministration {
        ClientAdministration(deployment: deployment, principal: principal, exchange: exchange)
    }

    var canManage: Bool { principal.may(.manageClients, in: account.id) && !account.isSuspended }

    /// The client that the path names.
    func client() async throws -> RegisteredClient { try await administration.get(exchange.captures[1], in: exchange.captures[0]) }

    /// The form that was sent, once it is known to be from this session.
    func form() async throws -> Parameters {
        let form = try await exchange.form()
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        return form
    }

    /// - Throws: `AccessProblem` for somebody who may look only.
    func requireManaging() throws { _ = try principal.require(.manageClients, in: account.id) }

    var listURL: String { deployment.url(.clients, of: account) }

    func url(_ section: ClientSection, of client: Client) -> String { "\(listURL)/\(client.id)\(section.path)" }

    var frame: PageFrame { deployment.frame(session, managing: account, as: principal, at: .clients) }

    /// The frame of a page of one client.
    func frame(_ registered: RegisteredClient, at current: ClientSection?) -> PageFrame {
        let client = registered.client
        let links = ClientSection.allCases.filter { principal.may($0.permission, in: account.id) }.map { section in
            AccountFrame.Link(name: section.name, url: url(section, of: client), isCurrent: section == current)
        }
        var frame = frame
        frame.client = ClientFrame(
            name: client.name, monogram: Monogram.text(client.name), listURL: listURL, marks: Self.marks(registered),
            banners: Self.banners(client, account), links: links)
        return frame
    }

    static let nothingChosen = PageProblem(title: "Choose what to do", explanation: "Nothing was chosen, so nothing was changed.")
}

extension ClientVisit {
    static func marks(_ registered: RegisteredClient) -> [ClientFrame.Mark] {
        let client = registered.client
        var marks = [ClientFrame.Mark(word: client.visibility.rawValue, look: client.visibility == .public ? "good" : "plain")]
        if client.isPlatformOwned { marks.append(.init(word: "platform", look: "accent")) }
        if client.status == .suspended { marks.append(.init(word: "suspended", look: "bad")) }
        if client.isFrozen { marks.append(.init(word: "frozen", look: "bad")) }
        if registered.hasRotatedSecret { marks.append(.init(word: "two secrets", look: "caution")) }
        switch registered.proof?.status {
        case .pending, .inProgress: marks.append(.init(word: "host not proven yet", look: "caution"))
        case .failed: marks.append(.init(word: "proof of the host failed", look: "bad"))
        case .verified: marks.append(.init(word: "host proven", look: "good"))
        case nil: break
        }
        return marks
    }

    private static func banners(_ client: Client, _ owner: Account) -> [ClientFrame.Banner] {
        var banners: [ClientFrame.Banner] = []
        if client.status == .suspended {
            banners.append(
                .init(headline: "Suspended by the platform.", consequence: "Nothing of this client works until its operator resumes it."))
        }
        if let frozenAt = client.frozenAt {
            banners.append(
                .init(
                    headline: "Frozen since \(ShownTime(frozenAt).text).",
                    consequence: "Nothing of this client works, and nothing is lost. It goes on when it is thawed, under Freeze or delete.")
            )
        }
        if owner.isSuspended {
            banners.append(
                .init(headline: "The account is suspended.", consequence: "Its clients stand still, and can be looked at but not changed."))
        }
        return banners
    }
}
