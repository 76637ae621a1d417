import Delegation
import OAuth
import Testing

@testable import Server

struct StandingCacheTests {
    private func standing(family: UInt64, authorization: UInt64 = 1) -> Standing {
        let id = Identifier(high: 9, low: 9)
        let account = Account(id: id, name: "Northwind", createdAt: 0)
        return Standing(
            family: TokenFamily(
                id: Identifier(high: 0, low: family), authorizationID: Identifier(high: 1, low: authorization), originalScopes: ["a"],
                scopes: ["a"], accountIDs: [id], installationID: Identifier(high: 2, low: family), createdAt: 0, expiresAt: 100,
                idleExpiresAt: 100, redirectURI: "https://app.example/cb", userAgent: "", authenticatedAt: 0, audience: "api"),
            authorization: Authorization(
                id: Identifier(high: 1, low: authorization), userID: id, clientID: id, scopes: ["a"], accountIDs: [id], createdAt: 0,
                expiresAt: nil),
            registration: .init(
                Client(
                    id: id, accountID: id, name: "App", authenticationMethod: .basic, redirectURIs: [], scopes: ["a"], createdAt: 0,
                    updatedAt: 0), of: account),
            person: .init(User(id: id, email: "ada@example.com", name: "Ada", createdAt: 0), memberships: []))
    }

    private func id(_ low: UInt64) -> Identifier { Identifier(high: 0, low: low) }

    @Test func whatWasKeptIsFoundUntilItsAuthorizationIsDropped() {
        let cache = StandingCache()
        for (family, authorization) in [(1, 1), (2, 1), (3, 2)] as [(UInt64, UInt64)] {
            cache.keep(standing(family: family, authorization: authorization), loadedIn: cache.lookup(id(family)).epoch)
        }
        #expect(cache.lookup(id(1)).standing != nil)
        cache.drop(authorization: Identifier(high: 1, low: 1))
        #expect(cache.lookup(id(1)).standing == nil)
        #expect(cache.lookup(id(2)).standing == nil)
        #expect(cache.lookup(id(3)).standing != nil)
    }

