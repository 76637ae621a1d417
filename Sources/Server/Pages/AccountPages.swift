import Delegation
import Hummingbird
import Mustache
import OAuth

/// What of an account has a page of its own, in the order of its navigation.
enum AccountSection: CaseIterable {
    case apps, policy, audit

    var name: String {
        switch self {
        case .apps: "Members' apps"
        case .policy: "App policy"
        case .audit: "Audit log"
        }
    }

    /// Behind `/accounts/{account}/`.
    var path: String {
        switch self {
        case .apps: "apps"
        case .policy: "app-policy"
        case .audit: "audit"
        }
    }

    /// What it takes to see it.
    var permission: Permission {
        switch self {
        case .apps, .policy: .viewApps
        case .audit: .viewAudit
        }
    }
}

/// *Manage account*: the account's name and the links to its pages, as the partial `account-nav` shows them.
struct AccountFrame {
    struct Link {
        let name: String
        let url: String
        let isCurrent: Bool
    }

    let name: String
    let links: [Link]

    static let template = #"""
        {{#frame.account}}
        <div class="account-nav"><p><a href="{{frame.basePath}}/accounts">Accounts</a> <span aria-hidden="true">/</span> <strong>{{frame.account.name}}</strong></p>
        <nav aria-label="Manage account">{{#frame.account.links}}<a href="{{url}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{name}}</a>{{/frame.account.links}}</nav></div>
        {{/frame.account}}
        """#
}

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
        guard let session = try await deployment.session(exchange) else { return .seeOther(deployment.url("/login")) }
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

/// The accounts of a user, to choose one.
struct AccountsPage: Page {
    struct Entry {
        let name: String
        let monogram: String
        let roles: String
        let isSuspended: Bool
        let links: [AccountFrame.Link]
    }

    let frame: PageFrame
    let accounts: [Entry]

    let title = "Accounts"

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <h1>Accounts</h1>
        <p class="lead">Accounts that you are a member of. What you can do in one depends on your role there.</p>
        {{^empty(accounts)}}<ul class="apps">
        {{#accounts}}<li class="app"><p class="monogram small" aria-hidden="true">{{monogram}}</p>
        <div><h2>{{name}}</h2><p class="fine">{{roles}}{{#isSuspended}} · suspended{{/isSuspended}}</p>
        {{^empty(links)}}<p class="links">{{#links}}<a href="{{url}}">{{name}}</a>{{/links}}</p>{{/empty(links)}}
        {{#empty(links)}}<p class="fine">Your role has no pages here.</p>{{/empty(links)}}</div></li>{{/accounts}}
        </ul>{{/empty(accounts)}}
        {{#empty(accounts)}}<div class="card empty"><p><strong>You are a member of no account.</strong></p><p>An administrator of an account can add you.</p></div>{{/empty(accounts)}}
        </div>
        {{> foot}}
        """#
}
