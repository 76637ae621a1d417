import ArgumentParser
import Server
import Storage

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The program: self-managed OAuth for any HTTP API.
@main
struct Latchkey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey",
        abstract: "Self-managed OAuth for any HTTP API.",
        discussion: """
            See it work, with nothing to configure:

              latchkey demo

            Run it for real: write a master key, tell it its public address and the API it protects.

              openssl rand -base64 32 > master.key
              latchkey import openapi.yaml --data /var/lib/latchkey
              latchkey serve --issuer https://login.example.com \\
                --data /var/lib/latchkey --master-key-file master.key

            Every option of `serve` can also stand in the environment (LATCHKEY_ISSUER) or in a YAML file (--config, or \
            LATCHKEY_CONFIG); a flag beats the environment, the environment beats the file. The other commands find the \
            database and the master key there, too.

            Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found.
            """,
        version: Release.version,
        subcommands: [
            Serve.self, Demo.self, Import.self, Migrate.self, Copy.self, Accounts.self, Users.self, Clients.self, ResourceServers.self,
            Keys.self, Audit.self, Backup.self, Restore.self, HealthCheck.self, Doctor.self, Version.self,
        ]
    )

    static func main() async {
        ProcessTuning.apply()
        do {
            var command = try await parseCommand()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            Output.error(failure.message)
            leave(failure.code.rawValue)
        } catch let problem as StorageError {
            Output.error("The database cannot be used: \(problem)")
            leave(CommandFailure.Code.failed.rawValue)
        } catch {
            let code = exitCode(for: error)
            let message = fullMessage(for: error)
            if code == .success {
                print(message)
                leave(0)
            }
            Output.error(message)
            leave(code == .validationFailure ? CommandFailure.Code.usage.rawValue : CommandFailure.Code.failed.rawValue)
        }
    }

    /// `exit` alone would be a method of the command here.
    private static func leave(_ code: Int32) -> Never {
        #if canImport(Glibc)
            Glibc.exit(code)
        #else
            Darwin.exit(code)
        #endif
    }

    private static func parseCommand() async throws -> any ParsableCommand {
        try parseAsRoot()
    }
}

/// Why a command did not do what it was asked, for the person who asked.
struct CommandFailure: Error, CustomStringConvertible {
    /// The exit codes that scripts rely on.
    enum Code: Int32 {
        case failed = 1
        case usage = 2
        case notFound = 3
    }

    let code: Code
    let message: String
    var description: String { message }

    static func failed(_ message: String) -> CommandFailure { CommandFailure(code: .failed, message: message) }
    static func usage(_ message: String) -> CommandFailure { CommandFailure(code: .usage, message: message) }
    static func notFound(_ message: String) -> CommandFailure { CommandFailure(code: .notFound, message: message) }
}
