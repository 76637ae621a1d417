/// A time for people and for machines.
struct ShownTime {
    /// RFC 3339.
    let machine: String
    /// `24 November 2026, 13:05 UTC`
    let text: String

    init(machine: String, text: String) {
        self.machine = machine
        self.text = text
    }

    /// - Parameter rfc3339: `2026-11-24T13:05:09Z`
    init(_ rfc3339: String) {
        machine = rfc3339
        let parts = rfc3339.split(whereSeparator: { "-T:Z".contains($0) }).compactMap { Int($0) }
        guard parts.count == 6, (1...12).contains(parts[1]) else {
            text = rfc3339
            return
        }
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
        ]
        let minutes = parts[4] < 10 ? "0\(parts[4])" : "\(parts[4])"
        text = "\(parts[2]) \(months[parts[1] - 1]) \(parts[0]), \(parts[3] < 10 ? "0" : "")\(parts[3]):\(minutes) UTC"
    }
}

/// Everything that the user granted.
struct ConnectedAppsPage: Page {
    struct App {
        let url: String
        let name: String
        let monogram: String
        let ownerName: String
        let accounts: String
        let scopes: String
        let grantedAt: ShownTime
        var endsAt: ShownTime?
        var lastUsedAt: ShownTime?
        var lastUsedFrom: String?
        let installations: String
        /// Its owner has it stand still.
        var isPaused = false
    }

    let frame: PageFrame
    let apps: [App]

