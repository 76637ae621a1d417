/// A role in a form, with what it lets somebody do.
struct RoleChoice {
    let id: String
    let name: String
    let words: String
    let isChosen: Bool
    /// Whoever looks may not give it.
    let isBarred: Bool
    /// Why it is barred, or what to think of before it is taken away.
    var caution: String?

    static let template = #"""
        <ul class="choices">{{#roles}}<li><label><input type="checkbox" name="role" value="{{id}}"{{#isChosen}} checked{{/isChosen}}{{#isBarred}} disabled{{/isBarred}}>
        <span><b>{{name}}</b><span class="description">{{words}}</span>{{#caution}}<small class="why">{{caution}}</small>{{/caution}}</span></label></li>{{/roles}}</ul>
        """#
}

/// *Members* of an account: who is in it, who was asked to be, and the form that asks.
struct MembersPage: Page {
    struct Entry {
        let url: String
        let name: String
        let monogram: String
        /// nil where the address is the name.
        var email: String?
        let roleNames: String
        /// `member since` or `invited`
        let sinceWord: String
        let since: ShownTime
        let isYou: Bool
        let isPending: Bool
        let isDisabled: Bool
    }

    let frame: PageFrame
    let accountName: String
    let action: String
    let csrf: String
    let canManage: Bool
    /// Mail goes out.
    let canInvite: Bool
    var note: String?
    let members: [Entry]
    /// `51 to 100 of 240`; nil: all are on the page.
    var range: String?
    var previousURL: String?
    var nextURL: String?
    let newEmail: String
    let roles: [RoleChoice]
    let problems: [String]

    let title = "Members"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>Members</h1>
        <p class="lead">Who may act in {{accountName}}, and as what. A change acts at once, on the apps that a member connected too.</p>
        {{#note}}<p class="note" role="status"><strong>{{note}}</strong></p>{{/note}}
        <section class="panel"><ul class="rows people">
        {{#members}}<li><p class="monogram small" aria-hidden="true">{{monogram}}</p><div><h2><a href="{{url}}">{{name}}</a>{{#isYou}} <small class="tag">you</small>{{/isYou}}{{#isPending}} <small class="tag caution">pending</small>{{/isPending}}{{#isDisabled}} <small class="tag caution">disabled by the operator</small>{{/isDisabled}}</h2>
        {{#email}}<p class="fine">{{email}}</p>{{/email}}<p>{{roleNames}}</p>
        <p class="fine">{{sinceWord}} <time datetime="{{since.machine}}">{{since.text}}</time></p></div></li>{{/members}}
        </ul></section>
        {{#range}}<nav class="actions" aria-label="Pages">{{#previousURL}}<a class="button" rel="prev" href="{{previousURL}}">Previous</a>{{/previousURL}}
        <p class="fine">{{range}}</p>{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Next</a>{{/nextURL}}</nav>{{/range}}
        {{#canManage}}<section class="panel" id="invite"><h2>Invite somebody</h2>
        {{^canInvite}}<p class="warning">This server sends no mail, so nobody can be invited. Its operator can change that with <code>--mail-command</code>.</p>{{/canInvite}}
        {{#canInvite}}<p class="fine">They get a link by mail, good for seven days, and are a member once they accept it.</p>
        {{^empty(problems)}}<div class="problem" id="problems" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        <form class="stack" method="post" action="{{action}}#invite"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="field"><label for="email">Email address</label><input type="email" id="email" name="email" value="{{newEmail}}" maxlength="254" required autocomplete="off"></p>
        <fieldset><legend><b>Roles</b></legend>{{> role-choices}}</fieldset>
        <p class="actions"><button class="primary" type="submit" name="action" value="invite">Send invitation</button></p></form>{{/canInvite}}</section>{{/canManage}}
        </div>
        {{> foot}}
        """#
}

/// One member, or one invitation: roles, and the end of it.
struct MemberPage: Page {
    let frame: PageFrame
    let accountName: String
    let action: String
    let csrf: String
    let listURL: String
    let memberName: String
    let email: String
    let monogram: String
    let isPending: Bool
    let isDisabled: Bool
    let sinceWord: String
    let since: ShownTime
    /// Of an invitation.
    var expiresAt: ShownTime?
    let roles: [RoleChoice]
    let roleNames: String
    /// Whoever looks may change members, and this one.
    let canChange: Bool
    /// Whoever looks may change members, but not this one: they may do everything and the other may not.
    let isAboveYou: Bool
    /// The page's own user.
    let isYou: Bool
    let leaveURL: String
    /// `3 connected apps`; nil: none.
    var ending: String?
    var note: String?
    let problems: [String]
    let title: String

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <p class="crumb"><a href="{{listURL}}">Members</a></p>
        <div class="title-row"><p class="monogram" aria-hidden="true">{{monogram}}</p><div><h1>{{memberName}}</h1>
        <p class="fine">{{^isPending}}{{email}} · {{/isPending}}{{sinceWord}} <time datetime="{{since.machine}}">{{since.text}}</time>{{#expiresAt}}, good until <time datetime="{{machine}}">{{text}}</time>{{/expiresAt}}</p></div></div>
        {{#note}}<p class="note" role="status"><strong>{{note}}</strong></p>{{/note}}
        {{#isDisabled}}<p class="warning">The platform's operator has disabled this user: they cannot sign in, and nothing that they connected works.</p>{{/isDisabled}}
        {{^empty(problems)}}<div class="problem" role="alert"><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        <section class="panel"><h2>Roles</h2>
        {{#canChange}}<form class="stack" method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <fieldset><legend class="fine">{{#isPending}}What they will be in {{accountName}} once they accept.{{/isPending}}{{^isPending}}With fewer rights, apps that they connected lose the same rights at once.{{/isPending}}</legend>{{> role-choices}}</fieldset>
        <p class="actions"><button class="primary" type="submit" name="action" value="roles">Save roles</button></p></form>{{/canChange}}
        {{^canChange}}<p>{{roleNames}}</p>{{#isAboveYou}}<p class="fine">They may do everything in the account. Only somebody who may too can change or remove them.</p>{{/isAboveYou}}{{/canChange}}</section>
        {{#canChange}}{{#isPending}}<section class="panel"><h2>The invitation</h2>
        <p>Sending it again ends the link before and gives them seven days anew.</p>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button type="submit" name="action" value="resend">Send again</button>
        <button class="destructive" type="submit" name="action" value="cancel">Cancel invitation</button></p></form></section>{{/isPending}}
        {{^isPending}}{{^isYou}}<section class="panel danger"><h2>Remove</h2>
        <p>{{memberName}} stops being a member at once. {{#ending}}<strong>{{accountName}} is taken away from {{ending}} of theirs.</strong>{{/ending}}{{^ending}}No app that they connected reaches {{accountName}}.{{/ending}}
        What they own elsewhere stays; to come back they have to be invited again.</p>
        <details><summary>Remove {{memberName}}…</summary>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <p class="actions"><button class="destructive" type="submit" name="action" value="remove">Yes, remove {{memberName}}</button></p></form></details></section>{{/isYou}}{{/isPending}}{{/canChange}}
        {{#isYou}}<section class="panel danger"><h2>Leave</h2><p>This is you.</p><p class="actions"><a class="button destructive" href="{{leaveURL}}">Leave {{accountName}}…</a></p></section>{{/isYou}}
        </div>
        {{> foot}}
        """#
}
