import ArgumentParser
import OAuth
import Server
import Storage
import Synchronization

/// `latchkey copy`
struct Copy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copy everything from one database to another, such as from the SQLite file to PostgreSQL or back.",
        discussion: """
            Every token keeps working: the keys are copied too, and are opened by the same master key.

            The target is a new database, or one that a copy was begun in: then it goes on where it was cut short. The source stays as \
            it is; servers on it go on to answer checks, and refuse changes with 503 until the copy is done. No server runs on the target \
            before that. At the end every row of both is read again and compared; then the source takes changes again, which the target \
            will not have: stop its servers before the copy ends.
            """)

    @Option(help: "The database to copy: sqlite:PATH or postgresql://USER@HOST/DATABASE") var from: String
    @Option(help: "The database to copy to, in the same form.") var to: String
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
        let began = ContinuousClock.now
        let (source, target) = (try location(from, "--from"), try location(to, "--to"))
        guard from != to else { throw CommandFailure.usage("--from and --to name the same database.") }
        guard source.mayExist else { throw CommandFailure.notFound("\(source.name): there is no database here.") }
        let progress = CopyProgress()
        let copy = DatabaseCopy(from: try source.connect(), to: try target.connect()) { progress.show($0) }
        let rows: Int64
        do {
            rows = try await copy.run(now: Deployment.clock())
        } catch let problem as DatabaseCopy.Problem {
            throw CommandFailure.failed(problem.description)
        }
        let seconds = (ContinuousClock.now - began).components.seconds
        Output.result(
            ["rows": .integer(rows), "verified": .bool(true), "seconds": .integer(seconds)], asJSON: json,
            text: "\(rows) rows copied and verified in \(seconds) s. The source takes changes again: start no server on it.")
    }

    private func location(_ text: String, _ option: String) throws -> DatabaseLocation {
        // Without the text: it may hold a password.
        guard var location = DatabaseLocation(text) else { throw CommandFailure.usage("\(option) \(DatabaseLocation.expected)") }
        // One that holds the source, and those that read.
        location.connections = 4
        return location
    }
}

/// Tells on standard error, once a second, how far a copy is.
private final class CopyProgress: Sendable {
    private struct Shown {
        var at: ContinuousClock.Instant?
        var table = ""
        /// Where this run began to count: rows of an earlier one are no measure of its pace.
        var start: (rows: Int64, at: ContinuousClock.Instant, phase: DatabaseCopy.Progress.Phase)?
    }

    private let shown = Mutex(Shown())

    func show(_ progress: DatabaseCopy.Progress) {
        let now = ContinuousClock.now
        let line: String? = shown.withLock { shown in
            if shown.start?.phase != progress.phase { shown.start = (progress.allRows, now, progress.phase) }
            if let last = shown.at, now - last < .seconds(1), progress.allRows < progress.allTotal { return nil }
            shown.at = now
            let start = shown.start ?? (0, now, progress.phase)
            let passed = now - start.at
            let seconds = Double(passed.components.seconds) + Double(passed.components.attoseconds) / 1e18
            let rate = seconds > 0 ? Double(progress.allRows - start.rows) / seconds : 0
            let left = rate > 0 ? ", \(Int(Double(progress.allTotal - progress.allRows) / rate)) s left" : ""
            let verb = progress.phase == .copying ? "copying" : "verifying"
            return "\(verb) \(progress.table): \(progress.rows) of \(progress.total) rows; "
                + "\(progress.allRows) of \(progress.allTotal) of all, \(Int(rate))/s\(left)"
        }
        if let line { Output.error(line) }
    }
}
