import OAuth
import Testing

@testable import Delegation

@Suite("What API tokens may do, and who may make them")
struct APITokenTests {
    private static let now = Fixture.now

    private static func policy(
        _ permissions: [String], _ places: Set<TokenPolicy.Place>, _ effect: TokenPolicy.Effect = .allow
    ) -> TokenPolicy {
        TokenPolicy(id: Fixture.id(0x70), effect: effect, permissions: permissions, places: places)
    }

    private static func token(_ policies: [TokenPolicy] = [], owner: APIToken.Owner = .user(Fixture.userID)) -> APIToken {
        APIToken(id: Fixture.id(0x60), owner: owner, name: "x", policies: policies, createdAt: now)
    }

    private static func principal(_ reach: Principal.Reach = .everything) -> Principal {
        Principal(
            user: User(id: Fixture.userID, email: "ada@acme.example", name: "Ada", createdAt: 1),
            memberships: [Fixture.acme, Fixture.birch], reach: reach)
    }

    private static func excess(_ token: APIToken, by principal: Principal = principal(), maker: APIToken? = nil) -> Principal.TokenExcess? {
        do {
            try principal.checkNotExceeded(by: token, maker: maker)
            return nil
        } catch { return error }
    }

    @Test("status, and why a token is refused")
    func status() throws {
        var token = Self.token()
        func refusal(_ address: String = "192.0.2.1") -> APIToken.Refusal? {
            do {
                try token.check(address: address, now: Self.now)
                return nil
            } catch { return error }
        }
        #expect(refusal() == nil)
        token.notBefore = Self.now + 1
        #expect(refusal() == .notYet)
        token.notBefore = Self.now
        token.condition = AddressCondition(allowed: [try #require(AddressRange("192.0.2.0/31"))])
        #expect(refusal() == nil && refusal("192.0.2.2") == .address)
        token.isDisabled = true
        #expect(refusal() == .disabled && token.status(now: Self.now) == .disabled)
        token.expiresAt = Self.now
        #expect(refusal() == .expired && token.status(now: Self.now) == .expired && token.status(now: Self.now - 1) == .disabled)
    }

    @Test("an account's token without policies may do nothing; a user's may do what the user may")
    func reach() {
        #expect(Self.token().reach == .everything)
        #expect(Self.token(owner: .account(Fixture.acmeID)).reach == .policies([]))
    }

    @Test("policies say in which accounts, and a denial wins")
    func policies() {
        let acme = TokenPolicy.Place.account(Fixture.acmeID)
        let principal = Self.principal(
            .policies([
                Self.policy(["dns.read", "zone.read"], [acme]), Self.policy(["zone.read"], [.everywhere], .deny),
                Self.policy(["latchkey.user.view"], [.user]),
            ]))
        #expect(principal.may("dns.read", in: Fixture.acmeID))
        #expect(!principal.may("dns.read", in: Fixture.birchID) && !principal.may("zone.read", in: Fixture.acmeID))
        #expect(principal.reachedMemberships.map(\.account.id) == [Fixture.acmeID])
        #expect(principal.membership(in: Fixture.birchID) == nil)
        #expect(principal.mayAsUser(.viewUser) && !principal.mayAsUser(.viewTokens))
    }

    @Test("a role that lacks a permission lacks it with a token too")
    func roles() {
        let principal = Self.principal(.policies([Self.policy(["dns.write"], [.everywhere])]))
        #expect(principal.may("dns.write", in: Fixture.acmeID) && !principal.may("dns.write", in: Fixture.birchID))
    }

    @Test("everywhere means each account of the user")
    func everywhere() {
        #expect(Self.excess(Self.token([Self.policy(["dns.read"], [.everywhere])])) == nil)
        #expect(
            Self.excess(Self.token([Self.policy(["dns.read", "dns.write"], [.everywhere])]))
                == .permission(policy: 0, permission: 1, account: nil))
        #expect(Self.excess(Self.token([Self.policy(["dns.write"], [.account(Fixture.acmeID)])])) == nil)
        #expect(
            Self.excess(Self.token([Self.policy(["dns.write"], [.account(Fixture.birchID)])]))
                == .permission(policy: 0, permission: 0, account: Fixture.birchID))
        #expect(Self.excess(Self.token([Self.policy(["dns.write"], [.everywhere], .deny)])) == nil)
    }

