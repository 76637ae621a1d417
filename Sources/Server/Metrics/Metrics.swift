import NIOCore
import OAuth
import Storage

/// What is counted while the server runs. Counting takes no lock and allocates nothing, and can be done from anywhere; what the
/// numbers are called is for `MetricsEndpoint` to say.
final class Metrics: Sendable {
    private static let outcomes = MeteredOutcome.allCases.count

    /// By endpoint, then by outcome.
    private let requests = (0..<MeteredEndpoint.allCases.count * outcomes).map { _ in DurationHistogram() }
    private let tokens = Client.GrantType.allCases.map { _ in Count() }
    /// Refresh tokens that were used after their successor or their window, which ended their family.
    let reuseDetected = Count()
    /// Refresh tokens that were answered with the same successor again.
    let graceReplays = Count()
    /// Rows of the outbox that this process has written.
    let events = Count()
    let openPublicConnections = Count()
    let openInternalConnections = Count()
    /// As they were looked at last.
    let sweepBacklog = Count()
    let deliveriesWaiting = Count()
    /// The end of the public listener's certificate, in epoch seconds; 0 where it has none.
    let certificateExpiresAt = Count()

    /// One request that was answered.
    /// - Parameter began: when its whole body was there; how long a caller takes to send it says nothing about this server.
    func answered(_ endpoint: MeteredEndpoint, status: Int, since began: NIODeadline) {
        let outcome = MeteredOutcome(status: status)
        let nanoseconds = (NIODeadline.now() - began).nanoseconds
        requests[endpoint.rawValue * Self.outcomes + outcome.rawValue].record(nanoseconds: Int(nanoseconds))
    }

    func issued(_ grant: Client.GrantType) {
        if let index = Client.GrantType.allCases.firstIndex(of: grant) { tokens[index].add() }
    }

    // MARK: Reading

    func durations(_ endpoint: MeteredEndpoint, _ outcome: MeteredOutcome) -> DurationHistogram {
        requests[endpoint.rawValue * Self.outcomes + outcome.rawValue]
    }

    var tokensIssued: [(grant: Client.GrantType, count: Int)] { zip(Client.GrantType.allCases, tokens).map { ($0, $1.value) } }
}
