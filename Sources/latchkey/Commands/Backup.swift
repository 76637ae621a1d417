import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey backup`
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the database to a file, while the server goes on.",
        discussion: """
            The file holds one moment, is checked before it gets its name, and may be read by its owner alone. It holds no secret in \
            clear; keys are sealed by the master key, which is not in it. Keep the master key elsewhere: without it a backup is worth \
            nothing.
            For PostgreSQL use pg_dump or the backups of your service.
            """)

    @Option(help: "The file to write.") var to: String
    @Flag(help: "Replace the file where there is one.") var force = false
    @OptionGroup var options: OperatorOptions

    func run() async throws {
        let (name, source) = try options.file()
        guard Files.exists(source) else { throw CommandFailure.notFound("\(name): there is no database here.") }
        if Files.exists(to), !force { throw CommandFailure.failed("\(to): is there already; --force replaces it.") }
        let partial = to + ".partial"
        try Files.makePrivate(partial)
        defer { Files.remove(partial) }
        do {
            try SQLiteBackup.copy(source, to: partial)
            try SQLiteBackup.requireIntact(partial)
        } catch StorageError.corrupt {
            throw CommandFailure.failed("\(source): is damaged, and so would be the copy. Nothing was written.")
        } catch {
            throw CommandFailure.failed("\(source): cannot be copied: \(error). Nothing was written.")
        }
        try Files.move(partial, to: to, replacing: force)
        let size = Files.size(to)
        options.done(
            ["file": .string(to), "bytes": .integer(size), "made_at": .string(Timestamp.text(options.now))],
            "Copied to \(to), \(size) bytes, and checked.")
    }
}
