import Delegation

/// What of an account has a page of its own, in the order of its navigation.
enum AccountSection: CaseIterable {
    case apps, policy, resources, audit

    var name: String {
        switch self {
        case .apps: "Members' apps"
        case .policy: "App policy"
        case .resources: "Resources"
        case .audit: "Audit log"
        }
    }

    /// Behind `/accounts/{account}/`.
    var path: String {
        switch self {
        case .apps: "apps"
        case .policy: "app-policy"
        case .resources: "resources"
        case .audit: "audit"
        }
    }

    /// What it takes to see it.
    var permission: Permission {
        switch self {
        case .apps, .policy: .viewApps
        case .resources: .viewResources
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
