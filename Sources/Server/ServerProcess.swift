import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import OAuth
import ServiceLifecycle
import Storage
import Synchronization
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A running server: both listeners and the work behind them, until a signal ends it.
public struct ServerProcess: Sendable {
    private let deployment: Deployment
    private let listen: BindTarget
    private let internalListen: BindTarget
    private let certificate: ListenerCertificate?
    private let companions: Companions
    private let arriving = ArrivingBodies()
    private let connections: Connections
    private let internalConnections: Connections

    /// Seconds that open requests get after a signal; then the process ends all the same.
    private static let graceAfterSignal = 3

    /// What else listens in the process and stops with it; each calls the function that it is given once it listens.
    public typealias Companions = @Sendable (_ whenListening: @escaping @Sendable () async -> Void) throws -> [any Service]

    /// - Parameters:
    ///   - maxConnections: how many may be open on each listener.
    ///   - certificate: of the public listener; without one it speaks plain HTTP, for a proxy in front of it.
    public init(
        deployment: Deployment, listen: BindTarget, internalListen: BindTarget, maxConnections: (public: Int, internal: Int),
        certificate: ListenerCertificate? = nil,
        companions: @escaping Companions = { _ in [] }
    ) {
        connections = Connections(limit: maxConnections.public)
        internalConnections = Connections(limit: maxConnections.internal)
        self.deployment = deployment
        self.listen = listen
        self.internalListen = internalListen
        self.certificate = certificate
        self.companions = companions
    }

    /// Returns after a graceful stop (SIGTERM, SIGINT).
    /// - Parameter whenReady: called once every listener answers.
    public func run(whenReady: @escaping @Sendable () async -> Void) async throws {
        // What was imported or changed since the deployment was opened is in force before anybody is told that it is ready.
        try await deployment.tail.catchUp(with: deployment.store)
        let clock = ClockWatch(now: deployment.now(), lastKnown: try await deployment.store.latestEventTime())
        let readiness = Readiness(whenReady: whenReady)
        let companions = try companions { await readiness.oneMore() }
        readiness.expect(2 + companions.count)
        // They are stopped from the last to the first, each after the one before it: the deadline has to hear of it at once.
        let services: [any Service] =
            [
                Chores(
                    deployment: deployment, clock: clock, arriving: arriving, connections: [connections, internalConnections],
                    certificate: certificate),
                application(
                    publicRoutes(deployment), at: listen, connections, certificate, counting: deployment.metrics.openPublicConnections,
                    readiness),
                application(
                    internalRoutes(deployment), at: internalListen, internalConnections, nil,
                    counting: deployment.metrics.openInternalConnections, readiness),
            ] + companions + [FeedEnd(feed: deployment.feed), Departure(deployment: deployment, grace: Self.graceAfterSignal)]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(deployment.settings.shutdownDelay + Int64(Self.graceAfterSignal))
        try await ServiceGroup(configuration: configuration).run()
    }

    private func application(
        _ routes: [Route], at target: BindTarget, _ connections: Connections, _ certificate: ListenerCertificate?, counting open: Count,
        _ readiness: Readiness
    ) -> Application<Listener> {
        let listener = Listener(routes, deployment: deployment, arriving: arriving)
        return Application(
            responder: listener, server: .connections(of: listener, in: connections, certificate, counting: open),
            configuration: .init(
                address: target.address, backlog: 1024, availableConnectionsDelegate: ConnectionRoom(connections: connections)),
            onServerRunning: { _ in await readiness.oneMore() }, logger: quiet)
    }

    /// The frameworks' own reports matter only when something is wrong.
    private var quiet: Logger {
        var log = deployment.log
        if log.logLevel < .warning, log.logLevel > .debug { log.logLevel = .warning }
        return log
    }
}

/// Counts the listeners that answer.
private final class Readiness: Sendable {
    private let missing = Mutex(0)
    private let whenReady: @Sendable () async -> Void

    init(whenReady: @escaping @Sendable () async -> Void) {
        self.whenReady = whenReady
    }

    /// Called once, before any of them runs.
    func expect(_ count: Int) { missing.withLock { $0 = count } }

    func oneMore() async {
        let isReady = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isReady { await whenReady() }
    }
}

/// Says that the process is about to stop, gives load balancers time to hear of it, and ends the process when open connections
/// would hold it up for longer than a supervisor waits.
private struct Departure: Service {
    let deployment: Deployment
    /// Seconds that open requests get afterwards.
    let grace: Int

    func run() async throws {
        try? await gracefulShutdown()
        deployment.state.stop()
        let delay = deployment.settings.shutdownDelay
        if delay > 0 { try? await Task.sleep(for: .seconds(delay)) }
        Task.detached {
            try? await Task.sleep(for: .seconds(grace + 1))
            exit(0)
        }
    }
}

/// What a server does besides answering: follow the outbox, write down uses, sweep what has expired, end requests that take too
/// long to arrive, look for proofs, seal the audit log, send to webhooks.
private struct Chores: Service {
    let deployment: Deployment
    let clock: ClockWatch
    let arriving: ArrivingBodies
    let connections: [Connections]
    let certificate: ListenerCertificate?
    private let sealer = EventSealer()

