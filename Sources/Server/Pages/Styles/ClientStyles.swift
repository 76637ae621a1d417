extension Assets {
    /// The pages of OAuth clients.
    static let clientStyles = #"""
        .heading-row{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
        .title-row:has(.marks){flex-wrap:wrap}.title-row h1{overflow-wrap:anywhere;min-width:0;flex:0 1 auto}
        .marks{display:flex;flex-wrap:wrap;gap:.375rem}.mark{border:1px solid var(--line);border-radius:99px;padding:.0625rem .5rem;color:var(--soft);white-space:nowrap}
        .mark.good{background:var(--good-soft);border-color:var(--good);color:var(--good)}.mark.caution{background:var(--caution-soft);border-color:var(--caution);color:var(--caution)}
        .mark.bad{background:var(--bad-soft);border-color:var(--bad);color:var(--bad);font-weight:650}.mark.accent{background:var(--accent-soft);border-color:var(--accent);color:var(--accent)}
        .client-nav{display:flex;flex-wrap:wrap;gap:.375rem}.client-nav a{display:inline-flex;align-items:center;min-height:44px;padding:.25rem .875rem;border:1px solid transparent;border-radius:8px;color:var(--soft);text-decoration:none}
        .client-nav a:hover{color:var(--ink);border-color:var(--line)}.client-nav a[aria-current]{color:var(--ink);background:var(--surface);border-color:var(--strong);font-weight:550}
        .app h2 a,.kind h2 a{color:inherit}.kinds{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(20rem,100%),1fr))}
        .kind{position:relative;background:var(--surface);border:1px solid var(--line);border-radius:12px;padding:1.25rem 1.5rem;display:grid;gap:.75rem;align-content:start}.kind:hover{border-color:var(--accent)}
        .kind h2 a::after{content:"";position:absolute;inset:0;border-radius:12px}.kind h2 a:focus-visible{outline:none}.kind h2 a:focus-visible::after{outline:3px solid var(--focus);outline-offset:2px}
        .kind .facts{font-size:.875rem}.kind .facts>div{grid-template-columns:2.75rem 1fr}
        .client-form{display:grid;gap:1.25rem}.client-form .field{margin-bottom:.25rem}.client-form .field .fine{margin-top:-.25rem}.client-form select{width:100%}
        textarea{font:.9375rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        .wrongs{color:var(--bad);font-size:.9375rem;overflow-wrap:anywhere}.wrongs:empty{display:none}.wrongs li{padding-left:1.25rem;position:relative}.wrongs li::before{content:"!";position:absolute;left:.25rem;font-weight:700}
        [aria-invalid=true]{border-color:var(--bad);box-shadow:inset 3px 0 0 var(--bad)}
        .pick{display:grid;grid-template-columns:minmax(0,1fr) 9rem;gap:.375rem 1rem;padding:.625rem 0;align-items:start}.pick+.pick{border-top:1px solid var(--line)}
        .pick .why-field{grid-column:1/-1;display:grid;gap:.25rem}.pick:has(option[value=""]:checked) .why-field:not(:has(.wrongs li)){display:none}
        .pick:not(:has(option[value=""]:checked))>.what{box-shadow:inset 3px 0 0 var(--accent);padding-left:.75rem}
        .search:not(:has(button)){grid-template-columns:1fr}
        .copyable{display:flex;flex-wrap:wrap;gap:.5rem .75rem;align-items:center}.copyable code{padding:.625rem .75rem;border:1px dashed var(--strong);border-radius:8px;user-select:all;min-width:0}.copyable button{min-width:5.5rem}
        .facts .copyable code{padding:.25rem .5rem}.record>div{align-items:center}button:disabled{opacity:.5;cursor:not-allowed}button:disabled:hover{border-color:var(--strong)}
        @media (min-width:44rem){.copyable{flex-wrap:nowrap}}
        .steps{list-style:none;counter-reset:step;margin:0;padding:0;display:grid;gap:1rem}.steps>li{counter-increment:step;position:relative;padding-left:3rem;min-height:2rem;display:grid;gap:.5rem;color:var(--soft)}
        .steps>li::before{content:counter(step);position:absolute;left:0;top:0;width:2rem;height:2rem;border:1px solid var(--strong);border-radius:50%;display:grid;place-items:center;font-weight:650}
        .steps>li[aria-current],.steps>li.open{color:var(--ink)}.steps>li[aria-current]::before{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
        .steps>li.done::before{content:"✓";background:var(--good-soft);border-color:var(--good);color:var(--good)}.steps h3{line-height:1.4;padding-top:.3125rem}.steps form{display:grid;gap:.75rem;justify-items:start}
        .check{display:inline-flex;gap:.75rem;align-items:center;min-height:44px}.check input{margin:0}
        .checklist{display:grid;gap:.5rem}.checklist>li{display:grid;grid-template-columns:2rem minmax(0,1fr);gap:.25rem .75rem;align-items:start}.checklist .state{width:1.75rem;height:1.75rem;border-radius:50%;display:grid;place-items:center;font-weight:700;border:1px solid var(--strong);color:var(--soft)}
        .checklist .met{background:var(--good-soft);border-color:var(--good);color:var(--good)}.checklist h3{line-height:1.75rem}
        .listing{background:var(--ground);border:1px solid var(--line);border-radius:8px;padding:.875rem 1rem;overflow-x:auto;margin:0;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;tab-size:4}
        .listing-head{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;justify-content:space-between}
        .counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.75rem}.counts>div{border:1px solid var(--line);border-radius:8px;padding:.625rem .875rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}.counts dd{font-size:1.5rem;font-weight:650;font-variant-numeric:tabular-nums}.counts dt{color:var(--soft);font-size:.875rem}
        .provenance .accent{padding:.5rem .75rem;border-radius:8px;border-left:4px solid var(--accent);background:var(--accent-soft);color:var(--ink)}
        @media (max-width:36rem){.pick{grid-template-columns:1fr}.kind{padding:1rem}.steps>li{padding-left:2.75rem}.client-nav{gap:.125rem}.client-nav a{padding:.25rem .625rem}}
        @media (forced-colors:active){.mark{border:1px solid}}
        @media print{.client-nav{display:none}}
        """#
}
