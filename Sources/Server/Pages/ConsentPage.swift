/// What an app asks for, and the user's answer to it.
struct ConsentPage: Page {
    struct AccountChoice {
        let id: String
        let name: String
        let isChecked: Bool
        /// Why it cannot be chosen.
        var obstacle: String?
        /// Where the account's administrators can be asked, where they can help.
        var requestURL: String?
        /// How long the account gives access for at most, in words.
        var timeLimit: String?
        var isGrantedBefore = false
        /// Left out by the search; it keeps its choice.
        var isHidden = false
        /// What inside of it can be chosen.
        var resourceFields: [ResourceField] = []
    }

    struct OperationLine {
        let method: String
        let path: String
        let summary: String
        let risk: RiskMark
    }

    /// A risk in a word, and the name of its look.
    struct RiskMark {
        let word: String
        let look: String
    }

    struct ScopeChoice {
        let label: String
        let name: String
        let description: String
        /// In the words of whoever registered the app.
        var purpose: String?
        let risk: RiskMark
        let isRequired: Bool
        let isChecked: Bool
        var obstacle: String?
        /// Where an administrator has to approve it first.
        var approval: String?
        var isNew = false
        var isHidden = false
        var operations: [OperationLine] = []
        var operationCount = ""
        /// Words that the search looks in.
        var searchText = ""
    }

    struct Category {
        let name: String
        let isOpen: Bool
        let scopes: [ScopeChoice]
        /// How many are chosen: `3 of 7`.
        let count: String
    }

    struct LifetimeChoice {
        let seconds: String
        let text: String
        let isChecked: Bool
        /// An account's app policy leaves no such time.
        let isUnavailable: Bool
    }

    let frame: PageFrame
    let title: String
    /// Where the form goes.
    let action: String
    let csrf: String
    let clientName: String
    /// Stands in for a logo, which is never fetched.
    let monogram: String
    let ownerName: String
    let isPlatformOwned: Bool
    /// The host that the app's publisher has proven to hold; nil: nobody has proven who runs it.
    var provenHost: String?
    /// Nothing was proven: what the app says of itself, where it says anything.
    let isUnproven: Bool
    var claimedHost: String?
    let redirectHost: String
    let isLoopback: Bool
    let email: String
    var problem: String?
    let accounts: [AccountChoice]
    let hasManyAccounts: Bool
    let accountSearch: String
    let hasAccountSearch: Bool
    let protocolScopes: [ScopeChoice]
    let categories: [Category]
    /// The longest that the accounts leave, in words.
    var longestLifetime: String?
    let scopeSearch: String
    let hasScopeSearch: Bool
    let lifetimes: [LifetimeChoice]
    /// Some scopes wait for an administrator.
    let asksForApproval: Bool
    let canApprove: Bool
    /// Why there is nothing to approve. No part of the page has a value of this name: a missing one is looked for here.
    var hindrance: String?
    /// The app is connected already and asks for more.
    let changesExisting: Bool
    let newNames: [String]
    /// When the app's access ends as it is, where it does by itself.
    var endsSoFar: String?

