/// Who may connect a client, what it takes to become public, and the proof of its host.
struct ClientVisibilityPage: Page {
    /// Something that a public client needs.
    struct Need {
        let need: String
        let isMet: Bool
        let stand: String
        var fixURL: String?
    }

    struct Proof {
        let host: String
        let record: String
        let statusWord: String
        let statusLook: String
        /// What was last seen in DNS, in plain words.
        let seen: String
        var checkedAt: ShownTime?
        var nextCheckAt: ShownTime?
        let isOpen: Bool
        let isFailed: Bool
        let isProven: Bool
    }

    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let canManage: Bool
    let ownerName: String
    let isPublic: Bool
    let needs: [Need]
    let isReady: Bool
    var proof: Proof?
    /// It has a website whose proof was never begun.
    let isUntried: Bool
    let settingsURL: String
    let withdrawURL: String
    var done: String?
    var problem: String?

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        {{#done}}<p class="note" role="status"><strong>{{done}}</strong></p>{{/done}}
        <section class="panel"><h2>{{#isPublic}}It is public{{/isPublic}}{{^isPublic}}It is private{{/isPublic}}</h2>
        {{#isPublic}}<p>Everybody at {{frame.platformName}} may connect it, as far as the app policies of their accounts let them.</p>
        {{/isPublic}}
        {{^isPublic}}<p>Only members of {{ownerName}} may connect it. Once everything below is there, it can be for everybody.</p>{{/isPublic}}
        <ul class="checklist">{{#needs}}<li><span class="state{{#isMet}} met{{/isMet}}" aria-hidden="true">{{#isMet}}✓{{/isMet}}{{^isMet}}–{{/isMet}}</span>
        <div><h3>{{need}} <small class="fine">{{#isMet}}done{{/isMet}}{{^isMet}}{{#isPublic}}not there{{/isPublic}}{{^isPublic}}missing{{/isPublic}}{{/isMet}}</small></h3><p class="fine">{{stand}}{{#fixURL}} <a href="{{fixURL}}">Change it</a>{{/fixURL}}</p></div></li>{{/needs}}</ul>
        {{#isPublic}}{{#canManage}}<p><a class="button" href="{{withdrawURL}}">Make it private again…</a></p>{{/canManage}}{{/isPublic}}
        {{^isPublic}}{{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="primary" type="submit" name="action" value="publish"{{^isReady}} disabled{{/isReady}}>Make it public</button></p>
        {{^isReady}}<p class="fine">Something is still missing.</p>{{/isReady}}</form>{{/canManage}}{{/isPublic}}
        </section>
        <section class="panel" id="proof"><div class="heading-row"><h2>Proof of the host</h2>{{#proof}}<small class="mark {{statusLook}}">{{statusWord}}</small>{{/proof}}</div>
        {{^proof}}{{^isUntried}}<p>Set the app's website first; then its host can be proven to be yours. <a href="{{settingsURL}}">Settings</a></p>{{/isUntried}}
        {{#isUntried}}<p>Nobody has proven the host of its website yet.</p>
        {{#canManage}}<form method="post" action="{{action}}#proof"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button type="submit" name="action" value="restart">Begin the proof</button></p></form>{{/canManage}}{{/isUntried}}{{/proof}}
        {{#proof}}
        {{#isProven}}<p>People see <b>Verified {{host}}</b> when they connect the app. The host stays; what follows it in the address can change.</p>{{/isProven}}
        {{^isProven}}<p>Add this record where the DNS of <b>{{host}}</b> is kept. Whoever can do that holds the host.</p>{{/isProven}}
        <dl class="facts record"><div><dt>Type</dt><dd><code>TXT</code></dd></div>
        <div><dt>Host</dt><dd class="copyable"><code id="proof-host">{{host}}</code><button type="button" hidden data-scripted data-copy="proof-host">Copy</button></dd></div>
        <div><dt>Value</dt><dd class="copyable"><code id="proof-value">{{record}}</code><button type="button" hidden data-scripted data-copy="proof-value">Copy</button></dd></div>
        <div><dt>Seen in DNS</dt><dd>{{seen}}</dd></div>
        <div><dt>Checked</dt><dd>{{#checkedAt}}<time datetime="{{machine}}">{{text}}</time>{{/checkedAt}}{{^checkedAt}}not yet{{/checkedAt}}</dd></div>
        {{#nextCheckAt}}<div><dt>Next check</dt><dd><time datetime="{{machine}}">{{text}}</time>, by itself</dd></div>{{/nextCheckAt}}</dl>
        {{#canManage}}{{#isOpen}}<form method="post" action="{{action}}#proof"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button type="submit" name="action" value="check">Check now</button></p></form>{{/isOpen}}
        {{#isFailed}}<form method="post" action="{{action}}#proof"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button type="submit" name="action" value="restart">Start anew</button></p></form>{{/isFailed}}{{/canManage}}
        {{/proof}}</section>
        </div>
        {{> foot}}
        """#
}

/// Before a public client becomes private: who would lose it.
struct ClientWithdrawPage: Page {
    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let ownerName: String
    let counts: [ConsequenceCount]
    let endsSomething: Bool
    let cancelURL: String

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        <section class="panel"><h2>Make it private again?</h2>
        <p>Only members of {{ownerName}} can connect it from then on. What everybody else allowed it ends at once{{#endsSomething}}:{{/endsSomething}}{{^endsSomething}}; at this moment that is nobody.{{/endsSomething}}</p>
        {{#endsSomething}}<dl class="counts">{{#counts}}<div><dt>{{what}}</dt><dd>{{number}}</dd></div>{{/counts}}</dl>
        <p class="warning">They are not asked, and they have to allow it anew if it becomes public again.</p>{{/endsSomething}}
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="destructive" type="submit" name="action" value="private">Make it private</button> <a class="button" href="{{cancelURL}}">Keep it public</a></p></form>
        </section>
        </div>
        {{> foot}}
        """#
}

/// How many of something a change would reach.
struct ConsequenceCount {
    let what: String
    let number: String
}

/// The ways to stop a client, for a while and for good, with who would feel it.
struct ClientEndPage: Page {
    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let canManage: Bool
    let clientName: String
    let isFrozen: Bool
    let counts: [ConsequenceCount]
    let secretsURL: String
    let hasSecrets: Bool
    var done: String?
    var nameProblem: String?

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        {{> client-nav}}
        {{#done}}<p class="note" role="status"><strong>{{done}}</strong></p>{{/done}}
        <section class="panel"><h2>Who would feel it</h2><dl class="counts">{{#counts}}<div><dt>{{what}}</dt><dd>{{number}}</dd></div>{{/counts}}</dl></section>
        <section class="panel" id="freeze">
        {{^isFrozen}}<h2>Freeze</h2>
        <p>Everything of {{clientName}} stands still, everywhere and at once: its tokens are refused, nobody can connect it. Nothing is lost; when
        you thaw it, everything goes on with the same tokens. People see it as paused, and it is in the audit log of every account that it reaches.</p>
        {{#hasSecrets}}<p class="fine">If a secret got out: freeze, <a href="{{secretsURL}}">change the secret</a>, thaw.</p>{{/hasSecrets}}
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="destructive" type="submit" name="action" value="freeze">Freeze {{clientName}}</button></p></form>{{/canManage}}{{/isFrozen}}
        {{#isFrozen}}<h2>Thaw</h2><p>{{clientName}} goes on where it stopped, with the same tokens and everything that people allowed.</p>
        {{#hasSecrets}}<p class="fine">If a secret got out, <a href="{{secretsURL}}">change it</a> first.</p>{{/hasSecrets}}
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="primary" type="submit" name="action" value="thaw">Thaw {{clientName}}</button></p></form>{{/canManage}}{{/isFrozen}}
        </section>
        <section class="panel danger" id="delete"><h2>Delete</h2>
        <p>Everything that {{clientName}} was allowed ends at once, its secrets and its registration are gone. Nothing of it comes back.</p>
        {{#canManage}}<form class="client-form" method="post" action="{{action}}#delete"><input type="hidden" name="csrf" value="{{csrf}}">
        <div class="field"><label for="typed_name">To delete it, type its name: “{{clientName}}”</label>
        <input type="text" id="typed_name" name="typed_name" autocomplete="off" spellcheck="false" aria-describedby="typed_name-problem"{{#nameProblem}} aria-invalid="true"{{/nameProblem}}>
        <ul class="wrongs" id="typed_name-problem" role="alert">{{#nameProblem}}<li>{{nameProblem}}</li>{{/nameProblem}}</ul></div>
        <p class="actions"><button class="destructive" type="submit" name="action" value="delete">Delete for good</button></p></form>{{/canManage}}
        </section>
        </div>
        {{> foot}}
        """#
}
