import OAuth

/// Goes through a registration member by member, and notes everything that is wrong.
struct ClientRegistrationCheck {
    private let asked: ClientRegistration
    private let before: Client
    private let catalogue: Catalogue
    private var client: Client
    private var problems: [ClientRegistration.Problem]

    init(_ asked: ClientRegistration, of client: Client, catalogue: Catalogue) {
        self.asked = asked
        self.catalogue = catalogue
        before = client
        self.client = client
        problems = asked.unreadable
    }

    func result() throws(ClientRegistration.Problems) -> Client {
        if !problems.isEmpty { throw ClientRegistration.Problems(all: problems) }
        return client
    }

    mutating func reject(_ pointer: String, _ text: String) {
        problems.append(ClientRegistration.Problem(pointer: pointer, text: text))
    }

    /// What a new client cannot do without.
    mutating func requireMembers() {
        let isSent: [(name: String, Bool)] = [
            ("client_name", asked.name != nil), ("grant_types", asked.grantTypes != nil), ("redirect_uris", asked.redirectURIs != nil),
            ("response_types", asked.responseTypes != nil), ("scopes", asked.scopes != nil),
            ("token_endpoint_auth_method", asked.authenticationMethod != nil),
        ]
        for (name, isSent) in isSent where !isSent && !asked.unreadable.contains(where: { $0.pointer == "/" + name }) {
            reject("/" + name, "\(name) is missing.")
        }
    }

    /// Every member, in the order in which one depends on another: what a redirect URI may be depends on the method.
    mutating func requireAll() {
        setName()
        setAuthenticationMethod()
        setKeys()
        setGrantTypes()
        setResponseTypes()
        setRedirectURIs()
        setOrigins()
        setScopes()
        setPurposes()
        setPages()
        setAlgorithm()
    }

    // MARK: Who it is

    private mutating func setName() {
        guard let name = asked.name else { return }
        do { client.name = try DisplayName.checked(name) } catch { reject("/client_name", error.description) }
    }

    /// RFC 6749 §2.1, RFC 7636: what cannot keep a secret has none, and proves itself by PKCE.
    private mutating func setAuthenticationMethod() {
        if let name = asked.authenticationMethod {
            if let method = Client.AuthenticationMethod(rawValue: name) {
                client.authenticationMethod = method
            } else {
                let known = Client.AuthenticationMethod.allCases.map(\.rawValue)
                reject("/token_endpoint_auth_method", "token_endpoint_auth_method should be one of \(Self.list(known)).")
            }
        }
        if client.isPublicClient { client.requiresPKCE = true }
    }

    /// RFC 7523: public keys alone, and for the method that uses them.
    private mutating func setKeys() {
        guard client.authenticationMethod == .privateKeyJWT else {
            client.keys = nil
            if let keys = asked.keys, keys != .null {
                reject("/jwks", "jwks goes with the token_endpoint_auth_method private_key_jwt alone.")
            }
            return
        }
        if let keys = asked.keys {
            client.keys = nil
            if keys != .null {
                do { client.keys = try ClientKeySet(keys) } catch { return reject("/jwks" + error.pointer, error.text) }
            }
        }
        if client.keys == nil { reject("/jwks", "private_key_jwt takes jwks: the public keys that the client signs with.") }
    }

    private mutating func setGrantTypes() {
        guard let names = asked.grantTypes else { return }
        client.grantTypes = known(names, "/grant_types", Client.GrantType.self)
        if !names.contains(Client.GrantType.authorizationCode.rawValue) {
            reject("/grant_types", "grant_types should have authorization_code; refresh_token may stand beside it.")
        }
    }

    /// RFC 9700 §2.1.2: no token comes through the browser.
    private mutating func setResponseTypes() {
        guard let names = asked.responseTypes else { return }
        client.responseTypes = known(names, "/response_types", Client.ResponseType.self)
        if !names.contains(Client.ResponseType.code.rawValue) {
            reject("/response_types", "response_types should have code; id_token may stand beside it.")
        }
    }

