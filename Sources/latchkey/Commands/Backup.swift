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

/// `latchkey restore`
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Put a backup in the place of the database, while no server runs.",
        discussion: """
            What was revoked after the backup was made would be good again. So everything that apps were granted is ended, everybody is \
            signed out, invitations end and API tokens are switched off: users connect their apps again, owners switch their tokens on \
            again. --keep-access leaves all that as it was in the backup; use it only where you know that nothing was revoked since. \
            In either case passwords, members, roles, policies, clients and their secrets are those of the backup: change again what was \
            changed since. The database that was there is kept beside the new one.
            """)

    @Option(help: "The backup.") var from: String
    @Flag(help: "Where there is a database, put it aside.") var force = false
    @Flag(help: "Leave tokens, sessions and API tokens as they were in the backup.") var keepAccess = false
    @OptionGroup var masterKey: MasterKeyOption
    @OptionGroup var options: OperatorOptions

    func run() async throws {
        guard Files.exists(from) else { throw CommandFailure.notFound("\(from): there is no such file.") }
        if Files.size(from + "-wal") > 0 {
            throw CommandFailure.failed("\(from): is a database in use and no backup. Make one with `latchkey backup`.")
        }
        let (name, target) = try options.file()
        _ = try DataDirectory(Files.directory(of: target)).prepare()
        try requireFree(target, name)
        let partial = target + ".restoring"
        try Files.makePrivate(partial)
        let ready = target + ".restored"
        try Files.makePrivate(ready)
        defer { for end in ["", "-wal", "-shm", "-journal"] { Files.remove(partial + end) } }
        defer { Files.remove(ready) }
        try Files.copy(from, into: partial)
        let ended = try await prepare(partial, ready)
        var replaced: String?
        if Files.exists(target) {
            let aside = "\(target).replaced-\(options.now)"
            try Files.move(target, to: aside, replacing: false)
            replaced = aside
        }
        for end in ["-wal", "-shm"] { Files.remove(target + end) }
        try Files.move(ready, to: target, replacing: false)
        report(ended, replaced, target)
    }

    private func requireFree(_ target: String, _ name: String) throws {
        guard Files.exists(target) else { return }
        do {
            try SQLiteBackup.gather(target)
        } catch StorageError.busy {
            throw CommandFailure.failed("\(name): a server or another command is running on it. Stop it first.")
        } catch {
            // A damaged database is no reason to keep it.
        }
        if !force { throw CommandFailure.failed("\(name): has a database; --force puts it aside.") }
    }

    /// Checks the copy, and writes what the next start is to find.
    private func prepare(_ path: String, _ ready: String) async throws -> EndedAccess {
        do {
            try SQLiteBackup.requireIntact(path)
            let database = try SQLiteDatabase(path: path)
            try await Migrations.apply(to: database, now: options.now)
            let store = Store(database)
            try await KeyRings(masterKey: try masterKey.read(options)).reload(from: store)
            try SQLiteBackup.skipSequences(path)
            let ended = try await store.noteRestore(keepsAccess: keepAccess, actor: options.actor, now: options.now)
            // One file of what is in the database and its write-ahead log, whoever still has it open.
            try SQLiteBackup.copy(path, to: ready)
            return ended
        } catch let problem as KeyRings.Problem {
            throw CommandFailure.failed("\(from): \(problem) Nothing was changed.")
        } catch StorageError.corrupt {
            throw CommandFailure.failed("\(from): is damaged or no database. Nothing was changed.")
        } catch let problem as StorageError {
            throw CommandFailure.failed("\(from): \(problem). Nothing was changed.")
        }
    }

    private func report(_ ended: EndedAccess, _ replaced: String?, _ target: String) {
        var lines = ["Restored \(from) to \(target)."]
        if let replaced { lines.append("The database that was there is now \(replaced).") }
        if keepAccess {
            lines.append("Tokens, sessions and API tokens are as they were in the backup: what was revoked since is good again.")
        } else {
            lines.append(
                "Ended, since it may have been revoked after the backup: \(ended.authorizations) connected apps with "
                    + "\(ended.installations) installations, \(ended.sessions) sessions; \(ended.apiTokens) API tokens are switched off.")
        }
        lines.append("Passwords, members, roles, policies, clients and their secrets are those of the backup.")
        options.done(
            [
                "file": .string(target), "replaced": JSON(replaced), "kept_access": .bool(keepAccess),
                "ended": .object([
                    "authorizations": .integer(Int64(ended.authorizations)), "installations": .integer(Int64(ended.installations)),
                    "sessions": .integer(Int64(ended.sessions)), "api_tokens": .integer(Int64(ended.apiTokens)),
                ]),
            ], lines.joined(separator: "\n"))
    }
}