    @Test("a token makes nothing beyond its own policies, end and addresses")
    func children() throws {
        let here = AddressCondition(allowed: [try #require(AddressRange("192.0.2.0/24"))])
        let policies = [Self.policy(["dns.read"], [.everywhere]), Self.policy(["zone.read"], [.account(Fixture.acmeID)])]
        var maker = Self.token(policies)
        maker.expiresAt = Self.now + 100
        maker.condition = here
        let principal = Self.principal(maker.reach)
        var child = Self.token(policies)
        #expect(Self.excess(child, by: principal, maker: maker) == .expiry)
        child.expiresAt = maker.expiresAt
        #expect(Self.excess(child, by: principal, maker: maker) == .address)
        child.condition = here
        #expect(Self.excess(child, by: principal, maker: maker) == nil)
        child.policies = [Self.policy(["zone.read"], [.everywhere])]
        #expect(Self.excess(child, by: principal, maker: maker) == .permission(policy: 0, permission: 0, account: nil))
        child.policies = []
        #expect(Self.excess(child, by: principal, maker: maker) == .unlimited)
        child.policies = [Self.policy(["latchkey.user.tokens.manage"], [.user])]
        #expect(Self.excess(child, by: principal, maker: maker) == .permission(policy: 0, permission: 0, account: nil))
        let narrowed = Self.principal(.policies(policies + [Self.policy(["dns.read"], [.account(Fixture.birchID)], .deny)]))
        #expect(
            Self.excess(Self.token([Self.policy(["dns.read"], [.everywhere])]), by: narrowed)
                == .permission(policy: 0, permission: 0, account: nil))
    }

    @Test("in an account's token, everywhere is that account")
    func accounts() {
        let owner = APIToken.Owner.account(Fixture.acmeID)
        #expect(Self.excess(Self.token([Self.policy(["dns.write"], [.everywhere])], owner: owner)) == nil)
        let elsewhere = Self.token([Self.policy(["dns.write"], [.everywhere])], owner: .account(Fixture.birchID))
        #expect(Self.excess(elsewhere) == .permission(policy: 0, permission: 0, account: Fixture.birchID))
    }

    @Test("which changes make a token looser")
    func looser() {
        var before = Self.token([Self.policy(["dns.read"], [.everywhere])])
        before.expiresAt = Self.now + 10
        func isLooser(_ change: (inout APIToken) -> Void) -> Bool {
            var after = before
            change(&after)
            return after.isLooser(than: before)
        }
        #expect(!isLooser { $0.name = "y" } && !isLooser { $0.isDisabled = true } && !isLooser { $0.expiresAt = Self.now + 9 })
        #expect(!isLooser { $0.policies[0].id = Fixture.id(0x99) } && !isLooser { $0.notBefore = Self.now })
        #expect(isLooser { $0.expiresAt = nil } && isLooser { $0.expiresAt = Self.now + 11 } && isLooser { $0.policies = [] })
        before.isDisabled = true
        before.notBefore = Self.now
        #expect(isLooser { $0.isDisabled = false } && isLooser { $0.notBefore = nil })
    }

    @Test("groups are named by the hash of their label")
    func groups() {
        #expect(PermissionGroup.id(of: "latchkey.clients.view").description == "6bdf5ed649dca2e85a90317ef56c8277")
        let groups = PermissionGroup.all(.empty)
        #expect(Set(groups.map(\.id)).count == groups.count && groups.contains { $0.label == "latchkey.user.view" && $0.kind == .user })
    }
}
