/// Who is there.
struct SignInPage: Page {
    let frame: PageFrame
    let csrf: String
    /// The name of the pending request, where there is one.
    var request: String?
    /// The app that asks, where one does.
    var clientName: String?
    /// The page of ours that leads on, where it is not *Connected apps*.
    var returnPath: String?
    var email = ""
    var problem: String?

    let title = "Sign in"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>Sign in</h1>
        {{#clientName}}<p class="lead">to continue to <strong>{{clientName}}</strong></p>{{/clientName}}
        {{#problem}}<p class="problem" id="problem" role="alert">{{problem}}</p>{{/problem}}
        <form method="post" action="{{frame.basePath}}/login">
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{#request}}<input type="hidden" name="request" value="{{request}}">{{/request}}
        {{#returnPath}}<input type="hidden" name="return" value="{{returnPath}}">{{/returnPath}}
        <p class="field"><label for="email">Email address</label>
        <input id="email" name="email" type="email" autocomplete="username" autocapitalize="none" spellcheck="false" required
          value="{{email}}"{{#problem}} aria-describedby="problem"{{/problem}}></p>
        <p class="field"><label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required{{#problem}} aria-describedby="problem"{{/problem}}></p>
        <p class="actions"><button class="primary wide" type="submit">Sign in</button></p>
        </form>
        </div>
        {{> foot}}
        """#
}
