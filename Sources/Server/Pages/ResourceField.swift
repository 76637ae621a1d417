/// Which resources of one type in one account an app reaches: all of them, or some. The partial `resource-field` of the consent
/// page and of an authorization's page.
struct ResourceField {
    struct Option {
        /// `ACCOUNT/TYPE/ID`
        let optionValue: String
        let optionName: String
        /// What the protected API calls it; empty where that is the name.
        let optionID: String
        let isChosen: Bool
        /// It was chosen and is registered no more.
        let isGone: Bool
        /// Words that the search looks in.
        let optionText: String
    }

    /// `ACCOUNT_TYPE`
    let fieldKey: String
    let fieldTitle: String
    let accountLabel: String
    let allText: String
    let isAll: Bool
    let isOpen: Bool
    /// `2 of 5 zones`
    let chosenText: String
    let pluralText: String
    let fieldSearch: String
    let hasFieldSearch: Bool
    /// There are more than the page shows: only the server can search in them.
    let isTruncated: Bool
    let shownText: String
    let options: [Option]
    /// Values that are chosen and have no place in the list.
    let keptValues: [String]
    /// The page has no room for the list: what is chosen is kept, and the list comes once the account is chosen.
    var isUnlisted = false

    static let template = #"""
        {{#isUnlisted}}<div class="reach"><p class="fine"><b>{{fieldTitle}}</b>: {{chosenText}}. Tick {{accountLabel}} to choose among its {{pluralText}}.
        <button type="submit" name="update" value="1">Choose {{pluralText}}</button></p>
        {{^isAll}}<input type="hidden" name="resources_{{fieldKey}}" value="some">{{/isAll}}
        {{#keptValues}}<input type="hidden" name="resource" value="{{.}}">{{/keptValues}}</div>{{/isUnlisted}}
        {{^isUnlisted}}<details class="reach"{{#isOpen}} open{{/isOpen}}><summary><b>{{fieldTitle}}</b> <small>{{chosenText}}</small></summary>
        <fieldset class="reach-choice"><legend class="unseen">{{fieldTitle}} of {{accountLabel}}</legend>
        <label><input type="radio" name="resources_{{fieldKey}}" value="all"{{#isAll}} checked{{/isAll}}> <span>{{allText}}</span></label>
        <label><input type="radio" name="resources_{{fieldKey}}" value="some"{{^isAll}} checked{{/isAll}}> <span>Only these:</span></label>
        <div class="reach-list" id="reach-{{fieldKey}}">
        {{#hasFieldSearch}}<p class="search"><label for="resource_search_{{fieldKey}}">Find in {{pluralText}}</label>
        <input type="search" id="resource_search_{{fieldKey}}" name="resource_search_{{fieldKey}}" value="{{fieldSearch}}" maxlength="100" autocomplete="off"{{^isTruncated}} data-filter="reach-{{fieldKey}}"{{/isTruncated}}>
        <button type="submit" name="update" value="1">Find</button></p>{{/hasFieldSearch}}
        {{^empty(shownText)}}<p class="fine">{{shownText}}</p>{{/empty(shownText)}}
        <ul class="choices">{{#options}}<li data-search="{{optionText}}"><label><input type="checkbox" name="resource" value="{{optionValue}}"{{#isChosen}} checked{{/isChosen}}>
        <span>{{optionName}}{{^empty(optionID)}} <small class="resource-id">{{optionID}}</small>{{/empty(optionID)}}{{#isGone}} <small class="tag">no longer there</small>{{/isGone}}</span></label></li>
        {{/options}}</ul>
        {{#keptValues}}<input type="hidden" name="resource" value="{{.}}">{{/keptValues}}
        </div></fieldset></details>{{/isUnlisted}}
        """#
}
