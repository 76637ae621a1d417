import OAuth

/// Everything that storage knows now about one token family, in the form that the deciding functions take.
/// A copy may be cached; every change to any part of it is an event that drops the copy.
///
/// A request hands it on several times, and what it holds is counted by the dozen: so it lies in one place, which is copied only
/// where a copy is changed.
public struct Standing: Sendable, Equatable {
    /// A client and the account that owns it: the same for all families of the client.
    public final class Registration: Sendable, Equatable {
        public let client: Client
        public let account: Account

        public init(_ client: Client, of account: Account) {
            self.client = client
            self.account = account
        }

        public static func == (left: Registration, right: Registration) -> Bool {
            left === right || left.client == right.client && left.account == right.account
        }
    }

    /// A user and their memberships today, in every account where they have one: the same for all families of the user.
    public final class Person: Sendable, Equatable {
        public let user: User
        public let memberships: [Membership]

        public init(_ user: User, memberships: [Membership]) {
            self.user = user
            self.memberships = memberships
        }

        public static func == (left: Person, right: Person) -> Bool {
            left === right || left.user == right.user && left.memberships == right.memberships
        }
    }

    @usableFromInline
    struct Content: Equatable {
        @usableFromInline var family: TokenFamily
        @usableFromInline var authorization: Authorization
        @usableFromInline var registration: Registration
        @usableFromInline var person: Person
        @usableFromInline var policies: [ClientPolicy]
        @usableFromInline var reach: [Identifier: NarrowedResources]
    }

    /// Changed only by a standing that alone refers to it (`own`) and has exclusive access to itself meanwhile: nothing is left to check.
    @usableFromInline
    final class Place: @unchecked Sendable {
        @exclusivity(unchecked) @usableFromInline var content: Content

        @usableFromInline
        init(_ content: Content) { self.content = content }
    }

    @usableFromInline var place: Place

    public init(
        family: TokenFamily, authorization: Authorization, registration: Registration, person: Person, policies: [ClientPolicy] = []
    ) {
        let left = family.resources.within(authorization.resources)
        var reach: [Identifier: NarrowedResources] = [:]
        for account in left.accounts.keys {
            let narrowed = left.narrowed(in: account)
            if !narrowed.isEmpty { reach[account] = narrowed }
        }
        place = Place(
            Content(
                family: family, authorization: authorization, registration: registration, person: person, policies: policies, reach: reach))
        // Copies of long lists are kept once.
        place.content.family.resources = family.resources.sharing(left)
        place.content.authorization.resources = authorization.resources.sharing(left)
    }

    public static func == (left: Standing, right: Standing) -> Bool { left.place.content == right.place.content }

    @usableFromInline
    mutating func own() {
        if !isKnownUniquelyReferenced(&place) { place = Place(place.content) }
    }

    // What follows is inlined: a part that is only read costs nothing then, and a piece of memory for each reading otherwise.

    @inlinable public var family: TokenFamily {
        _read { yield place.content.family }
        _modify {
            own()
            yield &place.content.family
        }
    }

    @inlinable public var authorization: Authorization {
        _read { yield place.content.authorization }
        _modify {
            own()
            yield &place.content.authorization
        }
    }

    @inlinable public var registration: Registration {
        get { place.content.registration }
        set {
            own()
            place.content.registration = newValue
        }
    }

    @inlinable public var person: Person {
        get { place.content.person }
        set {
            own()
            place.content.person = newValue
        }
    }

    @inlinable public var client: Client {
        _read { yield place.content.registration.client }
        set { registration = Registration(newValue, of: clientAccount) }
    }

    /// The account that owns the client.
    @inlinable public var clientAccount: Account {
        _read { yield place.content.registration.account }
        set { registration = Registration(client, of: newValue) }
    }

    @inlinable public var user: User {
        _read { yield place.content.person.user }
        set { person = Person(newValue, memberships: memberships) }
    }

    @inlinable public var memberships: [Membership] {
        _read { yield place.content.person.memberships }
        set { person = Person(user, memberships: newValue) }
    }

    /// What the app policies of those accounts come to for this client and user; an account without a policy has none.
    @inlinable public var policies: [ClientPolicy] {
        _read { yield place.content.policies }
        _modify {
            own()
            yield &place.content.policies
        }
    }

    /// What the family and the authorization leave of each account whose resources are narrowed, worked out once.
    @inlinable public var reach: [Identifier: NarrowedResources] {
        _read { yield place.content.reach }
        _modify {
            own()
            yield &place.content.reach
        }
    }
}
