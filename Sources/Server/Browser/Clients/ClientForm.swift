import Delegation
import OAuth

/// A client's registration as it stands in a form, right or wrong: what was typed is kept until it is right.
struct ClientForm {
    /// By the names of the management API.
    private var texts: [String: String] = [:]
    /// `required` or `optional`, by label.
    private(set) var uses: [String: String] = [:]
    private(set) var purposes: [String: String] = [:]
    var signsIn: Bool
    var staysConnected: Bool

    private static let single = [
        "client_name", "client_uri", "logo_uri", "policy_uri", "tos_uri", "token_endpoint_auth_method", "id_token_signed_response_alg",
        "jwks",
    ]
    private static let lists = ["redirect_uris", "post_logout_redirect_uris", "allowed_cors_origins"]

    /// A form for a new client.
    init(_ kind: ClientKind) {
        signsIn = kind.responseTypes.contains(.idToken)
        staysConnected = true
    }

    init(_ client: Client) {
        texts = [
            "client_name": client.name, "client_uri": client.clientURI ?? "", "logo_uri": client.logoURI ?? "",
            "policy_uri": client.policyURI ?? "", "tos_uri": client.tosURI ?? "",
            "token_endpoint_auth_method": client.authenticationMethod.rawValue, "jwks": client.keys?.json.text ?? "",
            "id_token_signed_response_alg": client.idTokenAlgorithm.rawValue,
            "redirect_uris": client.redirectURIs.joined(separator: "\n"),
            "post_logout_redirect_uris": client.postLogoutRedirectURIs.joined(separator: "\n"),
            "allowed_cors_origins": client.allowedCORSOrigins.joined(separator: "\n"),
        ]
        for label in client.scopes.labels { uses[label] = client.optionalScopes.contains(label) ? "optional" : "required" }
        purposes = client.purposes
        signsIn = client.responseTypes.contains(.idToken)
        staysConnected = client.issuesRefreshTokens
    }

    init(_ form: Parameters) {
        for name in Self.single + Self.lists { texts[name] = (try? form.value(name)) ?? "" }
        for field in form.fields where !field.value.isEmpty {
            if field.name.hasPrefix("use_") { uses[String(field.name.dropFirst(4))] = field.value }
            if field.name.hasPrefix("purpose_") { purposes[String(field.name.dropFirst(8))] = field.value }
        }
        signsIn = (try? form.value("signs_in")) == "1"
        staysConnected = (try? form.value("stays_connected")) == "1"
    }

    func text(_ name: String) -> String { texts[name] ?? "" }

    /// One entry a line; empty lines are none.
    func lines(_ name: String) -> [String] {
        text(name).split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    /// What the form of a new client asks for.
    func registration(_ kind: ClientKind) -> ClientRegistration {
        var asked = ClientRegistration()
        asked.name = text("client_name")
        asked.redirectURIs = lines("redirect_uris")
        asked.authenticationMethod = kind.authenticationMethod.rawValue
        asked.grantTypes = kind.grantTypes.map(\.rawValue)
        asked.responseTypes = kind.responseTypes.map(\.rawValue)
        setScopes(&asked)
        return asked
    }

    /// What the form of a registered one asks for: every member but the visibility.
    /// - Parameter client: as it is; its URL is left out where it stays, since to send it again begins its proof anew.
    func registration(changing client: Client) -> ClientRegistration {
        var asked = ClientRegistration()
        asked.name = text("client_name")
        asked.redirectURIs = lines("redirect_uris")
        asked.postLogoutRedirectURIs = lines("post_logout_redirect_uris")
        asked.allowedCORSOrigins = lines("allowed_cors_origins")
        let uri = text("client_uri").trimmed
        if uri != client.clientURI ?? "" { asked.clientURI = uri }
        asked.logoURI = text("logo_uri").trimmed
        asked.policyURI = text("policy_uri").trimmed
        asked.tosURI = text("tos_uri").trimmed
        asked.authenticationMethod = text("token_endpoint_auth_method")
        asked.idTokenAlgorithm = text("id_token_signed_response_alg")
        setKeys(&asked)
        asked.grantTypes = staysConnected ? ["authorization_code", "refresh_token"] : ["authorization_code"]
        asked.responseTypes = signsIn ? ["code", "id_token"] : ["code"]
        setScopes(&asked)
        return asked
    }

    /// What stands in the field counts for the method that uses keys alone.
    private func setKeys(_ asked: inout ClientRegistration) {
        guard asked.authenticationMethod == Client.AuthenticationMethod.privateKeyJWT.rawValue else { return }
        let keys = text("jwks").trimmed
        do {
            asked.keys = keys.isEmpty ? .null : try JSON(parsing: keys)
        } catch {
            asked.unreadable.append(.init(pointer: "/jwks", text: "The keys are no JSON: \(error)."))
        }
    }

    private func setScopes(_ asked: inout ClientRegistration) {
        let used = uses.keys.sorted()
        asked.scopes = used
        asked.optionalScopes = used.filter { uses[$0] == "optional" }
        // What is not used needs no purpose, though one was typed.
        asked.purposes = purposes.filter { uses[$0.key] != nil }
    }
}

/// What is wrong with a form, by the field that shows it.
struct FormWrongs {
    private var byField: [String: [String]] = [:]

    /// - Parameter problems: of a registration that the form asked for.
    init(_ problems: [ClientRegistration.Problem] = [], in form: ClientForm) {
        for problem in problems {
            let parts = problem.pointer.split(separator: "/", maxSplits: 1).map(String.init)
            guard let member = parts.first else { continue }
            switch member {
            case "redirect_uris", "post_logout_redirect_uris", "allowed_cors_origins":
                let lines = form.lines(member)
                let index = parts.last.flatMap { Int($0) }
                if let index, lines.indices.contains(index) {
                    byField[member, default: []].append("“\(lines[index].prefix(80))”: \(problem.text)")
                } else {
                    byField[member, default: []].append(problem.text)
                }
            case "optional_scopes": byField["scopes", default: []].append(problem.text)
            case "purposes":
                let label = (parts.last ?? "").replacing("~1", with: "/").replacing("~0", with: "~")
                byField["purpose_" + label, default: []].append(problem.text)
            default: byField[member, default: []].append(problem.text)
            }
        }
    }

    var isEmpty: Bool { byField.isEmpty }

    func of(_ field: String) -> [String] { byField[field] ?? [] }

    /// For the script that asks while somebody types.
    var json: JSON {
        var object = JSONObject()
        for (field, texts) in byField.sorted(by: { $0.key < $1.key }) { object[field] = JSON(texts) }
        return .object(object)
    }
}
