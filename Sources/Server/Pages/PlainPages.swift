/// Asks before signing out.
struct SignOutPage: Page {
    let frame: PageFrame
    let csrf: String

    let title = "Sign out"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>Sign out?</h1>
        <p>Apps that you connected stay connected. You can end them under <a href="{{frame.basePath}}/connected-apps">Connected apps</a>.</p>
        <form method="post" action="{{frame.basePath}}/sign-out">
        <input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="primary wide" type="submit">Sign out</button></p>
        </form>
        </div>
        {{> foot}}
        """#
}

/// After signing out.
struct SignedOutPage: Page {
    let frame: PageFrame

    let title = "Signed out"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>You are signed out</h1>
        <p>Apps that you connected stay connected.</p>
        <p class="actions"><a class="button wide" href="{{frame.basePath}}/login">Sign in again</a></p>
        </div>
        {{> foot}}
        """#
}

/// An app asks to sign the user out, without proof of who it speaks for (OpenID Connect RP-Initiated Logout §2).
struct LogoutPage: Page {
    struct Field {
        let name: String
        let value: String
    }

    let frame: PageFrame
    let csrf: String
    var clientName: String?
    /// The request's parameters, sent again with the answer.
    let fields: [Field]

    let title = "Sign out"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>Sign out?</h1>
        <p>{{#clientName}}<strong>{{clientName}}</strong> asks{{/clientName}}{{^clientName}}An app asks{{/clientName}}
        to sign you out of {{frame.platformName}}.</p>
        <form method="post" action="{{frame.basePath}}/oauth2/logout">
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{#fields}}<input type="hidden" name="{{name}}" value="{{value}}">{{/fields}}
        <p class="actions"><button class="primary" type="submit">Sign out</button>
        <a class="button" href="{{frame.basePath}}/connected-apps">Stay signed in</a></p>
        </form>
        </div>
        {{> foot}}
        """#
}

/// What went wrong, why, and what to do about it.
struct ErrorPage: Page {
    /// A fact for whoever builds the app.
    struct Detail {
        let name: String
        let value: String
    }

    let frame: PageFrame
    let title: String
    let explanation: String
    var remedy: String?
    var details: [Detail] = []
    let requestID: String

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>{{title}}</h1>
        <p>{{explanation}}</p>
        {{#remedy}}<p>{{remedy}}</p>{{/remedy}}
        {{^empty(details)}}<dl class="facts">{{#details}}<div><dt>{{name}}</dt><dd><code>{{value}}</code></dd></div>{{/details}}</dl>{{/empty(details)}}
        <p class="fine">Request {{requestID}}</p>
        </div>
        {{> foot}}
        """#
}

/// The user may not authorize this app. It says so without naming anybody else.
struct RefusedClientPage: Page {
    let frame: PageFrame
    let clientName: String
    /// Back to the app, with the error `access_denied`.
    let returnURL: String

    let title = "Not available to you"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>This app is not available to you</h1>
        <p><strong>{{clientName}}</strong> can be connected only by members of the account that owns it, and you are signed in as
        somebody who is not. Nothing was shared with it.</p>
        <p class="actions"><a class="button wide" href="{{returnURL}}">Back to {{clientName}}</a></p>
        </div>
        {{> foot}}
        """#
}

/// Nothing is at this address.
struct NotFoundPage: Page {
    let frame: PageFrame

    let title = "Not found"

    static let template = #"""
        {{> head}}
        <div class="card narrow">
        <h1>There is nothing here</h1>
        <p>The address may be mistyped, or what was here is gone.</p>
        <p class="actions"><a class="button wide" href="{{frame.basePath}}/connected-apps">Connected apps</a></p>
        </div>
        {{> foot}}
        """#
}
