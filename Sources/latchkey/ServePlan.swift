import Delegation
import Logging
import OAuth
import Server
import Storage

/// Everything that `serve` needs, checked.
struct ServePlan {
    enum Switch: String, CaseIterable { case on, off }

    let settings: Settings
    let database: DatabaseLocation
    let listen: BindTarget
    let internalListen: BindTarget
    /// nil: the public listener speaks plain HTTP.
    let certificate: ListenerCertificate?
    let masterKey: MasterKey
    let catalogue: ImportedCatalogue?
    let maxConnections: Int
    let logFormat: LogLines.Format
    let logLevel: Logger.Level

    /// Notes every problem in the configuration; nil where there was any.
    init?(_ configuration: inout Configuration) {
        let issuer = ServePlan.issuer(&configuration)
        let masterKey = ServePlan.masterKey(&configuration)
        let listen = ServePlan.target(.listen, default: "127.0.0.1:8400", &configuration)
        let internalListen = ServePlan.target(.internalListen, default: "127.0.0.1:8401", &configuration)
        let lifetimes = ServePlan.lifetimes(&configuration)
        for problem in lifetimes.problems(isProduction: true) { configuration.note(problem) }
        let format = configuration.choice(.accessTokenFormat, default: Settings.AccessTokenFormat.opaque)
        let dnsServer = ServePlan.dnsServer(&configuration)
        let preflight = configuration.choice(.preflight, default: Switch.on)
        let accountCreation = configuration.choice(.accountCreation, default: Settings.AccountCreation.operator)
        let trustedProxies = ServePlan.trustedProxies(&configuration)
        let privateWebhooks = configuration.choice(.privateWebhooks, default: Switch.off)
        maxConnections = configuration.count(.maxConnections, default: OpenFiles.usualConnections, in: 8...1_000_000)
        // From a day: what is published ahead and kept after must not pile up.
        let keyRotation =
            configuration[.keyRotation] == nil ? nil : configuration.seconds(.keyRotation, default: 0, in: 86_400...315_360_000)
        let shutdownDelay = configuration.seconds(.shutdownDelay, default: 0, in: 0...300)
        logFormat = configuration.choice(.logFormat, default: .json)
        logLevel = configuration.choice(.logLevel, default: .info)
        let database = ServePlan.database(&configuration)
        certificate = ServePlan.certificate(&configuration)
        catalogue = ServePlan.catalogue(&configuration)
        guard let issuer, let database, let masterKey, let listen, let internalListen, configuration.problems.isEmpty else { return nil }
        self.database = database
        self.masterKey = masterKey
        self.listen = listen
        self.internalListen = internalListen
        settings = Settings(
            issuer: issuer, resource: configuration[.resource], platformName: configuration[.platformName] ?? "Latchkey",
            accessTokenFormat: format, lifetimes: lifetimes, answersPreflight: preflight == .on, dnsServer: dnsServer,
            accountCreation: accountCreation, mail: configuration[.mailCommand].map { .command($0) } ?? .off,
            trustedProxies: trustedProxies, allowsPrivateWebhooks: privateWebhooks == .on, keyRotation: keyRotation,
            shutdownDelay: shutdownDelay)
    }

    private static func issuer(_ configuration: inout Configuration) -> Issuer? {
        guard let text = configuration[.issuer] else {
            configuration.reject(.issuer, "is missing: the address under which browsers reach this server.")
            return nil
        }
        do {
            return try Issuer(text)
        } catch {
            configuration.reject(.issuer, "\(error)")
            return nil
        }
    }

    static func database(_ configuration: inout Configuration) -> DatabaseLocation? {
        let connections = ServePlan.connections(&configuration)
        if let text = configuration[.database] {
            guard var location = DatabaseLocation(text) else {
                configuration.reject(.database, DatabaseLocation.expected)
                return nil
            }
            location.connections = connections
            return location
        }
        guard let data = configuration[.data] else {
            configuration.reject(.data, "is missing: the directory where the database lives.")
            return nil
        }
        return DatabaseLocation(in: DataDirectory(data))
    }

