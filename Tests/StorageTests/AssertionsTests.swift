import OAuth
import Storage
import Testing

@Suite("Client assertions")
struct AssertionsTests {
    private static func use(_ name: String, until end: Int64 = World.now + 60) throws -> ClientAssertion.Use {
        let issuer = try Issuer("https://auth.example")
        let client = World.app.description
        func part(_ json: JSON) -> String { Base64URL.encode(json.bytes) }
        let claims: JSON = [
            "iss": .string(client), "sub": .string(client), "aud": .string(issuer.description), "exp": .integer(end), "jti": .string(name),
        ]
        let assertion = try #require(ClientAssertion(part(["alg": "ES256"]) + "." + part(claims) + ".AA"))
        return try assertion.use(by: World.app, issuer: issuer, now: World.now)
    }

    @Test("better-auth #9964: of fifty uses at once one is the first", arguments: Driver.allCases)
    func once(driver: Driver) async throws {
        let world = try await World(driver)
        let use = try Self.use("a")
        let results = try await together(50) { _ in try await world.store.useAssertion(use) }
        #expect(results.count { $0 } == 1)
        #expect(try await world.store.useAssertion(try Self.use("b")))
    }

    @Test("CVE-2020-15222: a use is remembered until nobody would accept it, and a minute longer, by every store on the database")
    func sweep() async throws {
        let world = try await World(.shared)
        let use = try Self.use("a")
        #expect(try await world.store.useAssertion(use))
        #expect(try await world.store.sweep(now: use.expiresAt + 59, limit: 100) == 0)
        let other = Store(try world.another())
        #expect(try await other.useAssertion(use) == false)
        #expect(try await world.store.sweep(now: use.expiresAt + 60, limit: 100) == 1)
    }
}
