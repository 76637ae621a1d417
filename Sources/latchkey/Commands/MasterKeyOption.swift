import ArgumentParser
import OAuth
import Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The master key, for commands that need the key ring.
struct MasterKeyOption: ParsableArguments {
    @Option(help: "The file with the master key. Without it LATCHKEY_MASTER_KEY is read; a demo's directory has its own.")
    var masterKeyFile: String?

    func read(data: String?) throws -> MasterKey {
        let environment = ProcessInfo.processInfo.environment
        let text: String
        if let path = masterKeyFile ?? environment[Setting.masterKeyFile.environmentName] {
            text = try TextFile.read(path)
        } else if let value = environment[Setting.masterKey.environmentName] {
            text = value
        } else if let value = data.flatMap({ DemoState.masterKey(in: $0) }) {
            text = value
        } else {
            throw CommandFailure.usage("Give the master key with --master-key-file.")
        }
        guard let key = MasterKey(Secret(text)) else { throw CommandFailure.usage("The master key should be 32 bytes in base64.") }
        return key
    }
}
