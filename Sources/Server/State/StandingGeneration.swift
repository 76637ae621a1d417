import Delegation
import OAuth

/// Token families that were used in about the same time, with what a drop finds them by.
struct StandingGeneration {
    private struct Person {
        var person: Standing.Person
        var authorizations: Set<Identifier> = []
    }

    private struct Registration {
        var registration: Standing.Registration
        /// One of its families: most others have the same scopes, redirect URI, user agent and audience.
        var family: TokenFamily
        var authorizations: Set<Identifier> = []
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
        for user in people.values where user.person.memberships.contains(where: { $0.account.id == account }) {
            found.formUnion(user.authorizations)
        }
        for client in clients.values where client.registration.account.id == account { found.formUnion(client.authorizations) }
        return found
    }

    /// The lists of the family and of its authorization: what is left of both is in memory together with one of them, or is no
    /// longer than the shorter. Each identifier takes a place in an index too.
    private static func excess(of standing: Standing) -> Int {
        [standing.family.resources, standing.authorization.resources].reduce(0) { $0 + $1.byteCount + 8 * $1.count } / light
    }

    /// Enters a family where a drop looks for it. What it has in common with others lies in memory once.
    private mutating func noted(_ standing: Standing) -> Standing {
        var standing = standing
        let (authorization, user, client) = (standing.family.authorizationID, standing.user.id, standing.client.id)
        families[authorization, default: []].insert(standing.family.id)
        if let known = people[user]?.person, known == standing.person { standing.person = known }
        people[user, default: Person(person: standing.person)].person = standing.person
        people[user]?.authorizations.insert(authorization)
        if let known = clients[client] {
            if known.registration == standing.registration { standing.registration = known.registration }
            standing.family.share(known.family)
        }
        standing.authorization.scopes.share(standing.family.originalScopes)
        clients[client, default: Registration(registration: standing.registration, family: standing.family)].registration =
            standing.registration
        clients[client]?.authorizations.insert(authorization)
        return standing
    }
}

extension TokenFamily {
    fileprivate mutating func share(_ other: TokenFamily) {
        originalScopes.share(other.originalScopes)
        scopes.share(originalScopes)
        redirectURI.share(other.redirectURI)
        userAgent.share(other.userAgent)
        audience.share(other.audience)
    }
}

extension Equatable {
    /// Takes over the memory of another value where both are the same.
    fileprivate mutating func share(_ other: Self) {
        if self == other { self = other }
    }
}
