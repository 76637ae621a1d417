/// What the form of an API token holds.
struct TokenFields {
    struct Category {
        let name: String
        let isOpen: Bool
        let permissions: [FormChoice]
        /// `2 of 7`
        let count: String
    }

    struct Policy {
        /// Stands in the names of its fields.
        let key: String
        let number: String
        let policyID: String
        let effects: [FormChoice]
        /// Where it holds, to choose; empty: in the account that owns the token.
        let places: [FormChoice]
        let fixedPlaces: [String]
        let categories: [Category]
        let canRemove: Bool
    }

    let name: String
    let policies: [Policy]
    /// It has no policies: it may do everything that its user may.
    let isUnlimited: Bool
    let canAddPolicy: Bool
    let expiries: [FormChoice]
    let expiryDay: String
    let notBefore: String
    let allowed: String
    let denied: String
    let isConditionOpen: Bool
}

/// One API token, or the form for a new one.
struct TokenPage: Page {
    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let listURL: String
    var accountName: String?
    /// nil: it is new.
    var entry: TokensPage.Entry?
    let isDisabled: Bool
    let canManage: Bool
    let isSaved: Bool
    let problems: [String]
    let fields: TokenFields

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <p class="crumb"><a href="{{listURL}}">API tokens</a></p>
        <h1>{{title}}{{#entry}}{{#status}} <small class="tag caution">{{status}}</small>{{/status}}{{/entry}}</h1>
        {{#isSaved}}<p class="note" role="status"><strong>Saved.</strong> It acts at once.</p>{{/isSaved}}
        {{#entry}}<section class="panel">{{> token-facts}}</section>{{/entry}}
        {{^entry}}<p class="lead">For a script of your own. Is it for somebody else's app? Then connect that app by OAuth instead: it never sees a secret of yours.</p>{{/entry}}
        {{^empty(problems)}}<div class="problem" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        <form class="stack" method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        {{#canManage}}<button class="unseen" type="submit" name="action" value="save" tabindex="-1" aria-hidden="true">Save</button>{{/canManage}}
        {{#fields}}{{> token-fields}}{{/fields}}
        {{#canManage}}<p class="actions"><button class="primary" type="submit" name="action" value="save">{{#entry}}Save{{/entry}}{{^entry}}Create token{{/entry}}</button>
        <a class="button" href="{{listURL}}">{{#entry}}Back{{/entry}}{{^entry}}Cancel{{/entry}}</a></p>{{/canManage}}</form>
        {{#entry}}{{#canManage}}
        <section class="panel"><h2>{{#isDisabled}}Disabled{{/isDisabled}}{{^isDisabled}}Disable{{/isDisabled}}</h2>
        <p>{{#isDisabled}}Whatever uses it is refused until you enable it again.{{/isDisabled}}{{^isDisabled}}For a while: whatever uses it is refused, and works again when you enable it.{{/isDisabled}}</p>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><p class="actions">
        {{#isDisabled}}<button type="submit" name="action" value="enable">Enable</button>{{/isDisabled}}{{^isDisabled}}<button type="submit" name="action" value="disable">Disable</button>{{/isDisabled}}</p></form></section>
        <section class="panel"><h2>Roll</h2><p>Gives it another value; the one before stops at once. Do it when the value may have been seen.</p>
        <details class="category"><summary>Roll the value…</summary><form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button type="submit" name="action" value="roll">Yes, give it another value</button></p></form></details></section>
        <section class="panel danger"><h2>Delete</h2><p>Whatever uses it is refused from now on, for good.</p>
        <details><summary>Delete this token…</summary><form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="destructive" type="submit" name="action" value="delete">Yes, delete it</button></p></form></details></section>
        {{/canManage}}{{/entry}}
        </div>
        {{> foot}}
        """#

    /// Of the fields, inside of a form.
    static let fieldsTemplate = #"""
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><p class="field"><label for="name">Name</label>
        <input type="text" id="name" name="name" value="{{name}}" maxlength="100" required autocomplete="off" placeholder="Such as “nightly backup”"></p></fieldset>
        {{#isUnlimited}}<p class="warning">This token has no policy: it may do everything that you may. Add one to narrow it.</p>{{/isUnlimited}}
        {{#policies}}<fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>Policy {{number}}</h2></legend>
        <input type="hidden" name="policy" value="{{key}}"><input type="hidden" name="id_{{key}}" value="{{policyID}}">
        <p class="field"><label for="effect_{{key}}">Effect</label><select id="effect_{{key}}" name="effect_{{key}}">{{#effects}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/effects}}</select></p>
        {{#fixedPlaces}}<input type="hidden" name="place_{{key}}" value="{{.}}">{{/fixedPlaces}}
        {{^empty(places)}}<fieldset><legend><b>Where</b></legend><ul class="choices">{{#places}}<li><label><input type="checkbox" name="place_{{key}}" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span><b>{{name}}</b><span class="description">{{description}}</span></span></label></li>{{/places}}</ul></fieldset>{{/empty(places)}}
        <fieldset><legend><b>What</b></legend>
        <div class="search alone" data-scripted hidden><label for="search_{{key}}">Search permissions</label><input type="search" id="search_{{key}}" data-filter="permissions_{{key}}" autocomplete="off"></div>
        <div id="permissions_{{key}}">{{#categories}}<details class="category"{{#isOpen}} open{{/isOpen}}><summary><h3>{{name}}</h3> <small>{{count}} chosen</small></summary><ul class="scopes">
        {{#permissions}}<li class="scope" data-search="{{name}} {{value}}"><label><input type="checkbox" name="permission_{{key}}" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span class="what"><b>{{name}}</b> <code>{{value}}</code></span></label></li>{{/permissions}}</ul></details>{{/categories}}</div></fieldset>
        {{#canRemove}}<p class="actions"><button type="submit" name="remove_policy" value="{{key}}">Remove policy {{number}}</button></p>{{/canRemove}}
        </fieldset>{{/policies}}
        {{#canManage}}{{#canAddPolicy}}<p class="actions"><button type="submit" name="action" value="add_policy" formnovalidate>Add a policy</button></p>{{/canAddPolicy}}{{/canManage}}
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>When it ends</h2></legend>
        <p class="fine">A token that somebody forgets should end on its own. Choose the shortest time that will do.</p>
        <div class="lifetimes">{{#expiries}}<label><input type="radio" name="expiry" value="{{value}}"{{#isChosen}} checked{{/isChosen}}> <span>{{name}}</span></label>{{/expiries}}</div>
        <p class="field"><label for="expiry_day">The day, where you choose one: it ends as that day begins (UTC)</label><input type="date" id="expiry_day" name="expiry_day" value="{{expiryDay}}"></p></fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend class="unseen">Further limits</legend><details class="category first"{{#isConditionOpen}} open{{/isConditionOpen}}><summary><h3>From where and from when</h3></summary>
        <div class="stack"><p class="field"><label for="allowed">Only from these addresses</label><textarea id="allowed" name="allowed" rows="3" spellcheck="false" placeholder="192.0.2.0/24">{{allowed}}</textarea><small>An address or a block a line; empty: from anywhere.</small></p>
        <p class="field"><label for="denied">Never from these</label><textarea id="denied" name="denied" rows="3" spellcheck="false" placeholder="2001:db8::/32">{{denied}}</textarea></p>
        <p class="field"><label for="not_before">Not valid before</label><input type="text" id="not_before" name="not_before" value="{{notBefore}}" autocomplete="off" placeholder="2027-01-31 or 2027-01-31T12:00:00Z"></p></div></details></fieldset>
        """#
}

/// The value of an API token, the one time that it is shown.
struct TokenValuePage: Page {
    let frame: PageFrame
    let name: String
    let value: String
    /// It was just made; false: it was rolled.
    let isNew: Bool
    let listURL: String
    let verifyURL: String

    let title = "Copy the token"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>Copy the token now</h1>
        <p class="lead">{{#isNew}}“{{name}}” is made.{{/isNew}}{{^isNew}}“{{name}}” has another value; the one before is refused from now on.{{/isNew}} This is the only time that the value is shown: it is not kept here.</p>
        <section class="panel"><p class="field"><label for="value">The value</label><input type="text" class="value" id="value" value="{{value}}" readonly autocomplete="off" spellcheck="false"></p>
        <p class="actions"><button class="primary" type="button" data-scripted hidden data-copy="value">Copy</button><a class="button" href="{{listURL}}">I have it</a></p></section>
        <section class="panel"><h2>Try it</h2><pre><code>curl -H "Authorization: Bearer $TOKEN" {{verifyURL}}</code></pre>
        <p class="fine">Keep it where secrets are kept, never in code. By its beginning, <code>lkt_</code>, scanners recognise one that leaked.</p></section>
        </div>
        {{> foot}}
        """#
}
