import ArgumentParser
import OAuth
import Server

/// The master key, for commands that need the key ring.
struct MasterKeyOption: ParsableArguments {
    @Option(help: "The file with the master key. Without it LATCHKEY_MASTER_KEY is read; a demo's directory has its own.")
    var masterKeyFile: String?

    func read(_ options: OperatorOptions) throws -> MasterKey {
        let settings = try options.settings([.masterKeyFile: masterKeyFile])
        let text: String
        if let path = settings[.masterKeyFile] {
            text = try TextFile.read(path)
        } else if let value = settings[.masterKey] {
            text = value
        } else if let value = settings[.data].flatMap({ DemoState.masterKey(in: $0) }) {
            text = value
        } else {
            throw CommandFailure.usage("Give the master key with --master-key-file.")
        }
        guard let key = MasterKey(Secret(text)) else { throw CommandFailure.usage("The master key should be 32 bytes in base64.") }
        return key
    }
}