    static let template = #"""
        {{> head}}
        <div class="consent">
        <section class="asker">
        <p class="monogram" aria-hidden="true">{{monogram}}</p>
        <h1>{{clientName}} <span>wants access to your account at {{frame.platformName}}</span></h1>
        <ul class="provenance">
        {{#isPlatformOwned}}<li class="accent"><strong>Made by {{frame.platformName}}.</strong> It belongs to the platform itself.</li>{{/isPlatformOwned}}
        {{#provenHost}}<li class="good"><strong>Verified <span class="host">{{provenHost}}</span>.</strong> Whoever holds <span class="host">{{provenHost}}</span> made it. It was registered by <b>{{ownerName}}</b>.</li>{{/provenHost}}
        {{#isUnproven}}<li class="caution"><strong>Unproven.</strong> It was registered by <b>{{ownerName}}</b>{{#claimedHost}} and says that it is from <span class="host">{{claimedHost}}</span>{{/claimedHost}}. Nobody has checked who runs it.</li>{{/isUnproven}}
        {{#isLoopback}}<li class="caution"><strong>On your device.</strong> You return to an app on this computer ({{redirectHost}}). Any program here could pretend to be it. Go on only if you just started it yourself.</li>{{/isLoopback}}
        {{^isLoopback}}<li>You return to <code class="host">{{redirectHost}}</code> afterwards.</li>{{/isLoopback}}
        <li>You are <b>{{email}}</b>. <a href="{{frame.basePath}}/sign-out">Not you?</a></li>
        </ul>
        </section>
        {{#problem}}<p class="problem" role="alert" id="problem">{{problem}}</p>{{/problem}}
        {{#changesExisting}}<div class="note"><p><strong>Already connected.</strong> What you allow here is added to what it has.
        {{^empty(newNames)}}New:{{/empty(newNames)}}{{#empty(newNames)}}Nothing in this request is new.{{/empty(newNames)}}</p>
        {{^empty(newNames)}}<ul>{{#newNames}}<li>{{.}}</li>{{/newNames}}</ul>{{/empty(newNames)}}</div>{{/changesExisting}}
        {{#hindrance}}<p class="problem" role="alert">{{hindrance}}</p>{{/hindrance}}
        <form method="post" action="{{action}}" id="consent">
        <input type="hidden" name="csrf" value="{{csrf}}">
        <button class="quiet-submit" type="submit" name="update" value="1">Update this page</button>
        {{^empty(accounts)}}
        <fieldset class="panel" id="accounts"{{#problem}} aria-describedby="problem"{{/problem}}>
        <legend><h2>Which accounts</h2></legend>
        {{#hasAccountSearch}}<p class="search"><label for="account_search">Find an account</label>
        <input type="search" id="account_search" name="account_search" value="{{accountSearch}}" data-filter="accounts" autocomplete="off">
        <button type="submit" name="update" value="1">Find</button></p>{{/hasAccountSearch}}
        {{#hasManyAccounts}}<p class="tools" hidden data-scripted><button type="button" data-check="accounts">Choose all</button>
        <button type="button" data-uncheck="accounts">Choose none</button></p>{{/hasManyAccounts}}
        <ul class="choices">
        {{#accounts}}<li{{#isHidden}} hidden{{/isHidden}} data-search="{{name}}"><label>
        <input type="checkbox" name="account" value="{{id}}"{{#isChecked}} checked{{/isChecked}}{{#obstacle}} disabled{{/obstacle}}>
        <span><b>{{name}}</b>{{#isGrantedBefore}} <small class="tag">connected</small>{{/isGrantedBefore}}{{#obstacle}}<small class="why">{{obstacle}}</small>{{/obstacle}}{{#timeLimit}}<small class="why">Access ends after {{timeLimit}} here.</small>{{/timeLimit}}</span></label>
        {{#requestURL}}<p class="ask"><a href="{{requestURL}}">Ask an administrator of {{name}}</a></p>{{/requestURL}}
        {{#resourceFields}}{{> resource-field}}{{/resourceFields}}</li>
        {{/accounts}}
        </ul>
        </fieldset>
        {{/empty(accounts)}}
        <fieldset class="panel" id="scopes">
        <legend><h2>What it may do</h2></legend>
        {{#asksForApproval}}<p class="note">Some permissions need an administrator's approval. They are marked below; you can ask for
        them at the account above and go on without them.</p>{{/asksForApproval}}
        {{^empty(categories)}}
        <p class="tools"><button type="submit" name="template" value="read_only">Read only</button>
        <button type="submit" name="template" value="everything">Everything it asks for</button></p>
        {{/empty(categories)}}
        {{#hasScopeSearch}}<p class="search"><label for="scope_search">Find a permission</label>
        <input type="search" id="scope_search" name="scope_search" value="{{scopeSearch}}" data-filter="scopes" autocomplete="off">
        <button type="submit" name="update" value="1">Find</button></p>{{/hasScopeSearch}}
        {{^empty(protocolScopes)}}<div class="category"><h3>About you</h3><ul class="scopes">
        {{#protocolScopes}}{{> consent-scope}}{{/protocolScopes}}
        </ul></div>{{/empty(protocolScopes)}}
        {{#categories}}<details class="category"{{#isOpen}} open{{/isOpen}}><summary><h3>{{name}}</h3> <small>{{count}} chosen</small></summary>
        <ul class="scopes">
        {{#scopes}}{{> consent-scope}}{{/scopes}}
        </ul></details>{{/categories}}
        </fieldset>
        <fieldset class="panel" id="lifetime">
        <legend><h2>For how long</h2></legend>
        <div class="lifetimes">
        {{#lifetimes}}<label><input type="radio" name="lifetime" value="{{seconds}}"{{#isChecked}} checked{{/isChecked}}{{#isUnavailable}} disabled{{/isUnavailable}}> <span>{{text}}</span></label>{{/lifetimes}}
        </div>
        {{#endsSoFar}}<p class="fine">So far it ends {{endsSoFar}}. What you choose counts from now.</p>{{/endsSoFar}}
        {{#longestLifetime}}<p class="fine">The app policy gives access for {{longestLifetime}} at most, so longer times are not available.</p>{{/longestLifetime}}
        </fieldset>
        <section class="decision" aria-label="Your decision">
        <p>{{clientName}} gets what is ticked above, in the accounts that are ticked, and nothing else. You can end it at any time under
        Connected apps.</p>
        <p class="actions"><button type="submit" name="decision" value="deny">Decline</button>
        {{#canApprove}}<button class="primary" type="submit" name="decision" value="allow">Allow access</button>{{/canApprove}}</p>
        </section>
        </form>
        </div>
        {{> foot}}
        """#

    static let scopeTemplate = #"""
        <li class="scope"{{#isHidden}} hidden{{/isHidden}} data-search="{{searchText}}">
        {{#isRequired}}{{#isChecked}}<input type="hidden" name="scope" value="{{label}}">{{/isChecked}}{{/isRequired}}
        <label>
        {{#isRequired}}<span class="fixed" aria-hidden="true">{{#isChecked}}✓{{/isChecked}}{{^isChecked}}–{{/isChecked}}</span>{{/isRequired}}
        {{^isRequired}}<input type="checkbox" name="scope" value="{{label}}"{{#isChecked}} checked{{/isChecked}}{{#obstacle}} disabled{{/obstacle}}>{{/isRequired}}
        <span class="what"><b>{{name}}</b>
        <small class="risk {{risk.look}}">{{risk.word}}</small>
        {{#isRequired}}<small class="tag">required</small>{{/isRequired}}{{#isNew}}<small class="tag new">new</small>{{/isNew}}
        <span class="description">{{description}}</span>
        {{#purpose}}<span class="purpose"><b>{{clientName}} says why:</b> “{{purpose}}”</span>{{/purpose}}
        {{#obstacle}}<small class="why">{{obstacle}}</small>{{/obstacle}}{{#approval}}<small class="why">{{approval}}</small>{{/approval}}</span></label>
        {{^empty(operations)}}<details class="operations"><summary>{{operationCount}}</summary><ul>
        {{#operations}}<li><code><b class="risk {{risk.look}}">{{method}}</b> {{path}}</code> <span>{{summary}} <small>({{risk.word}})</small></span></li>{{/operations}}
        </ul></details>{{/empty(operations)}}
        </li>
        """#
}
