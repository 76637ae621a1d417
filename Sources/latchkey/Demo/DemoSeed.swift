import Delegation
import OAuth
import Server

/// Who and what `latchkey demo` starts with. Pure data: putting it into storage is the command's work.
struct DemoSeed: Sendable {
    /// A person with a password and places in accounts.
    struct Person: Sendable {
        let user: User
        let password: Secret<String>
        let memberships: [(accountID: Identifier, role: String)]
    }

    /// The first one owns the demo app.
    let accounts: [Account]
    /// An administrator of account 1, a plain member of both, a viewer in account 1, a member of account 2 only.
    let people: [Person]
    /// The first one is the demo app; the others need nothing behind their redirect URIs.
    let clients: [Client]

    /// - Parameters:
    ///   - appRedirectURI: where the demo app takes the answer of its authorization requests.
    ///   - catalogueLabels: the scopes of another catalogue than the demo's own; the clients then ask for those instead.
    ///   - now: epoch seconds.
    init(appRedirectURI: String, catalogueLabels: ScopeSet?, random: Randomness, now: Int64) {
        let first = Account(id: random.identifier(), name: "Northwind", createdAt: now)
        let second = Account(id: random.identifier(), name: "Fabrikam Labs", createdAt: now)
        accounts = [first, second]
        people = [
            ("ada@example.com", "Ada Okafor", [(first.id, "Administrator")]),
            ("bo@example.com", "Bo Lindqvist", [(first.id, "Member"), (second.id, "Member")]),
            ("cy@example.com", "Cy Tanaka", [(first.id, "Viewer")]),
            ("dee@example.com", "Dee Morales", [(second.id, "Member")]),
        ].map { email, name, memberships in
            Person(
                user: User(id: random.identifier(), email: email, name: name, createdAt: now),
                password: Secret(Base64URL.encode(random.bytes(12))), memberships: memberships)
        }
        let scopes = ClientScopes(catalogueLabels)
        clients = [
            Self.dnsPilot(accountID: first.id, scopes.app, redirectURI: appRedirectURI, random, now),
            Self.ledgerSync(accountID: second.id, scopes.sync, random, now),
            Self.cloudctl(accountID: first.id, scopes.native, random, now),
            Self.insightBoards(accountID: first.id, scopes.boards, random, now),
        ]
    }
}

// MARK: - Clients

extension DemoSeed {
    /// The scopes of a client and the part of them that a user may decline.
    private typealias Offer = (all: ScopeSet, optional: ScopeSet)

    /// What each client asks for.
    private struct ClientScopes {
        let app: Offer
        let native: Offer
        let sync: Offer
        let boards: Offer

        init(_ catalogueLabels: ScopeSet?) {
            guard let labels = catalogueLabels else {
                app = (
                    ["account.read", "zone.read", "dns.read", "dns.write", "worker.read", "worker.write"],
                    ["dns.write", "worker.read", "worker.write"]
                )
                native = (
                    [
                        "account.read", "zone.read", "zone.write", "dns.read", "dns.write", "dns.delete", "worker.read", "worker.write",
                        "worker.delete",
                    ],
                    ["zone.write", "dns.read", "dns.write", "dns.delete", "worker.read", "worker.write", "worker.delete"]
                )
                sync = (["account.read", "zone.read", "dns.read"], ["zone.read", "dns.read"])
                boards = (["account.read", "zone.read", "dns.read", "worker.read"], ["dns.read", "worker.read"])
                return
            }
            app = Self.allButFirstOptional(labels.labels)
            native = app
            sync = Self.allButFirstOptional(labels.labels.prefix(3))
            boards = Self.allButFirstOptional(labels.labels.prefix(4))
        }

        private static func allButFirstOptional(_ labels: some Collection<String>) -> Offer {
            (ScopeSet(labels), ScopeSet(labels.dropFirst()))
        }
    }

    /// The demo app: anybody may authorize it, and it can keep a secret.
    private static func dnsPilot(accountID: Identifier, _ scopes: Offer, redirectURI: String, _ random: Randomness, _ now: Int64) -> Client
    {
        let origin = redirectURI.hasSuffix("/callback") ? String(redirectURI.dropLast("/callback".utf8.count)) : redirectURI
        return Client(
            id: random.identifier(), accountID: accountID, name: "DNS Pilot", visibility: .public, authenticationMethod: .basic,
            redirectURIs: [redirectURI], postLogoutRedirectURIs: [origin + "/"], scopes: scopes.all, optionalScopes: scopes.optional,
            clientURI: "https://dns-pilot.example", policyURI: "https://dns-pilot.example/privacy",
            tosURI: "https://dns-pilot.example/terms", promotedAt: now, createdAt: now, updatedAt: now)
    }

    /// In-house: only members of its own account may authorize it.
    private static func ledgerSync(accountID: Identifier, _ scopes: Offer, _ random: Randomness, _ now: Int64) -> Client {
        Client(
            id: random.identifier(), accountID: accountID, name: "Ledger Sync", visibility: .private, authenticationMethod: .post,
            redirectURIs: ["https://ledger.fabrikam.example/oauth/callback"], scopes: scopes.all, optionalScopes: scopes.optional,
            createdAt: now, updatedAt: now)
    }

    /// A command-line tool: no secret, any loopback port (RFC 8252 §7.3).
    private static func cloudctl(accountID: Identifier, _ scopes: Offer, _ random: Randomness, _ now: Int64) -> Client {
        Client(
            id: random.identifier(), accountID: accountID, name: "cloudctl", visibility: .public, authenticationMethod: .none,
            redirectURIs: ["http://127.0.0.1/callback"], postLogoutRedirectURIs: ["http://127.0.0.1/signed-out"], scopes: scopes.all,
            optionalScopes: scopes.optional, promotedAt: now, createdAt: now, updatedAt: now)
    }

    /// Its OpenID Connect library knows RS256 only.
    private static func insightBoards(accountID: Identifier, _ scopes: Offer, _ random: Randomness, _ now: Int64) -> Client {
        Client(
            id: random.identifier(), accountID: accountID, name: "Insight Boards", visibility: .public, authenticationMethod: .basic,
            redirectURIs: ["https://boards.example/oauth/callback"], postLogoutRedirectURIs: ["https://boards.example/signed-out"],
            scopes: scopes.all, optionalScopes: scopes.optional, clientURI: "https://boards.example", idTokenAlgorithm: .rs256,
            promotedAt: now, createdAt: now, updatedAt: now)
    }
}
