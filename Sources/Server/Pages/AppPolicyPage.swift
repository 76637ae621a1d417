/// Something to choose in a form.
struct FormChoice {
    let value: String
    let name: String
    var description = ""
    var isChosen = false
}

/// *App policy* of an account: the rules, what a change of them would stop, and what members asked for.
struct AppPolicyPage: Page {
    struct Category {
        let name: String
        let isOpen: Bool
        let scopes: [FormChoice]
        /// `2 of 7`
        let count: String
    }

    /// A client that is connected or named in the policy.
    struct ClientRow {
        let id: String
        let name: String
        let owner: String
        /// `3 members connected it`
        let use: String
        let rules: [FormChoice]
    }

    /// What a change would do.
    struct Preview {
        /// Goes back with the form, so that what is applied is what was looked at.
        let digest: String
        let headline: String
        let stopsSomething: Bool
        let lines: [String]
    }

    struct Request {
        let id: String
        let userName: String
        let email: String
        let clientName: String
        let ownerName: String
        var reason: String?
        let madeAt: ShownTime
        let required: String
        let optional: [FormChoice]
        /// Why it cannot be approved as the policy stands.
        var hindrance: String?
    }

    struct Approval {
        let id: String
        let clientName: String
        let audience: String
        let scopes: String
        let approvedAt: ShownTime
    }

