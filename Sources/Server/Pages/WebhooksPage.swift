/// The webhooks of a client, and the form that adds one.
struct WebhooksPage: Page {
    struct Entry {
        let pageURL: String
        let address: String
        let events: String
        let state: WebhookState
    }

    let frame: PageFrame
    let title: String
    let clientName: String
    let action: String
    let csrf: String
    let canManage: Bool
    let webhooks: [Entry]
    /// Why no other can be added.
    var full: String?
    let form: WebhookForm
    let problems: [String]
    var isDeleted = false

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        <p class="lead">When something happens to {{clientName}} – somebody ends its access, an administrator narrows it, it is frozen –
        a signed message goes to your server at once. It names ids, never people.</p>
        {{#isDeleted}}<p class="note" role="status"><strong>The webhook is deleted.</strong></p>{{/isDeleted}}
        {{^empty(webhooks)}}<ul class="apps">
        {{#webhooks}}<li class="app"><div><h2 class="address"><a href="{{pageURL}}">{{address}}</a></h2>
        <p><span class="tag {{state.mark}}">{{state.word}}</span> {{state.detail}}</p><p class="fine">{{events}}</p></div></li>{{/webhooks}}
        </ul>{{/empty(webhooks)}}
        {{#empty(webhooks)}}<div class="card empty"><p><strong>No webhook yet.</strong></p>
        <p>{{#canManage}}Add the address of your server below.{{/canManage}}{{^canManage}}Somebody who may change the client can add one.{{/canManage}}</p></div>{{/empty(webhooks)}}
        {{#full}}<p class="fine">{{full}}</p>{{/full}}
        {{#canManage}}{{^full}}<form method="post" action="{{action}}"><section class="panel">
        <h2>Add a webhook</h2>
        {{^empty(problems)}}<div class="problem" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{> webhook-form}}
        <p class="actions"><button class="primary" type="submit" name="action" value="create">Add webhook</button></p>
        </section></form>{{/full}}{{/canManage}}
        </div>
        {{> foot}}
        """#
}

/// What a webhook's form holds, as it stands.
struct WebhookForm {
    let address: String
    let addressHelp: String
    let kinds: [FormChoice]

    static let template = #"""
        <p class="field"><label for="url">Address of your server</label>
        <input id="url" name="url" type="text" inputmode="url" autocapitalize="off" autocomplete="off" spellcheck="false" required maxlength="2048"
          placeholder="https://app.example.com/hooks" value="{{form.address}}" aria-describedby="url-help"><small id="url-help">{{form.addressHelp}}</small></p>
        <fieldset><legend><h3>What it is told</h3></legend><ul class="choices">
        {{#form.kinds}}<li><label><input type="checkbox" name="event" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span class="what">{{name}}<small class="purpose"><code>{{value}}</code></small></span></label></li>{{/form.kinds}}</ul></fieldset>
        """#
}

/// Whether messages go out, in a word and a sentence.
struct WebhookState {
    let word: String
    /// `good`, `caution`, or `alarm`: the colour that goes with the word.
    let mark: String
    let detail: String
}
