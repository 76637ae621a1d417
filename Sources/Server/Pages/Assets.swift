import Crypto
import HTTPTypes
import Hummingbird
import OAuth

/// The one style sheet and the one script. Their paths bear a hash of their content, so browsers may keep them for ever.
enum Assets {
    static let cssPath = "/assets/latchkey-\(hash(css)).css"
    static let jsPath = "/assets/latchkey-\(hash(js)).js"

    static func answer(_ text: String, type: String) -> Response {
        .bytes(.ok, Array(text.utf8), type: type, headers: [.cacheControl: "public, max-age=31536000, immutable"])
    }

    private static func hash(_ text: String) -> String {
        SHA256.hash(data: Array(text.utf8)).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    static let css = #"""
        :root{color-scheme:light dark;--ground:#f5f5f2;--surface:#fff;--ink:#1b1d1f;--soft:#5b6066;--line:#dcdcd6;--strong:#84878c;--accent:#1c4fd8;
        --on-accent:#fff;--accent-soft:#e8eefc;--good:#176639;--good-soft:#e4f3e9;--caution:#7a4b00;--caution-soft:#fdf1d8;--bad:#a11b1b;--bad-soft:#fdeaea;--focus:#1c4fd8}
        @media (prefers-color-scheme:dark){:root{--ground:#121314;--surface:#1b1d1f;--ink:#ececea;--soft:#a5a9af;--line:#33363a;--strong:#7d8288;--accent:#8fb1ff;
        --on-accent:#0c1530;--accent-soft:#1f2a46;--good:#7fd6a0;--good-soft:#15301f;--caution:#f2c572;--caution-soft:#35290f;--bad:#ff9d97;--bad-soft:#3b1b1b;--focus:#8fb1ff}}
        *,*::before,*::after{box-sizing:border-box}
        [hidden]{display:none!important}
        html{-webkit-text-size-adjust:100%}html:has(.decision){scroll-padding-bottom:14rem}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;min-height:100vh;display:flex;flex-direction:column}
        h1,h2,h3,p,ul,dl,dd,fieldset{margin:0;padding:0}
        h1{font-size:1.625rem;line-height:1.2;letter-spacing:-.015em;font-weight:650;text-wrap:balance}
        h2{font-size:1.0625rem;line-height:1.3;font-weight:650}
        h3{font-size:.9375rem;font-weight:650}
        ul{list-style:none}fieldset{border:0;min-width:0}legend{padding:0;display:block;width:100%}
        a{color:var(--accent);text-underline-offset:.15em}
        code{font:.875em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        small{font-size:.8125rem}
        :focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:4px}
        main:focus{outline:none}
        .skip{position:absolute;left:-999px}.skip:focus{left:1rem;top:.5rem;background:var(--surface);padding:.5rem .75rem;z-index:9}
        .bar{display:flex;flex-wrap:wrap;gap:.25rem 1.5rem;align-items:center;justify-content:space-between;padding:.75rem 1.25rem;border-bottom:1px solid var(--line);background:var(--surface)}
        .brand{font-weight:650;letter-spacing:-.01em}
        .bar nav{display:flex;flex-wrap:wrap;gap:0 1.25rem}.bar nav a{color:var(--soft);text-decoration:none;padding:.5rem 0}.bar nav a:hover{color:var(--ink);text-decoration:underline}
        main{flex:1;padding:2.5rem 1.25rem 4rem;width:100%}
        .foot{padding:1rem 1.25rem;color:var(--soft);font-size:.8125rem;text-align:center}
        .card,.panel{background:var(--surface);border:1px solid var(--line);border-radius:12px}
        .card{padding:2rem}.narrow{max-width:26rem;margin:4vh auto 0;display:grid;gap:1rem}
        .consent,.wide-page{max-width:44rem;margin:0 auto;display:grid;gap:1.25rem}
        .consent form{display:grid;gap:1.25rem}
        .panel{padding:1.25rem 1.5rem;display:grid;gap:.75rem}
        fieldset.panel>legend{float:left}fieldset.panel>legend+*{clear:both}
        .lead,.fine{color:var(--soft)}.fine{font-size:.875rem}
        .field{display:grid;gap:.375rem;margin-bottom:1rem}label{cursor:pointer}.field label{font-weight:550}
        input[type=email],input[type=password],input[type=search],input[type=text],select,textarea{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--strong);border-radius:8px;padding:.625rem .75rem;width:100%;min-height:44px}
        input[type=checkbox],input[type=radio]{width:1.25rem;height:1.25rem;margin:.125rem 0 0;accent-color:var(--accent);flex:none}
        button,.button{font:inherit;font-weight:550;color:var(--ink);background:var(--surface);border:1px solid var(--strong);border-radius:8px;padding:.5rem 1rem;min-height:44px;cursor:pointer;text-decoration:none;display:inline-flex;align-items:center;justify-content:center}
        button:hover,.button:hover{border-color:var(--ink)}
        .primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}.primary:hover{border-color:var(--ink)}
        .destructive{color:var(--bad);border-color:var(--bad)}
        .wide{width:100%}
        .actions{display:flex;flex-wrap:wrap;gap:.75rem}
        .problem,.note{padding:.75rem 1rem;border-radius:8px;border-left:4px solid}
        .problem{background:var(--bad-soft);border-color:var(--bad)}.note{background:var(--accent-soft);border-color:var(--accent)}
        .problem ul,.note ul{list-style:disc;padding-left:1.25rem}
        .asker{display:grid;gap:1rem;justify-items:start}
        .asker h1 span{display:block;font-weight:450;color:var(--soft);font-size:1.25rem;margin-top:.25rem}
        .monogram{width:3.5rem;height:3.5rem;border-radius:14px;background:var(--ink);color:var(--ground);display:grid;place-items:center;font-weight:650;font-size:1.25rem;letter-spacing:.02em;flex:none}
        .monogram.small{width:2.75rem;height:2.75rem;border-radius:11px;font-size:1rem}
        .provenance{display:grid;gap:.375rem;width:100%;color:var(--soft)}.provenance strong,.provenance b,.provenance code{color:var(--ink)}
        .provenance .caution,.provenance .good{padding:.5rem .75rem;border-radius:8px;border-left:4px solid;color:var(--ink)}
        .provenance .caution{background:var(--caution-soft);border-color:var(--caution)}.provenance .good{background:var(--good-soft);border-color:var(--good)}
        .quiet-submit{position:absolute;width:1px;height:1px;min-height:0;padding:0;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;border:0}
        .quiet-submit:focus{position:static;width:auto;height:auto;clip-path:none;padding:.5rem 1rem;border:1px solid var(--strong)}
        .tools{display:flex;flex-wrap:wrap;gap:.5rem}.tools button{min-height:36px;padding:.25rem .75rem;font-size:.875rem}
        .search{display:grid;grid-template-columns:1fr auto;gap:.375rem .5rem}.search label{grid-column:1/-1;font-size:.875rem;color:var(--soft)}
        .choices{display:grid;gap:.125rem}.choices label,.scope label{display:flex;gap:.75rem;padding:.5rem 0;align-items:flex-start;min-height:44px}
        .choices small.why,.scope small.why{display:block;color:var(--caution)}
        .category{border-top:1px solid var(--line);padding-top:.75rem}
        .category>summary{cursor:pointer;min-height:44px;display:flex;align-items:center;gap:.75rem;list-style:none}
        .category>summary::-webkit-details-marker{display:none}
        .category>summary::before,.operations>summary::before,.danger summary::before{content:"";width:.5rem;height:.5rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg);flex:none}
        .category[open]>summary::before,.operations[open]>summary::before,.danger details[open]>summary::before{transform:rotate(45deg)}
        .category>summary small{color:var(--soft);margin-left:auto}
        .scopes{display:grid}.scope{padding:.25rem 0}.scope+.scope{border-top:1px solid var(--line)}
        .what{flex:1;min-width:0}.description,.purpose{display:block;color:var(--soft);font-size:.9375rem}
        .fixed{width:1.25rem;height:1.25rem;flex:none;display:grid;place-items:center;color:var(--good);font-weight:700}
        .tag{border:1px solid var(--line);border-radius:99px;padding:.0625rem .5rem;color:var(--soft);white-space:nowrap;font-weight:450}
        .tag.caution{border-color:var(--caution);color:var(--caution);white-space:normal;display:inline-block;border-radius:8px}.request legend{margin-bottom:.375rem}.tag.new{border-color:var(--accent);color:var(--accent)}
        small.risk{padding:.0625rem .5rem;border-radius:4px;white-space:nowrap}
        .risk.read{color:var(--good)}small.risk.read{background:var(--good-soft)}
        .risk.write{color:var(--caution)}small.risk.write{background:var(--caution-soft)}
        .risk.destructive{color:var(--bad)}small.risk.destructive{background:var(--bad-soft);font-weight:650}
        .operations{margin:0 0 .5rem 2rem;font-size:.875rem}.operations>summary{cursor:pointer;color:var(--soft);display:flex;align-items:center;gap:.5rem;min-height:32px;list-style:none}
        .operations ul{display:grid;gap:.5rem;padding:.5rem 0 .25rem}.operations li{display:grid}.operations span{color:var(--soft)}
        .lifetimes{display:flex;flex-wrap:wrap;gap:.5rem}.lifetimes label{display:flex;gap:.5rem;align-items:center;border:1px solid var(--line);border-radius:8px;padding:.5rem .875rem;min-height:44px}
        .lifetimes label:has(:checked){border-color:var(--accent);background:var(--accent-soft)}.lifetimes input{margin:0}
        .decision{position:sticky;bottom:0;background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1rem 1.5rem;display:grid;gap:.75rem}
        .decision p:first-child{font-size:.875rem;color:var(--soft)}.decision .actions{justify-content:flex-end}
        .facts{display:grid;gap:.375rem}.facts>div{display:grid;grid-template-columns:6.5rem 1fr;gap:.75rem}.facts dt{color:var(--soft)}.facts dd{overflow-wrap:anywhere}
        .apps{display:grid;gap:1rem}.app{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem 1.5rem;display:flex;gap:1rem;align-items:flex-start}
        .app>div{flex:1;min-width:0;display:grid;gap:.5rem}.title-row{display:flex;gap:1rem;align-items:center}
        .crumb{font-size:.875rem}.device{display:grid;gap:.5rem;border-top:1px solid var(--line);padding-top:.75rem}
        .installations{display:grid;gap:.75rem}.installations li{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}.installations p{flex:1 1 18rem}
        .danger{border-color:var(--bad)}.danger summary{cursor:pointer;color:var(--bad);min-height:44px;display:flex;align-items:center;gap:.5rem;list-style:none}
        .account-nav{max-width:64rem;margin:-1rem auto 1.5rem;display:grid;gap:.25rem;border-bottom:1px solid var(--line)}.account-nav p{font-size:.875rem;color:var(--soft)}
        .account-nav strong{color:var(--ink)}.account-nav nav{display:flex;flex-wrap:wrap;gap:0 1.5rem}.account-nav nav a{color:var(--soft);text-decoration:none;padding:.5rem 0;border-bottom:2px solid transparent;margin-bottom:-1px}
        .account-nav nav a:hover{color:var(--ink)}.account-nav nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:550}
        .account-nav:has(+.wide-page){max-width:44rem}
        .links{display:flex;flex-wrap:wrap;gap:0 1.25rem}.links a{padding:.375rem 0}
        .broad-page{max-width:64rem;margin:0 auto;display:grid;gap:1.25rem}
        select,input[type=date]{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--strong);border-radius:8px;padding:.625rem .75rem;width:100%;min-height:44px}
        .filters{grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.75rem 1rem;align-items:end}.filters .field{margin:0;min-width:0}.filters .field select{width:100%;min-width:0}.filters .field label{font-size:.875rem}.filters .actions{grid-column:1/-1}
        .events{list-style:none;margin:0;padding:0;background:var(--surface);border:1px solid var(--line);border-radius:12px}
        .event{display:grid;grid-template-columns:15rem 1fr;gap:.25rem 1.5rem;padding:.875rem 1.5rem}.event+.event{border-top:1px solid var(--line)}
        .event-when{color:var(--soft);font-size:.875rem;line-height:1.5rem;font-variant-numeric:tabular-nums}.event-what{display:grid;gap:.125rem;min-width:0}.event-what p{color:var(--soft);overflow-wrap:anywhere;font-size:.9375rem}.event-what b,.event-what code{color:var(--ink);font-weight:550}
        .event details{font-size:.875rem}.event summary{cursor:pointer;color:var(--soft);min-height:28px;display:inline-flex;align-items:center}.event .facts{padding:.25rem 0 .5rem}.event .facts>div{grid-template-columns:9rem 1fr}
        .event.alarming{box-shadow:inset 4px 0 0 var(--bad)}.tag.alarm{color:var(--bad);border-color:var(--bad)}
        .pager{display:flex;gap:.75rem;justify-content:flex-end}
        select{width:auto;padding-right:2rem}textarea{resize:vertical}::placeholder{color:var(--soft);opacity:1}
        .warning{padding:.75rem 1rem;border-radius:8px;border-left:4px solid var(--caution);background:var(--caution-soft)}.warning ul{list-style:disc;padding-left:1.25rem}
        .wide-page,.wide-page>.panel,.rows{grid-template-columns:minmax(0,1fr)}.rows h3,.rows p{overflow-wrap:anywhere}
        .rows{display:grid;gap:.75rem}.rows>li,.rows.last{display:flex;gap:.5rem 1rem;align-items:flex-start;justify-content:space-between}.rows>li+li{border-top:1px solid var(--line);padding-top:.75rem}
        .rows.last{align-items:flex-end;border-top:1px solid var(--line);padding-top:.75rem}.rows>li>div,.rows.last>div{flex:1;min-width:0;display:grid;gap:.25rem}
        .request{display:grid;gap:.75rem}.request+.request{border-top:1px solid var(--line);padding-top:1rem}blockquote{margin:0;padding:.25rem 0 .25rem 1rem;border-left:3px solid var(--line);overflow-wrap:anywhere;white-space:pre-line}
        .ask{margin:-.25rem 0 .5rem 2rem;font-size:.875rem}.button[aria-current]{background:var(--accent-soft);border-color:var(--accent)}label:has(:disabled){cursor:default}.lifetimes label:has(:disabled){color:var(--soft);border-style:dashed}
        .empty{text-align:center;display:grid;gap:.5rem}
        @media (max-width:36rem){main{padding:1.25rem .75rem 2rem}.card{padding:1.25rem}.panel,.app,.decision{padding:1rem}.app{flex-direction:column}
        .decision{margin:0 -.75rem;border-radius:12px 12px 0 0}.decision .actions>*{flex:1}.lifetimes label{flex:1 1 100%}.facts>div,.event .facts>div,.event{grid-template-columns:1fr;gap:0}.event{padding:.875rem 1rem}.operations{margin-left:0}h1{font-size:1.375rem}.asker h1 span{font-size:1.0625rem}}
        @media (max-height:48rem){.decision{position:static}}
        @media (forced-colors:active){small.risk,.tag{border:1px solid}}
        @media print{.bar nav,.account-nav nav,.filters,.pager,.actions,.tools,.search{display:none}body{background:#fff}}
        """#

    static let js = #"""
        "use strict";
        for (const element of document.querySelectorAll("[data-scripted]")) element.hidden = false;
        function filter(field) {
            const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
            const area = document.getElementById(field.dataset.filter);
            for (const entry of area.querySelectorAll("[data-search]")) {
                const text = entry.dataset.search.toLowerCase();
                entry.hidden = !words.every(word => text.includes(word));
            }
            for (const group of area.querySelectorAll(".category")) {
                const found = group.querySelector("[data-search]:not([hidden])");
                group.hidden = !found;
                if (words.length && found && "open" in group) group.open = true;
            }
        }
        for (const field of document.querySelectorAll("[data-filter]")) {
            field.addEventListener("input", () => filter(field));
            field.addEventListener("keydown", event => { if (event.key === "Enter") event.preventDefault(); });
        }
        function mark(id, checked) {
            for (const box of document.querySelectorAll("#" + id + " li:not([hidden]) input[type=checkbox]:not(:disabled)")) box.checked = checked;
        }
        for (const button of document.querySelectorAll("[data-check]")) button.addEventListener("click", () => mark(button.dataset.check, true));
        for (const button of document.querySelectorAll("[data-uncheck]")) button.addEventListener("click", () => mark(button.dataset.uncheck, false));
        document.addEventListener("change", event => {
            const group = event.target.closest("details.category");
            if (!group) return;
            const boxes = group.querySelectorAll(".scope > label > input[type=checkbox]");
            const fixed = group.querySelectorAll(".scope > input[type=hidden]").length;
            const count = [...boxes].filter(box => box.checked).length + fixed;
            const all = group.querySelectorAll(".scope").length;
            group.querySelector("summary small").textContent = count + " of " + all + " chosen";
        });
        """#
}
