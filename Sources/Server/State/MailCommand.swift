import Foundation
import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Hands mail to the operator's shell command: the message (RFC 5322) on standard input, the recipient in `LATCHKEY_MAIL_RECIPIENT`.
///
/// A command gets so long and no longer, a few run at once, and one that fails is run again later. What waits is in memory: a stop
/// forgets it. The log names neither the recipient nor what was written.
enum MailCommand {
    struct Pace: Sendable {
        /// Seconds that a command may take.
        var limit: Double = 30
        /// Seconds after the first, second, … failure.
        var pauses: [Double] = [10, 60]
    }

    private struct Job: Sendable {
        let command: String
        let mail: Mail
        let pace: Pace
        let log: Logger
        var failures = 0
    }

    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    private static let runningLimit = 8
    private static let waitingLimit = 1000
    private static let state = Mutex(State())

    static func run(_ command: String, _ mail: Mail, _ log: Logger, pace: Pace = Pace()) {
        enqueue(Job(command: command, mail: mail, pace: pace, log: log))
    }

    private static func enqueue(_ job: Job) {
        let next = state.withLock { state -> (isFull: Bool, mayRun: Bool) in
            if state.running < runningLimit {
                state.running += 1
                return (false, true)
            }
            if state.waiting.count >= waitingLimit { return (true, false) }
            state.waiting.append(job)
            return (false, false)
        }
        if next.isFull { job.log.error("a mail was dropped", metadata: ["problem": "too many wait for the mail command"]) }
        if next.mayRun { start(job) }
    }

    private static func start(_ job: Job) {
        do {
            try begin(job)
        } catch {
            ended(job, problem: "the mail command did not start")
        }
    }

    /// The message lies in a file without a name: a command that does not read it to its end harms nobody.
    private static func begin(_ job: Job) throws {
        let path = NSTemporaryDirectory() + "/latchkey-mail-" + UUID().uuidString
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(job.mail.message.utf8), attributes: [.posixPermissions: 0o600]),
            let input = FileHandle(forReadingAtPath: path)
        else { throw CocoaError(.fileWriteUnknown) }
        try FileManager.default.removeItem(atPath: path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", job.command]
        var environment = ProcessInfo.processInfo.environment
        environment["LATCHKEY_MAIL_RECIPIENT"] = job.mail.recipient
        environment["LATCHKEY_MASTER_KEY"] = nil
        process.environment = environment
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.terminationHandler = { process in
            if process.terminationReason == .uncaughtSignal {
                ended(job, problem: "the mail command was ended by signal \(process.terminationStatus), or took too long")
            } else {
                ended(job, problem: process.terminationStatus == 0 ? nil : "the mail command ended with \(process.terminationStatus)")
            }
        }
        try process.run()
        DispatchQueue.global().asyncAfter(deadline: .now() + job.pace.limit) { [weak process] in
            if let process, process.isRunning { end(process.processIdentifier) }
        }
    }

    /// What the shell has started belongs to its process group.
    private static func end(_ process: pid_t) {
        if kill(-process, SIGKILL) != 0 { kill(process, SIGKILL) }
    }

    private static func ended(_ job: Job, problem: String?) {
        let next = state.withLock { state -> Job? in
            if state.waiting.isEmpty {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        if let next { DispatchQueue.global().async { start(next) } }
        guard let problem else { return }
        var again = job
        again.failures += 1
        guard job.failures < job.pace.pauses.count else {
            job.log.error("a mail could not be handed over", metadata: ["problem": "\(problem)"])
            return
        }
        job.log.warning("a mail could not be handed over yet", metadata: ["problem": "\(problem)"])
        DispatchQueue.global().asyncAfter(deadline: .now() + job.pace.pauses[job.failures]) { [again] in enqueue(again) }
    }
}
