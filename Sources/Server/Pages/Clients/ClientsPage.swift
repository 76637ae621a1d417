import Delegation

/// *OAuth clients*: those that an account owns.
struct ClientsPage: Page {
    struct Entry {
        let url: String
        let clientName: String
        let monogram: String
        let summary: String
        let createdAt: ShownTime
        let marks: [ClientFrame.Mark]
    }

    let frame: PageFrame
    let accountName: String
    let canManage: Bool
    let newURL: String
    /// One was just deleted.
    let isDeleted: Bool
    let clients: [Entry]
    /// `51 to 100 of 240`; nil: all are on the page.
    var range: String?
    var previousURL: String?
    var nextURL: String?

    let title = "OAuth clients"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <div class="heading-row"><h1>OAuth clients</h1>{{#canManage}}<a class="button primary" href="{{newURL}}">Create a client</a>{{/canManage}}</div>
        <p class="lead">Apps of {{accountName}} that ask people for access to their accounts at {{frame.platformName}}.</p>
        {{#isDeleted}}<p class="note" role="status"><strong>The client is deleted.</strong> Everything that it was allowed has ended.</p>{{/isDeleted}}
        {{^empty(clients)}}<ul class="apps">
        {{#clients}}<li class="app"><p class="monogram small" aria-hidden="true">{{monogram}}</p>
        <div><h2><a href="{{url}}">{{clientName}}</a></h2><p class="marks">{{#marks}}<small class="mark {{look}}">{{word}}</small>{{/marks}}</p>
        <p class="fine">{{summary}} · created <time datetime="{{createdAt.machine}}">{{createdAt.text}}</time></p></div></li>{{/clients}}
        </ul>{{/empty(clients)}}
        {{#range}}<nav class="actions" aria-label="Pages">{{#previousURL}}<a class="button" rel="prev" href="{{previousURL}}">Previous</a>{{/previousURL}}
        <p class="fine">{{range}}</p>{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Next</a>{{/nextURL}}</nav>{{/range}}
        {{#empty(clients)}}<div class="card empty"><p><strong>{{accountName}} has no OAuth client yet.</strong></p>
        <p>A client is how an app of yours is known here. With one, the app can send people to a page where they choose what it may do,
        in which accounts and for how long. Nobody has to hand it a password or a token.</p>
        {{^canManage}}<p class="fine">Your role here can look at clients. An administrator can create one.</p>{{/canManage}}</div>{{/empty(clients)}}
        </div>
        {{> foot}}
        """#
}

/// A client that is to be made: first what it is, then its name, addresses and scopes.
struct NewClientPage: Page {
    struct Kind {
        let url: String
        let kindName: String
        let audience: String
        let settings: String
        let reason: String
    }

    let frame: PageFrame
    let action: String
    let csrf: String
    /// To choose from; empty once one is chosen.
    let kinds: [Kind]
    /// What is being created.
    var chosen: Kind?
    let listURL: String
    let otherKindURL: String
    var kindValue = ""
    let fields: [FormField]
    var picker: ScopePicker?
    var problem: String?

    let title = "Create an OAuth client"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <p class="crumb"><a href="{{listURL}}">All clients</a></p>
        <h1>Create an OAuth client</h1>
        {{^chosen}}<p class="lead">What are you building? The settings follow from it; you can change them later.</p>
        <ul class="kinds">{{#kinds}}<li class="kind"><h2><a href="{{url}}">{{kindName}}</a></h2><p>{{audience}}</p>
        <dl class="facts"><div><dt>Gets</dt><dd>{{settings}}</dd></div><div><dt>Why</dt><dd>{{reason}}</dd></div></dl></li>{{/kinds}}</ul>{{/chosen}}
        {{#chosen}}<section class="panel"><div class="heading-row"><h2>{{kindName}}</h2><a href="{{otherKindURL}}">Something else</a></div>
        <p>{{settings}}</p><p class="fine">{{reason}}</p></section>
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        <form class="client-form" method="post" action="{{action}}" data-check>
        <input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="kind" value="{{kindValue}}">
        <section class="panel"><h2>Name and addresses</h2>{{#fields}}{{> form-field}}{{/fields}}</section>
        <fieldset class="panel"><legend><h2>What it may ask for</h2></legend>
        <p class="fine">Ask for little: people see each permission before they allow it. They can decline what is optional.</p>
        {{#picker}}{{> scope-picker}}{{/picker}}</fieldset>
        <p class="actions"><button class="primary" type="submit" name="action" value="create">Create the client</button></p>
        </form>{{/chosen}}
        </div>
        {{> foot}}
        """#
}

/// A client that was just made, with the secret that is never shown again.
struct ClientCreatedPage: Page {
    let frame: PageFrame
    let title: String
    let clientID: String
    var secret: String?
    let tryURL: String
    let settingsURL: String
    let visibilityURL: String

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        <section class="panel"><h2>The client is ready</h2>
        <div class="field"><p><b>Client ID</b></p><div class="copyable"><code id="client-id">{{clientID}}</code><button type="button" hidden data-scripted data-copy="client-id">Copy</button></div></div>
        {{#secret}}<div class="field"><p><b>Client secret</b></p><div class="copyable"><code id="client-secret">{{secret}}</code><button type="button" hidden data-scripted data-copy="client-secret">Copy</button></div>
        <p class="warning"><strong>Copy it now.</strong> It is shown this once and kept here only as a hash. Put it where your server reads
        its secrets, not into code that others see.</p></div>{{/secret}}
        {{^secret}}<p class="note">It has no secret: it could not keep one. PKCE proves that a code is its own.</p>{{/secret}}
        </section>
        <section class="panel"><h2>What next</h2><ul class="rows">
        <li><div><h3><a href="{{tryURL}}">Try it</a></h3><p class="fine">See your own consent page, and example code with everything filled in.</p></div></li>
        <li><div><h3><a href="{{settingsURL}}">Settings</a></h3><p class="fine">Links to your site, privacy policy and terms; sign-out addresses.</p></div></li>
        <li><div><h3><a href="{{visibilityURL}}">Make it public</a></h3><p class="fine">Until then only members of the account that owns it can connect it.</p></div></li>
        </ul></section>
        </div>
        {{> foot}}
        """#
}
