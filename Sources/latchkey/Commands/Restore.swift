import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

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
            With PostgreSQL its own tools put the backup back; then, before any server starts on it, --in-place does the rest. So it does \
            with the SQLite file of a disk that was set back to a snapshot.
            """)

    /// Milliseconds that a statement may take.
    private static let patience: Int64 = 3_600_000

    @Option(help: "The backup of a SQLite database.") var from: String?
    @Flag(help: "The database is the backup already, put back by pg_restore, by your service or by a snapshot.") var inPlace = false
    @Flag(help: "Where there is a database, put it aside. With --in-place on PostgreSQL: go on although a node runs.") var force = false
    @Flag(help: "Leave tokens, sessions and API tokens as they were in the backup.") var keepAccess = false
    @OptionGroup var masterKey: MasterKeyOption
    @OptionGroup var options: OperatorOptions

    func validate() throws {
        guard (from == nil) == inPlace else { throw ValidationError("Give either --from FILE or --in-place.") }
    }

    func run() async throws {
        if let from { try await putBack(from) } else { try await takeAsItIs() }
    }

    /// The database that is there is the backup.
    private func takeAsItIs() async throws {
        let rings = KeyRings(masterKey: try masterKey.read(options))
        var location = try options.location()
        if case .sqlite(let path) = location.engine, location.mayExist { try requireSound(path, location.name) }
        // Rows are many, and nobody else waits.
        location.statementTimeout = Self.patience
        guard location.mayExist else { throw nothing(in: location) }
        let database = try location.connect()
        guard try await Migrations.haveBegun(in: database) else { throw nothing(in: location) }
        let store = Store(database)
        do {
            try await rings.reload(from: store)
        } catch let problem as KeyRings.Problem {
            throw CommandFailure.failed("\(location.name): \(problem) Nothing was changed.")
        }
        if !force, try await store.isServed() {
            throw CommandFailure.failed(
                "\(location.name): a node is running on it. Stop all nodes first; --force goes on all the same. Nothing was changed.")
        }
        try await location.bringUp(database)
        switch location.engine {
        case .sqlite(let path): try SQLiteBackup.skipSequences(path)
        case .postgreSQL: try await Store.skipSequences(in: database)
        }
        let ended = try await store.noteRestore(keepsAccess: keepAccess, actor: options.actor, now: options.now)
        report(ended, "Restored \(location.name) as it is.", file: nil, replaced: nil)
    }

    private func nothing(in location: DatabaseLocation) -> CommandFailure {
        .notFound("\(location.name) has nothing of Latchkey's. Put the backup back first.")
    }

    private func putBack(_ from: String) async throws {
        if case .postgreSQL = try options.location().engine {
            throw CommandFailure.usage("With PostgreSQL put the backup back by pg_restore or by your service, then give --in-place alone.")
        }
        guard Files.exists(from) else { throw CommandFailure.notFound("\(from): there is no such file.") }
        if Files.size(from + "-wal") > 0 {
            throw CommandFailure.failed("\(from): is a database in use and no backup. Make one with `latchkey backup`.")
        }
        let (name, target) = try options.file()
        _ = try DataDirectory(Files.directory(of: target)).prepare()
        try requireFree(target, name)
        let partial = target + ".restoring"
        let ready = target + ".restored"
        let file = try Files.makePrivate(ready, isForOwnerOfDirectory: true)
        defer { for end in ["", "-wal", "-shm", "-journal"] { Files.remove(partial + end) } }
        defer { Files.remove(ready) }
        try Files.copy(from, to: partial)
        let ended = try await prepare(from, partial, ready, file)
        try requireInPlace(file, ready)
        var replaced: String?
        if Files.exists(target) {
            let aside = "\(target).replaced-\(options.now)"
            try Files.move(target, to: aside, replacing: false)
            replaced = aside
        }
        for end in ["-wal", "-shm"] { Files.remove(target + end) }
        try Files.move(ready, to: target, replacing: false)
        report(ended, "Restored \(from) to \(target).", file: target, replaced: replaced)
    }

    private func requireUnused(_ path: String, _ name: String) throws {
        do {
            try SQLiteBackup.gather(path)
        } catch StorageError.busy {
            throw CommandFailure.failed("\(name): a server or another command is running on it. Stop it first.")
        }
    }

    private func requireSound(_ path: String, _ name: String) throws {
        do {
            try requireUnused(path, name)
            try SQLiteBackup.requireIntact(path)
        } catch StorageError.corrupt {
            throw CommandFailure.failed("\(name): is damaged or no database. Nothing was changed.")
        } catch let problem as StorageError {
            throw CommandFailure.failed("\(name): \(problem). Nothing was changed.")
        }
    }

    private func requireInPlace(_ file: PrivateFile, _ path: String) throws {
        if !file.isInPlace { throw CommandFailure.failed("\(path): another process put something else in its place. Nothing was changed.") }
    }

    private func requireFree(_ target: String, _ name: String) throws {
        guard Files.exists(target) else { return }
        do {
            try requireUnused(target, name)
        } catch is StorageError {
            // It is put aside: that it is damaged is no reason to keep it.
        }
        if !force { throw CommandFailure.failed("\(name): has a database; --force puts it aside.") }
    }

    /// Checks the copy, and writes what the next start is to find.
    private func prepare(_ from: String, _ path: String, _ ready: String, _ file: PrivateFile) async throws -> EndedAccess {
        do {
            try SQLiteBackup.requireIntact(path)
            let database = try SQLiteDatabase(path: path)
            try await Migrations.apply(to: database, now: options.now)
            let store = Store(database)
            try await KeyRings(masterKey: try masterKey.read(options)).reload(from: store)
            try SQLiteBackup.skipSequences(path)
            let ended = try await store.noteRestore(keepsAccess: keepAccess, actor: options.actor, now: options.now)
            // One file of what is in the database and its write-ahead log, whoever still has it open.
            try requireInPlace(file, ready)
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

    private func report(_ ended: EndedAccess, _ done: String, file: String?, replaced: String?) {
        var lines = [done]
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
                "file": JSON(file), "replaced": JSON(replaced), "kept_access": .bool(keepAccess),
                "ended": .object([
                    "authorizations": .integer(Int64(ended.authorizations)), "installations": .integer(Int64(ended.installations)),
                    "sessions": .integer(Int64(ended.sessions)), "api_tokens": .integer(Int64(ended.apiTokens)),
                ]),
            ], lines.joined(separator: "\n"))
    }
}
