import Delegation
import Foundation
import OAuth
import Storage
import Synchronization

/// A directory that goes away with the value.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "latchkey-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var database: String { path + "/latchkey.db" }
}

/// The events that a store told its listener about.
final class Listener: Sendable {
    private let heard = Mutex<[Event]>([])

    func hear(_ events: [Event]) { heard.withLock { $0 += events } }
    var events: [Event] { heard.withLock { $0 } }
    var kinds: [String] { events.map(\.kind) }
}

/// Where a test runs. Every verb does the same on all.
enum Driver: String, CaseIterable, Sendable {
    case memory, file, postgreSQL

    /// With LATCHKEY_TEST_DRIVER=postgres every test that does not ask for a driver of its own runs on PostgreSQL.
    static let isPostgreSQLOnly = ProcessInfo.processInfo.environment["LATCHKEY_TEST_DRIVER"] == "postgres"
    static let allCases: [Driver] = isPostgreSQLOnly ? [.postgreSQL] : [.memory, .file] + (Cluster.url == nil ? [] : [.postgreSQL])
    static let usual: Driver = isPostgreSQLOnly ? .postgreSQL : .memory
    /// On which several processes may work at once.
    static let shared: Driver = isPostgreSQLOnly ? .postgreSQL : .file
}

/// An empty database on any driver, gone with the value.
final class TemporaryDatabase: Sendable {
    private let directory: TemporaryDirectory?
    private let name: String?
    /// Opens it; as often as is wanted where it is not in memory.
    let open: @Sendable () throws -> any Storage.Database

    init(_ driver: Driver, isMigrated: Bool = false) async throws {
        switch driver {
        case .memory:
            (directory, name) = (nil, nil)
            open = { try SQLiteDatabase(path: ":memory:") }
        case .file:
            let directory = try TemporaryDirectory()
            (self.directory, name) = (directory, nil)
            open = { try SQLiteDatabase(path: directory.database) }
        case .postgreSQL:
            let name = try await Cluster.create(isMigrated: isMigrated)
            (directory, self.name) = (nil, name)
            open = { try PostgreSQLDatabase(url: Cluster.url(of: name), connections: 6) }
        }
    }

    deinit {
        guard let name else { return }
        Task.detached { try? await Cluster.drop(name) }
    }

    var path: String? { directory?.database }
}

/// A migrated database with Ada, who administers Acme and reads Birch, and an app of Pine.
struct World: Sendable {
    static let now: Int64 = 1_795_525_509
    static let acme = id(0xA)
    static let birch = id(0xB)
    static let pine = id(0xF)
    static let ada = id(0x10)
    static let app = id(0x20)
    static let administrator = Role(id: id(1), name: "Administrator", permissions: ["*"])
    static let reader = Role(id: id(2), name: "Reader", permissions: ["*.read", "zone.write"])
    static let operatorActor = Actor(userID: nil, address: "operator")
    static let adaActor = Actor(userID: ada, address: "192.0.2.1")

    let temporary: TemporaryDatabase
    let database: any Storage.Database
    let store: Store
    let listener: Listener

    static func id(_ low: UInt64) -> Identifier { Identifier(high: 7, low: low) }
    static func hash(_ text: String) -> [UInt8] { Credential.hash(text) }

    /// - Parameter isEmpty: nothing but the tables.
    init(_ driver: Driver = .usual, isEmpty: Bool = false) async throws {
        let temporary = try await TemporaryDatabase(driver, isMigrated: true)
        let database = try temporary.open()
        let listener = Listener()
        try await Migrations.apply(to: database, now: Self.now)
        self.temporary = temporary
        self.database = database
        self.listener = listener
        store = Store(database, onCommit: { listener.hear($0) })
        if !isEmpty { try await populate() }
    }

    /// What another process would open.
    func another() throws -> any Storage.Database { try temporary.open() }

    private func populate() async throws {
        let actor = Self.operatorActor
        for (id, name) in [(Self.acme, "Acme"), (Self.birch, "Birch"), (Self.pine, "Pine")] {
            _ = try await store.createAccount(Account(id: id, name: name, createdAt: 1), actor: actor, now: Self.now)
        }
        for role in [Self.administrator, Self.reader] { _ = try await store.createRole(role, actor: actor, now: Self.now) }
        _ = try await store.createUser(Self.user(), passwordHash: "scrypt$ada", actor: actor, now: Self.now)
        for (account, role) in [(Self.acme, Self.administrator), (Self.birch, Self.reader)] {
            _ = try await store.addMember(userID: Self.ada, accountID: account, roleIDs: [role.id], actor: actor, now: Self.now)
        }
        _ = try await store.createClient(
            Self.client(), secret: (id: Self.id(0x21), hash: Self.hash("secret")), actor: actor, now: Self.now)
    }

