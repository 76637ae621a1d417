/// *Settings* of an account: its name and what it is called elsewhere.
struct AccountSettingsPage: Page {
    let frame: PageFrame
    let action: String
    let csrf: String
    let accountName: String
    let accountID: String
    /// The platform's own name for it.
    var reference: String?
    let createdAt: ShownTime
    let isSuspended: Bool
    let leaveURL: String
    /// As it stands in the form.
    let newName: String
    /// It was just renamed.
    var isSaved = false
    var problem: String?

    let title = "Settings"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>Settings</h1>
        {{#isSaved}}<p class="note" role="status"><strong>The account is called {{accountName}} now.</strong></p>{{/isSaved}}
        {{#isSuspended}}<p class="warning">The platform's operator has suspended this account. It can be looked at, not changed.</p>{{/isSuspended}}
        <section class="panel"><h2>What it is called</h2>
        <p class="fine">Members see it, and so does whoever decides about an app that the account owns.</p>
        {{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}
        <form class="one-line" method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="field"><label for="name">Name</label><input type="text" id="name" name="name" value="{{newName}}" maxlength="100" required autocomplete="off"{{#isSuspended}} disabled{{/isSuspended}}{{#problem}} aria-invalid="true" aria-describedby="problem"{{/problem}}></p>
        <button class="primary" type="submit"{{#isSuspended}} disabled{{/isSuspended}}>Rename</button></form></section>
        <section class="panel"><h2>For programs</h2><dl class="facts">
        <div><dt>Account ID</dt><dd><code>{{accountID}}</code></dd></div>
        {{#reference}}<div><dt>In the API</dt><dd><code>{{reference}}</code></dd></div>{{/reference}}
        <div><dt>Created</dt><dd><time datetime="{{createdAt.machine}}">{{createdAt.text}}</time></dd></div></dl></section>
        <section class="panel danger"><h2>Leave</h2><p>You stop being a member; the account and its other members stay.</p>
        <p class="actions"><a class="button destructive" href="{{leaveURL}}">Leave {{accountName}}…</a></p></section>
        </div>
        {{> foot}}
        """#
}

/// Asks before somebody leaves an account, and says what ends.
struct LeaveAccountPage: Page {
    let frame: PageFrame
    let action: String
    let csrf: String
    let accountName: String
    let roles: String
    /// `3 connected apps`; nil: none.
    var ending: String?
    let appNames: [String]
    /// `and 4 more`
    var moreApps: String?
    /// Nobody would be left who may do everything.
    let isLastAdministrator: Bool
    /// Where somebody else can be made one, for whoever may.
    var membersURL: String?
    var problem: String?

    let title = "Leave an account"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>Leave {{accountName}}?</h1>
        <p class="lead">Your role there: {{roles}}.</p>
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        {{#isLastAdministrator}}<p class="warning">You are the last one who may do everything in this account, so you cannot leave it.
        {{#membersURL}}Make somebody else an administrator first, under <a href="{{membersURL}}">Members</a>.{{/membersURL}}</p>{{/isLastAdministrator}}
        {{^isLastAdministrator}}
        <p>What you can do there ends at once. To come back you would have to be invited again.</p>
        {{#ending}}<div class="warning"><p><strong>It is taken away from {{ending}} of yours:</strong></p>
        <ul>{{#appNames}}<li>{{.}}</li>{{/appNames}}{{#moreApps}}<li>{{moreApps}}</li>{{/moreApps}}</ul></div>{{/ending}}
        {{^ending}}<p>No app that you connected reaches it.</p>{{/ending}}
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="destructive" type="submit">Leave {{accountName}}</button>
        <a class="button" href="{{frame.basePath}}/accounts">Stay</a></p></form>
        {{/isLastAdministrator}}
        {{#isLastAdministrator}}<p class="actions"><a class="button wide" href="{{frame.basePath}}/accounts">Back to your accounts</a></p>{{/isLastAdministrator}}
        </div>
        {{> foot}}
        """#
}
