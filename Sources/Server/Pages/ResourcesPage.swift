/// What access can be narrowed to in an account: seen, searched, added, renamed and removed.
struct ResourcesPage: Page {
    struct TypeLink {
        let typeName: String
        let typeURL: String
        let typeCount: String
        let isShown: Bool
    }

    struct Row {
        let resourceID: String
        let resourceName: String
    }

    let frame: PageFrame
    let accountName: String
    let action: String
    let csrf: String
    let canManage: Bool
    let types: [TypeLink]
    /// Of the type that is shown.
    let plural: String
    let one: String
    let typeLabel: String
    let search: String
    let isSearched: Bool
    let rows: [Row]
    var nextURL: String?
    var firstURL: String?
    /// What was done.
    var done: String?
    var problems: [String] = []
    /// What was posted and could not be taken.
    var lines: String = ""

    let title = "Resources"

    static let template = #"""
        {{> head}}
        {{> account-nav}}
        <div class="wide-page">
        <h1>Resources</h1>
        <p class="lead">What access to {{accountName}} can be narrowed to. Whoever connects an app can choose all of them, or some.</p>
        {{#done}}<p class="note" role="status">{{done}}</p>{{/done}}
        {{^empty(problems)}}<div class="problem" role="alert"><p>Nothing was registered:</p><ul>{{#problems}}<li>{{.}}</li>{{/problems}}</ul></div>{{/empty(problems)}}
        {{#empty(types)}}<div class="card empty"><p><strong>The API has no resources that access can be narrowed to.</strong></p><p>Its document, or the operator's overrides, can name some.</p></div>{{/empty(types)}}
        {{^empty(types)}}
        <nav class="resource-types" aria-label="Types of resources">{{#types}}<a href="{{typeURL}}"{{#isShown}} aria-current="page"{{/isShown}}>{{typeName}} <small>{{typeCount}}</small></a>{{/types}}</nav>
        <section class="panel">
        <form method="get" action="{{action}}" role="search"><input type="hidden" name="type" value="{{typeLabel}}">
        <p class="search"><label for="search">Find in {{plural}}, by name or id</label><input type="search" id="search" name="search" value="{{search}}" maxlength="100" autocomplete="off">
        <button type="submit">Find</button></p></form>
        {{^empty(rows)}}<ul class="resources">{{#rows}}<li><p><b>{{resourceName}}</b><br><code>{{resourceID}}</code></p>
        {{#canManage}}<form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="type" value="{{typeLabel}}">
        <input type="hidden" name="action" value="remove"><input type="hidden" name="id" value="{{resourceID}}">
        <button type="submit">Remove<span class="unseen"> {{resourceName}}</span></button></form>{{/canManage}}</li>
        {{/rows}}</ul>{{/empty(rows)}}
        {{#empty(rows)}}<p>{{#isSearched}}Nothing was found for “{{search}}”.{{/isSearched}}{{^isSearched}}There are no {{plural}} yet. Until there are, apps get all of them.{{/isSearched}}</p>{{/empty(rows)}}
        <nav class="pager" aria-label="Pages of {{plural}}">{{#firstURL}}<a class="button" href="{{firstURL}}">First</a>{{/firstURL}}{{#nextURL}}<a class="button" rel="next" href="{{nextURL}}">Next</a>{{/nextURL}}</nav>
        </section>
        {{#canManage}}<section class="panel"><h2>Add or rename {{plural}}</h2>
        <p class="fine">A line each: the id that the API's paths use, a space, and a name for people. An id that is there already gets the new name.</p>
        <form method="post" action="{{action}}"><input type="hidden" name="csrf" value="{{csrf}}"><input type="hidden" name="type" value="{{typeLabel}}">
        <input type="hidden" name="action" value="add">
        <div class="field"><label for="lines">Ids and names</label><textarea class="lines" id="lines" name="lines" rows="5" spellcheck="false">{{lines}}</textarea></div>
        <p class="actions"><button class="primary" type="submit">Register</button></p></form>
        <p class="fine">Removing a {{one}} here deletes nothing in the API. Apps that reach it still do.</p></section>{{/canManage}}
        {{/empty(types)}}
        </div>
        {{> foot}}
        """#
}
