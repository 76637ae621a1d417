/// Somebody was asked to join an account.
struct InvitationPage: Page {
    let frame: PageFrame
    let csrf: String
    let action: String
    let accountName: String
    let roles: String
    let email: String
    /// Nobody has that address yet: the form asks who they are.
    var isNew = false
    /// The user who has it is signed in.
    var isReady = false
    /// The user who has it is not signed in, or somebody else is.
    var mustSignIn = false
    var name = ""
    var problem: String?

    let title = "Join an account"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>Join {{accountName}}</h1>
        <p class="lead">{{email}} is invited to this account as {{roles}}.</p>
        {{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}
        {{#mustSignIn}}<p>{{#frame.signedInAs}}You are signed in as {{frame.signedInAs}}. <a href="{{frame.basePath}}/sign-out">Sign out</a>,
        sign in as {{email}}{{/frame.signedInAs}}{{^frame.signedInAs}}<a href="{{frame.basePath}}/login">Sign in as {{email}}</a>{{/frame.signedInAs}},
        then open the link in your mail again.</p>{{/mustSignIn}}
        {{^mustSignIn}}
        <form method="post" action="{{action}}">
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{#isNew}}
        <p class="field"><label for="name">Your name</label>
        <input id="name" name="name" type="text" autocomplete="name" required maxlength="100" value="{{name}}"></p>
        <p class="field"><label for="password">Choose a password</label>
        <input id="password" name="password" type="password" autocomplete="new-password" required minlength="10"
          aria-describedby="password-help{{#problem}} problem{{/problem}}"><small id="password-help">At least 10 characters.</small></p>
        {{/isNew}}
        <p class="actions"><button class="primary wide" type="submit">Join {{accountName}}</button></p>
        </form>
        {{/mustSignIn}}
        </div>
        {{> foot}}
        """#
}

/// An invitation was accepted.
struct JoinedPage: Page {
    let frame: PageFrame
    let accountName: String

    let title = "Welcome"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>You are a member of {{accountName}}</h1>
        <p class="actions"><a class="button wide" href="{{frame.basePath}}/login">Continue</a></p>
        </div>
        {{> foot}}
        """#
}

/// The mails of a demo.
struct OutboxPage: Page {
    struct Entry {
        let recipient: String
        let subject: String
        let text: String
        var link: String?
    }

    let frame: PageFrame
    let mails: [Entry]

    let title = "Outbox"

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <h1>Outbox</h1>
        <p class="lead">A demo sends no mail. What it would have sent is here until it stops.</p>
        {{#mails}}
        <article class="panel">
        <h2>{{subject}}</h2>
        <p>To {{recipient}}</p>
        <p class="letter">{{text}}</p>
        {{#link}}<p class="actions"><a class="button" href="{{link}}">Follow the link</a></p>{{/link}}
        </article>
        {{/mails}}
        {{#empty(mails)}}<p>Nothing yet.</p>{{/empty(mails)}}
        </div>
        {{> foot}}
        """#
}
