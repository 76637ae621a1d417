import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey resource-server …`
struct ResourceServers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resource-server", abstract: "Add and list the APIs that may introspect every token.",
        subcommands: [Add.self, List.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a resource server. Its secret is printed once.")
        @Argument(help: "Its name.") var name: String
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let id = options.random.identifier()
            let secret = Credential.text(prefix: .clientSecret, random: options.random.bytes(32))
            try await store.createResourceServer(
                ResourceServerRecord(id: id, name: name, secretHash: Credential.hash(secret), createdAt: options.now),
                actor: options.actor, now: options.now)
            options.done(
                ["client_id": .string(id.description), "client_secret": .string(secret), "name": .string(name)],
                "Added resource server \(id). Secret, shown this once: \(secret)")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the resource servers.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let servers = try await options.store().resourceServers()
            options.list(
                servers.map {
                    [
                        "client_id": .string($0.id.description), "name": .string($0.name),
                        "created_at": .string(Timestamp.text($0.createdAt)),
                    ]
                }, columns: ["client_id", "name", "created_at"])
        }
    }
}
