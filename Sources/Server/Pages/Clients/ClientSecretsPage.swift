/// The secrets of a client, and the way from an old one to a new one in three steps.
struct ClientSecretsPage: Page {
    struct Entry {
        let role: String
        let madeAt: ShownTime
        var usedAt: ShownTime?
        /// `used 3 hours ago`
        let use: String
        let isRecent: Bool
    }

    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let canManage: Bool
    let isPublicClient: Bool
    let hasOwnKeys: Bool
    let keepsSecret: Bool
    let hasSecret: Bool
    let secrets: [Entry]
    /// Shown this once.
    var newSecret: String?
    /// It was just deleted.
    let isDeleted: Bool
    /// Which of the three steps one is at.
    let isAtStart: Bool
    let isRotating: Bool
    /// Why the old secret had better stay for now.
    var caution: String?
    var problem: String?

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        {{#isDeleted}}<p class="note" role="status"><strong>The old secret is deleted.</strong> The rotation is complete.</p>{{/isDeleted}}
        {{#isPublicClient}}<section class="panel"><h2>There is no secret</h2>
        <p>This app runs where others can look inside, so a secret would be none. It proves by PKCE (S256) that a code is its own, and its
        refresh tokens change with each use.</p></section>{{/isPublicClient}}
        {{#hasOwnKeys}}<section class="panel"><h2>There is no secret</h2>
        <p>This app proves itself by a key of its own, and only the public half of it is here. To change it, add the new key under Settings,
        let the app sign with it, and then take the old one out.</p></section>{{/hasOwnKeys}}
        {{#keepsSecret}}
        {{#newSecret}}<section class="panel"><h2>The new secret</h2><div class="copyable"><code id="client-secret">{{newSecret}}</code><button type="button" hidden data-scripted data-copy="client-secret">Copy</button></div>
        <p class="warning"><strong>Copy it now.</strong> It is shown this once and kept here only as a hash.</p></section>{{/newSecret}}
        {{^hasSecret}}<section class="panel"><h2>It has no secret yet</h2><p>Without one the app cannot get tokens.</p>
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <button class="primary" type="submit" name="action" value="rotate">Make the first secret</button></form>{{/canManage}}</section>{{/hasSecret}}
        {{#hasSecret}}<section class="panel"><h2>Secrets</h2><ul class="rows">
        {{#secrets}}<li><div><h3>{{role}}</h3><dl class="facts"><div><dt>Created</dt><dd><time datetime="{{madeAt.machine}}">{{madeAt.text}}</time></dd></div>
        <div><dt>Last used</dt><dd>{{#usedAt}}<time datetime="{{machine}}">{{text}}</time> <small class="mark{{#isRecent}} caution{{/isRecent}}">{{use}}</small>{{/usedAt}}{{^usedAt}}never{{/usedAt}}</dd></div></dl></div></li>{{/secrets}}
        </ul></section>
        <section class="panel"><h2>Change the secret</h2><p class="fine">In three steps, without a moment in which the app does not work.</p><ol class="steps">
        <li{{#isAtStart}} aria-current="step"{{/isAtStart}}{{#isRotating}} class="done"{{/isRotating}}><h3>Make a second secret</h3>
        <p>Both work from then on. Nothing stops.</p>
        {{#isAtStart}}{{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <button class="primary" type="submit" name="action" value="rotate">Make a second secret</button></form>{{/canManage}}{{/isAtStart}}</li>
        <li{{#isRotating}} aria-current="step"{{/isRotating}}><h3>Put it into the app, and watch the old one</h3>
        <p>{{#isRotating}}Give every copy of the app the new secret. Reload this page until “Last used” of the old one stands still.{{/isRotating}}{{^isRotating}}This page shows when each secret was used last.{{/isRotating}}</p>
        {{#isRotating}}<p><a class="button" href="{{action}}">Look again</a></p>{{/isRotating}}</li>
        <li{{#isRotating}} class="open"{{/isRotating}}><h3>Delete the old secret</h3>
        {{^isRotating}}<p>Whatever still uses it is refused from then on.</p>{{/isRotating}}
        {{#isRotating}}{{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        {{#caution}}<p class="warning">{{caution}}</p><p><label class="check"><input type="checkbox" name="sure" value="1"> <span>Delete it all the same</span></label></p>{{/caution}}
        {{^caution}}<p>Nothing used it in the last day.</p>{{/caution}}
        <p><button class="destructive" type="submit" name="action" value="delete_old">Delete the old secret</button></p></form>{{/canManage}}{{/isRotating}}</li>
        </ol></section>{{/hasSecret}}
        {{/keepsSecret}}
        </div>
        {{> foot}}
        """#
}
