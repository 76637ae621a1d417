extension Assets {
    /// Charts and tables of a client's usage.
    static let usageStyles = #"""
        .usage-head{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;justify-content:space-between}.usage-head .tools .button{min-height:44px;padding:.25rem .875rem;font-size:.875rem}
        .figures{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1rem}.figures .panel{display:flex;flex-direction:column-reverse;gap:.125rem;justify-content:flex-end;padding:1rem 1.25rem}
        .figures dt{color:var(--soft);font-size:.875rem}.figures dd{font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
        .usage .warning{display:grid;gap:.25rem}.usage .listed{background:var(--surface);border:1px solid var(--line);border-radius:4px;padding:.0625rem .375rem}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem}
        .chart{margin:0;align-content:start;grid-template-columns:minmax(0,1fr)}.chart figcaption{display:grid;gap:.25rem}.chart figcaption p{font-size:.9375rem}.chart figcaption .fine{font-size:.875rem}
        .plot{display:grid;gap:.25rem}.plot svg{display:block;width:100%;height:7rem}.plot p{color:var(--soft);font-size:.8125rem;font-variant-numeric:tabular-nums}.span{display:flex;justify-content:space-between}
        .usage .bar{fill:var(--accent)}.usage .bad .bar,.reasons .bar{fill:var(--bad)}.usage svg .day{fill:transparent}.usage g:hover .day,.usage svg .track{fill:var(--line)}.usage .grid{stroke:var(--line)}.usage .base{stroke:var(--strong)}
        .chart summary{cursor:pointer;color:var(--soft);font-size:.875rem;min-height:44px;display:flex;align-items:center;gap:.625rem;list-style:none}.chart summary::-webkit-details-marker{display:none}
        .chart summary::before{content:"";width:.4375rem;height:.4375rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg);flex:none}.chart details[open]>summary::before{transform:rotate(45deg)}.chart details{margin-bottom:-.75rem}
        .scroll{overflow-x:auto;max-height:24rem}.usage table{border-collapse:collapse;width:100%;font-size:.9375rem}.usage th,.usage td{text-align:left;font-weight:450;padding:.5rem .75rem .5rem 0;border-top:1px solid var(--line);vertical-align:top}
        .usage thead th{border-top:0;color:var(--soft);font-size:.8125rem;white-space:nowrap}.usage .count{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.permissions .last{white-space:nowrap;padding-left:1.25rem;padding-right:0}.permissions{font-size:1rem}.permissions .about{display:block;color:var(--soft);font-size:.875rem}
        .reasons{display:grid;gap:.75rem}.reasons p{display:flex;gap:1rem;justify-content:space-between}.reasons p code{color:var(--soft)}.reasons svg{display:block;width:100%;height:6px}
        @media (max-width:48rem){.figures{grid-template-columns:repeat(2,minmax(0,1fr))}}
        @media (max-width:36rem){.usage-head .tools{width:100%}.usage-head .tools .button{flex:1}.figures{gap:.75rem}.figures .panel{padding:.75rem 1rem}
        .permissions,.permissions tbody{display:block}.permissions thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.permissions tr{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr) minmax(0,1.3fr) minmax(0,1.6fr);gap:.375rem .75rem;padding:.75rem 0;border-top:1px solid var(--line)}
        .usage .permissions tbody th{grid-column:1/-1;border:0;padding:0}.usage .permissions td{border:0;padding:0;text-align:left;white-space:normal}.permissions td::before{content:attr(data-name);display:block;color:var(--soft);font-size:.8125rem}}
        @media (forced-colors:active){.usage .bar{fill:CanvasText}.usage .grid,.usage .base{stroke:CanvasText}}
        """#
}
