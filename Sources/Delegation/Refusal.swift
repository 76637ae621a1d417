import OAuth

/// Why the gateway refuses a request, in the words and the form that the caller gets (RFC 6750 §3.1).
public struct Refusal: Error, Sendable, Equatable {
    /// What would have to be there. Only what applies is set.
    public struct Missing: Sendable, Equatable {
        /// Labels that the token does not hold.
        public var scope: [String] = []
        /// The account, as the request named it, that the token was not granted.
        public var account: String?
        /// The identifier of a resource that the path names and the user did not choose.
        public var resource: String?
        /// Labels that the token holds and the user's own role in the account does not allow.
        public var role: [String] = []
        /// Method and path of an operation that no token can be good for.
        public var operation: String?
        /// What the app policy of the account says against it.
        public var policy: String?
    }

    /// A resource in words.
    struct NamedResource {
        let typeName: String
        let id: String

        var text: String {
            "The \(typeName) \(Refusal.shortened(id, to: ResourceIDs.maximumLength)) is not among those that the user chose for this app."
        }
    }

    /// What a member can ask an administrator for so that the same request passes.
    public struct Ask: Sendable, Equatable {
        public let accountID: Identifier
        /// Empty: the app as a whole.
        public let scopes: ScopeSet
    }

    /// What a new consent would have to ask for so that the same request passes.
    public struct Wanted: Sendable, Equatable {
        public let scopes: ScopeSet
        /// Preselects the account, by the name that the request used.
        public let account: String?
    }

    /// 401 or 403.
    public let status: Int
    /// RFC 6750 §3.1; nil where no token was sent.
    public let error: String?
    /// Public and ASCII.
    public let description: String
    public private(set) var missing: Missing
    /// nil where asking the user again would not help.
    public let wanted: Wanted?
    public var wantsAuthorizeURL: Bool { wanted != nil }
    /// The scopes that the challenge names (RFC 6750 §3 `scope`).
    public let challengeScopes: ScopeSet
    /// nil where no administrator's approval would help.
    public let ask: Ask?

    private init(
        status: Int, error: String?, description: String, missing: Missing = Missing(), wanted: Wanted? = nil,
        challengeScopes: ScopeSet = [], ask: Ask? = nil
    ) {
        self.status = status
        self.error = error
        self.description = Self.quotable(Self.shortened(description, to: 800))
        self.missing = missing
        self.wanted = wanted
        self.challengeScopes = challengeScopes
        self.ask = ask
    }
}

// MARK: - The refusals there are

extension Refusal {
    static func unauthorized(_ asked: GatewayDecision.Asked, error: String?, _ description: String) -> Refusal {
        Refusal(
            status: 401, error: error, description: description, challengeScopes: asked.alternatives.min { $0.count < $1.count } ?? [])
    }

    static func unknown(method: String, target: Substring) -> Refusal {
        operationMissing(method, target, "This operation is not described in the catalogue, so no token is good for it.")
    }

    static func unreachable(method: String, target: Substring) -> Refusal {
        operationMissing(method, target, "This operation takes another kind of credential; no access token is good for it.")
    }

    static func malformed(method: String, target: Substring) -> Refusal {
        operationMissing(method, target, "The path is not in its plain form, so it cannot be told which operation it means.")
    }

    /// - Parameter held: what the token holds, which is asked for again where the operation itself needs no scope.
    static func accountMissing(_ account: String, _ lacking: Shortfall, held: ScopeSet) -> Refusal {
        let named = shortened(account, to: 200)
        var text = "The account \(named) is not among those that the user granted to this app."
        if !lacking.scope.isEmpty { text += " The token lacks \(listed(lacking.scope)) too." }
        text += " Ask the user to authorize again and to choose the account."
        return Refusal(
            status: 403, error: insufficientScope, description: text,
            missing: Missing(scope: lacking.scope.labels, account: named),
            wanted: Wanted(
                scopes: lacking.alternative.isEmpty ? held : lacking.alternative, account: named == account ? account : nil),
            challengeScopes: lacking.alternative)
    }

    /// - Parameter granted: the account that comes closest.
    static func scopesMissing(
        _ lacking: Shortfall, account: String?, resource: NamedResource? = nil, in granted: Authority.GrantedAccount? = nil
    ) -> Refusal {
        var sentences: [String] = []
        if !lacking.scope.isEmpty {
            sentences.append("The token lacks \(listed(lacking.scope)). Ask the user to authorize again and to allow it.")
        }
        if !lacking.role.isEmpty {
            let place = account.map { "in the account \(shortened($0, to: 200))" } ?? "in any granted account"
            sentences.append(
                "The user's own role \(place) does not allow \(listed(lacking.role)). An administrator of the account can change that.")
        }
        var policy: String?
        if !lacking.policy.isEmpty, let granted {
            let text =
                "The app policy of the account \(shortened(granted.name, to: 100)) wants an administrator's approval for "
                + "\(listed(lacking.policy))."
            sentences.append(text + " The user can ask for it.")
            policy = text
        }
        if let resource { sentences.append(resource.text) }
        // A new consent gives no role and no approval, so where one is missing the app is not sent to the user.
        let canAsk = lacking.role.isEmpty && lacking.policy.isEmpty
        return Refusal(
            status: 403, error: insufficientScope, description: sentences.joined(separator: " "),
            missing: Missing(
                scope: lacking.scope.labels, resource: resource.map { shortened($0.id, to: ResourceIDs.maximumLength) },
                role: lacking.role.labels, policy: policy),
            wanted: canAsk ? Wanted(scopes: lacking.scope, account: account) : nil,
            challengeScopes: canAsk ? lacking.scope : [],
            ask: policy == nil ? nil : granted.map { Ask(accountID: $0.id, scopes: lacking.policy) })
    }

