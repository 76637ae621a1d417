extension Assets {
    /// Accounts, members and API tokens.
    static let peopleStyles = #"""
        .heading-row{display:flex;gap:.5rem 1rem;align-items:baseline;justify-content:space-between}.heading-row h2{min-width:0;overflow-wrap:anywhere}
        .quiet{color:var(--soft);font-size:.875rem;padding:.75rem 0;margin:-.75rem 0;white-space:nowrap}.quiet:hover{color:var(--ink)}
        .one-line{display:flex;flex-wrap:wrap;gap:.75rem;align-items:flex-end}.one-line .field{flex:1 1 14rem;margin:0}
        .stack{display:grid;gap:1rem}.stack .field{margin:0}
        .people h2{overflow-wrap:anywhere}.people>li{gap:1rem;justify-content:flex-start}
        .choices label:has(:disabled) b{color:var(--soft)}
        """#
}
