import Delegation
import OAuth
import Storage

/// How a client is used, as the account that owns it sees it.
extension ClientAdministration {
    /// - Parameter days: the length of the window that ends today, 1 to `ClientUsage.longest`.
    func usage(of client: Substring, in account: Substring, days: Int) async throws -> (client: Client, usage: ClientUsage) {
        // Before anything is looked up: what this process counted since the last write counts too.
        try await deployment.usage.flush(to: deployment.store)
        let client = try await get(client, in: account).client
        let usage = try await deployment.store.usage(
            of: client.id, registered: client.registeredScopes, length: days, now: exchange.now)
        return (client, usage)
    }
}

extension Deployment {
    /// The calls of a client in the last 24 hours and in what has passed of the hour before them: what deleting it would stop.
    func callsLastDay(of clientID: Identifier, now: Int64) async throws -> Int64 {
        try await usage.flush(to: store)
        return try await store.callsLastDay(of: clientID, now: now)
    }
}

/// The window of a usage report, as a query names it.
enum UsageWindow {
    static let usual = 30

    /// - Throws: `InvalidInput` where it is no number of days that are kept.
    static func days(_ exchange: Exchange) throws -> Int {
        let range = 1...ClientUsage.longest
        let problem = InvalidInput("days should be a whole number from \(range.lowerBound) to \(range.upperBound), once.")
        let text: String?
        do { text = try exchange.queryParameters().value("days") } catch is Parameters.Duplicate { throw problem }
        guard let text else { return usual }
        guard let days = Int(text), range.contains(days) else { throw problem }
        return days
    }
}
