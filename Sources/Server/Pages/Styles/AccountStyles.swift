extension Assets {
    /// The pages of an account.
    static let accountStyles = #"""
        .account-nav{max-width:64rem;margin:-1rem auto 1.5rem;display:grid;gap:.25rem;border-bottom:1px solid var(--line)}.account-nav p{font-size:.875rem;color:var(--soft)}
        .account-nav strong{color:var(--ink)}.account-nav nav{display:flex;flex-wrap:wrap}.account-nav nav a{color:var(--soft);text-decoration:none;padding:.5rem 0;border-bottom:2px solid transparent;margin-bottom:-1px}
        .account-nav nav a:hover{color:var(--ink)}.account-nav nav a[aria-current]{color:var(--ink);border-color:var(--accent);font-weight:550}
        .account-nav:has(+.wide-page),.account-nav+.wide-page{max-width:50rem}.wide-page .consent{max-width:none;margin:0;width:100%}.account-nav nav{font-size:.9375rem;gap:0 1.125rem}
        .links{display:flex;flex-wrap:wrap;gap:0 1.25rem}.links a{padding:.375rem 0}
        .broad-page{max-width:64rem;margin:0 auto;display:grid;gap:1.25rem}
        select,input[type=date]{font:inherit;color:inherit;background:var(--surface);border:1px solid var(--strong);border-radius:8px;padding:.625rem .75rem;width:100%;min-height:44px}
        .filters{grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.75rem 1rem;align-items:end}.filters .field{margin:0}.filters .field select{width:100%;min-width:0}.filters .field label{font-size:.875rem}.filters .field input,.filters .field select{height:2.875rem}.filters .actions{grid-column:1/-1}
        .events{list-style:none;margin:0;padding:0;background:var(--surface);border:1px solid var(--line);border-radius:12px}
        .event{display:grid;grid-template-columns:15rem 1fr;gap:.25rem 1.5rem;padding:.875rem 1.5rem}.event+.event{border-top:1px solid var(--line)}
        .event-when{color:var(--soft);font-size:.875rem;line-height:1.5rem;font-variant-numeric:tabular-nums}.event-what{display:grid;gap:.125rem;min-width:0}.event-what p{color:var(--soft);overflow-wrap:anywhere;font-size:.9375rem}.event-what b,.event-what code{color:var(--ink)}.event-what b{font-weight:550}
        .event details{font-size:.875rem}.event summary{cursor:pointer;color:var(--soft);min-height:28px;display:inline-flex;align-items:center;gap:.5rem}.event .facts{padding:.25rem 0 .5rem}.event .facts>div{grid-template-columns:9rem 1fr}
        .event.alarming{box-shadow:inset 4px 0 0 var(--bad)}.tag.alarm{color:var(--bad);border-color:var(--bad)}
        .pager{display:flex;gap:.75rem;justify-content:flex-end}
        select{width:auto;max-width:100%;padding-right:2rem;text-overflow:ellipsis}textarea{resize:vertical}::placeholder{color:var(--soft);opacity:1}
        .warning{padding:.75rem 1rem;border-radius:8px;border-left:4px solid var(--caution);background:var(--caution-soft)}.warning ul{list-style:disc;padding-left:1.25rem}
        .wide-page,.wide-page>.panel,.rows{grid-template-columns:minmax(0,1fr)}.rows h3,.rows p{overflow-wrap:anywhere}
        .rows{display:grid;gap:.75rem}.rows>li,.rows.last{display:flex;gap:.5rem 1rem;align-items:flex-start;justify-content:space-between}.rows>li+li,.title-row+.rows{border-top:1px solid var(--line);padding-top:.75rem}
        .rows.last{align-items:flex-end;border-top:1px solid var(--line);padding-top:.75rem}.rows>li>div,.rows.last>div{flex:1;min-width:0;display:grid;gap:.25rem}
        .request{display:grid;gap:.75rem}.request+.request{border-top:1px solid var(--line);padding-top:1rem}.letter{white-space:pre-line;overflow-wrap:anywhere}blockquote{margin:0;padding:.25rem 0 .25rem 1rem;border-left:3px solid var(--line);overflow-wrap:anywhere;white-space:pre-line}
        .ask{margin:-.25rem 0 .5rem 2rem;font-size:.875rem}.button[aria-current]{background:var(--accent-soft);border-color:var(--accent)}label:has(:disabled){cursor:default}.lifetimes label:has(:disabled){color:var(--soft);border-style:dashed}
        """#
}
