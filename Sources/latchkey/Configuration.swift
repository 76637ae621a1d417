import OAuth
import Yams

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One setting of `serve`: the same name as flag (`--access-lifetime`), in the environment (`LATCHKEY_ACCESS_LIFETIME`)
/// and in the file (`access-lifetime:`).
enum Setting: String, CaseIterable {
    case issuer
    case data
    case database
    case databaseConnections = "database-connections"
    case listen
    case internalListen = "internal-listen"
    case tlsCertificate = "tls-certificate"
    case tlsKey = "tls-key"
    case masterKey = "master-key"
    case masterKeyFile = "master-key-file"
    case catalogue
    case overrides
    case resource
    case platformName = "platform-name"
    case accessTokenFormat = "access-token-format"
    case codeLifetime = "code-lifetime"
    case accessLifetime = "access-lifetime"
    case refreshLifetime = "refresh-lifetime"
    case refreshIdle = "refresh-idle"
    case refreshGrace = "refresh-grace"
    case preflight
    case dnsServer = "dns-server"
    case accountCreation = "account-creation"
    case mailCommand = "mail-command"
    case trustedProxies = "trusted-proxies"
    case privateWebhooks = "private-webhooks"
    case maxConnections = "max-connections"
    case keyRotation = "key-rotation"
    case shutdownDelay = "shutdown-delay"
    case logFormat = "log-format"
    case logLevel = "log-level"

    var environmentName: String {
        "LATCHKEY_" + rawValue.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
    }
}

/// The settings as they were given, each with the place it came from, before anything is made of them.
struct Configuration {
    private enum Place: Int { case file, environment, flag }

    private var values: [Setting: (text: String, place: Place, origin: String)] = [:]
    private(set) var problems: [String] = []

    /// A flag beats the environment, the environment beats the file.
    /// - Parameter flags: what stood on the command line; nil where it did not.
    init(flags: [Setting: String?], environment: [String: String], file: String?) {
        if let file { readFile(file) }
        for setting in Setting.allCases {
            if let value = environment[setting.environmentName] { values[setting] = (value, .environment, setting.environmentName) }
            if let flag = flags[setting], let value = flag { values[setting] = (value, .flag, "--\(setting.rawValue)") }
        }
    }

    /// From the surroundings of this process.
    /// - Parameter file: given with `--config`; the environment's `LATCHKEY_CONFIG` counts where it is nil.
    init(flags: [Setting: String?], file: String?) {
        let environment = ProcessInfo.processInfo.environment
        self.init(flags: flags, environment: environment, file: file ?? environment["LATCHKEY_CONFIG"])
    }

    subscript(setting: Setting) -> String? { values[setting]?.text }

    /// Notes a problem with a setting and names where its value came from.
    mutating func reject(_ setting: Setting, _ problem: String) { problems.append("\(origin(of: setting)): \(problem)") }

    /// Where its value came from, as the one who gave it knows it.
    func origin(of setting: Setting) -> String { values[setting]?.origin ?? "--" + setting.rawValue }

    /// Of two settings that say the same in two ways, the one whose place comes first; in one place, the first of the two.
    func nearer(_ first: Setting, _ second: Setting) -> Setting {
        (values[second]?.place.rawValue ?? -1) > (values[first]?.place.rawValue ?? -1) ? second : first
    }

    /// Notes a problem that lies between settings.
    mutating func note(_ problem: String) { problems.append(problem) }

    /// Seconds within the range, or the default where the setting is not given.
    mutating func seconds(_ setting: Setting, default fallback: Int64, in range: ClosedRange<Int64>) -> Int64 {
        guard let text = self[setting] else { return fallback }
        guard let value = Int64(text), range.contains(value) else {
            reject(setting, "\"\(text)\" should be a number of seconds from \(range.lowerBound) to \(range.upperBound).")
            return fallback
        }
        return value
    }

    /// A whole number within the range, or the default where the setting is not given.
    mutating func count(_ setting: Setting, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = self[setting] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            reject(setting, "\"\(text)\" should be a number from \(range.lowerBound) to \(range.upperBound).")
            return fallback
        }
        return value
    }

    /// One of the choices, or the default where the setting is not given.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ setting: Setting, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        guard let text = self[setting] else { return fallback }
        guard let value = Choice(rawValue: text) else {
            reject(setting, "\"\(text)\" should be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")).")
            return fallback
        }
        return value
    }

    /// The text of the file that a setting names.
    mutating func contents(of setting: Setting) -> String? {
        guard let path = self[setting] else { return nil }
        do {
            return try TextFile.read(path)
        } catch {
            reject(setting, error.message)
            return nil
        }
    }

    private mutating func readFile(_ path: String) {
        do throws(CommandFailure) {
            guard let root = try Documents.yaml(try TextFile.read(path), file: path).objectValue else {
                problems.append("\(path): should hold settings, one `name: value` a line.")
                return
            }
            for (name, value) in root.members {
                guard let setting = Setting(rawValue: name) else {
                    problems.append("\(path): \"\(name)\" is no setting.")
                    continue
                }
                switch value {
                case .string(let text): values[setting] = (text, .file, "\(path): \(name)")
                case .integer(let number): values[setting] = (String(number), .file, "\(path): \(name)")
                case .bool(let flag): values[setting] = (String(flag), .file, "\(path): \(name)")
                default: problems.append("\(path): \"\(name)\" should be a text or a number.")
                }
            }
        } catch {
            problems.append(error.message)
        }
    }
}

/// Reading files that a person named.
enum TextFile {
    static func read(_ path: String) throws(CommandFailure) -> String {
        guard Files.exists(path) else { throw .notFound("\(path): there is no such file.") }
        return try text(Files.bytes(path), path)
    }

    /// All that comes on standard input.
    static func standardInput() throws(CommandFailure) -> String { try text(Files.standardInput(), "standard input") }

    private static func text(_ bytes: [UInt8]?, _ name: String) throws(CommandFailure) -> String {
        guard let bytes else { throw .failed("\(name): cannot be read.") }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .failed("\(name): is not UTF-8 text.") }
        return text
    }

    static func write(_ text: String, to path: String) throws(CommandFailure) {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else { throw .failed("\(path): cannot be written.") }
    }

    /// The path from the root.
    static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