    private static func connections(_ configuration: inout Configuration) -> Int {
        guard let text = configuration[.databaseConnections] else { return PostgreSQLDatabase.defaultConnections }
        guard let number = Int(text), (1...128).contains(number) else {
            configuration.reject(.databaseConnections, "\"\(text)\" should be a number from 1 to 128.")
            return PostgreSQLDatabase.defaultConnections
        }
        return number
    }

    private static func masterKey(_ configuration: inout Configuration) -> MasterKey? {
        let setting = configuration.masterKeySetting
        let text = setting == .masterKeyFile ? configuration.contents(of: .masterKeyFile) : configuration[.masterKey]
        guard let text else {
            if configuration[setting] == nil {
                configuration.reject(.masterKeyFile, "is missing. Make one with `openssl rand -base64 32 > master.key`.")
            }
            return nil
        }
        guard let key = MasterKey(Secret(text)) else {
            let file = setting == .masterKeyFile ? (configuration[setting] ?? "") + ": " : ""
            configuration.reject(setting, "\(file)the master key \(MasterKey.expected)")
            return nil
        }
        return key
    }

    private static func target(_ setting: Setting, default fallback: String, _ configuration: inout Configuration) -> BindTarget? {
        let text = configuration[setting] ?? fallback
        guard let target = BindTarget(text) else {
            configuration.reject(setting, "\"\(text)\" should be an address and a port, such as 127.0.0.1:8400 or [::1]:8400.")
            return nil
        }
        return target
    }

    private static func certificate(_ configuration: inout Configuration) -> ListenerCertificate? {
        guard let path = configuration[.tlsCertificate], let key = configuration[.tlsKey] else {
            if configuration[.tlsCertificate] != nil { configuration.reject(.tlsKey, "is missing: the key of --tls-certificate.") }
            if configuration[.tlsKey] != nil { configuration.reject(.tlsCertificate, "is missing: the certificate of --tls-key.") }
            return nil
        }
        do throws(ListenerCertificate.Problem) {
            return try ListenerCertificate(certificate: path, key: key)
        } catch {
            configuration.reject(.tlsCertificate, error.description)
            return nil
        }
    }

    private static func dnsServer(_ configuration: inout Configuration) -> BindTarget? {
        guard let text = configuration[.dnsServer] else { return nil }
        let target = BindTarget(text)
        if target?.isAddress != true {
            configuration.reject(.dnsServer, "\"\(text)\" should be an IP address and a port, such as 127.0.0.1:53 or [::1]:53.")
        }
        return target
    }

    private static func trustedProxies(_ configuration: inout Configuration) -> [AddressRange] {
        let texts = (configuration[.trustedProxies] ?? "").split { $0 == "," || $0 == " " }
        let ranges = texts.compactMap { AddressRange(String($0)) }
        if ranges.count != texts.count {
            configuration.reject(.trustedProxies, "should be IP addresses or blocks of them, such as 127.0.0.1,10.0.0.0/8.")
        }
        return ranges
    }

    /// Production's limits; the demo alone goes below them.
    private static func lifetimes(_ configuration: inout Configuration) -> Lifetimes {
        Lifetimes(
            code: configuration.seconds(.codeLifetime, default: 60, in: 10...600),
            access: configuration.seconds(.accessLifetime, default: 1800, in: 60...86_400),
            refreshIdle: configuration.seconds(.refreshIdle, default: 2_592_000, in: 3600...31_536_000),
            refreshAbsolute: configuration.seconds(.refreshLifetime, default: 31_536_000, in: 3600...315_360_000),
            refreshGrace: configuration.seconds(.refreshGrace, default: 60, in: 0...600))
    }

    private static func catalogue(_ configuration: inout Configuration) -> ImportedCatalogue? {
        guard let path = configuration[.catalogue] else {
            if configuration[.overrides] != nil { configuration.reject(.overrides, "needs a catalogue that it changes.") }
            return nil
        }
        do {
            return try CatalogueImport.read(path, overrides: configuration[.overrides])
        } catch {
            configuration.reject(.catalogue, (error as? CommandFailure)?.message ?? "\(error)")
            return nil
        }
    }
}
