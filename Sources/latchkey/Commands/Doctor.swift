import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `latchkey doctor`
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check configuration, database, keys and catalogue, and say what to do about each problem.",
        discussion: "Takes the options of `serve`. Changes nothing. Exit code 1 where something is wrong.")

    @Option(help: "A YAML file with settings.") var config: String?
    @Flag(help: "Print JSON.") var json = false
    @OptionGroup var options: ServeOptions

    private struct Finding {
        let check: String
        let isGood: Bool
        let text: String
    }

    func run() async throws {
        var findings: [Finding] = []
        var plan: ServePlan?
        do {
            plan = try options.plan(config: config)
            findings.append(Finding(check: "configuration", isGood: true, text: "complete"))
        } catch let failure as CommandFailure {
            findings.append(Finding(check: "configuration", isGood: false, text: failure.message))
        }
        if let location = plan?.database ?? (try? DatabaseLocation(database: options.database, data: options.data)) {
            findings += await database(location, plan)
        }
        if let plan { findings += clock(plan) }
        report(findings)
        if findings.contains(where: { !$0.isGood }) { throw ExitCode(CommandFailure.Code.failed.rawValue) }
    }

    private func database(_ location: DatabaseLocation, _ plan: ServePlan?) async -> [Finding] {
        guard location.mayExist else {
            return [Finding(check: "database", isGood: true, text: "none yet at \(location.name); the first start makes it")]
        }
        var findings: [Finding] = []
        do {
            let database = try location.connect()
            let pending = try await Migrations.status(of: database).filter { $0.appliedAt == nil }
            findings.append(
                Finding(
                    check: "database", isGood: true,
                    text: pending.isEmpty
                        ? "up to date" : "\(pending.count) migrations wait; `latchkey migrate` or the next start applies them"))
            guard pending.isEmpty else { return findings }
            let store = Store(database)
            findings.append(try await catalogue(store))
            if let plan { findings.append(await keys(store, plan)) }
        } catch {
            let problem = "\(location.name) cannot be used: \(error). \(location.remedy)"
            findings.append(Finding(check: "database", isGood: false, text: problem))
        }
        return findings
    }

    private func catalogue(_ store: Store) async throws -> Finding {
        guard let stored = try await store.currentCatalogue() else {
            return Finding(
                check: "catalogue", isGood: false, text: "there is none, so every request is refused; run `latchkey import openapi.yaml`")
        }
        let catalogue = try Catalogue(json: JSON(parsing: stored))
        return Finding(
            check: "catalogue", isGood: true, text: "\(catalogue.operations.count) operations, \(catalogue.scopes.count) scopes")
    }

    private func keys(_ store: Store, _ plan: ServePlan) async -> Finding {
        do {
            let count = try await store.keys().count
            try await KeyRings(masterKey: plan.masterKey).reload(from: store)
            return Finding(check: "keys", isGood: true, text: count == 0 ? "none yet; the first start makes them" : "\(count), opened")
        } catch {
            return Finding(check: "keys", isGood: false, text: "\(error)")
        }
    }

    private func clock(_ plan: ServePlan) -> [Finding] {
        // A clock before this release was made cannot be right.
        let isPlausible = Deployment.clock() > 1_760_000_000
        return [
            Finding(
                check: "clock", isGood: isPlausible,
                text: isPlausible ? Timestamp.text(Deployment.clock()) : "the clock is years behind; set it, or every token is wrong")
        ]
    }

    private func report(_ findings: [Finding]) {
        if json {
            let rows = findings.map { finding in
                JSON.object(["check": .string(finding.check), "ok": .bool(finding.isGood), "text": .string(finding.text)])
            }
            Output.line(JSON.array(rows).text)
        } else {
            Output.line(Output.table(findings.map { [$0.isGood ? "ok" : "PROBLEM", $0.check, $0.text] }))
        }
    }
}