    let title = "Connected apps"

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <h1>Connected apps</h1>
        <p class="lead">Apps that may act for you. Open one to see what it may do, to take something away, or to end it.</p>
        {{^empty(apps)}}<ul class="apps">
        {{#apps}}<li class="app"><p class="monogram small" aria-hidden="true">{{monogram}}</p>
        <div><h2><a href="{{url}}">{{name}}</a></h2>
        <p class="fine">by {{ownerName}} · {{installations}}</p>
        {{#isPaused}}<p class="fine"><strong>Paused.</strong> {{ownerName}} has paused this app. It can do nothing until they let it go on.</p>{{/isPaused}}
        <dl class="facts">
        <div><dt>Accounts</dt><dd>{{accounts}}</dd></div>
        <div><dt>May</dt><dd>{{scopes}}</dd></div>
        <div><dt>Granted</dt><dd><time datetime="{{grantedAt.machine}}">{{grantedAt.text}}</time></dd></div>
        <div><dt>Ends</dt><dd>{{#endsAt}}<time datetime="{{machine}}">{{text}}</time>{{/endsAt}}{{^endsAt}}when you revoke it{{/endsAt}}</dd></div>
        <div><dt>Last used</dt><dd>{{#lastUsedAt}}<time datetime="{{machine}}">{{text}}</time>{{/lastUsedAt}}{{^lastUsedAt}}never{{/lastUsedAt}}{{#lastUsedFrom}} from {{lastUsedFrom}}{{/lastUsedFrom}}</dd></div>
        </dl></div></li>{{/apps}}
        </ul>{{/empty(apps)}}
        {{#empty(apps)}}<div class="card empty"><p><strong>No app is connected.</strong></p><p>When an app asks for access and you allow it, it appears here.</p></div>{{/empty(apps)}}
        </div>
        {{> foot}}
        """#
}

/// One of them, with the ways to narrow and to end it.
struct AuthorizationPage: Page {
    struct Choice {
        let value: String
        let name: String
        var description = ""
        /// It cannot be taken away alone.
        var isFixed = false
        var isChecked = true
        /// What inside of it is reached.
        var resourceFields: [ResourceField] = []
    }

    struct Installation {
        let id: String
        let createdAt: ShownTime
        var lastUsedAt: ShownTime?
        var lastUsedFrom: String?
        let endsAt: ShownTime
    }

    struct Device {
        let name: String
        let redirectURI: String
        let installations: [Installation]
    }

    let frame: PageFrame
    let title: String
    let action: String
    let csrf: String
    /// What the form was made from.
    let shownResources: String
    let clientName: String
    let monogram: String
    let ownerName: String
    let grantedAt: ShownTime
    var endsAt: ShownTime?
    var lastUsedAt: ShownTime?
    var lastUsedFrom: String?
    var problem: String?
    let scopes: [Choice]
    let accounts: [Choice]
    let devices: [Device]

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <p class="crumb"><a href="{{frame.basePath}}/connected-apps">Connected apps</a></p>
        <div class="title-row"><p class="monogram small" aria-hidden="true">{{monogram}}</p><div><h1>{{clientName}}</h1><p class="fine">by {{ownerName}}</p></div></div>
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        <dl class="facts panel">
        <div><dt>Granted</dt><dd><time datetime="{{grantedAt.machine}}">{{grantedAt.text}}</time></dd></div>
        <div><dt>Ends</dt><dd>{{#endsAt}}<time datetime="{{machine}}">{{text}}</time>{{/endsAt}}{{^endsAt}}when you revoke it{{/endsAt}}</dd></div>
        <div><dt>Last used</dt><dd>{{#lastUsedAt}}<time datetime="{{machine}}">{{text}}</time>{{/lastUsedAt}}{{^lastUsedAt}}never{{/lastUsedAt}}{{#lastUsedFrom}} from {{lastUsedFrom}}{{/lastUsedFrom}}</dd></div>
        </dl>
        <form method="post" action="{{action}}" class="panel">
        <input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="action" value="narrow">
        <input type="hidden" name="shown_resources" value="{{shownResources}}">
        <button class="quiet-submit" type="submit" name="update" value="1">Update this page</button>
        <h2>What it may do</h2>
        <p class="fine">Untick what you want to take away. The rest goes on working.</p>
        {{^empty(accounts)}}<fieldset><legend><h3>Accounts</h3></legend><ul class="choices">
        {{#accounts}}<li><label><input type="checkbox" name="account" value="{{value}}"{{#isChecked}} checked{{/isChecked}}> <span><b>{{name}}</b></span></label>
        {{#resourceFields}}{{> resource-field}}{{/resourceFields}}</li>{{/accounts}}
        </ul></fieldset>{{/empty(accounts)}}
        <fieldset><legend><h3>Permissions</h3></legend><ul class="choices">
        {{#scopes}}<li><label>{{#isFixed}}<input type="hidden" name="scope" value="{{value}}"><span class="fixed" aria-hidden="true">✓</span>{{/isFixed}}
        {{^isFixed}}<input type="checkbox" name="scope" value="{{value}}"{{#isChecked}} checked{{/isChecked}}>{{/isFixed}}
        <span><b>{{name}}</b>{{#isFixed}} <small class="tag">required</small>{{/isFixed}}<span class="description">{{description}}</span></span></label></li>{{/scopes}}
        </ul></fieldset>
        <p class="actions"><button type="submit">Keep only what is ticked</button></p>
        </form>
        <section class="panel"><h2>Installations</h2>
        {{#devices}}<div class="device"><h3>{{name}}</h3><p class="fine"><code>{{redirectURI}}</code></p><ul class="installations">
        {{#installations}}<li><dl class="facts"><div><dt>Since</dt><dd><time datetime="{{createdAt.machine}}">{{createdAt.text}}</time></dd></div>
        <div><dt>Last used</dt><dd>{{#lastUsedAt}}<time datetime="{{machine}}">{{text}}</time>{{/lastUsedAt}}{{^lastUsedAt}}never{{/lastUsedAt}}{{#lastUsedFrom}} from {{lastUsedFrom}}{{/lastUsedFrom}}</dd></div>
        <div><dt>Signs in again by</dt><dd><time datetime="{{endsAt.machine}}">{{endsAt.text}}</time></dd></div></dl>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}">
        <input type="hidden" name="action" value="end_installation"><input type="hidden" name="installation" value="{{id}}">
        <button type="submit">End this installation</button></form></li>{{/installations}}
        </ul></div>{{/devices}}
        {{#empty(devices)}}<p>None is active now. The app can begin one without asking you again, until you revoke it.</p>{{/empty(devices)}}
        </section>
        <section class="panel danger"><h2>Revoke</h2>
        <p>{{clientName}} loses all access at once, everywhere. To use it again you would have to connect it again.</p>
        <details><summary>Revoke {{clientName}}…</summary>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="action" value="revoke">
        <p class="actions"><button class="destructive" type="submit">Yes, revoke all access</button></p></form></details>
        </section>
        </div>
        {{> foot}}
        """#
}

/// Where the user is signed in.
struct SessionsPage: Page {
    struct Entry {
        let id: String
        let device: String
        let address: String
        let since: ShownTime
        let isCurrent: Bool
    }

    let frame: PageFrame
    let csrf: String
    let sessions: [Entry]
    let hasOthers: Bool

    let title = "Sessions"

    static let template = #"""
        {{> head}}
        <div class="wide-page">
        <h1>Sessions</h1>
        <p class="lead">Where you are signed in to {{frame.platformName}}.</p>
        <ul class="apps">
        {{#sessions}}<li class="app"><div><h2>{{device}}{{#isCurrent}} <small class="tag">this one</small>{{/isCurrent}}</h2>
        <p class="fine">from {{address}}, since <time datetime="{{since.machine}}">{{since.text}}</time></p></div>
        <form method="post" action="{{frame.basePath}}/sessions"><input type="hidden" name="csrf" value="{{csrf}}">
        <input type="hidden" name="action" value="end"><input type="hidden" name="session" value="{{id}}">
        <button type="submit">{{#isCurrent}}Sign out here{{/isCurrent}}{{^isCurrent}}End{{/isCurrent}}</button></form></li>{{/sessions}}
        </ul>
        {{#hasOthers}}<form method="post" action="{{frame.basePath}}/sessions"><input type="hidden" name="csrf" value="{{csrf}}">
        <input type="hidden" name="action" value="end_others"><p class="actions"><button class="destructive" type="submit">End all others</button></p></form>{{/hasOthers}}
        </div>
        {{> foot}}
        """#
}
