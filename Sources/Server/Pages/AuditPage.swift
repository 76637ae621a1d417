import Mustache

/// The audit log of an account.
struct AuditPage: Page {
    struct Option {
        let value: String
        let name: String
        let isChosen: Bool
    }

    struct OptionGroup {
        let name: String
        let options: [Option]
    }

    struct Fact {
        let name: String
        let value: String
    }

    struct Row {
        let id: String
        let when: ShownTime
        let what: String
        /// Whether somebody should look at it.
        let isAlarming: Bool
        let who: String
        var through: String?
        /// The address that it was done from.
        var origin: String?
        var client: String?
        /// Whom it happened to, where that is somebody else.
        var user: String?
        let facts: [Fact]
    }

    let frame: PageFrame
    let action: String
    let kinds: [OptionGroup]
    let clients: [Option]
    let actorEmail: String
    let address: String
    let since: String
    let before: String
    var problem: String?
    let isFiltered: Bool
    let rows: [Row]
    var newerURL: String?
    var olderURL: String?
    let hasOtherPages: Bool
    let csvURL: String
    let jsonLinesURL: String

    let title = "Audit log"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="broad-page">
        <h1>Audit log</h1>
        <p class="lead">What happened in this account and to it, the newest first. Times are UTC.</p>
        {{#problem}}<p class="problem" role="alert">{{problem}}</p>{{/problem}}
        <form method="get" action="{{action}}" class="panel filters" role="search">
        <div class="field"><label for="kind">What</label><select id="kind" name="kind"><option value="">Everything</option>
        {{#kinds}}<optgroup label="{{name}}">{{#options}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/options}}</optgroup>{{/kinds}}
        </select></div>
        <div class="field"><label for="client">App</label><select id="client" name="client"><option value="">Any</option>
        {{#clients}}<option value="{{value}}"{{#isChosen}} selected{{/isChosen}}>{{name}}</option>{{/clients}}
        </select></div>
        <div class="field"><label for="actor">Who (email)</label><input id="actor" name="actor" type="email" value="{{actorEmail}}" autocomplete="off"></div>
        <div class="field"><label for="address">From address</label><input id="address" name="address" type="text" value="{{address}}" autocomplete="off" spellcheck="false"></div>
        <div class="field"><label for="since">Since</label><input id="since" name="since" type="date" value="{{since}}"></div>
        <div class="field"><label for="before">Before</label><input id="before" name="before" type="date" value="{{before}}"></div>
        <p class="actions"><button class="primary" type="submit">Show</button>{{#isFiltered}}<a class="button" href="{{action}}">Show everything</a>{{/isFiltered}}</p>
        </form>
        {{^empty(rows)}}<ol class="events">
        {{#rows}}<li class="event{{#isAlarming}} alarming{{/isAlarming}}" id="event-{{id}}">
        <p class="event-when"><time datetime="{{when.machine}}">{{when.text}}</time></p>
        <div class="event-what"><h2>{{what}}{{#isAlarming}} <small class="tag alarm">look at this</small>{{/isAlarming}}</h2>
        <p>{{#client}}<b>{{client}}</b> · {{/client}}{{who}}{{#through}} through {{through}}{{/through}}{{#user}} · about {{user}}{{/user}}{{#origin}} · from <code>{{origin}}</code>{{/origin}}</p>
        <details><summary>Details</summary><dl class="facts">{{#facts}}<div><dt>{{name}}</dt><dd><code>{{value}}</code></dd></div>{{/facts}}</dl></details></div>
        </li>{{/rows}}
        </ol>{{/empty(rows)}}
        {{#empty(rows)}}<div class="card empty"><p><strong>Nothing to show.</strong></p><p>{{#isFiltered}}No event fits these filters.{{/isFiltered}}{{^isFiltered}}Nothing has happened yet.{{/isFiltered}}</p></div>{{/empty(rows)}}
        {{#hasOtherPages}}<nav class="pager" aria-label="Pages of the audit log">{{#newerURL}}<a class="button" href="{{newerURL}}">Newest</a>{{/newerURL}}{{#olderURL}}<a class="button" rel="next" href="{{olderURL}}">Older</a>{{/olderURL}}</nav>{{/hasOtherPages}}
        <p class="fine">Take along what is filtered: <a href="{{csvURL}}" download>CSV</a>, <a href="{{jsonLinesURL}}" download>JSON lines</a>.</p>
        </div>
        {{> foot}}
        """#
}
