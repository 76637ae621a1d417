/// What the server says of itself (RFC 8414 §2, OpenID Connect Discovery §3). One document serves both forms.
public struct ServerMetadata: Sendable {
    public let issuer: Issuer
    /// The scopes of the API to list besides those of the protocol.
    public let scopes: ScopeSet

    public init(issuer: Issuer, scopes: ScopeSet = []) {
        self.issuer = issuer
        self.scopes = scopes
    }

    public var json: JSON {
        var document: JSONObject = ["issuer": .string(issuer.description)]
        for (name, path) in Self.endpoints { document[name] = .string(issuer.url(path)) }
        document["scopes_supported"] = JSON(scopes.union(ScopeSet.protocolScopes).labels)
        document["response_types_supported"] = ["code"]
        document["response_modes_supported"] = ["query"]
        document["grant_types_supported"] = JSON(Client.GrantType.allCases.map(\.rawValue))
        document["code_challenge_methods_supported"] = [.string(CodeChallenge.method)]
        document["token_endpoint_auth_methods_supported"] = JSON(Client.AuthenticationMethod.allCases.map(\.rawValue))
        document["revocation_endpoint_auth_methods_supported"] = JSON(Client.AuthenticationMethod.allCases.map(\.rawValue))
        // Introspection is for those who can prove who they are.
        let proving: [Client.AuthenticationMethod] = [.basic, .post, .privateKeyJWT]
        document["introspection_endpoint_auth_methods_supported"] = JSON(proving.map(\.rawValue))
        for endpoint in ["token", "revocation", "introspection"] {
            document[endpoint + "_endpoint_auth_signing_alg_values_supported"] = JSON(SigningAlgorithm.allCases.map(\.rawValue))
        }
        // RFC 9207 §3.
        document["authorization_response_iss_parameter_supported"] = true
        document["subject_types_supported"] = ["public"]
        document["id_token_signing_alg_values_supported"] = JSON(SigningAlgorithm.allCases.map(\.rawValue))
        document["claim_types_supported"] = ["normal"]
        document["claims_supported"] = JSON(IDToken.claimNames)
        document["prompt_values_supported"] = JSON(AuthorizationRequest.Prompt.allCases.map(\.rawValue))
        document["claims_parameter_supported"] = false
        document["request_parameter_supported"] = false
        document["request_uri_parameter_supported"] = false
        return .object(document)
    }

    public var bytes: [UInt8] { json.bytes }

    /// Every endpoint under the name of its member, with its path behind the issuer.
    public static let endpoints: [(name: String, path: String)] = [
        ("authorization_endpoint", "/oauth2/auth"), ("token_endpoint", "/oauth2/token"), ("revocation_endpoint", "/oauth2/revoke"),
        ("introspection_endpoint", "/oauth2/introspect"), ("userinfo_endpoint", "/oauth2/userinfo"),
        ("end_session_endpoint", "/oauth2/logout"), ("jwks_uri", "/.well-known/jwks.json"),
    ]
}
