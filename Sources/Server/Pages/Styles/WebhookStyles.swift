extension Assets {
    /// The webhooks of a client.
    static let webhookStyles = #"""
        .address{overflow-wrap:anywhere}h2.address{font-size:1.25rem}
        .tag.good{color:var(--good);border-color:var(--good)}.note-panel{border-left:4px solid var(--accent)}
        .secret code{display:block;padding:.75rem 1rem;border:1px solid var(--strong);border-radius:8px;background:var(--ground);font-size:1rem;user-select:all}
        .deliveries>li+li{border-top:1px solid var(--line)}.deliveries summary{cursor:pointer;min-height:44px;display:flex;flex-wrap:wrap;gap:.125rem .75rem;align-items:center;padding:.5rem 0}
        .deliveries summary .tag{font-size:.8125rem}.deliveries time{color:var(--soft)}.deliveries summary time{margin-left:auto;font-size:.875rem;font-variant-numeric:tabular-nums}
        .deliveries summary{list-style:none}.deliveries summary::-webkit-details-marker{display:none}
        .deliveries summary::before{content:"";width:.5rem;height:.5rem;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(-45deg);flex:none}.deliveries details[open]>summary::before{transform:rotate(45deg)}
        .deliveries details[open]{padding-bottom:1rem}.deliveries details>*+*{margin-top:.75rem}
        .deliveries pre{margin:.375rem 0 0;padding:.75rem 1rem;border-radius:8px;background:var(--ground);border:1px solid var(--line);font:.875em/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere;max-height:16rem;overflow:auto}
        @media (max-width:36rem){.deliveries summary time{margin-left:0;flex-basis:100%}}
        """#
}
