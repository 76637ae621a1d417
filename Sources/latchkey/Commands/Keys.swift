import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `latchkey keys …`
struct Keys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "List and rotate the keys that tokens are made with.",
        discussion: "After a rotation new tokens use the new keys, and tokens made before go on working. Works beside a running server.",
        subcommands: [List.self, Rotate.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the keys, without anything secret.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let keys = try await options.store().keys()
            options.list(
                keys.map {
                    [
                        "id": .string(String($0.id)), "purpose": .string($0.purpose.rawValue), "algorithm": .string($0.algorithm),
                        "active_from": .string(Timestamp.text($0.activeFrom)), "retired_at": JSON($0.retiredAt.map(Timestamp.text)),
                    ]
                }, columns: ["id", "purpose", "algorithm", "active_from", "retired_at"])
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a new key of each kind.")
        @Option(help: "The file with the master key. Without it LATCHKEY_MASTER_KEY is read; a demo's directory has its own.")
        var masterKeyFile: String?
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            do {
                let rings = KeyRings(masterKey: try masterKey())
                // Opening the ring first: a wrong master key must not seal new keys.
                try await rings.reload(from: store)
                try await rings.rotate(in: store, actor: options.actor, now: options.now)
            } catch let problem as KeyRings.Problem {
                throw CommandFailure.failed(problem.description)
            }
            let count = try await store.keys().count
            options.done(["keys": .integer(Int64(count))], "Rotated. There are \(count) keys now.")
        }

        private func masterKey() throws -> MasterKey {
            let environment = ProcessInfo.processInfo.environment
            let text: String
            if let path = masterKeyFile ?? environment[Setting.masterKeyFile.environmentName] {
                text = try TextFile.read(path)
            } else if let value = environment[Setting.masterKey.environmentName] {
                text = value
            } else if let value = DemoState.masterKey(in: options.data) {
                text = value
            } else {
                throw CommandFailure.usage("Give the master key with --master-key-file.")
            }
            guard let key = MasterKey(Secret(text)) else {
                throw CommandFailure.usage("The master key should be 32 bytes in base64.")
            }
            return key
        }
    }
}
