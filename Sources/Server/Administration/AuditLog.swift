import Delegation
import OAuth
import Storage

/// What somebody asks of an audit log, in the words of a form or of the management API.
struct AuditQuestion: Sendable {
    var kind: String?
    var actorEmail: String?
    var address: String?
    var clientID: String?
    var since: String?
    var before: String?
    var id: String?

    /// The filter that it comes to; nil where nothing can match, such as for an email address that nobody has.
    /// - Throws: `InvalidInput` for a time or an identifier that cannot be read.
    func filter(in store: Store) async throws -> AuditFilter? {
        var filter = AuditFilter(kind: kind, address: address)
        var problems: [InvalidInput.Problem] = []
        func time(_ text: String?, _ name: String) -> Int64? {
            guard let text else { return nil }
            if let seconds = Timestamp.seconds(text) { return seconds }
            problems.append(.init(pointer: "", text: "\(name) should be a date such as 2026-11-24 or a time such as 2026-11-24T13:05:09Z."))
            return nil
        }
        filter.since = time(since, "since")
        filter.before = time(before, "before")
        if !problems.isEmpty { throw InvalidInput(problems) }
        // What is never shown as an address is not found by it either.
        if let address, AuditRecord.programs.contains(address) { return nil }
        if let id {
            guard let sequence = Int64(id), sequence > 0 else { return nil }
            filter.sequence = sequence
        }
        if let clientID {
            guard let id = Identifier(clientID) else { return nil }
            filter.clientID = id
        }
        if let actorEmail {
            guard let user = try await store.user(email: actorEmail.lowercased()) else { return nil }
            filter.actorID = user.id
        }
        return filter
    }
}

/// A place in an audit log as text that a reader hands back.
enum AuditCursor {
    static func text(_ position: AuditPosition) -> String { Base64URL.encode(Array("\(position.at).\(position.sequence)".utf8)) }

    static func read(_ text: String) -> AuditPosition? {
        let parts = Base64URL.decode(text).map { String(decoding: $0, as: UTF8.self).split(separator: ".").compactMap { Int64($0) } } ?? []
        return parts.count == 2 ? AuditPosition(at: parts[0], sequence: parts[1]) : nil
    }
}

/// An event as its reader may see it, the same on pages, in exports and in the management API.
struct AuditRecord: Sendable {
    let entry: AuditEntry
    let details: JSONObject
    private let showsPerson: Bool
    private let showsActor: Bool
    private let showsOrigin: Bool

    /// - Parameters:
    ///   - account: whose log it stands in; nil outside of one.
    ///   - reader: whose own log it stands in; nil outside of one.
    init(_ entry: AuditEntry, account: Identifier? = nil, reader: Identifier? = nil) {
        self.entry = entry
        showsPerson = entry.showsPerson
        // In the log of a user stand also the acts of others. Who they are is told where they acted in an account of the user's,
        // and never from where.
        let isOthersAct = reader != nil && entry.event.actorID != nil && entry.event.actorID != reader
        showsActor = showsPerson && (!isOthersAct || entry.event.accountID != nil)
        showsOrigin = showsPerson && !isOthersAct
        var details = entry.event.details.flatMap { try? JSON(parsing: $0) }?.objectValue ?? [:]
        if let account {
            // Which other accounts somebody chose, and what of them, is not this account's to know.
            for name in ["accounts", "accounts_before", "accounts_reduced"] {
                if let ids = details[name]?.stringsValue { details[name] = JSON(ids.filter { $0 == account.description }) }
            }
            for name in ["resources", "resources_before"] {
                guard let chosen = details[name]?.objectValue else { continue }
                details[name] = .object(chosen[account.description].map { [account.description: $0] } ?? [:])
            }
        }
        if !showsPerson { details = details["scopes"].map { ["scopes": $0] } ?? [:] }
        self.details = details
    }

    var event: Event { entry.event }
    var id: String { String(event.sequence) }
    var when: String { Timestamp.text(event.at) }
    var what: String { EventWords.text(event.kind) }
    var actorID: Identifier? { showsActor ? event.actorID : nil }
    var actorEmail: String? { showsActor ? entry.actorEmail : nil }
    var address: String? { showsOrigin ? event.address.flatMap { Self.programs.contains($0) ? nil : $0 } : nil }
    var userAgent: String? { showsOrigin ? event.userAgent : nil }
    var tokenID: Identifier? { showsOrigin ? event.actorTokenID : nil }
    var tokenName: String? { showsOrigin ? entry.actorTokenName : nil }
    var userID: Identifier? { showsPerson ? event.userID : nil }
    var userEmail: String? { showsPerson ? entry.userEmail : nil }
    var isAutomatic: Bool { event.actorID == nil && event.address.map { Self.programs.contains($0) && $0 != "operator" } == true }
    var isOperator: Bool { event.actorID == nil && event.address == "operator" }

    /// Addresses that stand for a program and not for a peer.
    static let programs: Set<String> = ["operator", "server", "demo"]

    /// Who it was, in words.
    var who: String {
        if isOperator { return "the platform's operator" }
        if isAutomatic { return "the server" }
        if !showsActor { return event.actorID == nil ? clientOrNobody : "somebody outside this account" }
        if let id = event.actorID { return entry.actorEmail ?? "a deleted user (\(id))" }
        return event.actorTokenID == nil ? clientOrNobody : "an API token of the account"
    }

    private var clientOrNobody: String {
        if let client = event.actorClientID, client == event.clientID { return "the app itself" }
        if let name = entry.actorClientName { return name }
        return event.actorClientID == nil ? "somebody not signed in" : "an app that is gone"
    }

    /// Through what: nil for a page.
    var through: String? {
        if tokenID != nil { return tokenName.map { "API token \($0)" } ?? "an API token that is gone" }
        guard event.actorID != nil, event.actorClientID != nil else { return nil }
        return entry.actorClientName ?? "an app that is gone"
    }
}
