import Crypto
import Delegation
import OAuth
import Storage

/// A user's own change of what an app has, for pages and the management API alike.
extension Deployment {
    /// - Parameters:
    ///   - scopes: the labels that stay; nil: all.
    ///   - accounts: the identifiers of those that stay; nil: all.
    ///   - resources: what is chosen anew inside of them. It may be more than before where the user decides.
    ///   - shown: what the app reached when the user chose; nil: the choice holds whatever it reaches now.
    ///   - mayAdd: false for a credential that may take away alone.
    func narrow(
        _ grant: GrantedAuthorization, scopes: [String]?, accounts: [String]?, resources: [Identifier: ResourceChoice.Types],
        from shown: ResourceChoice? = nil, mayAdd: Bool, actor: Actor, now: Int64
    ) async throws {
        try await check(resources, of: grant.authorization)
        let known = grant.authorization.resources
        if !mayAdd, !known.covers(known.setting(resources), in: grant.authorization.accountIDs) { throw Self.takesAwayAlone }
        let narrowing = try Narrowing(
            grant.authorization, client: grant.client, keepingScopes: scopes, keepingAccounts: accounts, choosing: resources)
        let outcome = try await store.narrow(
            grant.authorization.id, to: narrowing.scopes, accountIDs: narrowing.accountIDs, resources: narrowing.resources, from: shown,
            mayAdd: mayAdd, actor: actor, now: now)
        switch outcome {
        case .narrowed: break
        case .changed: throw Narrowing.Problem.changed
        case .unknown: throw Narrowing.Problem.ended
        // What was covered a moment ago is not any more.
        case .wouldAdd: throw Self.takesAwayAlone
        case .tooManyResources:
            throw Narrowing.Problem.resources(ResourceSelection.Problem.tooMany.description, pointer: "/resources")
        }
    }

    private static let takesAwayAlone = AccessProblem.forbidden(
        "This API token may take resources away, and may not add any. Choose among those that the app has, or do it in Connected apps.")

    /// What was chosen before may stay chosen, whether it is still registered or not; what is new has to be.
    private func check(_ resources: [Identifier: ResourceChoice.Types], of authorization: Authorization) async throws(Narrowing.Problem) {
        var added: [ResourceSelection.Key: ResourceIDs] = [:]
        for (account, types) in resources {
            guard authorization.accountIDs.contains(account) else {
                throw .resources("This app does not have access to the account \(account).", pointer: "/resources/\(account)")
            }
            for (type, selection) in types {
                guard let known = catalogue.current.catalogue.resourceType(type) else {
                    throw .resources("There is no type of resource \(type.prefix(60)).", pointer: "/resources/\(account)")
                }
                guard case .some(let ids) = selection else { continue }
                if ids.isEmpty {
                    throw .resources(
                        "Choose at least one of the \(known.plural), or all of them. To take them all away, take the account away.",
                        pointer: "/resources/\(account)/\(type)")
                }
                added[.init(account, type)] = ids.subtracting(authorization.resources[account, type]?.ids ?? ResourceIDs())
            }
        }
        if added.values.reduce(0, { $0 + $1.count }) > ResourceChoice.maximumCount
            || added.values.reduce(0, { $0 + $1.byteCount }) > ResourceChoice.maximumBytes
        {
            throw .resources(ResourceSelection.Problem.tooMany.description, pointer: "/resources")
        }
        let names: [ResourceSelection.Key: [String: String]]
        do {
            names = try await store.resourceNames(added)
        } catch {
            throw .resources("The resources cannot be looked up right now. Try again.", pointer: "/resources")
        }
        for (key, ids) in added {
            guard let unknown = ids.strings.first(where: { names[key]?[$0] == nil }) else { continue }
            let name = catalogue.current.catalogue.resourceType(key.type)?.name ?? key.type
            throw .resources("There is no \(name) \(unknown) in the account.", pointer: "/resources/\(key.accountID)/\(key.type)")
        }
    }
}

extension ResourceChoice {
    /// By it a form knows what it showed.
    var digest: String { Base64URL.encode(Array(SHA256.hash(data: Array(text.utf8)).prefix(12))) }
}
