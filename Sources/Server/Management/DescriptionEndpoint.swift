import HTTPTypes
import Hummingbird
import OAuth

/// `GET /openapi.json`: what the management API is, for programs that read such descriptions. Its bytes are made once.
struct DescriptionEndpoint: Sendable {
    private let document: [UInt8]

    init(deployment: Deployment) {
        document = APIDescription.document(url: deployment.url("/api/v4"), platform: deployment.settings.platformName).bytes
    }

    func get(_ exchange: Exchange) async throws -> Response {
        .bytes(.ok, document, type: "application/json", headers: [.cacheControl: "public, max-age=300"])
    }
}
