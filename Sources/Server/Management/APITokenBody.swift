import Delegation
import OAuth

/// What a call asks an API token to be.
struct APITokenBody {
    private var body: ManagementBody
    private let owner: APIToken.Owner
    private let groups: [Identifier: PermissionGroup]
    /// Accounts that a policy may name.
    private let accounts: Set<Identifier>
    private let random: Randomness

    static let mostPolicies = 50
    static let mostRanges = 100
    static let accountPrefix = PermissionGroup.Kind.account.rawValue + "."
    static let userPrefix = PermissionGroup.Kind.user.rawValue + "."

    init(_ body: ManagementBody, owner: APIToken.Owner, principal: Principal, groups: [PermissionGroup], random: Randomness) {
        self.body = body
        self.owner = owner
        self.groups = Dictionary(groups.map { ($0.id, $0) }) { first, _ in first }
        switch owner {
        case .user: accounts = Set(principal.reachedMemberships.map(\.account.id))
        case .account(let id): accounts = [id]
        }
        self.random = random
    }

    /// The token as it is to be. What the call leaves out stays as it is; null takes it away. `name` and `policies` are always sent.
    /// - Parameter isNew: it has to get policies; one that was made without any may stay without.
    /// - Throws: `InvalidInput` with everything that is wrong.
    mutating func token(from before: APIToken, isNew: Bool) throws(InvalidInput) -> APIToken {
        var token = before
        for member in ["name", "policies"] { body.require(member) }
        if let text = body.string("name") {
            do {
                token.name = try DisplayName.checked(text)
            } catch {
                body.reject("/name", error.description)
            }
        }
        if let policies = body.object["policies"], policies != .null {
            let staysUnlimited = !isNew && before.policies.isEmpty && policies.arrayValue?.isEmpty == true
            token.policies = staysUnlimited ? [] : readPolicies(policies, before: before.policies)
        }
        if body.has("condition") { token.condition = readCondition() }
        if body.has("not_before") { token.notBefore = readTime("not_before") }
        if body.has("expires_on") { token.expiresAt = readTime("expires_on") }
        switch body.string("status") {
        case nil: break
        case "active": token.isDisabled = false
        case "disabled": token.isDisabled = true
        // What an expired token is read with; sent back it changes nothing.
        case "expired": break
        default: body.reject("/status", "status should be active or disabled.")
        }
        try body.check()
        return token
    }

    private mutating func readTime(_ name: String) -> Int64? {
        guard let text = body.string(name) else { return nil }
        guard let seconds = Timestamp.seconds(text) else {
            body.reject("/" + name, "\(name) should be a time such as 2027-01-31T12:00:00Z.")
            return nil
        }
        return seconds
    }

    // MARK: Condition

    private mutating func readCondition() -> AddressCondition {
        guard let condition = body.object["condition"], condition != .null else { return AddressCondition() }
        guard let members = condition.objectValue else {
            body.reject("/condition", "condition should be an object.")
            return AddressCondition()
        }
        for name in members.names where name != "request_ip" { body.reject("/condition/" + pointer(name), "There is no such condition.") }
        guard let addresses = members["request_ip"], addresses != .null else { return AddressCondition() }
        guard let ranges = addresses.objectValue else {
            body.reject("/condition/request_ip", "request_ip should be an object.")
            return AddressCondition()
        }
        // A misspelled member must not pass for no restriction.
        for name in ranges.names where name != "in" && name != "not_in" {
            body.reject("/condition/request_ip/" + pointer(name), "There is no such condition: in and not_in are.")
        }
        return AddressCondition(allowed: readRanges("in", addresses), denied: readRanges("not_in", addresses))
    }

    private mutating func readRanges(_ name: String, _ addresses: JSON) -> [AddressRange] {
        guard let list = addresses[name], list != .null else { return [] }
        guard let texts = list.stringsValue, texts.count <= Self.mostRanges else {
            body.reject("/condition/request_ip/" + name, "\(name) should be a list of at most \(Self.mostRanges) blocks of addresses.")
            return []
        }
        return texts.enumerated().compactMap { index, text in
            let range = AddressRange(text)
            if range == nil {
                body.reject(
                    "/condition/request_ip/\(name)/\(index)", "This should be an address or a block such as 192.0.2.0/24 or 2001:db8::/32.")
            }
            return range
        }
    }

    // MARK: Policies

    private mutating func readPolicies(_ json: JSON, before: [TokenPolicy]) -> [TokenPolicy] {
        guard let list = json.arrayValue, (1...Self.mostPolicies).contains(list.count) else {
            body.reject("/policies", "policies should be a list of 1 to \(Self.mostPolicies) policies.")
            return []
        }
        let known = Set(before.map(\.id))
        var taken: Set<Identifier> = []
        return list.enumerated().map { index, policy in
            let at = "/policies/\(index)"
            var effect = TokenPolicy.Effect.deny
            if let read = policy["effect"]?.stringValue.flatMap(TokenPolicy.Effect.init) {
                effect = read
            } else {
                body.reject(at + "/effect", "effect should be allow or deny.")
            }
            let places = readPlaces(policy["resources"], at + "/resources")
            let permissions = readGroups(policy["permission_groups"], at + "/permission_groups", places)
            if let id = policy["id"], id != .null, id.stringValue == nil { body.reject(at + "/id", "id should be a text.") }
            let sent = policy["id"]?.stringValue.flatMap { Identifier($0) }
            let id = sent.flatMap { known.contains($0) && taken.insert($0).inserted ? $0 : nil } ?? random.identifier()
            return TokenPolicy(id: id, effect: effect, permissions: permissions, places: places)
        }
    }

