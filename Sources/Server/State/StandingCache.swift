import Delegation
import OAuth
import Synchronization

/// What storage last said about token families, kept in memory so that introspection and `/verify` need no await.
///
/// A copy is dropped by the event that changes it, before the change is acknowledged. A reader that loaded a row
/// just before the change cannot put its old copy back: it passes the epoch that it started in, and every drop begins a new one.
/// Two generations bound the size: when the young one is full it becomes the old one, and what is used again moves over.
final class StandingCache: Sendable {
    private struct State {
        var young: [Identifier: Standing] = [:]
        var old: [Identifier: Standing] = [:]
        /// By how much the young ones are heavier than as many without long lists of resources.
        var excess = 0
        var families: [Identifier: Set<Identifier>] = [:]
        var people: [Identifier: (user: User, memberships: [Membership])] = [:]
        var clients: [Identifier: (client: Client, account: Account)] = [:]
        var epoch: UInt64 = 0
        var isTrusted = true
    }

    private let state = Mutex(State())
    private let capacity: Int
    /// As many bytes of identifiers of resources count like another family.
    private static let light = 2048

    /// - Parameter capacity: the number of families kept at most is twice this; fewer where they name many resources.
    init(capacity: Int = 65_536) {
        self.capacity = capacity
    }

    /// The standing of a family, or the epoch in which the caller may load it.
    func lookup(_ familyID: Identifier) -> (standing: Standing?, epoch: UInt64) {
        state.withLock { state in
            guard state.isTrusted else { return (nil, state.epoch) }
            if let standing = state.young[familyID] { return (standing, state.epoch) }
            guard let standing = state.old[familyID] else { return (nil, state.epoch) }
            insert(standing, into: &state)
            return (standing, state.epoch)
        }
    }

    /// Keeps what was loaded, unless anything was dropped since.
    func keep(_ standing: Standing, loadedIn epoch: UInt64) {
        state.withLock { state in
            guard state.isTrusted, state.epoch == epoch else { return }
            insert(shared(standing, in: &state), into: &state)
        }
    }

    /// A refresh changes nothing that a token may do, so the copy stays and learns of it.
    /// Only these three: the caller's own copy of the rest may be older than the one that is kept.
    func rotated(_ familyID: Identifier, generation: Int64, idleExpiresAt: Int64, at now: Int64) {
        func renew(_ standing: inout Standing?) {
            guard let known = standing?.family.generation, known < generation else { return }
            standing?.family.generation = generation
            standing?.family.idleExpiresAt = idleExpiresAt
            standing?.family.rotatedAt = now
        }
        state.withLock { state in
            renew(&state.young[familyID])
            renew(&state.old[familyID])
        }
    }

    /// Drops the families of one authorization.
    func drop(authorization: Identifier) {
        state.withLock { state in
            state.epoch += 1
            for family in state.families.removeValue(forKey: authorization) ?? [] {
                if let gone = state.young.removeValue(forKey: family) { state.excess -= Self.excess(of: gone) }
                state.old[family] = nil
            }
        }
    }

    /// Drops everything: for the rare changes that reach many authorizations at once.
    func dropAll() {
        state.withLock { empty(&$0) }
    }

    /// While changes made elsewhere cannot be followed, every lookup reads through.
    func setTrusted(_ isTrusted: Bool) {
        state.withLock { state in
            guard state.isTrusted != isTrusted else { return }
            state.isTrusted = isTrusted
            empty(&state)
        }
    }

    private func empty(_ state: inout State) {
        state.epoch += 1
        state.young = [:]
        state.old = [:]
        state.excess = 0
        state.families = [:]
        state.people = [:]
        state.clients = [:]
    }

    private func insert(_ standing: Standing, into state: inout State) {
        if state.young.count + state.excess >= capacity {
            state.old = state.young
            state.young = [:]
            state.excess = 0
            state.families = Dictionary(grouping: state.old.values.map(\.family), by: \.authorizationID).mapValues { Set($0.map(\.id)) }
        }
        if let before = state.young.updateValue(standing, forKey: standing.family.id) { state.excess -= Self.excess(of: before) }
        state.excess += Self.excess(of: standing)
        state.families[standing.family.authorizationID, default: []].insert(standing.family.id)
    }

    /// The lists of the family and of its authorization: what is left of both is in memory together with one of them, or is no
    /// longer than the shorter. Each identifier takes a place in an index too.
    private static func excess(of standing: Standing) -> Int {
        [standing.family.resources, standing.authorization.resources].reduce(0) { $0 + $1.byteCount + 8 * $1.count } / light
    }

    /// Ten thousand families of one user share one copy of the user's memberships.
    private func shared(_ standing: Standing, in state: inout State) -> Standing {
        var standing = standing
        if let person = state.people[standing.user.id], person.user == standing.user, person.memberships == standing.memberships {
            standing.user = person.user
            standing.memberships = person.memberships
        } else {
            state.people[standing.user.id] = (standing.user, standing.memberships)
        }
        if let known = state.clients[standing.client.id], known.client == standing.client, known.account == standing.clientAccount {
            standing.client = known.client
            standing.clientAccount = known.account
        } else {
            state.clients[standing.client.id] = (standing.client, standing.clientAccount)
        }
        return standing
    }
}
