/// How a client is used.
struct UsagePage: Page {
    struct Window {
        let length: String
        let url: String
        let isCurrent: Bool
    }

    /// A number and what it counts.
    struct Figure {
        let caption: String
        let number: String
    }

    /// A day in a chart; lengths are those of its drawing, which the page stretches.
    struct Bar {
        /// From the left edge of one day to that of the next.
        static let pitch = 10
        static let tallest: Int64 = 96

        /// Where the day begins.
        let left: Int
        let x: Int
        let y: Int
        let height: Int
        let text: String

        init(index: Int, count: Int64, peak: Int64, text: String) {
            // Whatever happened at all is seen.
            let height = count == 0 ? 0 : max(2, count * Self.tallest / max(1, peak))
            left = index * Self.pitch
            x = left + 1
            self.height = Int(height)
            y = Int(Self.tallest - height)
            self.text = text
        }
    }

    struct Cell {
        let date: String
        let day: String
        let count: String
    }

    struct Chart {
        let name: String
        let explanation: String
        /// The same as the drawing, in words.
        let sentence: String
        let isEmpty: Bool
        let isBad: Bool
        let peak: String
        let width: Int
        let firstDay: String
        let lastDay: String
        let bars: [Bar]
        /// The days when there was any, today first.
        let cells: [Cell]
    }

    struct Reason {
        let words: String
        let code: String
        let times: String
        /// Percent.
        let share: String
    }

    struct ScopeRow {
        let label: String
        /// Its name in the catalogue.
        let about: String
        let asked: String
        let granted: String
        let used: String
        let lastUse: String
        let isNeverUsed: Bool
    }

    struct NeverUsed {
        let headline: String
        let labels: [String]
        /// `it`
        let pronoun: String
        /// The day since which nothing used them.
        let since: String
    }

    let frame: PageFrame
    let title: String
    let clientName: String
    let windows: [Window]
    let figures: [Figure]
    let isUnused: Bool
    let charts: [Chart]
    let reasons: [Reason]
    let scopes: [ScopeRow]
    var neverUsed: NeverUsed?
    let window: String

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="broad-page usage">
        {{> client-nav}}
        <div class="usage-head"><h2>Usage</h2>
        <nav class="tools" aria-label="How far back">{{#windows}}<a class="button"{{#isCurrent}} aria-current="page"{{/isCurrent}} href="{{url}}">{{length}}</a>{{/windows}}</nav></div>
        <p class="lead">Who has {{clientName}} connected, and what it does. Days are UTC; counts are at most a few seconds old.</p>
        <dl class="figures">{{#figures}}<div class="panel"><dt>{{caption}}</dt><dd>{{number}}</dd></div>{{/figures}}</dl>
        {{#isUnused}}<div class="card empty"><p><strong>Nothing to count yet.</strong></p><p>Calls, tokens and refusals appear here once a user connects {{clientName}}.</p></div>{{/isUnused}}
        {{^isUnused}}{{#neverUsed}}<section class="warning" aria-labelledby="unused"><h2 id="unused">{{headline}}</h2>
        <p>{{clientName}} asks for {{#labels}}<code class="listed">{{.}}</code> {{/labels}}and no call since {{since}} needed {{pronoun}}. Users are quicker to
        allow an app that asks for less: remove from the client what it does not need, or make it optional.</p></section>{{/neverUsed}}
        <div class="charts">{{#charts}}<figure class="panel chart{{#isBad}} bad{{/isBad}}"><figcaption><h2>{{name}}</h2><p>{{sentence}}</p><p class="fine">{{explanation}}</p></figcaption>
        {{^isEmpty}}<div class="plot"><p class="peak" aria-hidden="true">{{peak}}</p>
        <svg viewBox="0 0 {{width}} 96" preserveAspectRatio="none" role="img" aria-label="{{name}} by day. {{sentence}}">
        <line class="grid" x1="0" y1="0.5" x2="{{width}}" y2="0.5" vector-effect="non-scaling-stroke"/><line class="grid" x1="0" y1="48" x2="{{width}}" y2="48" vector-effect="non-scaling-stroke"/>
        {{#bars}}<g><title>{{text}}</title><rect class="day" x="{{left}}" y="0" width="10" height="96"/><rect class="bar" x="{{x}}" y="{{y}}" width="8" height="{{height}}"/></g>
        {{/bars}}<line class="base" x1="0" y1="95.5" x2="{{width}}" y2="95.5" vector-effect="non-scaling-stroke"/></svg>
        <p class="span" aria-hidden="true"><span>{{firstDay}}</span><span>{{lastDay}}</span></p></div>
        <details><summary>Show as a table</summary><div class="scroll"><table><thead><tr><th scope="col">Day</th><th scope="col" class="count">{{name}}</th></tr></thead>
        <tbody>{{#cells}}<tr><th scope="row"><time datetime="{{date}}">{{day}}</time></th><td class="count">{{count}}</td></tr>{{/cells}}</tbody></table></div></details>{{/isEmpty}}</figure>{{/charts}}</div>
        {{^empty(reasons)}}<section class="panel" aria-labelledby="reasons"><h2 id="reasons">Why requests were refused</h2>
        <ul class="reasons">{{#reasons}}<li><p><span>{{words}} <code>{{code}}</code></span> <b class="count">{{times}}</b></p>
        <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect class="day track" x="0" y="0" width="100" height="6"/><rect class="bar" x="0" y="0" width="{{share}}" height="6"/></svg></li>{{/reasons}}</ul>
        </section>{{/empty(reasons)}}
        {{^empty(scopes)}}<section class="panel" aria-labelledby="scopes"><h2 id="scopes">Permissions</h2>
        <p class="fine">How often users were asked for each and granted it {{window}}, and how many calls needed it.</p>
        <table class="permissions"><thead><tr><th scope="col">Permission</th><th scope="col" class="count">Asked</th><th scope="col" class="count">Granted</th><th scope="col" class="count">Used</th><th scope="col" class="last">Last use</th></tr></thead>
        <tbody>{{#scopes}}<tr><th scope="row"><code>{{label}}</code>{{#isNeverUsed}} <small class="tag caution">never used</small>{{/isNeverUsed}}<span class="about">{{about}}</span></th><td class="count" data-name="Asked">{{asked}}</td><td class="count" data-name="Granted">{{granted}}</td><td class="count" data-name="Used">{{used}}</td><td class="last" data-name="Last use">{{lastUse}}</td></tr>{{/scopes}}</tbody></table>
        </section>{{/empty(scopes)}}{{/isUnused}}
        </div>
        {{> foot}}
        """#
}