    /// The cases that a list names, each once, in the order of their declaration.
    private mutating func known<Case: RawRepresentable & CaseIterable & Equatable>(
        _ names: [String], _ pointer: String, _ type: Case.Type
    ) -> [Case] where Case.RawValue == String {
        var found: [Case] = []
        for (index, name) in names.enumerated() {
            if let value = Case(rawValue: name) {
                found.append(value)
            } else {
                reject("\(pointer)/\(index)", "It should be one of \(Self.list(Case.allCases.map(\.rawValue))).")
            }
        }
        return Case.allCases.filter(found.contains)
    }

    // MARK: Where it is

    private mutating func setRedirectURIs() {
        if let uris = asked.redirectURIs { client.redirectURIs = each(uris, "/redirect_uris") }
        if let uris = asked.postLogoutRedirectURIs { client.postLogoutRedirectURIs = each(uris, "/post_logout_redirect_uris") }
        // Those that were not sent are judged too: another method may rule them out.
        requireRegistrable(asked.redirectURIs ?? client.redirectURIs, "/redirect_uris")
        requireRegistrable(asked.postLogoutRedirectURIs ?? client.postLogoutRedirectURIs, "/post_logout_redirect_uris")
        if asked.redirectURIs?.isEmpty == true { reject("/redirect_uris", "At least one redirect URI is needed.") }
    }

    private mutating func requireRegistrable(_ uris: [String], _ pointer: String) {
        for (index, uri) in uris.enumerated() {
            do {
                try RedirectURI.requireRegistrable(uri, isNative: client.isPublicClient)
            } catch {
                reject("\(pointer)/\(index)", error.description)
            }
        }
    }

    private mutating func setOrigins() {
        guard let origins = asked.allowedCORSOrigins else { return }
        client.allowedCORSOrigins = each(origins, "/allowed_cors_origins")
        for (index, origin) in origins.enumerated() {
            do { try WebAddress.requireOrigin(origin) } catch { reject("/allowed_cors_origins/\(index)", error.description) }
        }
    }

    private mutating func setPages() {
        setPage(asked.logoURI, \.logoURI, "/logo_uri")
        setPage(asked.policyURI, \.policyURI, "/policy_uri")
        setPage(asked.tosURI, \.tosURI, "/tos_uri")
        // Its host is judged by the proof.
        if let uri = asked.clientURI { client.clientURI = uri.isEmpty ? nil : uri }
        if let uri = client.clientURI, uri.utf8.count > RedirectURI.maximumLength {
            reject("/client_uri", WebAddress.Problem.tooLong.description)
        }
    }

    private mutating func setPage(_ uri: String?, _ member: WritableKeyPath<Client, String?>, _ pointer: String) {
        guard let uri else { return }
        client[keyPath: member] = uri.isEmpty ? nil : uri
        if uri.isEmpty { return }
        do { try WebAddress.requirePage(uri) } catch { reject(pointer, error.description) }
    }

    /// A list without repetitions.
    private mutating func each(_ texts: [String], _ pointer: String) -> [String] {
        if texts.count > ClientRegistration.longestList { reject(pointer, "At most \(ClientRegistration.longestList) are allowed.") }
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }

    // MARK: What it may ask for

    /// `openid` and `offline_access` follow from response and grant types, so they are taken out wherever they are named.
    private mutating func setScopes() {
        if let labels = asked.scopes {
            for (index, label) in labels.enumerated() where !isScope(label) {
                reject("/scopes/\(index)", "There is no scope \(Self.quoted(label)).")
            }
            client.scopes = ScopeSet(labels.filter(isScope)).subtracting(Self.implied)
        }
        if let labels = asked.optionalScopes {
            for (index, label) in labels.enumerated() {
                if Self.implied.contains(label) {
                    reject("/optional_scopes/\(index)", "\(label) is never optional.")
                } else if !client.scopes.contains(label) {
                    reject("/optional_scopes/\(index)", "\(Self.quoted(label)) is not among the scopes.")
                }
            }
            client.optionalScopes = ScopeSet(labels).intersection(client.scopes)
        } else {
            client.optionalScopes = client.optionalScopes.intersection(client.scopes)
        }
    }

