extension Assets {
    /// Choosing and registering resources.
    static let resourceStyles = #"""
        .reach{margin:0 0 .5rem 2rem;border-left:2px solid var(--line);padding-left:.875rem}
        .reach>summary{cursor:pointer;min-height:44px;display:flex;align-items:center;gap:.625rem;list-style:none}
        .reach>summary::-webkit-details-marker{display:none}
        .reach>summary::before{content:"";width:.5rem;height:.5rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg);flex:none}
        .reach[open]>summary::before{transform:rotate(45deg)}
        .reach>summary b{font-weight:550}.reach>summary small{color:var(--soft);margin-left:auto;text-align:right}
        .reach-choice{display:grid;gap:.125rem;padding-bottom:.5rem}
        .reach-choice>label{display:flex;gap:.75rem;padding:.5rem 0;min-height:44px;align-items:flex-start}
        .reach-list{display:grid;gap:.5rem;margin-left:2rem}
        .reach-list .choices{max-height:20rem;overflow:auto;border:1px solid var(--line);border-radius:8px;padding:.25rem .75rem}
        .reach-choice:has(>label>[value=all]:checked)>.reach-list{display:none}
        .choices li:has(>label>[name=account]:not(:checked))>.reach{display:none}
        .resource-id{display:block;color:var(--soft);overflow-wrap:anywhere}.reach .search label{display:block;min-height:0;padding:0}
        .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        .resources{display:grid}.resources li{display:flex;gap:.75rem 1rem;align-items:center;justify-content:space-between;flex-wrap:wrap;padding:.5rem 0;border-top:1px solid var(--line)}
        .resources li:first-child{border-top:0}.resources li>p{flex:1 1 14rem;min-width:0;overflow-wrap:anywhere}
        .resource-types{display:flex;flex-wrap:wrap;gap:.5rem}.resource-types a{border:1px solid var(--line);border-radius:8px;padding:.5rem .875rem;min-height:44px;display:inline-flex;gap:.5rem;align-items:center;text-decoration:none;color:var(--ink)}
        .resource-types a[aria-current]{border-color:var(--accent);background:var(--accent-soft);font-weight:650}
        textarea.lines{min-height:8rem;font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        @media (max-width:36rem){.reach{margin-left:0;padding-left:.75rem}.reach-list{margin-left:0}}
        """#
}