    private mutating func readGroups(_ json: JSON?, _ at: String, _ places: Set<TokenPolicy.Place>) -> [String] {
        guard let list = json?.arrayValue, (1...groups.count).contains(list.count) else {
            body.reject(at, "permission_groups should be a list of at least one {\"id\": …}.")
            return []
        }
        return list.enumerated().compactMap { index, entry in
            let pointer = "\(at)/\(index)/id"
            guard let group = entry["id"]?.stringValue.flatMap({ Identifier($0) }).flatMap({ groups[$0] }) else {
                body.reject(pointer, "There is no such permission group.")
                return nil
            }
            if !places.isEmpty, !places.contains(where: { fits($0, group.kind) }) {
                let key = group.kind == .user ? Self.userPrefix + "<id>" : Self.accountPrefix + "<id>"
                body.reject(pointer, "\(group.name) holds in none of this policy's resources. Name \(key) or *.")
            }
            return group.label
        }
    }

    private func fits(_ place: TokenPolicy.Place, _ kind: PermissionGroup.Kind) -> Bool {
        switch place {
        case .everywhere: if case .account = owner { kind == .account } else { true }
        case .account: kind == .account
        case .user: kind == .user
        }
    }

    private mutating func readPlaces(_ json: JSON?, _ at: String) -> Set<TokenPolicy.Place> {
        guard let members = json?.objectValue?.members, !members.isEmpty else {
            body.reject(at, "resources should name at least one: {\"\(Self.accountPrefix)<id>\": \"*\"}.")
            return []
        }
        var places: Set<TokenPolicy.Place> = []
        for (name, value) in members {
            let pointer = "\(at)/\(pointer(name))"
            guard value == "*" || value == ["*": "*"] else {
                body.reject(pointer, "An API token reaches whole accounts: the value should be \"*\".")
                continue
            }
            switch place(name) {
            case .some(let place): places.insert(place)
            case nil: body.reject(pointer, "There is no such resource. Name \(Self.accountPrefix)<id>, \(Self.userPrefix)<id> or *.")
            }
        }
        return places
    }

    private func place(_ name: String) -> TokenPolicy.Place? {
        if name == "*" || name == Self.accountPrefix + "*" { return .everywhere }
        if name.hasPrefix(Self.accountPrefix) {
            guard let id = Identifier(name.dropFirst(Self.accountPrefix.count)), accounts.contains(id) else { return nil }
            return .account(id)
        }
        guard name.hasPrefix(Self.userPrefix), case .user(let user) = owner,
            Identifier(name.dropFirst(Self.userPrefix.count)) == user
        else { return nil }
        return .user
    }

    /// RFC 6901 §3.
    private func pointer(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1 == "~" ? "~0" : $1 == "/" ? "~1" : String($1) }
    }
}

extension APIToken {
    /// As the management API shows it; its text is never among it.
    func json(_ groups: [PermissionGroup], now: Int64) -> JSONObject {
        let names = Dictionary(groups.map { ($0.label, $0.name) }) { first, _ in first }
        var json: JSONObject = [
            "id": .string(id.description), "name": .string(name), "status": .string(status(now: now).rawValue),
            "policies": .array(policies.map { policy(of: $0, names) }), "issued_on": .string(Timestamp.text(createdAt)),
            "modified_on": .string(Timestamp.text(modifiedAt)), "last_used_on": JSON(lastUsedAt.map(Timestamp.text)),
            "last_used_ip": JSON(lastUsedAddress),
        ]
        if !condition.isEmpty {
            var addresses = JSONObject()
            if !condition.allowed.isEmpty { addresses["in"] = JSON(condition.allowed.map(\.description)) }
            if !condition.denied.isEmpty { addresses["not_in"] = JSON(condition.denied.map(\.description)) }
            json["condition"] = ["request_ip": .object(addresses)]
        }
        if let notBefore { json["not_before"] = .string(Timestamp.text(notBefore)) }
        if let expiresAt { json["expires_on"] = .string(Timestamp.text(expiresAt)) }
        return json
    }

    private func policy(of policy: TokenPolicy, _ names: [String: String]) -> JSON {
        var resources = JSONObject()
        for name in policy.places.map(resource).sorted() { resources[name] = "*" }
        return [
            "id": .string(policy.id.description), "effect": .string(policy.effect.rawValue),
            "permission_groups": .array(
                policy.permissions.map { label in
                    ["id": .string(PermissionGroup.id(of: label).description), "name": .string(names[label] ?? label)]
                }),
            "resources": .object(resources),
        ]
    }

    private func resource(_ place: TokenPolicy.Place) -> String {
        switch (place, owner) {
        case (.everywhere, _): "*"
        case (.account(let id), _): APITokenBody.accountPrefix + id.description
        case (.user, .user(let id)), (.user, .account(let id)): APITokenBody.userPrefix + id.description
        }
    }
}
