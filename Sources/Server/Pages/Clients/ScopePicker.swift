import Delegation
import OAuth

/// The scopes of the catalogue in a form: each not used, required or optional, with what the client needs it for.
struct ScopePicker {
    struct Pick {
        let label: String
        let scopeName: String
        let detail: String
        let riskWord: String
        let riskLook: String
        /// Words that the search looks in.
        let searchText: String
        let isRequired: Bool
        let isOptional: Bool
        let purpose: String
        let wrongs: [String]
    }

    struct Group {
        let category: String
        let isOpen: Bool
        let count: String
        let picks: [Pick]
    }

    let groups: [Group]
    let hasSearch: Bool
    /// What is wrong with the choice as a whole.
    let pickWrongs: [String]

    static let template = #"""
        <ul class="wrongs" id="scopes-problem">{{#pickWrongs}}<li>{{.}}</li>{{/pickWrongs}}</ul>
        {{#hasSearch}}<p class="search" hidden data-scripted><label for="scope_search">Find a permission</label>
        <input type="search" id="scope_search" data-filter="scope-picker" autocomplete="off"></p>{{/hasSearch}}
        <div id="scope-picker">{{#groups}}<details class="category"{{#isOpen}} open{{/isOpen}}><summary><h3>{{category}}</h3> <small>{{count}}</small></summary><ul class="picks">
        {{#picks}}<li class="pick" data-search="{{searchText}}"><div class="what"><label for="use_{{label}}"><b>{{scopeName}}</b> <code>{{label}}</code></label> <small class="risk {{riskLook}}">{{riskWord}}</small>
        <span class="description">{{detail}}</span></div>
        <select id="use_{{label}}" name="use_{{label}}"><option value="">Not used</option><option value="required"{{#isRequired}} selected{{/isRequired}}>Required</option><option value="optional"{{#isOptional}} selected{{/isOptional}}>Optional</option></select>
        <div class="why-field"><label for="purpose_{{label}}" class="fine">What for? Shown on the consent page, in your words.</label><input type="text" id="purpose_{{label}}" name="purpose_{{label}}" value="{{purpose}}" autocomplete="off">
        <ul class="wrongs" id="purpose_{{label}}-problem">{{#wrongs}}<li>{{.}}</li>{{/wrongs}}</ul></div></li>{{/picks}}
        </ul></details>{{/groups}}</div>
        """#
}
