import ArgumentParser
import Delegation
import Logging
import NIOCore
import OAuth
import Server
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#endif

/// `latchkey serve`: the server for real.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Every option can also stand in the environment (--access-lifetime is LATCHKEY_ACCESS_LIFETIME) or in a YAML file \
            given with --config or in LATCHKEY_CONFIG (access-lifetime: 900). A flag beats the environment, the environment beats the \
            file. The other commands find the database and the master key in the same places.

            The public listener serves the pages, the OAuth endpoints and the management API; put TLS in front of it, or give it a \
            certificate.
            The internal listener answers your gateway's /verify requests; keep it away from the public.
            """)

    @Option(help: "A YAML file with settings.") var config: String?
    @OptionGroup var options: ServeOptions

    func run() async throws {
        let plan = try options.plan(config: config)
        let log = Logger(label: "latchkey") { LogLines(label: $0, format: plan.logFormat, logLevel: plan.logLevel) }
        EarlySignals.exitQuietly()
        let database = try await plan.database.open()
        let deployment: Deployment
        do {
            deployment = try await Deployment.open(settings: plan.settings, database: database, masterKey: plan.masterKey, log: log)
        } catch let problem as KeyRings.Problem {
            throw CommandFailure.failed(problem.description)
        }
        if let document = plan.catalogue {
            document.report(to: log)
            try await CatalogueImport.store(document, in: deployment.store, now: Deployment.clock())
        }
        let connections = OpenFiles.share(OpenFiles.raise(), wanted: plan.maxConnections)
        if connections.public < plan.maxConnections {
            log.warning(
                "fewer connections than asked for: raise the limit of open files (ulimit -n)",
                metadata: ["connections": "\(connections.public)", "internal": "\(connections.internal)"])
        }
        let process = ServerProcess(
            deployment: deployment, listen: plan.listen, internalListen: plan.internalListen, maxConnections: connections,
            certificate: plan.certificate)
        do {
            try await process.run {
                log.info(
                    "ready",
                    metadata: [
                        "issuer": "\(plan.settings.issuer)", "listen": "\(plan.listen)", "internal": "\(plan.internalListen)",
                        "version": "\(Release.version)",
                    ])
            }
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw CommandFailure.failed(
                "Something else listens on \(plan.listen) or \(plan.internalListen): `ss -ltnp` shows what. --listen and "
                    + "--internal-listen name other addresses.")
        }
    }
}

/// The settings of `serve` as flags.
struct ServeOptions: ParsableArguments {
    @Option(help: "The public address of this server, https in public: https://login.example.com") var issuer: String?
    @Option(help: "The directory of the database.") var data: String?
    @Option(help: "Another database than the file there: postgresql://USER@HOST/DATABASE or sqlite:PATH") var database: String?
    @Option(help: "The most connections to PostgreSQL. (default: 8)") var databaseConnections: String?
    @Option(help: "Address and port of the public listener. (default: 127.0.0.1:8400)") var listen: String?
    @Option(help: "Address and port of the internal listener. (default: 127.0.0.1:8401)") var internalListen: String?
    @Option(help: "A PEM file: the public listener's certificate and those that signed it; without it, plain HTTP.")
    var tlsCertificate: String?
    @Option(help: "A PEM file: the certificate's private key. Both files are read again when they change, and at SIGHUP.")
    var tlsKey: String?
    @Option(help: "A file with the master key, 32 random bytes in base64: openssl rand -base64 32") var masterKeyFile: String?
    @Option(help: "The OpenAPI document (JSON or YAML) of the protected API; imported when it changed.") var catalogue: String?
    @Option(help: "A file that changes names, texts, risk and order of the catalogue's scopes.") var overrides: String?
    @Option(help: "The identifier of the protected API, the audience of access tokens. (default: the issuer)") var resource: String?
    @Option(help: "How the pages name your platform. (default: Latchkey)") var platformName: String?
    @Option(help: "opaque or jwt (RFC 9068). (default: opaque)") var accessTokenFormat: String?
    @Option(help: "Seconds that an authorization code is good for. (default: 60)") var codeLifetime: String?
    @Option(help: "Seconds that an access token is good for. (default: 1800)") var accessLifetime: String?
    @Option(help: "Seconds that an installation lasts at most. (default: 31536000)") var refreshLifetime: String?
    @Option(help: "Seconds after which an unused installation ends. (default: 2592000)") var refreshIdle: String?
    @Option(help: "Seconds in which a repeated refresh gets the same answer; 0 is strict. (default: 60)") var refreshGrace: String?
    @Option(help: "on or off: let CORS preflights of described paths pass. (default: on)") var preflight: String?
    @Option(help: "Address and port of the DNS server that proves clients' hosts. (default: the system's)") var dnsServer: String?
    @Option(help: "everyone or operator: who may create accounts. (default: operator)") var accountCreation: String?
    @Option(help: "A shell command that sends the mail it reads on standard input, such as \"sendmail -t\". (default: no mail)")
    var mailCommand: String?
    @Option(help: "The proxies in front of it whose X-Forwarded-For is believed: 127.0.0.1,10.0.0.0/8 (default: none)")
    var trustedProxies: String?
    @Option(help: "on or off: webhooks may go to private addresses, and to http:// on this machine. (default: off)")
    var privateWebhooks: String?
    @Option(help: "Connections that may be open on each listener; then the longest idle ones make room. (default: 10000)")
    var maxConnections: String?
    @Option(help: "Seconds of use after which keys are followed by new ones. (default: only by `latchkey keys rotate`)")
    var keyRotation: String?
    @Option(help: "Seconds in which it still answers after SIGTERM, while /health/ready says that it stops. (default: 0)")
    var shutdownDelay: String?
    @Option(help: "json or pretty. (default: json)") var logFormat: String?
    @Option(help: "debug, info, warning or error. (default: info)") var logLevel: String?

    private var flags: [Setting: String?] {
        [
            .issuer: issuer, .data: data, .database: database, .databaseConnections: databaseConnections, .listen: listen,
            .internalListen: internalListen, .tlsCertificate: tlsCertificate, .tlsKey: tlsKey, .masterKeyFile: masterKeyFile,
            .catalogue: catalogue, .overrides: overrides, .resource: resource, .platformName: platformName,
            .accessTokenFormat: accessTokenFormat, .codeLifetime: codeLifetime, .accessLifetime: accessLifetime,
            .refreshLifetime: refreshLifetime, .refreshIdle: refreshIdle, .refreshGrace: refreshGrace, .preflight: preflight,
            .dnsServer: dnsServer, .accountCreation: accountCreation, .mailCommand: mailCommand, .trustedProxies: trustedProxies,
            .privateWebhooks: privateWebhooks, .maxConnections: maxConnections, .keyRotation: keyRotation, .shutdownDelay: shutdownDelay,
            .logFormat: logFormat,
            .logLevel: logLevel,
        ]
    }

    /// The database alone, also where something else is wrong.
    func location(config: String?) throws -> DatabaseLocation {
        try DatabaseLocation(Configuration(flags: flags, file: config), isOnlyDataGiven: false)
    }

    /// Everything that is wrong is said at once.
    func plan(config: String?) throws -> ServePlan {
        var configuration = Configuration(flags: flags, file: config)
        let plan = ServePlan(&configuration)
        guard configuration.problems.isEmpty, let plan else {
            throw CommandFailure.usage(
                "The server cannot start:\n" + configuration.problems.map { "  \($0)" }.joined(separator: "\n"))
        }
        return plan
    }
}
