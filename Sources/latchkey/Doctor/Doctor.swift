import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey doctor`
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check configuration, clock, database, keys, DNS, TLS and the issuer, and say what to do about each problem.",
        discussion: "Takes the options of `serve`. Changes nothing. Exit code 1 where something is wrong; warnings alone are 0.")

    @Option(help: "A YAML file with settings.") var config: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: ServeOptions

    func run() async throws {
        var findings: [Finding] = []
        var plan: ServePlan?
        do {
            plan = try options.plan(config: config)
            findings.append(.ok("configuration", "complete"))
        } catch let failure as CommandFailure {
            findings.append(.problem("configuration", failure.message, "Correct what is named."))
        }
        let now = Deployment.clock()
        findings.append(Self.clock(now))
        if let location = plan?.database ?? (try? options.location(config: config)) {
            findings += await DatabaseChecks(location: location, plan: plan, now: now).findings()
        }
        if let plan {
            findings += await ListenerChecks(plan: plan, now: now).findings()
            findings += await IssuerChecks(issuer: plan.settings.issuer, now: now).findings()
        }
        report(findings)
        if findings.contains(where: { $0.level == .problem }) { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    private static func clock(_ now: Int64) -> Finding {
        // A clock before this release was made cannot be right.
        if now > 1_760_000_000 { return .ok("clock", Timestamp.text(now)) }
        return .problem("clock", "\(Timestamp.text(now)) is years behind, so every token would be wrong", "Set the clock; run NTP.")
    }

    private func report(_ findings: [Finding]) {
        if json {
            Output.line(JSON.array(findings.map(\.json)).text)
        } else {
            Output.line(Output.table(findings.map(\.cells)))
        }
    }
}
