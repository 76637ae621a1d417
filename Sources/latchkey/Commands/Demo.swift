import ArgumentParser
import AsyncHTTPClient
import Delegation
import Logging
import NIOCore
import OAuth
import Server
import ServiceLifecycle
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `latchkey demo`: the server, a protected API and an app in one process.
struct Demo: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "See the whole story: the server, a demo API and a demo app, in one process on this machine.",
        discussion: """
            Prints where to go and who to be. Everything it makes is kept in the data directory, so that it starts again as it was; \
            remove the directory to begin anew. Not for real data: the secrets are in DIR/demo.json.
            """)

    @Option(help: "The public listener's port; the internal one, the API and the app take the next three. 0 picks free ports.")
    var port = 8400
    @Option(help: "Where everything is kept.") var data = "./demo-data"
    @Option(help: "Another database than the file there: postgresql://USER@HOST/DATABASE (default: the environment's LATCHKEY_DATABASE)")
    var database: String?
    @Option(help: "Another API's OpenAPI document in place of the demo's.") var catalogue: String?
    @Option(help: "A file that changes names, texts, risk and order of its scopes.") var overrides: String?
    @Option(help: "Seconds that an authorization code is good for.") var codeLifetime: Int64 = 60
    @Option(help: "Seconds that an access token is good for.") var accessLifetime: Int64 = 1800
    @Option(help: "Seconds in which a repeated refresh gets the same answer; 0 is strict.") var refreshGrace: Int64 = 60
    @Option(help: "opaque or jwt (RFC 9068).") var accessTokenFormat = "opaque"
    @Option(help: "Address and port of the DNS server that proves clients' hosts. (default: the system's)") var dnsServer: String?
    @Option(help: "Seconds until a host's record is looked for again; the time doubles.") var proofInterval: Int64 = 60
    @Option(help: "everyone or operator: who may create accounts.") var accountCreation = "everyone"
    @Option(help: "on or off: webhooks may go to private addresses, and to http:// on this machine.") var privateWebhooks = "on"
    @Option(help: "Connections that may be open on each listener; then the longest idle ones make room.")
    var maxConnections = OpenFiles.usualConnections
    @Option(help: "debug, info, warning or error.") var logLevel = "info"
    @Flag(help: "Print one line of JSON when ready.") var json = false

    func run() async throws {
        let lifetimes = Lifetimes(code: codeLifetime, access: accessLifetime, refreshGrace: refreshGrace)
        let problems = lifetimes.problems(isProduction: false)
        if !problems.isEmpty { throw CommandFailure.usage(problems.joined(separator: "\n")) }
        guard let format = Settings.AccessTokenFormat(rawValue: accessTokenFormat) else {
            throw CommandFailure.usage("--access-token-format should be opaque or jwt.")
        }
        guard let accountCreation = Settings.AccountCreation(rawValue: accountCreation) else {
            throw CommandFailure.usage("--account-creation should be everyone or operator.")
        }
        guard let privateWebhooks = ServePlan.Switch(rawValue: privateWebhooks) else {
            throw CommandFailure.usage("--private-webhooks should be on or off.")
        }
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw CommandFailure.usage("--log-level should be debug, info, warning or error.")
        }
        guard dnsServer == nil || dnsServer.flatMap(BindTarget.init)?.isAddress == true else {
            throw CommandFailure.usage("--dns-server should be an IP address and a port, such as 127.0.0.1:53.")
        }
        guard (8...1_000_000).contains(maxConnections) else { throw CommandFailure.usage("--max-connections should be from 8 to 1000000.") }
        guard (1...3600).contains(proofInterval) else { throw CommandFailure.usage("--proof-interval should be from 1 to 3600.") }
        let log = Logger(label: "latchkey") { LogLines(label: $0, format: json ? .json : .pretty, logLevel: level) }
        EarlySignals.exitQuietly()
        let directory = try DataDirectory(data).prepare()
        let (state, held) = try demoState(directory.path)
        let imported = try document(directory.path)
        imported.report(to: log)
        let world = try DemoWorld(state: state, catalogue: imported, isOwnCatalogue: catalogue == nil)
        let settings = Settings(
            issuer: world.issuer, resource: world.api, platformName: DemoCatalogue.platformName, accessTokenFormat: format,
            lifetimes: lifetimes, dnsServer: dnsServer.flatMap(BindTarget.init),
            proofPace: HostProof.Pace(shortest: proofInterval), accountCreation: accountCreation, mail: .outbox(Outbox()),
            allowsPrivateWebhooks: privateWebhooks == .on)
        guard let masterKey = MasterKey(state.masterKey) else { throw CommandFailure.failed("\(data)/demo.json holds no master key.") }
        let database = try await location(directory).open()
        let deployment = try await Deployment.open(settings: settings, database: database, masterKey: masterKey, log: log)
        let isSeeded = state.isSeeded
        try await world.ensure(in: deployment.store, isSeeded: isSeeded, now: Deployment.clock())
        if !isSeeded { try state.seeded().save(to: directory.path) }
        try await serve(world, deployment, log, catalogueFile: catalogueFile(directory.path), holding: held)
    }

    /// - Parameter held: let go once everything listens.
    private func serve(
        _ world: DemoWorld, _ deployment: Deployment, _ log: Logger, catalogueFile: String, holding held: FreePorts?
    ) async throws {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
        let client = HTTPClient(configuration: configuration)
        do {
            let (json, line) = (json, world.line(catalogue: catalogueFile))
            try await ServerProcess(
                deployment: deployment, listen: BindTarget(host: "127.0.0.1", port: world.ports[0]),
                internalListen: BindTarget(host: "127.0.0.1", port: world.ports[1]),
                maxConnections: OpenFiles.share(OpenFiles.raise(), wanted: maxConnections)
            ) { whenListening in
                try world.services(client, log, whenListening: whenListening)
            }.run {
                held?.letGo()
                Output.line(json ? line.text : world.introduction)
            }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
    }

    /// The state of the start before, or a new one; an explicit port moves the demo there.
    private func demoState(_ directory: String) throws -> (DemoState, FreePorts?) {
        guard (0...65_532).contains(port) else { throw CommandFailure.usage("--port should be from 0 to 65532.") }
        let known = try DemoState.load(from: directory)
        let ports: [Int]
        var held: FreePorts?
        if port != 0 {
            ports = Array(port...(port + 3))
        } else if let known {
            ports = known.ports
        } else if let free = FreePorts(4) {
            ports = free.ports
            held = free
        } else {
            throw CommandFailure.failed("There are no free ports.")
        }
        var state = known ?? DemoState(random: .system, now: Deployment.clock(), ports: ports)
        state.ports = ports
        try state.save(to: directory)
        return (state, held)
    }

    /// The directory is always given, if only by its default; so the environment is asked before it.
    private func location(_ directory: DataDirectory) throws -> DatabaseLocation {
        guard let text = database ?? ProcessInfo.processInfo.environment[Setting.database.environmentName] else {
            return DatabaseLocation(in: directory)
        }
        guard let location = DatabaseLocation(text) else { throw CommandFailure.usage("--database \(DatabaseLocation.expected)") }
        return location
    }

    private func catalogueFile(_ directory: String) -> String { TextFile.absolute(catalogue ?? directory + "/catalogue.json") }

    private func document(_ directory: String) throws -> ImportedCatalogue {
        if let catalogue { return try CatalogueImport.read(catalogue, overrides: overrides) }
        let file = catalogueFile(directory)
        try TextFile.write(DemoCatalogue.text, to: file)
        return try CatalogueImport.read(file, overrides: overrides)
    }
}
