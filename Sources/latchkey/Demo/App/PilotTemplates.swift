/// The texts of the app's pages.
enum PilotTemplates {
    static let all: [(name: String, text: String)] = [
        ("top", top), ("bottom", bottom), ("notices", notices), ("home", home), ("message", message), ("refused", refused),
        ("dashboard", dashboard), ("facts", facts), ("zone", zone),
    ]

    private static let top = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>{{title}} – DNS Pilot</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/style.css">
        </head>
        <body>
        <header class="bar"><a class="brand" href="/"><span aria-hidden="true">▲</span> DNS Pilot</a><span class="tag">dns-pilot.example \
        – not part of Nimbus Cloud</span></header>
        <main>

        """

    private static let bottom = """
        </main>
        <footer>DNS Pilot is a demo of a third-party app. It keeps its tokens on its own server and forgets them when the demo \
        ends.</footer>
        </body>
        </html>

        """

    private static let notices = """
        {{#notices}}<p class="notice" role="status">{{.}}</p>
        {{/notices}}
        """

    private static let home = """
        {{>top}}{{>notices}}<h1>Your DNS, on autopilot</h1>
        <p class="lead">DNS Pilot looks after the zones that you keep at Nimbus Cloud. It never sees your password: you say at Nimbus \
        Cloud what it may do, where, and for how long.</p>
        <p><a class="button" href="/connect">Connect your account</a></p>
        {{#isConnected}}<p>You are connected. <a href="/dashboard">Go to your zones</a></p>{{/isConnected}}
        {{>bottom}}
        """

    private static let message = """
        {{>top}}<h1>{{title}}</h1>
        <p class="lead">{{text}}</p>
        {{#offersConnection}}<p><a class="button" href="/connect">Connect your account</a></p>
        {{/offersConnection}}<p><a href="/">Back to the start</a></p>
        {{>bottom}}
        """

    private static let refused = """
        {{>top}}<h1>{{title}}</h1>
        <section class="card refusal" role="alert">
        <p><strong>{{attempted}}</strong> was refused by the Nimbus Cloud API:</p>
        <blockquote>{{text}}</blockquote>
        <dl>
        {{#scopes}}<dt>Missing permission</dt><dd><code>{{.}}</code></dd>
        {{/scopes}}{{#role}}<dt>Your own role lacks</dt><dd><code>{{.}}</code></dd>
        {{/role}}{{#account}}<dt>Account not shared with DNS Pilot</dt><dd><code>{{.}}</code></dd>
        {{/account}}{{#operation}}<dt>Not open to any app</dt><dd><code>{{.}}</code></dd>
        {{/operation}}</dl>
        {{#canAsk}}<p><a class="button" href="/ask">Ask for this permission</a></p>
        {{/canAsk}}</section>
        <p><a href="{{back}}">Back</a></p>
        {{>bottom}}
        """

    private static let dashboard = """
        {{>top}}{{>notices}}<h1>{{title}}</h1>
        {{#problem}}<section class="card refusal" role="alert"><p>{{problem}}</p>{{#canAsk}}<p><a class="button" href="/ask">Ask for \
        this permission</a></p>{{/canAsk}}</section>
        {{/problem}}{{#accounts}}<section class="card" aria-labelledby="account-{{accountID}}">
        <h2 id="account-{{accountID}}">{{name}}</h2>
        {{#problem}}<p class="refusal">{{problem}}</p>
        {{/problem}}<ul class="zones">
        {{#zones}}<li><a href="/zones/{{accountID}}/{{zoneID}}">{{zoneName}}</a>{{#isPaused}} <span \
        class="tag">paused</span>{{/isPaused}}</li>
        {{/zones}}</ul>
        {{#hasWorkers}}<p>Workers: {{#workers}}<code>{{.}}</code> {{/workers}}</p>
        {{/hasWorkers}}<form method="post" action="/workers/{{accountID}}"><input type="hidden" name="form" \
        value="{{formToken}}"><button>Deploy worker</button></form>
        </section>
        {{/accounts}}{{>facts}}{{>bottom}}
        """

    private static let facts = """
        <section class="card" aria-labelledby="token">
        <h2 id="token">What DNS Pilot holds</h2>
        {{#facts}}<dl>
        <dt>Access token ends in</dt><dd>{{remaining}} s</dd>
        <dt>Refreshed</dt><dd>{{refreshes}}</dd>
        <dt>Granted</dt><dd>{{#granted}}<code>{{.}}</code> {{/granted}}</dd>
        <dt>Declined</dt><dd>{{#declined}}<code>{{.}}</code> {{/declined}}{{^declined}}nothing{{/declined}}</dd>
        </dl>
        {{/facts}}<div class="row">
        <form method="post" action="/refresh"><input type="hidden" name="form" value="{{formToken}}"><button>Refresh now</button></form>
        <form method="post" action="/disconnect"><input type="hidden" name="form" value="{{formToken}}"><button \
        class="quiet">Disconnect</button></form>
        </div>
        </section>

        """

    private static let zone = """
        {{>top}}{{>notices}}<p><a href="/dashboard">All zones</a></p>
        <h1>{{title}}</h1>
        {{#problem}}<p class="card refusal" role="alert">{{problem}}</p>
        {{/problem}}<ul class="records">
        {{#records}}<li class="card">
        <h2><span class="type">{{type}}</span> {{host}}</h2>
        <form method="post" action="/zones/{{accountID}}/{{zoneID}}/records/{{recordID}}">
        <input type="hidden" name="form" value="{{formToken}}">
        <label>Content <input name="content" value="{{content}}" required maxlength="2048" autocomplete="off"></label>
        <label class="short">TTL, seconds <input name="ttl" type="number" min="60" max="86400" value="{{ttl}}" required></label>
        <button aria-label="Save {{type}} {{host}}">Save</button>
        </form>
        </li>
        {{/records}}</ul>
        {{>bottom}}
        """

    static let style = """
        :root { --ink: #22160c; --paper: #fff8ef; --card: #fff; --line: #ecd9c2; --accent: #b3470b; --on-accent: #fff; --bad: #9c1c3c; \
        --good: #0f6b4f; }
        @media (prefers-color-scheme: dark) {
          :root { --ink: #f6e9da; --paper: #1d140d; --card: #2a1e15; --line: #4a372a; --accent: #ffa15c; --on-accent: #241303; --bad: \
          #ff92a8; --good: #7fdcb8; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; font: 1rem/1.5 Georgia, "Times New Roman", serif; color: var(--ink); background: var(--paper); }
        .bar { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: 1rem 1.25rem; border-bottom: 3px solid \
        var(--accent); }
        .brand { font-size: 1.25rem; font-weight: bold; color: var(--accent); text-decoration: none; }
        .tag { font-size: .85rem; opacity: .85; }
        main { max-width: 44rem; margin: 0 auto; padding: 1.5rem 1.25rem; }
        h1 { font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
        .lead { font-size: 1.15rem; }
        a { color: var(--accent); }
        a.button, button { display: inline-block; padding: .6rem 1.1rem; border: 2px solid var(--accent); border-radius: 2rem; font: \
        inherit; font-weight: bold;
          color: var(--on-accent); background: var(--accent); text-decoration: none; cursor: pointer; }
        button.quiet { color: var(--accent); background: transparent; }
        :focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
        .card { margin: 1rem 0; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
        .notice { padding: .6rem 1rem; border-left: 4px solid var(--good); background: var(--card); }
        .refusal { border-left: 4px solid var(--bad); }
        p.refusal { padding-left: .75rem; }
        blockquote { margin: .5rem 0; padding-left: 1rem; border-left: 2px solid var(--line); overflow-wrap: anywhere; }
        dl { display: grid; grid-template-columns: minmax(8rem, auto) 1fr; gap: .35rem 1rem; margin: .5rem 0 1rem; }
        dt { font-weight: bold; }
        dd { margin: 0; overflow-wrap: anywhere; }
        code, .type { font: .9em/1.4 ui-monospace, Menlo, Consolas, monospace; }
        .type { padding: 0 .4rem; border: 1px solid var(--line); border-radius: .3rem; }
        ul.zones { padding-left: 1.2rem; }
        ul.records { padding: 0; list-style: none; }
        form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
        .row { display: flex; flex-wrap: wrap; gap: .75rem; }
        label { flex: 1 1 14rem; font-size: .9rem; }
        label.short { flex: 0 1 9rem; }
        input { display: block; width: 100%; padding: .5rem; font: 1rem ui-monospace, Menlo, Consolas, monospace; color: inherit; \
        background: var(--paper);
          border: 1px solid var(--accent); border-radius: .4rem; }
        @media (max-width: 36rem) { h1 { font-size: 1.5rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .35rem; } }
        footer { max-width: 44rem; margin: 0 auto; padding: 1rem 1.25rem 2rem; font-size: .85rem; opacity: .85; }

        """
}
