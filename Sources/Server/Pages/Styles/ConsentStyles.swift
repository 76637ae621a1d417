extension Assets {
    /// Consent and the connected apps.
    static let consentStyles = #"""
        .asker{display:grid;gap:1rem;justify-items:start}
        .asker h1 span{display:block;font-weight:450;color:var(--soft);font-size:1.25rem;margin-top:.25rem}
        .monogram{width:3.5rem;height:3.5rem;border-radius:14px;background:var(--ink);color:var(--ground);display:grid;place-items:center;font-weight:650;font-size:1.25rem;letter-spacing:.02em;flex:none}
        .monogram.small{width:2.75rem;height:2.75rem;border-radius:11px;font-size:1rem}
        .provenance{display:grid;gap:.5rem;width:100%;color:var(--soft)}.provenance strong,.provenance b,.provenance code{color:var(--ink)}.host{display:inline-block;max-width:100%}
        .provenance .caution,.provenance .good{padding:.5rem .75rem;border-radius:8px;border-left:4px solid;color:var(--ink)}
        .provenance .caution{background:var(--caution-soft);border-color:var(--caution)}.provenance .good{background:var(--good-soft);border-color:var(--good)}
        .quiet-submit{position:absolute;width:1px;height:1px;min-height:0;padding:0;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;border:0}
        .quiet-submit:focus{position:static;width:auto;height:auto;clip-path:none;padding:.5rem 1rem;border:1px solid var(--strong)}
        .tools{display:flex;flex-wrap:wrap;gap:.5rem}.tools button{min-height:36px;padding:.25rem .75rem;font-size:.875rem}
        .search{display:grid;grid-template-columns:1fr auto;gap:.375rem .5rem}.search+*{margin-top:.5rem}.search label{grid-column:1/-1;font-size:.875rem;color:var(--soft)}
        .choices{display:grid;gap:.125rem}.choices label,.scope label{display:flex;gap:.75rem;padding:.5rem 0;align-items:flex-start;min-height:44px}
        .choices small.why,.scope small.why{display:block;color:var(--caution)}
        .category{border-top:1px solid var(--line);padding-top:.75rem}
        .category>summary{cursor:pointer;min-height:44px;display:flex;align-items:center;gap:.75rem;list-style:none}
        .category>summary::-webkit-details-marker{display:none}
        .category>summary::before,.operations>summary::before,.danger summary::before,.event summary::before{content:"";width:.5rem;height:.5rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg);flex:none}
        .category[open]>summary::before,.operations[open]>summary::before,.danger details[open]>summary::before,.event details[open]>summary::before{transform:rotate(45deg)}
        .category>summary small{color:var(--soft);margin-left:auto;white-space:nowrap}.category>summary h3{padding:.375rem 0;min-width:0}
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
        .lifetimes{display:flex;flex-wrap:wrap;gap:.5rem}.lifetimes label{display:flex;gap:.5rem;align-items:center;border:1px solid var(--line);border-radius:8px;padding:.5rem .75rem;min-height:44px}
        .lifetimes label:has(:checked){border-color:var(--accent);background:var(--accent-soft)}.lifetimes input{margin:0}
        .decision{position:sticky;bottom:0;background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1rem 1.5rem;display:grid;gap:.75rem}
        .decision p:first-child{font-size:.875rem;color:var(--soft)}.decision .actions{justify-content:flex-end}
        .facts{display:grid;gap:.375rem}.facts>div{display:grid;grid-template-columns:6.5rem 1fr;gap:.75rem}.facts dt{color:var(--soft)}.facts dd{overflow-wrap:anywhere}
        .apps{display:grid;gap:1rem}.app{background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem 1.5rem;display:flex;gap:1rem;align-items:flex-start}
        .app>div{flex:1;min-width:0;display:grid;gap:.5rem}.title-row{display:flex;gap:1rem;align-items:center}
        .crumb{font-size:.875rem}.device{display:grid;gap:.5rem;border-top:1px solid var(--line);padding-top:.75rem}
        .installations{display:grid;gap:.75rem}.installations li{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:flex-start;justify-content:space-between}.installations dl{flex:1 1 18rem}.installations li+li{border-top:1px solid var(--line);padding-top:.75rem}
        .danger{border-color:var(--bad)}.danger summary,.destructive-choice>summary{cursor:pointer;color:var(--bad);min-height:44px;display:flex;align-items:center;gap:.5rem;list-style:none}
        """#
}
