/// The client's own consent page, tried by whoever makes the client, and code that does the same.
struct ClientTrialPage: Page {
    /// A piece of code.
    struct Listing {
        let id: String
        let heading: String
        let explanation: String
        let code: String
    }

    let frame: PageFrame
    let title: String
    /// Why it cannot be tried now.
    var obstacle: String?
    let authorizeURL: String
    let redirectURI: String
    let verifier: String
    let isLoopback: Bool
    let facts: [FormChoice]
    let listings: [Listing]

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        <section class="panel"><h2>See your own consent page</h2>
        {{#obstacle}}<p class="warning">{{obstacle}}</p>{{/obstacle}}
        {{^obstacle}}<p>This asks you, in this browser, what the app will ask everybody. If you allow it, you come back to
        <code>{{redirectURI}}</code> with a code, and it is among your connected apps.</p>
        <p class="actions"><a class="button primary" href="{{authorizeURL}}">Try the consent page</a></p>
        {{#isLoopback}}<p class="fine">Where no program listens there, the browser shows an error. The code stands in its address bar all the same.</p>{{/isLoopback}}
        <p class="fine">To finish by hand, redeem the code with this verifier, made for this one try (a reload makes another):</p>
        <div class="copyable"><code id="verifier">{{verifier}}</code><button type="button" hidden data-scripted data-copy="verifier">Copy</button></div>{{/obstacle}}
        </section>
        <section class="panel"><h2>In your code</h2><dl class="facts">{{#facts}}<div><dt>{{name}}</dt><dd><code>{{value}}</code></dd></div>{{/facts}}</dl></section>
        {{#listings}}<section class="panel"><div class="listing-head"><h2>{{heading}}</h2><button type="button" hidden data-scripted data-copy="{{id}}">Copy</button></div>
        <p class="fine">{{explanation}}</p><pre class="listing" id="{{id}}" tabindex="0">{{code}}</pre></section>{{/listings}}
        </div>
        {{> foot}}
        """#
}