    /// - Parameter scopes: what a new consent would ask for.
    static func resourceMissing(_ resource: NamedResource, scopes: ScopeSet, account: String?) -> Refusal {
        let place = account.map { " in the account \(shortened($0, to: 200))" } ?? ""
        let text = resource.text + " They can choose it\(place) under Connected apps, or when the app asks again."
        return Refusal(
            status: 403, error: insufficientScope, description: text,
            missing: Missing(resource: shortened(resource.id, to: ResourceIDs.maximumLength)),
            wanted: Wanted(scopes: scopes, account: account), challengeScopes: scopes.ofAPI)
    }

    /// The account was granted, and its app policy keeps the client out of it.
    /// - Parameter name: the account, as the request named it.
    static func policyRefuses(_ account: Authority.RefusedAccount, name: String?, held: ScopeSet) -> Refusal {
        let text = account.obstacle.text(account: shortened(account.name, to: 100))
        let canAsk = account.obstacle.canBeAskedFor
        return Refusal(
            status: 403, error: insufficientScope, description: canAsk ? text + " The user can ask an administrator." : text,
            missing: Missing(account: name.map { shortened($0, to: 200) }, policy: text),
            wanted: canAsk ? nil : Wanted(scopes: held, account: account.nameInAPI),
            ask: canAsk ? Ask(accountID: account.id, scopes: []) : nil)
    }

    static func noAccountLeft(_ lacking: Shortfall) -> Refusal {
        Refusal(
            status: 403, error: insufficientScope,
            description: "None of the accounts that the user granted is left. Ask the user to authorize again.",
            missing: Missing(scope: lacking.scope.labels, role: lacking.role.labels),
            wanted: Wanted(scopes: lacking.alternative, account: nil), challengeScopes: lacking.alternative)
    }

    /// RFC 6750 §3.1 has no other code for a request that the token does not reach.
    private static let insufficientScope = "insufficient_scope"

    private static func operationMissing(_ method: String, _ target: Substring, _ description: String) -> Refusal {
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let operation = shortened("\(method) \(path)", to: 200)
        return Refusal(
            status: 403, error: insufficientScope, description: description, missing: Missing(operation: operation))
    }

    /// Counted in scalars: one character may be any number of bytes.
    fileprivate static func shortened(_ text: String, to length: Int) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(length)))
    }

    private static func listed(_ scopes: ScopeSet) -> String {
        let shown = scopes.labels.prefix(10).joined(separator: ", ")
        let rest = scopes.count - 10
        return (scopes.count == 1 ? "the scope " : "the scopes ") + shown + (rest > 0 ? " and \(rest) more" : "")
    }

    /// RFC 6749 §5.2 allows no quotation mark, backslash or anything outside printable ASCII in a description.
    private static func quotable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { (0x20..<0x7F).contains($0.value) && $0 != "\"" && $0 != "\\" ? $0 : "?" }))
    }
}

// MARK: - On the wire

extension Refusal {
    /// The longest text of the JSON, in bytes: what every gateway takes as one header.
    public static let maximumLength = 4096

    /// The body. Where its text would be too long, first the URL goes, then labels from the end of the lists.
    /// - Parameters:
    ///   - authorizeURL: the authorization endpoint with what is `wanted` filled in.
    ///   - requestURL: the page where the member asks an administrator, with what to `ask` filled in.
    public func json(authorizeURL: String?, requestURL: String? = nil) -> JSON {
        if authorizeURL != nil || requestURL != nil {
            let whole = object(authorizeURL, requestURL)
            if Self.fits(whole) { return whole }
        }
        var refusal = self
        while !Self.fits(refusal.object(nil, nil)), refusal.shorten() {}
        return refusal.object(nil, nil)
    }

    /// The same JSON on one line of ASCII, for `X-Latchkey-Refusal`.
    public func line(authorizeURL: String?) -> String { json(authorizeURL: authorizeURL).asciiText }

    /// `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1).
    /// - Parameter resourceMetadata: where the protected resource's metadata stands.
    public func challenge(resourceMetadata: String) -> String {
        BearerChallenge(
            error: error, description: error == nil ? nil : description, scope: challengeScopes, resourceMetadata: resourceMetadata
        ).text
    }

    private func object(_ authorizeURL: String?, _ requestURL: String?) -> JSON {
        var lacking = JSONObject()
        if !missing.scope.isEmpty { lacking["scope"] = JSON(missing.scope) }
        if let account = missing.account { lacking["account"] = .string(account) }
        if let resource = missing.resource { lacking["resource"] = .string(resource) }
        if !missing.role.isEmpty { lacking["role"] = JSON(missing.role) }
        if let operation = missing.operation { lacking["operation"] = .string(operation) }
        if let policy = missing.policy { lacking["policy"] = .string(policy) }
        var object = JSONObject()
        if let error { object["error"] = .string(error) }
        object["error_description"] = .string(description)
        if !lacking.isEmpty { object["missing"] = .object(lacking) }
        if let authorizeURL { object["authorize_url"] = .string(authorizeURL) }
        if let requestURL { object["request_url"] = .string(requestURL) }
        return .object(object)
    }

    private static func fits(_ json: JSON) -> Bool { json.asciiText.utf8.count <= maximumLength }

    /// Halves the longer list; false where both are empty: the other members are bounded and always fit.
    private mutating func shorten() -> Bool {
        if missing.scope.isEmpty, missing.role.isEmpty { return false }
        if missing.scope.count >= missing.role.count {
            missing.scope.removeLast((missing.scope.count + 1) / 2)
        } else {
            missing.role.removeLast((missing.role.count + 1) / 2)
        }
        return true
    }
}
