/// What a client is registered with, to be changed.
struct ClientSettingsPage: Page {
    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let canManage: Bool
    let clientID: String
    let kindName: String
    /// It was just changed.
    let isSaved: Bool
    var problem: String?
    let fields: [FormField]
    let links: [FormField]
    let signOut: [FormField]
    let signsIn: Bool
    let staysConnected: Bool
    let methods: [FormChoice]
    let keys: [FormField]
    let algorithms: [FormChoice]
    let methodWrongs: [String]
    let picker: ScopePicker

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        {{#isSaved}}<p class="note" role="status"><strong>Saved.</strong> The next request follows it.</p>{{/isSaved}}
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        <section class="panel"><dl class="facts"><div><dt>Client ID</dt><dd class="copyable"><code id="client-id">{{clientID}}</code><button type="button" hidden data-scripted data-copy="client-id">Copy</button></dd></div>
        <div><dt>Kind</dt><dd>{{kindName}}</dd></div></dl></section>
        <form class="client-form" method="post" action="{{action}}" data-check>
        <input type="hidden" name="csrf" value="{{csrf}}">
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>Name and addresses</h2></legend>{{#fields}}{{> form-field}}{{/fields}}</fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>What it may ask for</h2></legend>
        <p class="fine">What people allowed already stays as it is; a change is for what they are asked from now on.</p>
        {{#picker}}{{> scope-picker}}{{/picker}}</fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>About you</h2></legend>{{#links}}{{> form-field}}{{/links}}</fieldset>
        <fieldset class="panel"{{^canManage}} disabled{{/canManage}}><legend><h2>How it connects</h2></legend><ul class="choices">
        <li><label><input type="checkbox" name="stays_connected" value="1"{{#staysConnected}} checked{{/staysConnected}}><span><b>Stays connected</b><span class="description">It gets refresh tokens and works while nobody is there (<code>refresh_token</code>).</span></span></label></li>
        <li><label><input type="checkbox" name="signs_in" value="1"{{#signsIn}} checked{{/signsIn}}><span><b>Signs people in</b><span class="description">It gets ID tokens that say who somebody is (<code>openid</code>).</span></span></label></li></ul>
        <div class="field"><label for="token_endpoint_auth_method">How it proves itself</label><select id="token_endpoint_auth_method" name="token_endpoint_auth_method">
        {{#methods}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/methods}}</select>
        <p class="fine">Without a secret, all its secrets are deleted with the change.</p><ul class="wrongs">{{#methodWrongs}}<li>{{.}}</li>{{/methodWrongs}}</ul></div>
        {{#keys}}{{> form-field}}{{/keys}}
        <div class="field"><label for="id_token_signed_response_alg">Signature of ID tokens</label><select id="id_token_signed_response_alg" name="id_token_signed_response_alg">
        {{#algorithms}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/algorithms}}</select></div>
        {{#signOut}}{{> form-field}}{{/signOut}}</fieldset>
        {{#canManage}}<p class="actions"><button class="primary" type="submit" name="action" value="save">Save</button></p>{{/canManage}}
        </form>
        </div>
        {{> foot}}
        """#
}
