import HTTPTypes
import Hummingbird
import NIOCore
import OAuth

/// The documents that programs read first: both forms of metadata, the keys, the protected resource.
struct MetadataEndpoint: Sendable {
    let deployment: Deployment
    private let document: [UInt8]
    private let resource: [UInt8]

    init(deployment: Deployment) {
        self.deployment = deployment
        let settings = deployment.settings
        document = ServerMetadata(issuer: settings.issuer).bytes
        resource =
            JSON.object([
                "resource": .string(settings.resource), "authorization_servers": [.string(settings.issuer.description)],
                "bearer_methods_supported": ["header"], "resource_name": .string(settings.platformName),
            ]).bytes
    }

    /// RFC 8414 §3 and OpenID Connect Discovery §4: one document serves both.
    func metadata(_ exchange: Exchange) -> Answer { cacheable(document) }

    /// RFC 7517 §5.
    func keys(_ exchange: Exchange) -> Answer { cacheable(deployment.keys.signing.jwks) }

    /// RFC 9728 §3.2: what a 401 or 403 of `/verify` points at.
    func protectedResource(_ exchange: Exchange) -> Answer { cacheable(resource) }

    private func cacheable(_ body: [UInt8]) -> Answer {
        Answer(
            .ok, headers: [.cacheControl: "public, max-age=\(KeyRings.publishedAge)", .contentType: "application/json"],
            body: ByteBuffer(bytes: body))
    }
}