    static func user(_ id: Identifier = ada, email: String = "ada@example.com") -> User {
        User(id: id, email: email, name: "Ada", createdAt: 1)
    }

    static func client(_ id: Identifier = app, name: String = "DNS Pilot") -> Client {
        Client(
            id: id, accountID: pine, name: name, visibility: .public, authenticationMethod: .basic,
            redirectURIs: ["https://app.example/cb", "https://app.example/other?x=1"],
            postLogoutRedirectURIs: ["https://app.example/bye"], scopes: ["dns.read", "dns.write", "zone.read"],
            optionalScopes: ["dns.write"], clientURI: "https://app.example", logoURI: nil, policyURI: "https://app.example/privacy",
            tosURI: nil, idTokenAlgorithm: .rs256, requiresPKCE: false, isPlatformOwned: true, createdAt: 5, updatedAt: 6)
    }

    static func code(
        authorization: UInt64 = 0x30, scopes: ScopeSet = ["dns.read", "dns.write"], accounts: [Identifier] = [acme, birch],
        until: Int64? = nil, user: Identifier = ada, client: Identifier = app, at now: Int64 = now
    ) -> AuthorizationCode {
        AuthorizationCode(
            clientID: client, userID: user, authorizationID: id(authorization), redirectURI: "https://app.example/cb",
            isRedirectURIExplicit: true, challenge: CodeChallenge("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), nonce: "n-0S6",
            scopes: scopes, accountIDs: accounts, grantExpiresAt: until, authenticatedAt: now - 10, audience: "https://api.example",
            sessionID: id(0x99), userAgent: "Firefox", createdAt: now, expiresAt: now + 60)
    }

    static func family(
        _ number: UInt64, of authorization: Identifier, scopes: ScopeSet = ["dns.read", "dns.write"],
        accounts: [Identifier] = [acme, birch], at now: Int64 = now
    ) -> TokenFamily {
        TokenFamily(
            id: id(number), authorizationID: authorization, originalScopes: scopes, scopes: scopes, accountIDs: accounts,
            installationID: id(number + 0x1_0000), createdAt: now, expiresAt: now + 10_000, idleExpiresAt: now + 1000,
            redirectURI: "https://app.example/cb", userAgent: "Firefox", authenticatedAt: now - 10, audience: "https://api.example")
    }

    /// Commits a consent and answers with the authorization that it became part of.
    func grant(_ code: AuthorizationCode = World.code(), as text: String, at now: Int64 = World.now) async throws -> Identifier {
        switch try await store.grant(code, codeHash: Self.hash(text), requestHash: nil, actor: Self.adaActor, now: now) {
        case .granted(let id): return id
        case .alreadyDecided, .notCovered, .tooManyResources: throw Unexpected(what: "the request was not granted")
        }
    }

    /// A consent and its redemption.
    func install(_ number: UInt64, _ code: AuthorizationCode = World.code(), at now: Int64 = World.now) async throws -> Standing {
        let authorization = try await grant(code, as: "code \(number)", at: now)
        var family = Self.family(number, of: authorization, scopes: code.scopes, accounts: code.accountIDs, at: now)
        family.resources = code.resources
        switch try await store.redeem(codeHash: Self.hash("code \(number)"), family: family, actor: Self.operatorActor, now: now) {
        case .redeemed(_, let standing): return standing
        case .refused, .replayed, .unknown: throw Unexpected(what: "the code was not redeemed")
        }
    }

    /// Rotates with the defaults of these tests: a grace of 60 seconds.
    func rotate(_ family: Identifier, _ generation: Int64, grace: Int64 = 60, at now: Int64 = World.now) async throws -> Store.RotateOutcome
    {
        try await store.rotate(
            family, generation: generation, grace: grace, idleExpiresAt: now + 1000, actor: Self.operatorActor, now: now)
    }
}

struct Unexpected: Error {
    let what: String
}

/// Runs as many at once as there are numbers, and answers with what each returned.
func together<Result: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) async throws -> Result) async throws -> [Result] {
    try await withThrowingTaskGroup(of: Result.self) { group in
        for number in 0..<count { group.addTask { try await body(number) } }
        return try await group.reduce(into: []) { $0.append($1) }
    }
}

extension Store.RedeemOutcome {
    var standing: Standing? { if case .redeemed(_, let standing) = self { standing } else { nil } }
    var isReplayed: Bool { if case .replayed = self { true } else { false } }
    var isUnknown: Bool { if case .unknown = self { true } else { false } }
}

extension Store {
    /// With a code that anybody may redeem.
    func redeem(codeHash: [UInt8], family: TokenFamily, actor: Actor, now: Int64) async throws -> RedeemOutcome {
        try await redeem(codeHash: codeHash, actor: actor, now: now) { _ in .success(family) }
    }
}
