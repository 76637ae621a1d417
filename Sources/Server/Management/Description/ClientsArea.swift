import Delegation
import HTTPTypes
import OAuth

extension APIArea {
    /// `/accounts/{account_id}/oauth_clients`.
    static let clients = APIArea(
        name: "OAuth clients", description: "The OAuth clients that an account owns.",
        schemas: ["Client": client, "ClientChange": .object([:], optional: registration)],
        operations: [
            APIOperation(
                method: .get, path: "/accounts/{account_id}/oauth_clients", id: "listClients", summary: "List OAuth clients",
                access: .account(.viewClients), query: [.page, .perPage()], result: .page(of: .named("Client"))),
            APIOperation(
                method: .post, path: "/accounts/{account_id}/oauth_clients", id: "createClient", summary: "Create an OAuth client",
                details: "It is private at first. Its secret is shown in this answer and never again.",
                access: .account(.manageClients), body: newClient,
                result: .one(.named("Client").and(.object([:], optional: ["client_secret": .string])))),
            APIOperation(
                method: .get, path: one, id: "getClient", summary: "Read an OAuth client", access: .account(.viewClients),
                result: .one(.named("Client"))),
            APIOperation(
                method: .patch, path: one, id: "updateClient", summary: "Change an OAuth client",
                details: "What is not sent stays as it is.", access: .account(.manageClients), body: .named("ClientChange"),
                result: .one(.named("Client"))),
            APIOperation(
                method: .delete, path: one, id: "deleteClient", summary: "Delete an OAuth client",
                details: "Every authorization of it ends at once.", access: .account(.manageClients), result: .one(named)),
            APIOperation(
                method: .post, path: one + "/rotate_secret", id: "rotateClientSecret", summary: "Give a client a second secret",
                details: "The older one goes on working until it is deleted. A third is refused until then.",
                access: .account(.manageClients), result: .one(.object(["client_secret": .string])), errors: [400]),
            APIOperation(
                method: .delete, path: one + "/rotate_secret", id: "deleteRotatedClientSecret", summary: "Delete the older of two secrets",
                access: .account(.manageClients), result: .one(named), errors: [400]),
            APIOperation(
                method: .post, path: one + "/freeze", id: "freezeClient", summary: "Have a client stand still",
                details: "Every use of it is refused, everywhere and at once, until it is thawed.", access: .account(.manageClients),
                result: .one(.named("Client"))),
            APIOperation(
                method: .post, path: one + "/thaw", id: "thawClient", summary: "Let a frozen client go on",
                access: .account(.manageClients), result: .one(.named("Client"))),
            APIOperation(
                method: .post, path: one + "/check_host", id: "checkClientHost", summary: "Look for the proof of the client's host now",
                access: .account(.manageClients), result: .one(.named("Client")), errors: [400, 429]),
            APIOperation(
                method: .get, path: one + "/consequences", id: "getClientConsequences",
                summary: "Count who would feel that the client is deleted, frozen or private again", access: .account(.viewClients),
                result: .one(
                    .object(["delete": reach, "freeze": reach, "private": reach, "calls_last_day": Schema.count.orNull]))),
        ])

    private static let one = "/accounts/{account_id}/oauth_clients/{client_id}"

    /// What a DELETE answers.
    static let named = Schema.object(["id": .identifier])

    // MARK: What is sent

    private static let uri = Schema.string.with("maxLength", .integer(Int64(RedirectURI.maximumLength)))
    private static let labels = Schema.list(of: .string, 0...1000)
    private static let page = uri.orNull.described("Null or empty: none.")

    /// Null counts as not sent.
    private static let name = Schema.string(1...DisplayName.maximumLength).orNull
    private static let method = Schema.one(of: Client.AuthenticationMethod.self).orNull
    /// Members of a key that nothing here uses may be sent; they are not kept.
    private static let keySet = Schema.object(["keys": .list(of: .anyObject, 1...ClientKeySet.mostKeys)])
        .described(
            "The public keys (RFC 7517 §5) of `private_key_jwt`, in at most \(ClientKeySet.longest / 1024) KiB. `jwks_uri` is not supported."
        )
    private static let grantTypes = Schema.list(of: .one(of: Client.GrantType.self), 1...1000)
        .containing(Client.GrantType.authorizationCode.rawValue)
    private static let responseTypes = Schema.list(of: .one(of: Client.ResponseType.self), 1...1000)
        .containing(Client.ResponseType.code.rawValue)
    private static let addresses = Schema.list(of: uri, 0...ClientRegistration.longestList).orNull