    /// Family 1 is Ada's at client 1; 2 is Grace's at client 1, who is a member of account 7; 3 is Ada's at client 2 of account 8.
    @Test(arguments: [true, false])
    func aDropReachesWhatAUserAClientOrAnAccountIsConcernedByAndNothingElse(areOld: Bool) {
        func kept(after drop: (StandingCache) -> Void) -> [UInt64] {
            let cache = StandingCache(capacity: areOld ? 3 : 100)
            for (family, user, client, member, owner) in [(1, 1, 1, 6, 9), (2, 2, 1, 7, 9), (3, 1, 2, 6, 8)]
                as [(UInt64, UInt64, UInt64, UInt64, UInt64)]
            {
                var standing = standing(family: family, authorization: family)
                standing.user.id = id(user)
                standing.client.id = id(client)
                standing.clientAccount.id = id(owner)
                standing.memberships = [
                    Membership(account: Account(id: id(member), name: "Place", createdAt: 0), userID: id(user), roles: [])
                ]
                cache.keep(standing, loadedIn: cache.lookup(id(family)).epoch)
            }
            if areOld { cache.keep(self.standing(family: 4, authorization: 4), loadedIn: cache.lookup(id(4)).epoch) }
            drop(cache)
            return (1...3).filter { cache.lookup(id($0)).standing != nil }
        }
        #expect(kept { _ in } == [1, 2, 3])
        #expect(kept { $0.drop(user: id(1)) } == [2])
        #expect(kept { $0.drop(client: id(1)) } == [3])
        #expect(kept { $0.drop(account: id(7)) } == [1, 3])
        #expect(kept { $0.drop(account: id(8)) } == [1, 2])
        #expect(kept { $0.drop(account: id(5)) } == [1, 2, 3])
        #expect(
            kept {
                $0.drop(user: id(1)); $0.drop(client: id(1))
            } == [])
    }

    @Test func aDropOfOneKindBeginsANewEpochToo() {
        let cache = StandingCache()
        for drop in [{ $0.drop(user: id(5)) }, { $0.drop(client: id(5)) }, { $0.drop(account: id(5)) }] as [(StandingCache) -> Void] {
            let epoch = cache.lookup(id(1)).epoch
            drop(cache)
            cache.keep(standing(family: 1), loadedIn: epoch)
            #expect(cache.lookup(id(1)).standing == nil)
        }
    }

    @Test func aCopyLoadedBeforeAChangeIsNotKeptAfterIt() {
        let cache = StandingCache()
        let epoch = cache.lookup(id(1)).epoch
        cache.drop(authorization: Identifier(high: 1, low: 1))
        cache.keep(standing(family: 1), loadedIn: epoch)
        #expect(cache.lookup(id(1)).standing == nil)
    }

    @Test func nothingIsKeptWhileChangesCannotBeFollowed() {
        let cache = StandingCache()
        cache.keep(standing(family: 1), loadedIn: cache.lookup(id(1)).epoch)
        cache.trust(until: .now)
        #expect(cache.lookup(id(1)).standing == nil)
        cache.keep(standing(family: 1), loadedIn: cache.lookup(id(1)).epoch)
        #expect(cache.lookup(id(1)).standing == nil)
        cache.trust(until: .now + .seconds(60))
        cache.keep(standing(family: 1), loadedIn: cache.lookup(id(1)).epoch)
        #expect(cache.lookup(id(1)).standing != nil)
    }

    @Test func theCacheStaysBoundedAndDropsReachTheOldGeneration() {
        let cache = StandingCache(capacity: 10)
        for family in 1...15 { cache.keep(standing(family: UInt64(family)), loadedIn: cache.lookup(id(UInt64(family))).epoch) }
        #expect(cache.lookup(id(1)).standing != nil)
        cache.drop(authorization: Identifier(high: 1, low: 1))
        for family in 1...15 { #expect(cache.lookup(id(UInt64(family))).standing == nil) }
        for family in 1...45 { cache.keep(standing(family: UInt64(family)), loadedIn: cache.lookup(id(UInt64(family))).epoch) }
        let kept = (1...45).count { cache.lookup(id(UInt64($0))).standing != nil }
        #expect(kept <= 20)
    }

    @Test(arguments: [true, false])
    func longListsOfResourcesCountByTheirBytes(ofFamily isOfFamily: Bool) {
        let account = Identifier(high: 9, low: 9)
        func long(_ family: UInt64) -> Standing {
            var standing = standing(family: family)
            // Few and long: 40 identifiers of 128 bytes.
            let ids = ResourceIDs((0..<40).map { String(repeating: "x", count: 120) + String(10_000_000 + $0) })
            let choice = ResourceChoice([account: ["zone": .some(ids)]])
            if isOfFamily { standing.family.resources = choice } else { standing.authorization.resources = choice }
            return standing
        }
        func kept(_ cache: StandingCache) -> Int { (1...60).count { cache.lookup(id(UInt64($0))).standing != nil } }
        let cache = StandingCache(capacity: 60)
        for family in 1...60 { cache.keep(long(UInt64(family)), loadedIn: cache.lookup(id(UInt64(family))).epoch) }
        #expect(kept(cache) <= 40)
        // What was dropped weighs nothing any more.
        for _ in 1...100 {
            cache.keep(long(1), loadedIn: cache.lookup(id(1)).epoch)
            cache.drop(authorization: Identifier(high: 1, low: 1))
        }
        for family in 1...20 { cache.keep(standing(family: UInt64(family)), loadedIn: cache.lookup(id(UInt64(family))).epoch) }
        #expect((1...20).count { cache.lookup(id(UInt64($0))).standing != nil } == 20)
    }
}