    private static let implied: ScopeSet = ["openid", "offline_access"]

    /// What the client has already stays, though the catalogue may have lost it since.
    private func isScope(_ label: String) -> Bool {
        ScopeSet.protocolScopes.contains(label) || catalogue.scope(label) != nil || before.scopes.contains(label)
    }

    private mutating func setPurposes() {
        guard let purposes = asked.purposes else {
            client.purposes = client.purposes.filter { client.registeredScopes.contains($0.key) }
            return
        }
        client.purposes = [:]
        for (label, text) in purposes.sorted(by: { $0.key < $1.key }) where !text.allSatisfy(\.isWhitespace) {
            let pointer = "/purposes/" + Self.escaped(label)
            if !client.registeredScopes.contains(label) { reject(pointer, "\(Self.quoted(label)) is not among the scopes.") }
            do {
                client.purposes[label] = try DisplayName.checked(text, limit: ClientRegistration.longestPurpose)
            } catch .tooLong(let limit) {
                reject(pointer, "A purpose has at most \(limit) characters.")
            } catch {
                reject(pointer, "A purpose is one line of text: \(error)")
            }
        }
    }

    private mutating func setAlgorithm() {
        guard let name = asked.idTokenAlgorithm else { return }
        if let algorithm = SigningAlgorithm(rawValue: name) {
            client.idTokenAlgorithm = algorithm
        } else {
            let known = SigningAlgorithm.allCases.map(\.rawValue)
            reject("/id_token_signed_response_alg", "id_token_signed_response_alg should be one of \(Self.list(known)).")
        }
    }

    // MARK: Who may authorize it

    mutating func proofStep(from proof: HostProof?, random: Identifier, now: Int64) -> HostProof.Step {
        guard asked.clientURI != nil else { return .keep }
        do {
            return try HostProof.step(from: proof, to: client.clientURI, random: random, now: now)
        } catch {
            reject("/client_uri", error.description)
            return .keep
        }
    }

    /// A public client keeps what it needed to become one.
    mutating func setVisibility(_ registered: RegisteredClient, _ step: HostProof.Step, now: Int64) {
        if let name = asked.visibility {
            guard let visibility = Client.Visibility(rawValue: name) else {
                return reject("/visibility", "visibility should be public or private.")
            }
            client.visibility = visibility
        }
        if client.visibility == .private {
            client.promotedAt = nil
            return
        }
        let proof: HostProof? =
            switch step {
            case .keep: registered.proof
            case .start(let proof): proof
            case .forget: nil
            }
        let missing = Self.missingForPublic(client, proof)
        if before.visibility == .private {
            client.promotedAt = now
            problems += missing
        } else {
            let missingBefore = Self.missingForPublic(before, registered.proof)
            problems += missing.filter { !missingBefore.contains($0) }
        }
    }

    /// What keeps a client from being public.
    static func missingForPublic(_ client: Client, _ proof: HostProof?) -> [ClientRegistration.Problem] {
        var missing: [ClientRegistration.Problem] = []
        func needs(_ pointer: String, _ text: String) {
            missing.append(ClientRegistration.Problem(pointer: pointer, text: "A public client needs \(text)."))
        }
        if client.logoURI == nil { needs("/logo_uri", "a logo") }
        if client.clientURI == nil {
            needs("/client_uri", "a URL whose host is proven")
        } else if proof?.proves(client.clientURI) != true {
            needs("/client_uri", "a URL whose host is proven, and that of client_uri is not yet")
        }
        if client.scopes.ofAPI.isEmpty { needs("/scopes", "at least one scope of the API") }
        return missing
    }

    // MARK: Texts

    private static func list(_ names: [String]) -> String { names.joined(separator: ", ") }

    /// What was sent, short enough to be shown and without what cannot be seen.
    private static func quoted(_ text: String) -> String {
        let name = try? DisplayName.checked(text)
        return name ?? "of that name"
    }

    /// RFC 6901 §3.
    private static func escaped(_ name: String) -> String {
        String(name.flatMap { $0 == "~" ? Array("~0") : $0 == "/" ? Array("~1") : [$0] })
    }
}
