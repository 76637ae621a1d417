import ArgumentParser
import OAuth
import Server
import Storage

/// What every operator command takes.
struct OperatorOptions: ParsableArguments {
    @Option(help: "The directory of the database, as given to `latchkey serve`.") var data: String?
    @Option(help: "Another database: postgresql://USER@HOST/DATABASE (default: the environment's LATCHKEY_DATABASE)")
    var database: String?
    @Option(help: "The YAML file with settings that `latchkey serve` is given. (default: the environment's LATCHKEY_CONFIG)")
    var config: String?
    @Flag(help: "Print JSON.") var json = false

    /// What was given, to the command or to the server whose database it is for.
    /// - Parameter flags: the command's own.
    func settings(_ flags: [Setting: String?] = [:]) throws(CommandFailure) -> Configuration {
        let flags = flags.merging([.data: data, .database: database]) { own, _ in own }
        let configuration = Configuration(flags: flags, file: config)
        if let problem = configuration.problems.first { throw .usage(problem) }
        return configuration
    }

    func location() throws -> DatabaseLocation { try DatabaseLocation(settings(), isOnlyDataGiven: database == nil && data != nil) }
    /// The database's file, for what is done with files alone.
    func file() throws -> (name: String, path: String) {
        let location = try location()
        guard case .sqlite(let path) = location.engine else {
            throw CommandFailure.usage("This is for SQLite. For PostgreSQL use pg_dump or the backups of your service.")
        }
        return (data ?? location.name, path)
    }

    func store() async throws -> Store { try await location().openStore() }

    /// The operator, in the audit log.
    var actor: Actor { Actor(userID: nil, address: "operator") }
    var now: Int64 { Deployment.clock() }
    var random: Randomness { .system }

    func identifier(_ text: String, of kind: String) throws -> Identifier {
        guard let id = Identifier(text) else {
            throw CommandFailure.notFound("\(text): there is no such \(kind); an id is 32 hexadecimal digits.")
        }
        return id
    }

    func list(_ rows: [JSONObject], columns: [String]) {
        if json {
            Output.line(JSON.array(rows.map(JSON.object)).text)
        } else {
            let cells = rows.map { row in columns.map { row[$0]?.plainText ?? "" } }
            Output.line(Output.table([columns.map { $0.uppercased() }] + cells))
        }
    }

    func done(_ object: JSONObject, _ text: String) {
        Output.result(.object(object), asJSON: json, text: text)
    }
}

/// A name that people can be shown.
func checkedName(_ text: String) throws(CommandFailure) -> String {
    do {
        return try DisplayName.checked(text)
    } catch {
        throw .usage(error.description)
    }
}

extension JSON {
    /// The value in a table's cell.
    var plainText: String {
        switch self {
        case .string(let text): text
        case .null: ""
        case .array(let elements): elements.map(\.plainText).joined(separator: " ")
        default: text
        }
    }
}