    let frame: PageFrame
    let title: String
    let accountName: String
    /// The form's address, and the page's own.
    let action: String
    let csrf: String
    let canManage: Bool
    /// It was just changed.
    let isSaved: Bool
    /// It was just decided.
    let isDecided: Bool
    let requests: [Request]
    let modes: [FormChoice]
    let lifetimes: [FormChoice]
    let risks: [FormChoice]
    let categories: [Category]
    let clients: [ClientRow]
    let newClient: String
    let newClientRules: [FormChoice]
    let isAuditOnly: Bool
    let problems: [String]
    var preview: Preview?
    let approvals: [Approval]

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>App policy</h1>
        <p class="lead">What apps may do in {{accountName}}, whoever of its members connects them. A change applies to what is connected
        already, at once.</p>
        {{#isSaved}}<p class="note" role="status"><strong>The policy is in force.</strong></p>{{/isSaved}}
        {{#isDecided}}<p class="note" role="status"><strong>Decided.</strong> The member sees it.</p>{{/isDecided}}
        {{^empty(requests)}}<section class="panel" id="requests"><h2>Members ask for apps</h2>
        {{#requests}}{{> app-request}}{{/requests}}</section>{{/empty(requests)}}
        <form class="consent" method="post" action="{{action}}#decision" id="policy">
        <input type="hidden" name="csrf" value="{{csrf}}">
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>Which apps</h2></legend><ul class="choices">
        {{#modes}}<li><label><input type="radio" name="mode" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span><b>{{name}}</b><span class="description">{{description}}</span></span></label></li>{{/modes}}
        </ul></fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>One app by name</h2></legend>
        <p class="fine">“Allow” lets an app in whatever stands above, with every permission. “Block” keeps it out, whoever approved it.</p>
        {{^empty(clients)}}<ul class="rows">{{#clients}}<li><div><label for="rule_{{id}}"><b>{{name}}</b></label><p class="fine">by {{owner}} · {{use}}</p></div>
        <input type="hidden" name="client" value="{{id}}">
        <select id="rule_{{id}}" name="rule_{{id}}">{{#rules}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/rules}}</select></li>{{/clients}}</ul>{{/empty(clients)}}
        <div class="rows last"><div><label for="new_client"><b>Another app</b></label>
        <input type="text" id="new_client" name="new_client" value="{{newClient}}" placeholder="Client ID" autocomplete="off" spellcheck="false"></div>
        <select name="new_rule" aria-label="What to do about it">{{#newClientRules}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/newClientRules}}</select></div>
        </fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>For how long at most</h2></legend>
        <p class="fine">Counted from the moment an app was connected. After that the member has to allow it again.</p>
        <div class="lifetimes">{{#lifetimes}}<label><input type="radio" name="lifetime" value="{{value}}"{{#isChosen}} checked{{/isChosen}}> <span>{{name}}</span></label>{{/lifetimes}}</div>
        </fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>What needs an administrator's approval</h2></legend>
        <p class="fine">Apps do without these permissions here until an administrator approves them. {{accountName}}'s own apps and the
        platform's need no approval.</p>
        <ul class="choices">{{#risks}}<li><label><input type="checkbox" name="risk" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span><b>{{name}}</b><span class="description">{{description}}</span></span></label></li>{{/risks}}</ul>
        {{#categories}}<details class="category"{{#isOpen}} open{{/isOpen}}><summary><h3>{{name}}</h3> <small>{{count}} chosen</small></summary><ul class="choices">
        {{#scopes}}<li class="scope"><label><input type="checkbox" name="scope" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span class="what"><b>{{name}}</b> <code>{{value}}</code><span class="description">{{description}}</span></span></label></li>{{/scopes}}</ul></details>{{/categories}}
        </fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>Try it first</h2></legend><ul class="choices">
        <li><label><input type="checkbox" name="audit_only" value="1"{{#isAuditOnly}} checked{{/isAuditOnly}}>
        <span><b>Only record</b><span class="description">Refuse nothing. What the policy would have refused is written to the audit log.</span></span></label></li>
        </ul></fieldset>
        {{#canManage}}<section class="panel" id="decision" aria-live="polite"><h2>Apply</h2>
        {{^empty(problems)}}<div class="problem" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        {{#preview}}<input type="hidden" name="previewed" value="{{digest}}">
        <div class="{{#stopsSomething}}warning{{/stopsSomething}}{{^stopsSomething}}note{{/stopsSomething}}" role="status"><p><strong>{{headline}}</strong></p>
        {{^empty(lines)}}<ul>{{#lines}}<li>{{.}}</li>{{/lines}}</ul>{{/empty(lines)}}</div>{{/preview}}
        {{^preview}}<p class="fine">See first what would stop working. Nothing changes until you apply it.</p>{{/preview}}
        <p class="actions"><button type="submit" name="action" value="preview"{{^preview}} class="primary"{{/preview}}>Preview</button>
        {{#preview}}<button class="primary" type="submit" name="action" value="apply">Apply this policy</button>{{/preview}}</p>
        </section>{{/canManage}}
        </form>
        {{^empty(approvals)}}<section class="panel" id="approvals"><h2>Approved</h2><ul class="rows">
        {{#approvals}}<li><div><h3>{{clientName}} <small class="tag">for {{audience}}</small></h3>
        <p class="fine">{{scopes}} · since <time datetime="{{approvedAt.machine}}">{{approvedAt.text}}</time></p></div>
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="approval" value="{{id}}">
        <button type="submit" name="action" value="withdraw" aria-label="Take back the approval of {{clientName}} for {{audience}}">Take back</button></form>{{/canManage}}</li>{{/approvals}}
        </ul></section>{{/empty(approvals)}}
        </div>
        {{> foot}}
        """#

    static let requestTemplate = #"""
        <form class="request" method="post" action="{{action}}">
        <input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="request" value="{{id}}">
        <h3>{{userName}} would like to use {{clientName}}</h3>
        <p class="fine">{{email}} · {{clientName}} by {{ownerName}} · <time datetime="{{madeAt.machine}}">{{madeAt.text}}</time></p>
        {{#reason}}<blockquote>{{reason}}</blockquote>{{/reason}}
        <p>It cannot work without: {{required}}.</p>
        {{#canManage}}{{^empty(optional)}}<fieldset><legend><b>It can do without these. Approve what is ticked:</b></legend><ul class="choices">
        {{#optional}}<li><label><input type="checkbox" name="optional_scope" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span><b>{{name}}</b> <code>{{value}}</code></span></label></li>{{/optional}}</ul></fieldset>{{/empty(optional)}}
        {{#hindrance}}<p class="warning">{{hindrance}}</p>{{/hindrance}}
        <fieldset class="lifetimes"><legend><b>For whom</b></legend>
        <label><input type="radio" name="for" value="member" checked> <span>{{userName}} only</span></label>
        <label><input type="radio" name="for" value="everyone"> <span>Every member</span></label></fieldset>
        <p class="field"><label for="answer_{{id}}">A word to {{userName}} (optional)</label>
        <input type="text" id="answer_{{id}}" name="answer" maxlength="400" autocomplete="off"></p>
        <p class="actions"><button type="submit" name="action" value="deny">Deny</button>
        {{^hindrance}}<button class="primary" type="submit" name="action" value="approve">Approve</button>{{/hindrance}}</p>{{/canManage}}
        </form>
        """#
}
