import Delegation

/// What of an account has a page of its own, in the order of its navigation.
enum AccountSection: CaseIterable {
    case clients, members, apps, policy, resources, tokens, audit, settings

    var name: String {
        switch self {
        case .clients: "OAuth clients"
        case .members: "Members"
        case .apps: "Members' apps"
        case .policy: "App policy"
        case .resources: "Resources"
        case .tokens: "API tokens"
        case .audit: "Audit log"
        case .settings: "Settings"
        }
    }

    /// Behind `/accounts/{account}/`.
    var path: String {
        switch self {
        case .clients: "oauth-clients"
        case .members: "members"
        case .apps: "apps"
        case .policy: "app-policy"
        case .resources: "resources"
        case .tokens: "tokens"
        case .audit: "audit"
        case .settings: "settings"
        }
    }

    /// What it takes to see it.
    var permission: Permission {
        switch self {
        case .clients: .viewClients
        case .members: .viewMembers
        case .apps, .policy: .viewApps
        case .resources: .viewResources
        case .tokens: .viewTokens
        case .audit: .viewAudit
        case .settings: .manageAccount
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

/// The accounts of a user: to choose one, make one or leave one.
struct AccountsPage: Page {
    struct Entry {
        let name: String
        let monogram: String
        let roles: String
        let isSuspended: Bool
        let links: [AccountFrame.Link]
        let leaveURL: String
    }

    let frame: PageFrame
    let action: String
    let csrf: String
    let accounts: [Entry]
    /// Whether users make accounts here.
    let mayCreate: Bool
    /// The user just left one.
    var hasLeft = false
    var newName = ""
    var problem: String?

    let title = "Accounts"

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <h1>Accounts</h1>
        <p class="lead">Accounts that you are a member of. What you can do in one depends on your role there.</p>
        {{#hasLeft}}<p class="note" role="status"><strong>You left the account.</strong> Nothing that you connected reaches it any more.</p>{{/hasLeft}}
        {{^empty(accounts)}}<ul class="apps">
        {{#accounts}}<li class="app"><p class="monogram small" aria-hidden="true">{{monogram}}</p>
        <div><div class="heading-row"><h2>{{name}}</h2><a class="quiet" href="{{leaveURL}}" aria-label="Leave {{name}}">Leave…</a></div><p class="fine">{{roles}}{{#isSuspended}} · suspended{{/isSuspended}}</p>
        {{^empty(links)}}<p class="links">{{#links}}<a href="{{url}}">{{name}}</a>{{/links}}</p>{{/empty(links)}}
        {{#empty(links)}}<p class="fine">Your role has no pages here.</p>{{/empty(links)}}</div></li>{{/accounts}}
        </ul>{{/empty(accounts)}}
        {{#empty(accounts)}}<div class="card empty"><p><strong>You are a member of no account.</strong></p><p>An administrator of an account can invite you.</p></div>{{/empty(accounts)}}
        {{#mayCreate}}<section class="panel" id="new"><h2>New account</h2>
        <p class="fine">You become its Super Administrator and can invite others.</p>
        {{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}
        <form class="one-line" method="post" action="{{action}}#new"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="field"><label for="name">Name</label><input type="text" id="name" name="name" value="{{newName}}" maxlength="100" required autocomplete="organization"{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}></p>
        <button class="primary" type="submit">Create account</button></form></section>{{/mayCreate}}
        </div>
        {{> foot}}
        """#
}
