/// A member asks the administrators of an account to let an app in.
struct AppRequestPage: Page {
    struct Earlier {
        let status: String
        let at: ShownTime
        var answer: String?
    }

    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    let accountID: String
    let accountName: String
    let clientID: String
    let clientName: String
    let ownerName: String
    let monogram: String
    let scopes: [FormChoice]
    let reason: String
    var problem: String?
    /// The member's last request for the same, where there is one.
    var earlier: Earlier?
    let isWaiting: Bool

    static let template = #"""
        {{> head}}
        <div class="consent">
        <div class="title-row"><p class="monogram small" aria-hidden="true">{{monogram}}</p><div><h1>Ask for {{clientName}}</h1>
        <p class="fine">by {{ownerName}}</p></div></div>
        <p class="lead">The administrators of {{accountName}} decide which apps may be used there. They see your name, the app and what
        you write here.</p>
        {{#earlier}}<div class="note" role="status"><p><strong>{{status}}</strong></p><p class="fine"><time datetime="{{at.machine}}">{{at.text}}</time></p>
        {{#answer}}<p>They say: “{{answer}}”</p>{{/answer}}</div>{{/earlier}}
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        <form method="post" action="{{action}}">
        <input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="account" value="{{accountID}}">
        <input type="hidden" name="client" value="{{clientID}}">
        <section class="panel">
        {{^empty(scopes)}}<fieldset><legend><h2>What you want it for</h2></legend><ul class="choices">
        {{#scopes}}<li><label><input type="checkbox" name="scope" value="{{value}}"{{#isChosen}} checked{{/isChosen}}>
        <span><b>{{name}}</b><span class="description">{{description}}</span></span></label></li>{{/scopes}}</ul></fieldset>{{/empty(scopes)}}
        <p class="field"><label for="reason">Why you need it (optional)</label>
        <textarea id="reason" name="reason" rows="4" maxlength="400">{{reason}}</textarea></p>
        <p class="actions"><button class="primary" type="submit">{{#isWaiting}}Replace my request{{/isWaiting}}{{^isWaiting}}Ask the administrators{{/isWaiting}}</button>
        <a class="button" href="{{frame.basePath}}/connected-apps">Not now</a></p>
        </section>
        </form>
        </div>
        {{> foot}}
        """#
}
