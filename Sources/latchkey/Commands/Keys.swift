import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

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
        static let configuration = CommandConfiguration(
            abstract: "Add a new key of each kind. It is published at once and used after a while.")
        @Option(help: "Seconds until its first use: time for nodes and for caches of the published keys. (0 to 86400)")
        var lead = KeyRings.lead
        @OptionGroup var masterKey: MasterKeyOption
        @OptionGroup var options: OperatorOptions

        func validate() throws {
            guard (0...86_400).contains(lead) else { throw ValidationError("--lead should be a number of seconds from 0 to 86400.") }
        }

        func run() async throws {
            let store = try await options.store()
            do {
                let rings = KeyRings(masterKey: try masterKey.read(options))
                // Opening the ring first: a wrong master key must not seal new keys.
                try await rings.reload(from: store)
                try await rings.rotate(in: store, lead: lead, actor: options.actor, now: options.now)
            } catch let problem as KeyRings.Problem {
                throw CommandFailure.failed(problem.description)
            }
            let count = try await store.keys().count
            options.done(["keys": .integer(Int64(count))], "Rotated. There are \(count) keys now.")
        }
    }
}
