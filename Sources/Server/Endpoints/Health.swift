import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/health/alive`: the process answers. `/health/ready`: it should be sent requests.
struct Health: Sendable {
    let deployment: Deployment

    /// Seconds without word from the database. The outbox is read several times a second, so this asks nothing itself and is never
    /// kept waiting.
    private static let silence = 5.0

    func alive(_ exchange: Exchange) async throws -> Response { .json(.ok, Self.aliveBody) }

    func ready(_ exchange: Exchange) async throws -> Response {
        let reasons = reasons(now: exchange.now)
        if reasons.isEmpty { return .json(.ok, ["status": "ready"]) }
        return .json(.serviceUnavailable, ["status": "not_ready", "reasons": JSON(reasons)], headers: [.retryAfter: "2"])
    }

    /// Why requests are better sent elsewhere, in words that a program can tell apart.
    private func reasons(now: Int64) -> [String] {
        var reasons: [String] = []
        if deployment.state.isStopping { reasons.append("stopping") }
        if deployment.tail.lag > Self.silence { reasons.append("database") }
        if !deployment.tail.isFollowing { reasons.append("outbox") }
        let purposes = deployment.keys.newest(at: now)
        if purposes[.mac] == nil || purposes[.sign] == nil { reasons.append("keys") }
        return reasons
    }

    private static let aliveBody = [UInt8](#"{"status":"alive"}"#.utf8)
}
