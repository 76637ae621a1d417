import Delegation

/// What of an OAuth client has a page of its own, in the order of its navigation.
enum ClientSection: CaseIterable {
    case settings, secrets, visibility, trial, usage, webhooks
    case ending

    var name: String {
        switch self {
        case .settings: "Settings"
        case .secrets: "Secrets"
        case .visibility: "Visibility"
        case .trial: "Try it"
        case .usage: "Usage"
        case .webhooks: "Webhooks"
        case .ending: "Freeze or delete"
        }
    }

    /// Behind `/accounts/{account}/oauth-clients/{client}`.
    var path: String {
        switch self {
        case .settings: ""
        case .secrets: "/secrets"
        case .visibility: "/visibility"
        case .trial: "/try"
        case .usage: "/usage"
        case .webhooks: "/webhooks"
        case .ending: "/stop"
        }
    }

    /// What it takes to see it.
    var permission: Permission { .viewClients }
}

/// One OAuth client: its name, its state and the links to its pages, as the partial `client-nav` shows them.
struct ClientFrame {
    /// A state in a word, and the name of its look.
    struct Mark {
        let word: String
        let look: String
    }

    /// What everybody who looks at any page of the client should know.
    struct Banner {
        let headline: String
        let consequence: String
    }

    let name: String
    let monogram: String
    let listURL: String
    let marks: [Mark]
    let banners: [Banner]
    let links: [AccountFrame.Link]

    static let template = #"""
        {{#frame.client}}
        <p class="crumb"><a href="{{frame.client.listURL}}">All clients</a></p>
        <div class="title-row"><p class="monogram small" aria-hidden="true">{{frame.client.monogram}}</p>
        <h1>{{frame.client.name}}</h1><p class="marks">{{#frame.client.marks}}<small class="mark {{look}}">{{word}}</small>{{/frame.client.marks}}</p></div>
        <nav class="client-nav" aria-label="OAuth client">{{#frame.client.links}}<a href="{{url}}"{{#isCurrent}} aria-current="page"{{/isCurrent}}>{{name}}</a>{{/frame.client.links}}</nav>
        {{#frame.client.banners}}<p class="warning" role="status"><strong>{{headline}}</strong> {{consequence}}</p>{{/frame.client.banners}}
        {{/frame.client}}
        """#
}

/// A field of a form, with what is wrong with it.
struct FormField {
    let name: String
    let label: String
    var fieldHint: String?
    var value = ""
    /// An example, in the empty field.
    var example = ""
    /// One entry a line.
    var isLong = false
    var rows = 3
    var wrongs: [String] = []
    var isWrong = false
    /// Whether a script asks the server about it while somebody types.
    var isChecked = true

    static let template = #"""
        <div class="field"><label for="{{name}}">{{label}}</label>
        {{#fieldHint}}<p class="fine" id="{{name}}-hint">{{fieldHint}}</p>{{/fieldHint}}
        {{#isLong}}<textarea id="{{name}}" name="{{name}}" rows="{{rows}}" spellcheck="false" autocomplete="off" placeholder="{{example}}" aria-describedby="{{name}}-hint {{name}}-problem"{{#isWrong}} aria-invalid="true"{{/isWrong}}{{#isChecked}} data-checked{{/isChecked}}>{{value}}</textarea>{{/isLong}}
        {{^isLong}}<input type="text" id="{{name}}" name="{{name}}" value="{{value}}" spellcheck="false" autocomplete="off" placeholder="{{example}}" aria-describedby="{{name}}-hint {{name}}-problem"{{#isWrong}} aria-invalid="true"{{/isWrong}}{{#isChecked}} data-checked{{/isChecked}}>{{/isLong}}
        <ul class="wrongs" id="{{name}}-problem" aria-live="polite">{{#wrongs}}<li>{{.}}</li>{{/wrongs}}</ul></div>
        """#
}
