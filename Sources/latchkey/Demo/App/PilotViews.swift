import Mustache
import OAuth

/// A page of the app: the view's properties are the template's variables.
protocol PilotView: Sendable {
    static var template: String { get }
    var title: String { get }
}

struct PilotHomeView: PilotView {
    static let template = "home"
    let title = "DNS Pilot"
    let isConnected: Bool
    let notices: [String]
}

/// Something went wrong, or came to an end, and this is what to do now.
struct PilotMessageView: PilotView {
    static let template = "message"
    let title: String
    let text: String
    let offersConnection: Bool
}

struct PilotRefusalView: PilotView {
    static let template = "refused"
    let title = "The cloud said no"
    let attempted: String
    let text: String
    let scopes: [String]
    let role: [String]
    let account: String?
    let operation: String?
    let canAsk: Bool
    let back: String

    init(_ refusal: PilotRefusal, attempted: String, canAsk: Bool, back: String) {
        self.attempted = attempted
        text = refusal.text
        scopes = refusal.scopes
        role = refusal.role
        account = refusal.account
        operation = refusal.operation
        self.canAsk = canAsk
        self.back = back
    }
}

/// What the app may tell about its token: everything but the token.
struct PilotTokenFacts: Sendable {
    let granted: [String]
    let declined: [String]
    let remaining: Int64
    /// How often there were new ones, in words.
    let refreshes: String
}

struct PilotDashboardView: PilotView {
    struct Account: Sendable {
        let accountID: String
        let name: String
        let zones: [Zone]
        let workers: [String]
        let hasWorkers: Bool
        /// Why the zones are not there.
        let problem: String?
    }

    struct Zone: Sendable {
        let zoneID: String
        let zoneName: String
        let isPaused: Bool
    }

    static let template = "dashboard"
    let title = "Your zones"
    let notices: [String]
    let accounts: [Account]
    let problem: String?
    let facts: PilotTokenFacts
    let formToken: String
    let canAsk: Bool
}

struct PilotZoneView: PilotView {
    struct Record: Sendable {
        let recordID: String
        let type: String
        let host: String
        let content: String
        let ttl: Int64
    }

    static let template = "zone"
    let title: String
    let notices: [String]
    let accountID: String
    let zoneID: String
    let records: [Record]
    let formToken: String
    /// What the API said about the last edit.
    let problem: String?
}

/// Every page, compiled once. Mustache escapes every variable.
struct PilotPages: Sendable {
    private let library: MustacheLibrary

    init() throws {
        var library = MustacheLibrary()
        for (name, text) in PilotTemplates.all { try library.register(text, named: name) }
        self.library = library
    }

    func html<View: PilotView>(_ view: View) -> String { library.render(view, withTemplate: View.template) ?? "" }
}
