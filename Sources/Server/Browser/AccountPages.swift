import Delegation
import Hummingbird
import OAuth

extension Deployment {
    /// The frame of a page of an account, with links to those of its pages that the principal may see.
    /// - Parameter current: the section that the page belongs to; nil for a page of none.
    func frame(_ session: SignedIn, managing account: Account, as principal: Principal, at current: AccountSection?) -> PageFrame {
        let links = sections(of: account, for: principal).map { section in
            AccountFrame.Link(name: section.name, url: url(section, of: account), isCurrent: section == current)
        }
        return PageFrame(
            platformName: settings.platformName, basePath: settings.issuer.path, signedInAs: session.user.email,
            account: AccountFrame(name: account.name, links: links))
    }

    func sections(of account: Account, for principal: Principal) -> [AccountSection] {
        AccountSection.allCases.filter { principal.may($0.permission, in: account.id) }
    }

    func url(_ section: AccountSection, of account: Account) -> String { url("/accounts/\(account.id)/\(section.path)") }
}

/// `/accounts`: where the user has a place.
struct AccountPages: Sendable {
    let deployment: Deployment

    func choose(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let principal = try await deployment.principal(session)
        let entries = principal.memberships.sorted { $0.account.name < $1.account.name }.map { membership in
            AccountsPage.Entry(
                name: membership.account.name, monogram: Monogram.text(membership.account.name),
                roles: membership.roles.isEmpty ? "no role" : membership.roles.map(\.name).joined(separator: ", "),
                isSuspended: membership.account.isSuspended,
                links: deployment.sections(of: membership.account, for: principal).map {
                    AccountFrame.Link(name: $0.name, url: deployment.url($0, of: membership.account), isCurrent: false)
                })
        }
        return .page(.ok, AccountsPage(frame: deployment.frame(session), accounts: entries).html)
    }
}
