import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/health/alive`: the process answers. `/health/ready`: it can also read its database.
struct Health: Sendable {
    let deployment: Deployment

    func alive(_ exchange: Exchange) async throws -> Response { .json(.ok, Self.aliveBody) }

    func ready(_ exchange: Exchange) async throws -> Response {
        _ = try await deployment.store.latestSequence()
        return .json(.ok, ["status": "ready"])
    }

    private static let aliveBody = [UInt8](#"{"status":"alive"}"#.utf8)
}
