extension Assets {
    /// What narrow, low, printed and high-contrast pages change; it stands last.
    static let mediaStyles = #"""
        .empty{text-align:center;display:grid;gap:.5rem}
        @media (max-width:36rem){main{padding:1.25rem .75rem 2rem}.card{padding:1.25rem}.panel,.app,.decision{padding:1rem}.app{flex-wrap:wrap}.app>div{flex-basis:11rem}
        .decision{margin:0 -.75rem;border-radius:12px 12px 0 0}.decision .actions>*{flex:1}.lifetimes label{flex:1 1 100%}.facts>div,.event .facts>div,.event{grid-template-columns:1fr;gap:0}.event{padding:.875rem 1rem}.operations{margin-left:0}h1{font-size:1.375rem}.bar{padding:.5rem .75rem}.bar nav{font-size:.875rem;gap:0 .75rem}.account-nav{margin-top:0}.account-nav nav a,.client-nav a{flex:none;white-space:nowrap}.filters{grid-template-columns:repeat(auto-fill,minmax(8.5rem,1fr))}.filters .field:nth-child(-n+4){grid-column:1/-1}.filters input[type=date]{padding:.5rem}.rows>li{flex-wrap:wrap}.rows>li>div{flex-basis:100%}.asker h1 span{font-size:1.0625rem}}
        @media (max-height:48rem){.decision{position:static}}
        @media (forced-colors:active){small.risk,.tag{border:1px solid}}
        @media print{.bar nav,.account-nav nav,.filters,.pager,.actions,.tools,.search{display:none}body{background:#fff}}
        """#
}
