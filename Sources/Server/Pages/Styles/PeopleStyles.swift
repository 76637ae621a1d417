extension Assets {
    /// Accounts, members and API tokens.
    static let peopleStyles = #"""
        .heading-row{display:flex;gap:.5rem 1rem;align-items:baseline;justify-content:space-between}.heading-row:has(h1){align-items:center}.heading-row h2{min-width:0;overflow-wrap:anywhere}
        .quiet{color:var(--soft);font-size:.875rem;padding:.75rem 0;margin:-.75rem 0;white-space:nowrap}.quiet:hover{color:var(--ink)}
        .one-line{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end}.one-line .field{flex:1 1 14rem;margin:0}
        .stack{display:grid;gap:1rem}.stack .field{margin:0}
        .stack,.stack .panel,.stack .field{grid-template-columns:minmax(0,1fr)}.stack select{width:100%;min-width:0}
        .people h2{overflow-wrap:anywhere}.people>li{gap:1rem;justify-content:flex-start}
        .choices label:has(:disabled) b{color:var(--soft)}
        .title-row>div{min-width:0}.title-row h1,.heading-row h1{overflow-wrap:anywhere;min-width:0}h1 .tag{font-size:.8125rem;letter-spacing:0;vertical-align:middle}
        .unseen{position:absolute;width:1px;height:1px;min-height:0;padding:0;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;border:0}
        .panel>.field,.panel .stack>.field{margin:0}.category.first{border-top:0;padding-top:0}.category.first .stack{padding-top:.5rem}
        .search.alone{grid-template-columns:1fr;margin-bottom:.75rem}[id^=permissions_]{display:grid;grid-template-columns:minmax(0,1fr);gap:.75rem}
        .field small{color:var(--soft)}input.value[readonly]{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
        pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;padding:.75rem 1rem;border-radius:8px;background:var(--ground);border:1px solid var(--line)}
        """#
}
