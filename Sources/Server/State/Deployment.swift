import Delegation
import Hummingbird
import Logging
import OAuth
import Storage
import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A server and all that it knows: the one value that every endpoint gets.
public struct Deployment: Sendable {
    public let settings: Settings
    public let store: Store
    let keys: KeyRings
    let catalogue: CatalogueInForce
    let standings: StandingCache
    let clients: ClientDirectory
    let uses: UseRecorder
    let unenforced: UnenforcedRecorder
    let usage: UsageRecorder
    let passwords: Passwords
    let resolver: TXTResolver
    var fetch: PublicFetch
    let tail: EventTail
    let duties: Duties
    let feed: ChangeFeed
    let cookies: Cookies
    let errors: ErrorAnswers
    let metrics: Metrics
    let state: ServingState
    let random: Randomness
    /// Epoch seconds.
    let now: @Sendable () -> Int64
    let log: Logger

    /// How long a session lasts, in seconds.
    static let sessionLifetime: Int64 = 14 * 24 * 3600
    /// Seconds for which something that a key signed may be shown, and more: at last a session's ID token, at signing out.
    var signatureLifetime: Int64 { max(settings.lifetimes.access, Self.sessionLifetime) + KeyRings.lead + 86_400 }

    /// Opens the key ring (making the first keys where there are none) and reads the catalogue in force.
    /// - Throws: `KeyRings.Problem` where the master key does not open the ring; `StorageError`.
    public static func open(
        settings: Settings, database: any Database, masterKey: MasterKey, log: Logger, random: Randomness = .system,
        now: @escaping @Sendable () -> Int64 = Deployment.clock
    ) async throws -> Deployment {
        let standings = StandingCache()
        let clients = ClientDirectory()
        let metrics = Metrics()
        let link = TailLink()
        let store = Store(database, onCommit: { link.committed($0) })
        // Before anything is read: what another process commits from now on is followed.
        let sequence = try await store.latestSequence()
        let keys = KeyRings(masterKey: masterKey, random: random)
        try await keys.ensure(in: store, now: now())
        let catalogue = CatalogueInForce()
        try await catalogue.reload(from: store)
        let feed = ChangeFeed(now: now)
        let tail = EventTail(
            from: sequence, standings: standings, clients: clients, metrics: metrics, onEvents: { feed.wake() }
        ) { subject in
            if subject == .keys { try await keys.reload(from: store) }
            if subject == .catalogue { try await catalogue.reload(from: store) }
        }
        link.connect(to: tail)
        return Deployment(
            settings: settings, store: store, keys: keys, catalogue: catalogue, standings: standings, clients: clients,
            uses: UseRecorder(), unenforced: UnenforcedRecorder(), usage: UsageRecorder(), passwords: Passwords(random: random),
            resolver: TXTResolver(server: settings.dnsServer),
            fetch: PublicFetch(
                resolver: .system(server: settings.dnsServer), allowsPrivate: settings.allowsPrivateWebhooks), tail: tail,
            duties: Duties(isShared: store.isShared, random: random), feed: feed,
            cookies: Cookies(issuer: settings.issuer),
            errors: ErrorAnswers(platformName: settings.platformName), metrics: metrics, state: ServingState(), random: random, now: now,
            log: log)
    }

    /// The system's clock, in epoch seconds.
    public static let clock: @Sendable () -> Int64 = { Int64(Date().timeIntervalSince1970) }

    /// A URL of ours; always from the configured issuer, never from a request's header.
    func url(_ path: String) -> String { settings.issuer.description + path }

    var resourceMetadataURL: String { settings.issuer.origin + "/.well-known/oauth-protected-resource" }

    /// RFC 6750 §3.
    func challenge(error: String? = nil, description: String? = nil, scope: ScopeSet = []) -> String {
        BearerChallenge(error: error, description: description, scope: scope, resourceMetadata: resourceMetadataURL).text
    }
}

/// Between the store, which is made first, and the tail, which needs it.
private final class TailLink: Sendable {
    private let tail = Mutex<EventTail?>(nil)

    func connect(to tail: EventTail) { self.tail.withLock { $0 = tail } }
    func committed(_ events: [Event]) { tail.withLock { $0 }?.committed(events) }
}