    private static let registration: KeyValuePairs<String, Schema> = [
        "client_name": name, "grant_types": grantTypes.orNull,
        "redirect_uris": Schema.list(of: uri, 1...ClientRegistration.longestList).orNull,
        "response_types": responseTypes.orNull, "scopes": labels.orNull, "token_endpoint_auth_method": method,
        "visibility": Schema.one(of: Client.Visibility.self).orNull.described("`public` takes a logo and a URL whose host is proven."),
        "optional_scopes": labels.orNull.described("Among `scopes`; whoever authorizes may leave them out."),
        "post_logout_redirect_uris": addresses, "allowed_cors_origins": addresses,
        "purposes": Schema.map(to: .string).orNull.described("By scope, what it is for: the consent page shows it."),
        "client_uri": page, "logo_uri": page, "policy_uri": page, "tos_uri": page,
        "id_token_signed_response_alg": Schema.one(of: SigningAlgorithm.self).orNull, "jwks": keySet.orNull,
    ]

    private static let newClient = Schema.object(
        [
            "client_name": Schema.string(1...DisplayName.maximumLength).example("Zone Painter"),
            "grant_types": grantTypes.example(["authorization_code", "refresh_token"]),
            "redirect_uris": .list(of: uri, 1...ClientRegistration.longestList).example(["https://painter.example/callback"]),
            "response_types": responseTypes.example(["code"]),
            "scopes": labels.described("As `/oauth/scopes` lists them."),
            "token_endpoint_auth_method": .one(of: Client.AuthenticationMethod.self).described(
                "`none` for what cannot keep a secret; `private_key_jwt` takes `jwks`."),
        ],
        optional: [
            "visibility": Schema.one(of: [Client.Visibility.private.rawValue]).orNull, "optional_scopes": labels.orNull,
            "post_logout_redirect_uris": addresses, "allowed_cors_origins": addresses, "purposes": Schema.map(to: .string).orNull,
            "client_uri": page, "logo_uri": page, "policy_uri": page, "tos_uri": page,
            "id_token_signed_response_alg": Schema.one(of: SigningAlgorithm.self).orNull, "jwks": keySet.orNull,
        ])

    // MARK: What is answered

    private static let reach = Schema.object([
        "users": .count, "accounts": .count, "authorizations": .count, "installations": .count,
    ])

    private static let strings = Schema.list(of: .string)

    private static let client = Schema.object([
        "client_id": .identifier, "client_name": .string, "visibility": .one(of: Client.Visibility.self), "client_uri": .string.orNull,
        "logo_uri": .string.orNull, "policy_uri": .string.orNull, "tos_uri": .string.orNull, "redirect_uris": strings,
        "post_logout_redirect_uris": strings, "allowed_cors_origins": strings, "grant_types": .list(of: .one(of: Client.GrantType.self)),
        "response_types": .list(of: .one(of: Client.ResponseType.self)), "scopes": strings, "optional_scopes": strings,
        "purposes": .map(to: .string), "token_endpoint_auth_method": .one(of: Client.AuthenticationMethod.self),
        "id_token_signed_response_alg": .one(of: SigningAlgorithm.self), "client_uri_verification": verification.orNull,
        "has_rotated_secret": .boolean, "created_at": .time, "updated_at": .time, "promoted_at": .time.orNull, "frozen_at": .time.orNull,
        "jwks": keySet.orNull, "status": .one(of: ["active", "frozen", "suspended"]),
        "secrets": .list(of: .object(["id": .identifier, "created_at": .time, "last_used_at": .time.orNull])),
    ])

    private static let verification = Schema.object([
        "status": .one(of: HostProof.Status.self), "text": .string.described("The value of the TXT record."), "host": .string,
        "detail": .string.described("What was found in DNS, in plain words."), "checked_at": .time.orNull, "next_check_at": .time.orNull,
    ])
}
