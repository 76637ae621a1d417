/// One webhook: whether it works, what it was sent, and the ways to change it.
struct WebhookPage: Page {
    struct Delivery {
        let deliveryID: String
        let what: String
        let state: WebhookState
        let at: ShownTime
        let attempts: String
        var lastAttemptAt: ShownTime?
        var nextAttemptAt: ShownTime?
        var answerStatus: String?
        var answer: String?
        var failure: String?
        let payload: String
        let isOpen: Bool
    }

    let frame: PageFrame
    let title: String
    let listURL: String
    let action: String
    let csrf: String
    let canManage: Bool
    let address: String
    let state: WebhookState
    let isStopped: Bool
    /// Shown this once.
    var secret: String?
    var previousSecretUntil: ShownTime?
    var notice: String?
    let form: WebhookForm
    let problems: [String]
    let deliveries: [Delivery]
    /// `21 to 40 of 130`; nil: all are on the page.
    var range: String?
    var previousURL: String?
    var nextURL: String?

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        <p class="crumb"><a href="{{listURL}}">All webhooks</a></p>
        <h2 class="address">{{address}}</h2>
        <p><span class="tag {{state.mark}}">{{state.word}}</span> {{state.detail}}</p>
        {{#notice}}<p class="note" role="status"><strong>{{notice}}</strong></p>{{/notice}}
        {{^empty(problems)}}<div class="problem" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        {{#secret}}<section class="panel note-panel" aria-labelledby="secret-title"><h2 id="secret-title">Signing secret</h2>
        <p>Copy it now: it is shown this once. Your server checks the header <code>webhook-signature</code> with it, and takes nothing that does not match.</p>
        <div class="secret copyable"><code id="webhook-secret">{{secret}}</code><button type="button" hidden data-scripted data-copy="webhook-secret">Copy</button></div></section>{{/secret}}
        {{#canManage}}<form class="actions" method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        {{#isStopped}}<button class="primary" type="submit" name="action" value="enable">Switch on</button>{{/isStopped}}
        {{^isStopped}}<button class="primary" type="submit" name="action" value="test">Send a test</button>
        <button type="submit" name="action" value="disable">Switch off</button>{{/isStopped}}</form>{{/canManage}}
        <section class="panel" id="deliveries"><h2>Deliveries</h2>
        {{^empty(deliveries)}}<ul class="deliveries">
        {{#deliveries}}<li><details{{#isOpen}} open{{/isOpen}}><summary><span class="tag {{state.mark}}">{{state.word}}</span> <b>{{what}}</b>
        <time datetime="{{at.machine}}">{{at.text}}</time></summary>
        <dl class="facts"><div><dt>State</dt><dd>{{state.detail}}</dd></div>
        {{#failure}}<div><dt>Problem</dt><dd>{{failure}}</dd></div>{{/failure}}
        <div><dt>Attempts</dt><dd>{{attempts}}{{#lastAttemptAt}}, last <time datetime="{{machine}}">{{text}}</time>{{/lastAttemptAt}}</dd></div>
        {{#nextAttemptAt}}<div><dt>Next try</dt><dd><time datetime="{{machine}}">{{text}}</time></dd></div>{{/nextAttemptAt}}
        {{#answerStatus}}<div><dt>Answer</dt><dd>{{answerStatus}}</dd></div>{{/answerStatus}}
        <div><dt>Message id</dt><dd><code>{{deliveryID}}</code></dd></div></dl>
        <h3>Sent</h3><pre tabindex="0">{{payload}}</pre>
        {{#answer}}<h3>Answered</h3><pre tabindex="0">{{answer}}</pre>{{/answer}}
        {{#canManage}}{{^isStopped}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <input type="hidden" name="delivery" value="{{deliveryID}}"><button type="submit" name="action" value="redeliver">Send again</button></form>{{/isStopped}}{{/canManage}}
        </details></li>{{/deliveries}}
        </ul>{{/empty(deliveries)}}
        {{#empty(deliveries)}}<p class="lead">Nothing was sent yet.</p>{{/empty(deliveries)}}
        {{#range}}<nav class="actions" aria-label="Pages of deliveries">{{#previousURL}}<a class="button" rel="prev" href="{{previousURL}}">Newer</a>{{/previousURL}}
        <p class="fine">{{range}}</p>{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Older</a>{{/nextURL}}</nav>{{/range}}
        <p class="fine">What is not taken is tried again after 5 seconds, 5 and 30 minutes, 2, 5, 10, 14, 20 and 24 hours. Deliveries are kept for 30 days.</p>
        </section>
        {{#canManage}}<form method="post" action="{{action}}"><section class="panel"><h2>Settings</h2>
        <input type="hidden" name="csrf" value="{{csrf}}">
        {{> webhook-form}}
        <p class="actions"><button type="submit" name="action" value="save">Save</button></p></section></form>
        <form method="post" action="{{action}}"><section class="panel"><h2>Replace the secret</h2>
        <input type="hidden" name="csrf" value="{{csrf}}">
        <p>The old secret goes on signing beside the new one for 24 hours, so nothing is missed while your server changes over.
        {{#previousSecretUntil}}Two sign right now, until <time datetime="{{machine}}">{{text}}</time>; replacing it again ends the older one.{{/previousSecretUntil}}</p>
        <p class="actions"><button type="submit" name="action" value="rotate">New secret</button></p></section></form>
        <section class="panel danger"><h2>Delete</h2><details><summary>Delete this webhook…</summary>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p>Nothing is sent there any more, and what it was sent is forgotten.</p>
        <p class="actions"><button class="destructive" type="submit" name="action" value="delete">Yes, delete it</button></p></form></details></section>{{/canManage}}
        </div>
        {{> foot}}
        """#
}
