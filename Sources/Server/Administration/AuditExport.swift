import Delegation
import OAuth
import Storage

/// The forms in which an audit log is taken along.
public enum AuditExport: String, Sendable, CaseIterable {
    /// RFC 4180, with a header line.
    case csv
    /// One JSON object a line.
    case jsonl

    var contentType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        case .jsonl: "application/jsonl; charset=utf-8"
        }
    }

    private static let columns = [
        "id", "when", "kind", "what", "actor", "actor_id", "through", "address", "client", "client_id", "user", "user_id",
        "authorization_id", "installation_id", "account_id", "details",
    ]

    /// What comes before the first event.
    public var opening: String { self == .csv ? Self.line(Self.columns) : "" }

    /// Every event of a list, a piece at a time, so that no export is held in memory.
    /// - Parameter account: whose log it is; nil: everything, for the operator.
    public static func pieces(
        _ form: AuditExport, of account: Identifier?, _ filter: AuditFilter, in store: Store,
        _ write: (String) async throws -> Void
    ) async throws {
        try await write(form.opening)
        var position: AuditPosition?
        while true {
            let entries = try await store.audit(account.map { .account($0) } ?? .platform, filter, after: position, limit: 500)
            if !entries.isEmpty { try await write(entries.map { form.text(AuditRecord($0, account: account)) }.joined()) }
            guard entries.count == 500, let last = entries.last else { return }
            position = last.position
        }
    }

    private func text(_ record: AuditRecord) -> String {
        let values = record.exported
        switch self {
        case .csv: return Self.line(Self.columns.map { values[$0].map(\.asCell) ?? "" })
        case .jsonl: return JSON.object(values).text + "\n"
        }
    }

    /// RFC 4180 §2: CRLF ends a line, a quotation mark is doubled inside quoted cells.
    static func line(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    /// Spreadsheets run a cell that begins like a formula; an apostrophe makes it a text.
    static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first) { text = "'" + text }
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

/// The audit log for the operator's list.
public enum AuditListing {
    public static func rows(of account: Identifier?, _ filter: AuditFilter, limit: Int, in store: Store) async throws -> [JSONObject] {
        try await store.audit(account.map { .account($0) } ?? .platform, filter, limit: limit)
            .map { AuditRecord($0, account: account).exported }
    }
}

extension JSON {
    fileprivate var asCell: String {
        switch self {
        case .null: ""
        case .string(let text): text
        default: text
        }
    }
}

extension AuditRecord {
    fileprivate var exported: JSONObject {
        [
            "id": .integer(event.sequence), "when": .string(when), "kind": .string(event.kind), "what": .string(what),
            "actor": .string(who), "actor_id": JSON(actorID?.description), "through": JSON(through), "address": JSON(address),
            "client": JSON(entry.clientName), "client_id": JSON(event.clientID?.description), "user": JSON(userEmail),
            "user_id": JSON(userID?.description),
            "authorization_id": JSON(entry.showsPerson ? event.authorizationID?.description : nil),
            "installation_id": JSON(entry.showsPerson ? event.installationID?.description : nil),
            "account_id": JSON(event.accountID?.description), "details": details.isEmpty ? .null : .object(details),
        ]
    }
}
