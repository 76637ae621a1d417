/// *API tokens*: of the user, or of an account.
struct TokensPage: Page {
    struct Entry {
        let url: String
        let name: String
        /// `disabled` or `expired`.
        var status: String?
        /// A line for each policy.
        let may: [String]
        let isUnlimited: Bool
        var lastUsedAt: ShownTime?
        var lastUsedFrom: String?
        var endsAt: ShownTime?
        let createdAt: ShownTime
    }

    let frame: PageFrame
    /// nil: the tokens are the user's own.
    var accountName: String?
    let newURL: String
    let canManage: Bool
    let hasDeleted: Bool
    let tokens: [Entry]
    /// `51 to 100 of 240`; nil: all are on the page.
    var range: String?
    var previousURL: String?
    var nextURL: String?

    let title = "API tokens"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <div class="heading-row"><h1>API tokens</h1>{{#canManage}}<a class="button primary" href="{{newURL}}">New token</a>{{/canManage}}</div>
        <p class="lead">{{#accountName}}Tokens that {{accountName}} itself owns: they outlive whoever made them.{{/accountName}}{{^accountName}}For your own scripts: a token acts as you, within what you give it.{{/accountName}}
        For the apps of others, OAuth is the better way: nothing is pasted anywhere, and you can take it back under <a href="{{frame.basePath}}/connected-apps">Connected apps</a>.</p>
        {{#hasDeleted}}<p class="note" role="status"><strong>The token is deleted.</strong> Whatever uses it is refused.</p>{{/hasDeleted}}
        {{^empty(tokens)}}<ul class="apps">
        {{#tokens}}<li class="app"><div><h2><a href="{{url}}">{{name}}</a>{{#status}} <small class="tag caution">{{status}}</small>{{/status}}</h2>{{> token-facts}}</div></li>{{/tokens}}
        </ul>{{/empty(tokens)}}
        {{#empty(tokens)}}<div class="card empty"><p><strong>No API token yet.</strong></p><p>One is made in a minute, with no more rights and no longer life than it needs.</p></div>{{/empty(tokens)}}
        {{#range}}<nav class="actions" aria-label="Pages">{{#previousURL}}<a class="button" rel="prev" href="{{previousURL}}">Previous</a>{{/previousURL}}
        <p class="fine">{{range}}</p>{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Next</a>{{/nextURL}}</nav>{{/range}}
        </div>
        {{> foot}}
        """#

    /// Of an entry.
    static let factsTemplate = #"""
        <dl class="facts">
        <div><dt>May</dt><dd>{{#isUnlimited}}everything that you may{{/isUnlimited}}{{^isUnlimited}}<ul>{{#may}}<li>{{.}}</li>{{/may}}</ul>{{/isUnlimited}}</dd></div>
        <div><dt>Last used</dt><dd>{{#lastUsedAt}}<time datetime="{{machine}}">{{text}}</time>{{/lastUsedAt}}{{^lastUsedAt}}never{{/lastUsedAt}}{{#lastUsedFrom}} from {{lastUsedFrom}}{{/lastUsedFrom}}</dd></div>
        <div><dt>Ends</dt><dd>{{#endsAt}}<time datetime="{{machine}}">{{text}}</time>{{/endsAt}}{{^endsAt}}never{{/endsAt}}</dd></div>
        <div><dt>Made</dt><dd><time datetime="{{createdAt.machine}}">{{createdAt.text}}</time></dd></div></dl>
        """#
}
