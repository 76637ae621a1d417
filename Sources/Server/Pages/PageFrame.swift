import Mustache

/// What every page has around its content.
struct PageFrame {
    let platformName: String
    /// The issuer's path, in front of every link.
    let basePath: String
    /// The email address of whoever is signed in.
    let signedInAs: String?
    let cssPath: String
    let jsPath: String
    /// The account that the page manages, with its navigation.
    let account: AccountFrame?
    /// The OAuth client that the page is about, with its navigation.
    var client: ClientFrame?

    init(platformName: String, basePath: String = "", signedInAs: String? = nil, account: AccountFrame? = nil) {
        self.platformName = platformName
        self.basePath = basePath
        self.signedInAs = signedInAs
        self.account = account
        cssPath = basePath + Assets.cssPath
        jsPath = basePath + Assets.jsPath
    }
}

/// A page: the values it shows and the template that shows them, in one file. Templates see stored properties only.
protocol Page {
    static var template: String { get }
    var title: String { get }
    var frame: PageFrame { get }
}

extension Page {
    var html: String { Pages.render(self) }
}

/// Every template, parsed once. A template that does not parse fails the first test and the first request alike.
enum Pages {
    /// Each page with its template, by the name of its type.
    static let templates: [(name: String, text: String)] = [
        ("SignInPage", SignInPage.template),
        ("ConsentPage", ConsentPage.template),
        ("ConnectedAppsPage", ConnectedAppsPage.template),
        ("AuthorizationPage", AuthorizationPage.template),
        ("SessionsPage", SessionsPage.template),
        ("SignOutPage", SignOutPage.template),
        ("SignedOutPage", SignedOutPage.template),
        ("LogoutPage", LogoutPage.template),
        ("ErrorPage", ErrorPage.template),
        ("RefusedClientPage", RefusedClientPage.template),
        ("NotFoundPage", NotFoundPage.template),
        ("InvitationPage", InvitationPage.template),
        ("JoinedPage", JoinedPage.template),
        ("OutboxPage", OutboxPage.template),
        ("AccountsPage", AccountsPage.template),
        ("AccountSettingsPage", AccountSettingsPage.template),
        ("LeaveAccountPage", LeaveAccountPage.template),
        ("MembersPage", MembersPage.template),
        ("MemberPage", MemberPage.template),
        ("TokensPage", TokensPage.template),
        ("TokenPage", TokenPage.template),
        ("TokenValuePage", TokenValuePage.template),
        ("AuditPage", AuditPage.template),
        ("AppPolicyPage", AppPolicyPage.template),
        ("MembersAppsPage", MembersAppsPage.template),
        ("AppRequestPage", AppRequestPage.template),
        ("UsagePage", UsagePage.template),
        ("ClientsPage", ClientsPage.template),
        ("NewClientPage", NewClientPage.template),
        ("ClientCreatedPage", ClientCreatedPage.template),
        ("ClientSettingsPage", ClientSettingsPage.template),
        ("ClientSecretsPage", ClientSecretsPage.template),
        ("ClientVisibilityPage", ClientVisibilityPage.template),
        ("ClientWithdrawPage", ClientWithdrawPage.template),
        ("ClientTrialPage", ClientTrialPage.template),
        ("ClientEndPage", ClientEndPage.template),
        ("WebhooksPage", WebhooksPage.template),
        ("WebhookPage", WebhookPage.template),
        ("ResourcesPage", ResourcesPage.template),
    ]

    private static let library: Result<MustacheLibrary, any Error> = Result {
        var library = MustacheLibrary()
        for (name, text) in templates { try library.register(text, named: name) }
        try library.register(head, named: "head")
        try library.register(foot, named: "foot")
        try library.register(AccountFrame.template, named: "account-nav")
        try library.register(RoleChoice.template, named: "role-choices")
        try library.register(ClientFrame.template, named: "client-nav")
        try library.register(FormField.template, named: "form-field")
        try library.register(ScopePicker.template, named: "scope-picker")
        try library.register(TokensPage.factsTemplate, named: "token-facts")
        try library.register(TokenPage.fieldsTemplate, named: "token-fields")
        try library.register(ConsentPage.scopeTemplate, named: "consent-scope")
        try library.register(AppPolicyPage.requestTemplate, named: "app-request")
        try library.register(WebhookForm.template, named: "webhook-form")
        try library.register(ResourceField.template, named: "resource-field")
        return library
    }

    static func render<Shown: Page>(_ page: Shown) -> String {
        guard case .success(let library) = library, let html = library.render(page, withTemplate: "\(Shown.self)") else { return "" }
        return html
    }

    static let head = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="robots" content="noindex">
        <meta name="color-scheme" content="light dark">
        <title>{{title}} · {{frame.platformName}}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="{{frame.cssPath}}">
        <script src="{{frame.jsPath}}" defer></script>
        </head>
        <body>
        <a class="skip" href="#main">Skip to content</a>
        <header class="bar">
        <p class="brand">{{frame.platformName}}</p>
        {{#frame.signedInAs}}
        <nav aria-label="Your account">
        <a href="{{frame.basePath}}/connected-apps">Connected apps</a>
        <a href="{{frame.basePath}}/accounts">Accounts</a>
        <a href="{{frame.basePath}}/tokens">API tokens</a>
        <a href="{{frame.basePath}}/sessions">Sessions</a>
        <a href="{{frame.basePath}}/sign-out">Sign out</a>
        </nav>
        {{/frame.signedInAs}}
        </header>
        <main id="main" tabindex="-1">
        """#

    static let foot = #"""
        </main>
        <footer class="foot">{{#frame.signedInAs}}<p>Signed in as {{frame.signedInAs}}</p>{{/frame.signedInAs}}</footer>
        </body>
        </html>
        """#
}
