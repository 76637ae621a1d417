import CCountedMalloc
import Delegation
import Foundation
import OAuth

/// Counts how often the pure parts of a request ask for memory, and holds that against what is committed.
///
///     microbench FILE [--write]
///
/// Allocations and not time: they are the same on every machine, and most of what such a part costs.
@main
enum Microbench {
    private static let rounds: UInt64 = 200

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let path = arguments.first else { return fail("usage: microbench FILE [--write]", 2) }
        let measured = try measures(World()).map { (name: $0.name, count: allocations($0.work)) }
        if arguments.contains("--write") {
            let lines = measured.map { "    \"\($0.name)\": \($0.count)" }
            try "{\n\(lines.joined(separator: ",\n"))\n}\n".write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        guard case .object(let bounds) = try JSON(parsing: Array(Data(contentsOf: URL(fileURLWithPath: path)))) else {
            return fail("\(path) holds no object", 1)
        }
        var exceeded = false
        for (name, count) in measured {
            let bound = bounds[name]?.integerValue
            let isWithin = bound.map { count <= $0 } ?? false
            exceeded = exceeded || !isWithin
            let told = bound.map { "at most \($0)" } ?? "no bound is committed"
            print(
                "\(name.padding(toLength: 44, withPad: " ", startingAt: 0)) \(count) allocations, \(told)\(isWithin ? "" : "  <-- too many")"
            )
        }
        if exceeded { fail("More memory is asked for than \(path) allows. Mend it, or run again with --write and say why.", 1) }
    }

    private static func fail(_ message: String, _ code: Int32) {
        FileHandle.standardError.write(Data((message + "\n").utf8))
        exit(code)
    }

    /// For one round, rounded; the first rounds fill what is made once.
    private static func allocations(_ work: () -> Void) -> Int64 {
        for _ in 0..<20 { work() }
        let before = counted_malloc_calls()
        for _ in 0..<rounds { work() }
        return Int64((counted_malloc_calls() - before + rounds / 2) / rounds)
    }

    private static func measures(_ world: World) -> [(name: String, work: () -> Void)] {
        let path = "/accounts/\(World.id(0xA))/kind400/7?page=2"
        let other = World.id(0x999).description
        return [
            ("access token, read and checked", { keep(AccessToken(world.accessToken, keys: world.keys)) }),
            ("refresh token, read and checked", { keep(RefreshToken(world.refreshToken, keys: world.keys)) }),
            (
                "refresh token, derived",
                { keep(try? RefreshToken(familyID: World.id(0x40), generation: 13).text(keys: world.keys, issuedAt: world.now)) }
            ),
            ("authority", { keep(Authority.of(world.standing, tokenScopes: world.scopes, tokenID: 7, now: world.now)) }),
            ("authority, 1,000 resources", { keep(Authority.of(world.narrowed, tokenScopes: world.scopes, tokenID: 7, now: world.now)) }),
            ("form parameters", { keep(try? Parameters(world.form)) }),
            ("operation among 659", { keep(world.matcher.match(method: "GET", target: path[...])) }),
            (
                "gateway decision, allowed",
                {
                    if case .needsToken(let asked) = world.gateway.match(method: "GET", target: path[...]) {
                        keep(world.gateway.decide(asked, authority: world.authority))
                    }
                }
            ),
            (
                "gateway decision, another account",
                {
                    if case .needsToken(let asked) = world.gateway.match(method: "GET", target: "/accounts/\(other)/kind400/7") {
                        keep(world.gateway.decide(asked, authority: world.authority))
                    }
                }
            ),
            ("introspection response", { keep(response(world.standing, world)) }),
            ("introspection response, 1,000 resources", { keep(response(world.narrowed, world)) }),
        ]
    }

    private static func response(_ standing: Standing, _ world: World) -> [UInt8]? {
        guard case .success(let authority) = Authority.of(standing, tokenScopes: world.scopes, tokenID: 7, now: world.now) else {
            return nil
        }
        return IntrospectionResponse(
            scope: authority.scopes, clientID: standing.client.id, subject: standing.user.id, username: standing.user.email,
            tokenType: "Bearer", expiresAt: world.now, issuedAt: world.now, audience: standing.family.audience,
            issuer: "https://auth.example", tokenID: 7, installationID: standing.family.installationID
        ).bytes(length: authority.authorizationDetailsLength) { authority.appendAuthorizationDetails(to: &$0) }
    }

    /// So that what nobody looks at is made all the same.
    @inline(never) private static func keep<Result>(_ result: Result) {}
}
