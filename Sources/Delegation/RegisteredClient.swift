import OAuth

/// One of a client's secrets, without the secret.
public struct ClientSecret: Sendable, Equatable {
    public let id: Identifier
    /// Epoch seconds, here and below.
    public let createdAt: Int64
    public let lastUsedAt: Int64?

    public init(id: Identifier, createdAt: Int64, lastUsedAt: Int64?) {
        self.id = id
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// A client as the account that owns it sees it.
public struct RegisteredClient: Sendable, Equatable {
    public var client: Client
    /// The oldest first; at most two.
    public var secrets: [ClientSecret]
    /// Whether its publisher holds the host of its URL; nil where it has none to prove.
    public var proof: HostProof?

    public init(client: Client, secrets: [ClientSecret], proof: HostProof?) {
        self.client = client
        self.secrets = secrets
        self.proof = proof
    }

    /// Whether an older secret works beside the newest one.
    public var hasRotatedSecret: Bool { secrets.count > 1 }

    /// What keeps it from being public, by the member that has to change.
    public var missingForPublic: [ClientRegistration.Problem] { ClientRegistrationCheck.missingForPublic(client, proof) }

    /// As the management API answers.
    public var json: JSONObject {
        let client = client
        var json: JSONObject = ["client_id": .string(client.id.description)]
        for (name, value) in client.registration.members { json[name] = value }
        json["client_uri_verification"] = proof.map { .object($0.verification) } ?? .null
        json["has_rotated_secret"] = .bool(hasRotatedSecret)
        json["created_at"] = .string(Timestamp.text(client.createdAt))
        json["updated_at"] = .string(Timestamp.text(client.updatedAt))
        json["promoted_at"] = JSON(client.promotedAt.map(Timestamp.text))
        json["frozen_at"] = JSON(client.frozenAt.map(Timestamp.text))
        json["status"] = .string(client.status == .suspended ? "suspended" : client.isFrozen ? "frozen" : "active")
        json["secrets"] = .array(
            secrets.map { secret in
                [
                    "id": .string(secret.id.description), "created_at": .string(Timestamp.text(secret.createdAt)),
                    "last_used_at": JSON(secret.lastUsedAt.map(Timestamp.text)),
                ]
            })
        return json
    }
}

extension HostProof {
    /// `text` is what users of the SDKs are told that it is: the exact value of the TXT record. What DNS has is in `detail`.
    fileprivate var verification: JSONObject {
        [
            "status": .string(status.rawValue), "text": .string(value), "host": .string(host.name), "detail": .string(text),
            "checked_at": JSON(checkedAt.map(Timestamp.text)), "next_check_at": JSON(nextCheckAt.map(Timestamp.text)),
        ]
    }
}

extension Client {
    /// What its owner registered, under the names of RFC 7591 §2; what an event says of a change is taken from it.
    public var registration: JSONObject {
        [
            "client_name": .string(name), "visibility": .string(visibility.rawValue), "client_uri": JSON(clientURI),
            "logo_uri": JSON(logoURI), "policy_uri": JSON(policyURI), "tos_uri": JSON(tosURI), "redirect_uris": JSON(redirectURIs),
            "post_logout_redirect_uris": JSON(postLogoutRedirectURIs), "allowed_cors_origins": JSON(allowedCORSOrigins),
            "grant_types": JSON(grantTypes.map(\.rawValue)), "response_types": JSON(responseTypes.map(\.rawValue)),
            "scopes": JSON(registeredScopes.labels), "optional_scopes": JSON(optionalScopes.labels), "purposes": purposesJSON,
            "token_endpoint_auth_method": .string(authenticationMethod.rawValue),
            "id_token_signed_response_alg": .string(idTokenAlgorithm.rawValue), "jwks": keys?.json ?? .null,
        ]
    }

    /// The members that differ, as they were and as they are.
    public func difference(to other: Client) -> (before: JSONObject, after: JSONObject) {
        var (before, after): (JSONObject, JSONObject) = ([:], [:])
        let new = other.registration
        for (name, value) in registration.members where new[name] != value {
            before[name] = value
            after[name] = new[name]
        }
        return (before, after)
    }

    public var purposesJSON: JSON {
        var object = JSONObject()
        for (label, text) in purposes.sorted(by: { $0.key < $1.key }) { object[label] = .string(text) }
        return .object(object)
    }
}
