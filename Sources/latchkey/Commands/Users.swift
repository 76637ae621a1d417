import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `latchkey user …`
struct Users: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Add, list, disable, enable and delete users; make API tokens.",
        discussion: "Works beside a running server.",
        subcommands: [Add.self, List.self, Disable.self, Enable.self, Delete.self, Token.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user, or make an existing one a member of another account.",
            discussion: """
                The password is read from standard input or --password-file. Where neither is given one is made and printed once.
                Roles: \(StandardRoles.names).
                """)
        @Argument(help: "The user's email address.") var email: String
        @Option(help: "The user's name.") var name: String?
        @Option(help: "The id of an account that the user becomes a member of.") var account: String?
        @Option(help: "The role in that account.") var role: String = "Member"
        @Option(help: "A file with the password; - is standard input.") var passwordFile: String?
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let address = email.lowercased()
            guard address.contains("@"), !address.contains(where: \.isWhitespace), address.utf8.count <= 254 else {
                throw CommandFailure.usage("\(email): is no email address.")
            }
            let membership = try await membership(store)
            if let membership, let user = try await store.user(email: address) {
                _ = try await store.addMember(
                    userID: user.id, accountID: membership.0, roleIDs: [membership.1], actor: options.actor, now: options.now)
                options.done(Users.json(user), "User \(address) is a member of account \(membership.0) now.")
                return
            }
            let (password, isMade) = try password()
            let hash: String
            do {
                hash = try await Passwords().hash(password, for: address)
            } catch let weakness as Passwords.Weakness {
                throw CommandFailure.usage(weakness.description)
            }
            let user = User(
                id: options.random.identifier(), email: address, name: try name.map(checkedName) ?? address, createdAt: options.now)
            guard try await store.createUser(user, passwordHash: hash, actor: options.actor, now: options.now) == .created else {
                throw CommandFailure.failed("\(address): there is already a user with this address.")
            }
            if let (accountID, roleID) = membership {
                _ = try await store.addMember(
                    userID: user.id, accountID: accountID, roleIDs: [roleID], actor: options.actor, now: options.now)
            }
            var json = Users.json(user)
            if isMade { json["password"] = .string(password.reveal()) }
            options.done(
                json, "Added user \(address)." + (isMade ? " Password, shown this once: \(password.reveal())" : ""))
        }

        private func membership(_ store: Store) async throws -> (Identifier, Identifier)? {
            guard let account else { return nil }
            let id = try options.identifier(account, of: "account")
            guard try await store.account(id) != nil else { throw CommandFailure.notFound("\(account): there is no such account.") }
            guard let role = try await store.roles().first(where: { $0.name.lowercased() == role.lowercased() }) else {
                throw CommandFailure.notFound("\(role): there is no such role. Roles: \(StandardRoles.names).")
            }
            return (id, role.id)
        }

        private func password() throws -> (Secret<String>, isMade: Bool) {
            guard let passwordFile else {
                return (Secret(Base64URL.encode(options.random.bytes(15))), true)
            }
            if passwordFile == "-" {
                guard let line = readLine() else { throw CommandFailure.usage("No password came on standard input.") }
                return (Secret(line), false)
            }
            let text = try TextFile.read(passwordFile)
            return (Secret(String(text.split(whereSeparator: \.isNewline).first ?? "")), false)
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the users.")
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let users = try await options.store().users()
            options.list(users.map(Users.json), columns: ["id", "email", "name", "status"])
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Disable a user: they cannot sign in, and nothing they granted works.")
        @Argument(help: "The user's email address.") var email: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Users.setDisabled(true, email, options) }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Enable a user again; what they granted before works again.")
        @Argument(help: "The user's email address.") var email: String
        @OptionGroup var options: OperatorOptions

        func run() async throws { try await Users.setDisabled(false, email, options) }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a user: everything they granted ends; events keep the id alone.")
        @Argument(help: "The user's email address.") var email: String
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let user = try await Users.find(email, store)
            guard try await store.deleteUser(user.id, actor: options.actor, now: options.now) else {
                throw CommandFailure.notFound("\(email): there is no such user.")
            }
            options.done(["id": .string(user.id.description)], "Deleted user \(email).")
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an API token that may do all that the user may.",
            discussion: "It is shown this once. With it the user makes narrower ones: POST /api/v4/user/tokens.")
        @Argument(help: "The user's email address.") var email: String
        @Option(help: "What the token is for.") var name: String = "Made by the operator"
        @OptionGroup var options: OperatorOptions

        func run() async throws {
            let store = try await options.store()
            let user = try await Users.find(email, store)
            let value = Credential.text(prefix: .apiToken, random: options.random.bytes(Credential.randomLength))
            let token = APIToken(
                id: options.random.identifier(), owner: .user(user.id), name: try checkedName(name), createdAt: options.now)
            try await store.createAPIToken(token, hash: Credential.hash(value), actor: options.actor, now: options.now)
            options.done(
                ["id": .string(token.id.description), "value": .string(value)], "API token of \(email), shown this once: \(value)")
        }
    }

    private static func find(_ email: String, _ store: Store) async throws -> User {
        guard let user = try await store.user(email: email.lowercased()) else {
            throw CommandFailure.notFound("\(email): there is no such user.")
        }
        return user
    }

    private static func setDisabled(_ isDisabled: Bool, _ email: String, _ options: OperatorOptions) async throws {
        let store = try await options.store()
        let user = try await find(email, store)
        guard try await store.setUserDisabled(user.id, isDisabled, actor: options.actor, now: options.now) else {
            throw CommandFailure.notFound("\(email): there is no such user.")
        }
        let status = isDisabled ? "disabled" : "active"
        options.done(
            ["id": .string(user.id.description), "email": .string(user.email), "status": .string(status)], "User \(email) is \(status).")
    }

    static func json(_ user: User) -> JSONObject {
        [
            "id": .string(user.id.description), "email": .string(user.email), "name": .string(user.name),
            "status": .string(user.isDisabled ? "disabled" : "active"), "created_at": .string(Timestamp.text(user.createdAt)),
        ]
    }
}
