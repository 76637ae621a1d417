import Delegation
import OAuth

/// An API token as it stands in the form.
struct TokenForm {
    struct Policy {
        /// nil: it is new.
        var id: String?
        var effect = TokenPolicy.Effect.allow.rawValue
        /// `*`, `user` or an account's id.
        var places: [String] = []
        /// Labels.
        var permissions: [String] = []
    }

    /// The most policies that the page shows; with more, a token is for the API.
    static let mostPolicies = 10
    /// How long a new token lasts, in seconds.
    static let lifetimes: [Int64] = [30 * 86_400, 90 * 86_400, 365 * 86_400]
    static let usualLifetime = "\(90 * 86_400)"

    var name = ""
    var policies: [Policy]
    /// `keep`, seconds, `date` or `never`.
    var expiry: String
    var expiryDay = ""
    var notBefore = ""
    /// A block of addresses a line.
    var allowed = ""
    var denied = ""
    /// Somebody sent more policies than a page has: leaving any out could let the token do more.
    private var hasTooManyPolicies = false

    /// A new one.
    init() {
        policies = [Policy()]
        expiry = Self.usualLifetime
    }

    init(_ token: APIToken) {
        name = token.name
        policies = token.policies.map { policy in
            Policy(
                id: policy.id.description, effect: policy.effect.rawValue, places: policy.places.map(\.inForm).sorted(),
                permissions: policy.permissions)
        }
        expiry = "keep"
        notBefore = token.notBefore.map(Timestamp.text) ?? ""
        allowed = token.condition.allowed.map(\.description).joined(separator: "\n")
        denied = token.condition.denied.map(\.description).joined(separator: "\n")
    }

    init(_ form: Parameters) {
        func value(_ name: String) -> String { ((try? form.value(name)) ?? "").trimmed }
        name = (try? form.value("name")) ?? ""
        hasTooManyPolicies = form.all("policy").count > Self.mostPolicies
        policies = form.all("policy").prefix(Self.mostPolicies).map { key in
            Policy(
                id: value("id_" + key), effect: value("effect_" + key), places: form.all("place_" + key),
                permissions: form.all("permission_" + key))
        }
        expiry = value("expiry")
        expiryDay = value("expiry_day")
        notBefore = value("not_before")
        allowed = (try? form.value("allowed")) ?? ""
        denied = (try? form.value("denied")) ?? ""
    }

    /// The same as a call of the management API says it.
    /// - Throws: `InvalidInput` for what people get wrong in a form and programs do not.
    func body(of owner: APIToken.Owner, now: Int64) throws(InvalidInput) -> JSONObject {
        var problems = policies.enumerated().flatMap { index, policy in wrongs(policy, "Policy \(index + 1)") }
        if hasTooManyPolicies {
            problems.append(.init(pointer: "/policies", text: "A page makes at most \(Self.mostPolicies) policies. The API makes more."))
        }
        if expiry == "date", expiryDay.isEmpty {
            problems.append(.init(pointer: "/expires_on", text: "Choose the day on which the token ends."))
        }
        if !problems.isEmpty { throw InvalidInput(problems) }
        var body: JSONObject = [
            "name": .string(name), "policies": .array(policies.map { json($0, owner) }),
            "condition": ["request_ip": ["in": JSON(Self.lines(allowed)), "not_in": JSON(Self.lines(denied))]],
            "not_before": notBefore.isEmpty ? .null : .string(notBefore),
        ]
        switch expiry {
        case "keep": break
        case "never": body["expires_on"] = .null
        case "date": body["expires_on"] = .string(expiryDay)
        default:
            guard let seconds = Int64(expiry), Self.lifetimes.contains(seconds) else {
                throw InvalidInput("Choose when the token ends.", pointer: "/expires_on")
            }
            body["expires_on"] = .string(Timestamp.text(now + seconds))
        }
        return body
    }

    private func wrongs(_ policy: Policy, _ name: String) -> [InvalidInput.Problem] {
        var texts: [String] = []
        if policy.places.isEmpty { texts.append("\(name): choose where it holds.") }
        if policy.permissions.isEmpty { texts.append("\(name): choose at least one permission.") }
        if !policy.places.isEmpty, !policy.places.contains("*") {
            let isOfUser = policy.permissions.contains { UserPermission(rawValue: $0) != nil }
            let isOfAccount = policy.permissions.contains { UserPermission(rawValue: $0) == nil }
            if isOfUser, !policy.places.contains("user") {
                texts.append("\(name): some permissions are about your user. Tick “Your own user” where it holds, or leave them out.")
            }
            if isOfAccount, policy.places == ["user"] {
                texts.append("\(name): some permissions are about accounts. Tick an account where it holds, or leave them out.")
            }
        }
        return texts.map { .init(pointer: "/policies", text: $0) }
    }

    private func json(_ policy: Policy, _ owner: APIToken.Owner) -> JSON {
        var resources = JSONObject()
        for place in policy.places { resources[Self.resource(place, owner)] = "*" }
        var json: JSONObject = [
            "effect": .string(policy.effect), "resources": .object(resources),
            "permission_groups": .array(policy.permissions.map { ["id": .string(PermissionGroup.id(of: $0).description)] }),
        ]
        if let id = policy.id, !id.isEmpty { json["id"] = .string(id) }
        return .object(json)
    }

    private static func resource(_ place: String, _ owner: APIToken.Owner) -> String {
        switch (place, owner) {
        case ("*", _): "*"
        case ("user", .user(let id)): APITokenBody.userPrefix + id.description
        default: APITokenBody.accountPrefix + place
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: { $0.isWhitespace || $0 == "," }).map(String.init)
    }
}

extension TokenPolicy.Place {
    /// As a form names it.
    var inForm: String {
        switch self {
        case .everywhere: "*"
        case .user: "user"
        case .account(let id): id.description
        }
    }
}
