import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey resource-server …`
struct ResourceServers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resource-server", abstract: "Add and list the APIs that may introspect every token, and push them security events.",
        subcommands: [Add.self, List.self, Push.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add a resource server. Its secret is printed once.")
        @Argument(help: "Its name.") var name: String
        @Option(help: "The identifier of its API, the audience of its tokens. (default: the server's --resource)") var audience: String?
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            if let audience, URLText(audience)?.hasAuthority != true {
                throw CommandFailure.usage("--audience should be a URL, such as https://api.example.com.")
            }
            let store = try await options.store()
            let id = options.random.identifier()
            let secret = Credential.text(prefix: .clientSecret, random: options.random.bytes(32))
            try await store.createResourceServer(
                ResourceServerRecord(
                    id: id, name: name, audience: audience, secretHash: Credential.hash(secret), createdAt: options.now),
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
            let store = try await options.store()
            let servers = try await store.resourceServers()
            let receivers = Dictionary(
                try await store.eventReceivers().map { ($0.serverID, $0) }, uniquingKeysWith: { first, _ in first })
            options.list(
                servers.map { server -> JSONObject in
                    let receiver = receivers[server.id]
                    return [
                        "client_id": .string(server.id.description), "name": .string(server.name), "audience": JSON(server.audience),
                        "created_at": .string(Timestamp.text(server.createdAt)), "push_url": JSON(receiver?.url),
                        "push_failing_since": JSON(receiver?.failingSince.map(Timestamp.text)), "push_problem": JSON(receiver?.problem),
                    ]
                }, columns: ["client_id", "name", "audience", "created_at", "push_url", "push_failing_since", "push_problem"])
        }
    }

    struct Push: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Have security events pushed to a resource server (RFC 8935), or no more.",
            discussion: "From now on; with another URL, from where it was.")
        @Argument(help: "Its client_id.") var id: String
        @Argument(help: "Where it takes them.") var url: String?
        @Flag(help: "Push nothing any more.") var off = false
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let server = try options.identifier(id, of: "resource server")
            let store = try await options.store()
            guard let url else {
                guard off else { throw CommandFailure.usage("Give the URL, or --off.") }
                guard try await store.removeEventReceiver(of: server, actor: options.actor, now: options.now) else {
                    throw CommandFailure.notFound("\(id): nothing is pushed to such a resource server.")
                }
                options.done(["client_id": .string(id), "push_url": .null], "Nothing is pushed to \(id) any more.")
                return
            }
            if off { throw CommandFailure.usage("Give the URL or --off, not both.") }
            // Whether private addresses may be called is the server's setting; it says so where it may not.
            if let problem = PublicURL.problem(url, allowsPrivate: true) { throw CommandFailure.usage(problem) }
            guard try await store.setEventReceiver(url, of: server, actor: options.actor, now: options.now) else {
                throw CommandFailure.notFound("\(id): there is no such resource server.")
            }
            options.done(["client_id": .string(id), "push_url": .string(url)], "Security events for \(id) go to \(url).")
        }
    }
}
