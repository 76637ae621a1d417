import Delegation
import OAuth

/// Token families that were used in about the same time, with what a drop finds them by.
struct StandingGeneration {
    private struct Person {
        var user: User
        var memberships: [Membership]
        var authorizations: Set<Identifier> = []

        mutating func note(_ standing: Standing) {
            user = standing.user
            memberships = standing.memberships
            authorizations.insert(standing.family.authorizationID)
        }
    }

    private struct Registration {
        var client: Client
        var account: Account
        var authorizations: Set<Identifier> = []

        mutating func note(_ standing: Standing) {
            client = standing.client
            account = standing.clientAccount
            authorizations.insert(standing.family.authorizationID)
        }
    }

    private var standings: [Identifier: Standing] = [:]
    /// By authorization.
    private var families: [Identifier: Set<Identifier>] = [:]
    private var people: [Identifier: Person] = [:]
    private var clients: [Identifier: Registration] = [:]
    /// By how much it is heavier than as many families without long lists of resources.
    private var excess = 0
    /// As many bytes of identifiers of resources count like another family.
    private static let light = 2048

    /// In families.
    var weight: Int { standings.count + excess }
    var count: Int { standings.count }

    subscript(family: Identifier) -> Standing? { standings[family] }

    mutating func insert(_ standing: Standing) {
        let standing = noted(standing)
        if let before = standings.updateValue(standing, forKey: standing.family.id) { excess -= Self.excess(of: before) }
        excess += Self.excess(of: standing)
    }

    mutating func remove(_ authorization: Identifier) {
        for family in families.removeValue(forKey: authorization) ?? [] {
            guard let gone = standings.removeValue(forKey: family) else { continue }
            excess -= Self.excess(of: gone)
            people[gone.user.id]?.authorizations.remove(authorization)
            clients[gone.client.id]?.authorizations.remove(authorization)
            if people[gone.user.id]?.authorizations.isEmpty == true { people[gone.user.id] = nil }
            if clients[gone.client.id]?.authorizations.isEmpty == true { clients[gone.client.id] = nil }
        }
    }

    mutating func rotated(_ family: Identifier, generation: Int64, idleExpiresAt: Int64, at now: Int64) {
        guard let known = standings[family]?.family.generation, known < generation else { return }
        standings[family]?.family.generation = generation
        standings[family]?.family.idleExpiresAt = idleExpiresAt
        standings[family]?.family.rotatedAt = now
    }

    func authorizations(ofUser id: Identifier) -> Set<Identifier> { people[id]?.authorizations ?? [] }

    func authorizations(ofClient id: Identifier) -> Set<Identifier> { clients[id]?.authorizations ?? [] }

    /// What the account's members granted, and what its own clients were granted.
    func authorizations(concerning account: Identifier) -> Set<Identifier> {
        var found: Set<Identifier> = []
        for person in people.values where person.memberships.contains(where: { $0.account.id == account }) {
            found.formUnion(person.authorizations)
        }
        for registration in clients.values where registration.account.id == account { found.formUnion(registration.authorizations) }
        return found
    }

    /// The lists of the family and of its authorization: what is left of both is in memory together with one of them, or is no
    /// longer than the shorter. Each identifier takes a place in an index too.
    private static func excess(of standing: Standing) -> Int {
        [standing.family.resources, standing.authorization.resources].reduce(0) { $0 + $1.byteCount + 8 * $1.count } / light
    }

    /// Enters a family where a drop looks for it. Ten thousand families of one user share one copy of the user's memberships.
    private mutating func noted(_ standing: Standing) -> Standing {
        var standing = standing
        families[standing.family.authorizationID, default: []].insert(standing.family.id)
        if let known = people[standing.user.id], known.user == standing.user, known.memberships == standing.memberships {
            standing.user = known.user
            standing.memberships = known.memberships
        }
        people[standing.user.id, default: Person(user: standing.user, memberships: standing.memberships)]
            .note(standing)
        if let known = clients[standing.client.id], known.client == standing.client, known.account == standing.clientAccount {
            standing.client = known.client
            standing.clientAccount = known.account
        }
        clients[standing.client.id, default: Registration(client: standing.client, account: standing.clientAccount)]
            .note(standing)
        return standing
    }
}