    init(
        deployment: Deployment, clock: ClockWatch, arriving: ArrivingBodies, connections: [Connections], certificate: ListenerCertificate?
    ) {
        self.deployment = deployment
        self.clock = clock
        self.arriving = arriving
        self.connections = connections
        self.certificate = certificate
    }

    func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await every(.milliseconds(200), follow) }
            group.addTask { for await _ in deployment.store.wakeUps() { await follow() } }
            group.addTask { await every(.seconds(2), recordUses) }
            if deployment.store.isShared { group.addTask { await every(Duties.pace, keepDuties) } }
            group.addTask { await whileHolding(.sweep, every: .seconds(30), sweep) }
            group.addTask { await every(.seconds(15), measure) }
            group.addTask {
                await every(.seconds(1)) {
                    arriving.endOverdue()
                    for each in connections { each.endOverdue() }
                }
            }
            group.addTask { await whileHolding(.proofs, every: .seconds(1), proveHosts) }
            group.addTask { await whileHolding(.seals, every: .seconds(3), seal) }
            group.addTask { await whileHolding(.keys, every: .seconds(60), maintainKeys) }
            group.addTask { await WebhookSender(deployment: deployment, clock: clock).run() }
            group.addTask { await deployment.feed.run(deployment.store, deployment.log) }
            group.addTask { await SecurityEventSender(deployment: deployment).run() }
            if let certificate {
                group.addTask { await CertificateWatch(certificate: certificate, metrics: deployment.metrics, log: deployment.log).run() }
            }
            try? await gracefulShutdown()
            group.cancelAll()
            // What is on its way may end late or not at all before the process does: what is counted must not wait for it.
            await recordUses()
        }
        await recordUses()
        if deployment.duties.holds(.seals) { await seal() }
        await releaseDuties()
    }

    private func every(_ interval: Duration, _ work: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await work()
            try? await Task.sleep(for: interval)
        }
    }

    /// What one node does for all: at once when it falls to this one.
    private func whileHolding(_ duty: Duty, every interval: Duration, _ work: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            if deployment.duties.holds(duty) {
                await work()
                try? await Task.sleep(for: interval)
            } else {
                try? await Task.sleep(for: Duties.pace)
            }
        }
    }

    @Sendable private func keepDuties() async {
        do {
            for duty in try await deployment.duties.keep(in: deployment.store) {
                deployment.log.info("took a duty", metadata: ["duty": "\(duty.rawValue)", "holder": "\(deployment.duties.holder)"])
            }
        } catch {
            deployment.log.warning("duties could not be agreed on", metadata: ["problem": "\(error)"])
        }
    }

    /// The other nodes need not wait until they notice that this one has gone.
    private func releaseDuties() async {
        do {
            try await deployment.duties.release(in: deployment.store)
        } catch {
            deployment.log.warning("duties could not be given back", metadata: ["problem": "\(error)"])
        }
    }

    @Sendable private func maintainKeys() async {
        guard clock.isSteady(now: deployment.now()) else { return }
        do {
            try await deployment.keys.maintain(
                in: deployment.store, age: deployment.settings.keyRotation, memory: deployment.signatureLifetime, now: deployment.now())
        } catch {
            deployment.log.warning("keys could not be looked after", metadata: ["problem": "\(error)"])
        }
    }

    @Sendable private func follow() async {
        do {
            try await deployment.tail.catchUp(with: deployment.store)
        } catch {
            deployment.tail.lost()
            deployment.log.error("cannot follow the outbox; reading through", metadata: ["problem": "\(error)"])
        }
    }

    @Sendable private func recordUses() async {
        do {
            try await deployment.uses.flush(to: deployment.store)
            try await deployment.unenforced.flush(to: deployment.store)
            try await deployment.usage.flush(to: deployment.store)
        } catch {
            deployment.log.warning("uses could not be written down yet", metadata: ["problem": "\(error)"])
        }
    }

    @Sendable private func measure() async {
        // Where it fails, the chores themselves say so.
        guard let backlog = try? await deployment.store.backlog(now: deployment.now()) else { return }
        deployment.metrics.sweepBacklog.set(Int(backlog.expired))
        deployment.metrics.deliveriesWaiting.set(Int(backlog.deliveries))
    }

    @Sendable private func proveHosts() async {
        do {
            try await HostProver(deployment: deployment).checkDue()
        } catch {
            deployment.log.warning("proofs of hosts could not be checked", metadata: ["problem": "\(error)"])
        }
    }

    @Sendable private func seal() async {
        do {
            try await sealer.seal(deployment.store, deployment.keys, now: deployment.now())
        } catch let broken as EventSealer.ChainBroken {
            deployment.log.error("the audit log was tampered with", metadata: ["problem": "\(broken)"])
        } catch {
            deployment.log.warning("events could not be sealed yet", metadata: ["problem": "\(error)"])
        }
    }

    /// Small batches, so that no request waits long behind one.
    @Sendable private func sweep() async {
        guard clock.isSteady(now: deployment.now()) else { return }
        do {
            while try await deployment.store.sweep(now: deployment.now(), limit: 500) >= 500, !Task.isCancelled {}
        } catch {
            deployment.log.warning("the sweep stopped early", metadata: ["problem": "\(error)"])
        }
    }
}
