import Delegation
import OAuth

/// Turns a client's form, and what is wrong with it, into fields and choices.
struct ClientFormView {
    let form: ClientForm
    let wrongs: FormWrongs
    let catalogue: Catalogue

    /// Scopes are spread out where there are few, and searched where there are many.
    private static let manyScopes = 12

    func nameAndAddresses(_ kind: ClientKind) -> [FormField] {
        [
            field("client_name", "Name", "People see it on the consent page."),
            list(
                "redirect_uris", "Redirect URIs", "Where people return to after consent. One a line, compared character by character.",
                example: kind.exampleRedirectURI),
        ]
    }

    var links: [FormField] {
        [
            field(
                "client_uri", "Your website", "Its host can be proven as yours, under Visibility. After that the host stays.",
                example: "https://app.example.com/"),
            field("logo_uri", "Logo", "An https URL of a picture.", example: "https://app.example.com/logo.png"),
            field("policy_uri", "Privacy policy", nil, example: "https://app.example.com/privacy"),
            field("tos_uri", "Terms of service", nil, example: "https://app.example.com/terms"),
        ]
    }

    var signOut: [FormField] {
        [
            list(
                "post_logout_redirect_uris", "After signing out", "Where people may return to after they sign out here. One URI a line.",
                example: "https://app.example.com/goodbye"),
            list(
                "allowed_cors_origins", "Origins of your scripts", "The origins whose scripts are yours. One a line.",
                example: "https://app.example.com"),
        ]
    }

    var methods: [FormChoice] {
        [
            (Client.AuthenticationMethod.basic, "Secret, in the Authorization header (client_secret_basic)"),
            (.post, "Secret, in the form (client_secret_post)"), (.privateKeyJWT, "A signature by its own key (private_key_jwt)"),
            (.none, "No secret, PKCE alone (none)"),
        ].map { method, name in
            FormChoice(value: method.rawValue, name: name, isChosen: form.text("token_endpoint_auth_method") == method.rawValue)
        }
    }

    var keys: [FormField] {
        var field = list(
            "jwks", "Public keys", "A JWK Set, for a client that proves itself by its own key. Never the private half.",
            example: #"{"keys": [{"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}]}"#)
        field.rows = 4
        return [field]
    }

    var algorithms: [FormChoice] {
        SigningAlgorithm.allCases.map {
            FormChoice(value: $0.rawValue, name: $0.rawValue, isChosen: form.text("id_token_signed_response_alg") == $0.rawValue)
        }
    }

    var picker: ScopePicker {
        let isShort = catalogue.scopes.count <= Self.manyScopes
        var groups = catalogue.categories.compactMap { category in
            group(category, catalogue.scopes.filter { $0.category == category }, isShort: isShort)
        }
        let others = form.uses.keys.sorted().filter { catalogue.scope($0) == nil }.map {
            ScopeEntry(label: $0, name: $0, description: "The API's catalogue does not have it.", category: "", risk: .read, operations: [])
        }
        if let group = group("Others", others, isShort: true) { groups.append(group) }
        return ScopePicker(groups: groups, hasSearch: !isShort, pickWrongs: wrongs.of("scopes"))
    }

    private func group(_ name: String, _ scopes: [ScopeEntry], isShort: Bool) -> ScopePicker.Group? {
        if scopes.isEmpty { return nil }
        let picks = scopes.map(pick)
        let used = picks.count { $0.isRequired || $0.isOptional }
        return ScopePicker.Group(
            category: name, isOpen: isShort || used > 0 || picks.contains { !$0.wrongs.isEmpty },
            count: "\(used) of \(picks.count) used", picks: picks)
    }

    private func pick(_ scope: ScopeEntry) -> ScopePicker.Pick {
        let mark = ConsentView.mark(scope.risk)
        return ScopePicker.Pick(
            label: scope.label, scopeName: scope.name, detail: scope.description, riskWord: mark.word, riskLook: mark.look,
            searchText: "\(scope.label) \(scope.name) \(scope.description)".lowercased(),
            isRequired: form.uses[scope.label] == "required", isOptional: form.uses[scope.label] == "optional",
            purpose: form.purposes[scope.label] ?? "", wrongs: wrongs.of("purpose_" + scope.label))
    }

    private func field(_ name: String, _ label: String, _ hint: String?, example: String = "") -> FormField {
        FormField(
            name: name, label: label, fieldHint: hint, value: form.text(name), example: example, wrongs: wrongs.of(name),
            isWrong: !wrongs.of(name).isEmpty)
    }

    private func list(_ name: String, _ label: String, _ hint: String, example: String) -> FormField {
        var field = field(name, label, hint, example: example)
        field.isLong = true
        field.rows = max(2, min(form.lines(name).count + 1, 10))
        return field
    }
}
