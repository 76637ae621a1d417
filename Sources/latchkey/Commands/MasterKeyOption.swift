import ArgumentParser
import OAuth
import Server

/// The master key, for commands that need the key ring.
struct MasterKeyOption: ParsableArguments {
    @Option(help: "The file with the master key. (default: as `latchkey serve` is given it; a demo's directory has its own)")
    var masterKeyFile: String?

    func read(_ options: OperatorOptions) throws -> MasterKey {
        let settings = try options.settings([.masterKeyFile: masterKeyFile])
        let setting = settings.masterKeySetting
        let (text, origin): (String, String)
        if let value = settings[setting] {
            let isFile = setting == .masterKeyFile
            (text, origin) = try (isFile ? TextFile.read(value) : value, settings.origin(of: setting) + (isFile ? ": \(value)" : ""))
        } else if let directory = settings[.data], let value = DemoState.masterKey(in: directory) {
            (text, origin) = (value, "\(directory)/demo.json")
        } else {
            throw CommandFailure.usage("Give the master key with --master-key-file.")
        }
        guard let key = MasterKey(Secret(text)) else { throw CommandFailure.usage("\(origin): the master key \(MasterKey.expected)") }
        return key
    }
}

extension Configuration {
    /// The file, or the key itself where that is given at a place that comes first.
    var masterKeySetting: Setting { nearer(.masterKeyFile, .masterKey) }
}

extension MasterKey {
    static let expected = "should be 32 bytes in base64, as `openssl rand -base64 32` writes them."
}
