import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey account …`
struct Accounts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Add, list, suspend and resume accounts.",
        discussion: "An account is a customer of yours: it owns clients and has members. Works beside a running server.",
        subcommands: [Add.self, List.self, Suspend.self, Resume.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Add an account.")
        @Argument(help: "The account's name.") var name: String
        @Option(help: "What your API calls the account in its paths, where that is another than Latchkey's id.") var reference: String?
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let name = try checkedName(name)
            if let reference, !Account.isReference(reference) {
                throw CommandFailure.usage("--reference should be 1 to 128 letters, digits or - . _ ~ : @")
            }
            let account = Account(id: options.random.identifier(), reference: reference, name: name, createdAt: options.now)
            guard try await store.createAccount(account, actor: options.actor, now: options.now) == .created else {
                throw CommandFailure.failed("The reference \(reference ?? "") belongs to another account.")
            }
            options.done(Accounts.json(account), "Added account \(account.id) (\(name)).")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the accounts.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let accounts = try await options.store().accounts()
            options.list(accounts.map(Accounts.json), columns: ["id", "name", "reference", "status"])
        }
    }

    struct Suspend: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Suspend an account: its clients stop and it drops out of every authorization.")
        @Argument(help: "The account's id.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Accounts.setSuspended(true, id, options) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take a suspension back.")
        @Argument(help: "The account's id.") var id: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Accounts.setSuspended(false, id, options) }
    }

    private static func setSuspended(_ isSuspended: Bool, _ text: String, _ options: OperatorOptions) async throws {
        let store = try await options.store()
        let id = try options.identifier(text, of: "account")
        guard try await store.setAccountSuspended(id, isSuspended, actor: options.actor, now: options.now) else {
            throw CommandFailure.notFound("\(text): there is no such account.")
        }
        let status = isSuspended ? "suspended" : "active"
        options.done(["id": .string(text), "status": .string(status)], "Account \(text) is \(status).")
    }

    static func json(_ account: Account) -> JSONObject {
        [
            "id": .string(account.id.description), "name": .string(account.name), "reference": JSON(account.reference),
            "status": .string(account.isSuspended ? "suspended" : "active"), "created_at": .string(Timestamp.text(account.createdAt)),
        ]
    }
}
