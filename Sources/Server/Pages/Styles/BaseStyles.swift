extension Assets {
    /// Colours, type, forms: what every page has.
    static let baseStyles = #"""
        :root{color-scheme:light dark;--ground:#f5f5f2;--surface:#fff;--ink:#1b1d1f;--soft:#5b6066;--line:#dcdcd6;--strong:#84878c;--accent:#1c4fd8;
        --on-accent:#fff;--accent-soft:#e8eefc;--good:#176639;--good-soft:#e4f3e9;--caution:#7a4b00;--caution-soft:#fdf1d8;--bad:#a11b1b;--bad-soft:#fdeaea;--focus:#1c4fd8}
        @media (prefers-color-scheme:dark){:root{--ground:#121314;--surface:#1b1d1f;--ink:#ececea;--soft:#a5a9af;--line:#33363a;--strong:#7d8288;--accent:#8fb1ff;
        --on-accent:#0c1530;--accent-soft:#1f2a46;--good:#7fd6a0;--good-soft:#15301f;--caution:#f2c572;--caution-soft:#35290f;--bad:#ff9d97;--bad-soft:#3b1b1b;--focus:#8fb1ff}}
        *,*::before,*::after{box-sizing:border-box}
        [hidden]{display:none!important}
        html{-webkit-text-size-adjust:100%}html:has(.decision){scroll-padding-bottom:14rem}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;min-height:100vh;display:flex;flex-direction:column;overflow-wrap:break-word}
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
        .card{padding:2rem}.narrow{max-width:26rem;margin:4vh auto 0;display:grid;grid-template-columns:minmax(0,1fr);gap:1rem}
        .consent,.wide-page{max-width:44rem;margin:0 auto;display:grid;gap:1.25rem}
        .consent form{display:grid;gap:1.25rem}
        .panel{padding:1.25rem 1.5rem;display:grid;grid-template-columns:minmax(0,1fr);gap:.75rem}
        fieldset.panel>legend{float:left}fieldset.panel>legend+*{clear:both}
        .lead,.fine{color:var(--soft)}.fine{font-size:.875rem}
        .field{display:grid;grid-template-columns:minmax(0,1fr);gap:.375rem;margin-bottom:1rem}label{cursor:pointer}.field label{font-weight:550}.field small{color:var(--soft)}
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
        """#
}
