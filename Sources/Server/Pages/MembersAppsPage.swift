/// *Members' apps*: everything that members connected to an account, by app or by member.
struct MembersAppsPage: Page {
    struct Entry {
        let id: String
        let name: String
        let detail: String
        /// Why the app policy keeps it out now.
        var keptOut: String?
        let scopes: String
        /// Where it is narrowed to some resources: `2 of 5 zones`.
        var reach: String?
        let grantedAt: ShownTime
        var endsAt: ShownTime?
        var lastUsedAt: ShownTime?
        var lastUsedFrom: String?
        /// For the button: `the access of DNS Pilot for Ada`.
        let what: String
    }

    struct Group {
        let id: String
        let name: String
        let monogram: String
        let detail: String
        let entries: [Entry]
        /// What the button for all of it says.
        let endAll: String
        let warning: String
    }

    let frame: PageFrame
    let title: String
    let accountName: String
    let action: String
    let csrf: String
    let canManage: Bool
    let isByMember: Bool
    let byAppURL: String
    let byMemberURL: String
    var ended: String?
    let groups: [Group]
    /// `51 to 100 of 240`; nil: all are on the page.
    var range: String?
    var previousURL: String?
    var nextURL: String?

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>Members' apps</h1>
        <p class="lead">What members of {{accountName}} let act here in their name. Ending it takes {{accountName}} away from the app; what
        the member allowed elsewhere stays.</p>
        {{#ended}}<p class="note" role="status"><strong>{{ended}}</strong></p>{{/ended}}
        {{^empty(groups)}}<nav class="tools" aria-label="Order"><a class="button"{{^isByMember}} aria-current="page"{{/isByMember}} href="{{byAppURL}}">By app</a>
        <a class="button"{{#isByMember}} aria-current="page"{{/isByMember}} href="{{byMemberURL}}">By member</a></nav>
        {{#groups}}<section class="panel">
        <div class="title-row"><p class="monogram small" aria-hidden="true">{{monogram}}</p><div><h2>{{name}}</h2><p class="fine">{{detail}}</p></div></div>
        <ul class="rows">
        {{#entries}}<li><div><h3>{{name}}{{#keptOut}} <small class="tag caution">{{keptOut}}</small>{{/keptOut}}</h3><p class="fine">{{detail}}</p><dl class="facts">
        <div><dt>Last used</dt><dd>{{#lastUsedAt}}<time datetime="{{machine}}">{{text}}</time>{{/lastUsedAt}}{{^lastUsedAt}}never{{/lastUsedAt}}{{#lastUsedFrom}} from {{lastUsedFrom}}{{/lastUsedFrom}}</dd></div>
        <div><dt>May</dt><dd>{{scopes}}</dd></div>
        {{#reach}}<div><dt>Only in</dt><dd>{{reach}}</dd></div>{{/reach}}
        <div><dt>Granted</dt><dd><time datetime="{{grantedAt.machine}}">{{grantedAt.text}}</time>{{#endsAt}}, ends <time datetime="{{machine}}">{{text}}</time>{{/endsAt}}</dd></div>
        </dl></div>
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="authorization" value="{{id}}">
        <button type="submit" name="action" value="end" aria-label="End {{what}}">End</button></form>{{/canManage}}</li>{{/entries}}
        </ul>
        {{#canManage}}<details class="category destructive-choice"><summary>{{endAll}}…</summary>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <input type="hidden" name="{{#isByMember}}user{{/isByMember}}{{^isByMember}}client{{/isByMember}}" value="{{id}}">
        <p>{{warning}}</p><p class="actions"><button class="destructive" type="submit" name="action" value="end_all">Yes, end all of it</button></p></form></details>{{/canManage}}
        </section>{{/groups}}{{/empty(groups)}}
        {{#empty(groups)}}<div class="card empty"><p><strong>No member has connected an app here.</strong></p>
        <p>When one does, it appears here, with the means to end it.</p></div>{{/empty(groups)}}
        {{#range}}<nav class="actions" aria-label="Pages">{{#previousURL}}<a class="button" rel="prev" href="{{previousURL}}">Previous</a>{{/previousURL}}
        <p class="fine">{{range}}</p>{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Next</a>{{/nextURL}}</nav>{{/range}}
        </div>
        {{> foot}}
        """#
}
