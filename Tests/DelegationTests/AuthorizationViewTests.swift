import OAuth
import Testing

@testable import Delegation

@Suite("An authorization as its user sees it")
struct AuthorizationViewTests {
    func family(_ installation: UInt64, _ change: (inout TokenFamily) -> Void = { _ in }) -> TokenFamily {
        var family = Fixture.family()
        family.installationID = Fixture.id(installation)
        change(&family)
        return family
    }

    func view(_ families: [TokenFamily], _ authorization: Authorization = Fixture.authorization()) -> AuthorizationView {
        AuthorizationView(
            authorization, client: Fixture.client(), accounts: [Fixture.account(Fixture.acmeID, "Acme")], families: families,
            now: Fixture.now)
    }

    @Test("The object of /user/authorizations, member by member")
    func json() {
        var authorization = Fixture.authorization(accounts: [Fixture.acmeID], expiresAt: 1_795_525_509)
        authorization.createdAt = 0
        authorization.lastUsedAt = 59
        authorization.lastUsedAddress = "192.0.2.7"
        let family = family(0x41) {
            $0.createdAt = 0
            $0.expiresAt = 1_795_525_510
            $0.scopes = ["dns.read", "zone.read"]
        }
        let expected = """
            {"id":"00000000000000000000000000000030","client_id":"00000000000000000000000000000020","client_name":"DNS Pilot",\
            "visibility":"public","scopes":["dns.read","dns.write","offline_access","openid"],\
            "accounts":[{"id":"0000000000000000000000000000000a","name":"Acme"}],"resources":null,\
            "created_at":"1970-01-01T00:00:00Z","expires_on":"2026-11-24T13:05:09Z","last_used_at":"1970-01-01T00:00:59Z",\
            "last_used_ip":"192.0.2.7","installations":[{"id":"00000000000000000000000000000041",\
            "created_at":"1970-01-01T00:00:00Z","expires_on":"2026-11-24T13:05:10Z","last_used_at":null,"scopes":["dns.read"],\
            "accounts":[{"id":"0000000000000000000000000000000a","name":"Acme"}]}]}
            """
        #expect(JSON.object(view([family], authorization).json).text == expected)
    }

    @Test("What has no end and was never used says null; an account without a name shows its identifier")
    func nulls() {
        let json = view([]).json
        #expect(json["expires_on"] == .null && json["last_used_at"] == .null && json["last_used_ip"] == .null)
        #expect(json["installations"] == [])
        #expect(json["accounts"]?.arrayValue?.last?["name"]?.stringValue == Fixture.birchID.description)
    }

    @Test("The identifier that tokens carry is never shown")
    func noFamilyID() {
        #expect(!JSON.object(view([family(0x41)]).json).text.contains(Fixture.family().id.description))
    }

    @Test("Ended installations are left out, the newest comes first")
    func living() {
        let families = [
            family(1) { $0.createdAt = 100 }, family(2) { $0.createdAt = 300 }, family(3) { $0.createdAt = 200 },
            family(4) { $0.revokedAt = 1 }, family(5) { $0.expiresAt = Fixture.now }, family(6) { $0.idleExpiresAt = Fixture.now },
        ]
        #expect(view(families).installations.map(\.id) == [Fixture.id(2), Fixture.id(3), Fixture.id(1)])
    }

    @Test("Installations are grouped by redirect URI and user agent")
    func groups() {
        let families = [
            family(1) { $0.createdAt = 100 }, family(2) { ($0.createdAt, $0.userAgent) = (300, "curl") },
            family(3) { $0.createdAt = 200 }, family(4) { ($0.createdAt, $0.redirectURI) = (50, "http://127.0.0.1/cb") },
        ]
        let groups = view(families).installationGroups
        #expect(groups.map(\.userAgent) == ["curl", "Firefox", "Firefox"])
        #expect(groups.map { $0.installations.map(\.id) } == [[Fixture.id(2)], [Fixture.id(3), Fixture.id(1)], [Fixture.id(4)]])
        #expect(groups[2].redirectURI == "http://127.0.0.1/cb")
    }
}
