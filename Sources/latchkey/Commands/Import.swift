import ArgumentParser
import Delegation
import OAuth
import Server
import Storage

/// `latchkey import`
struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Import the OpenAPI document of the protected API.",
        discussion: """
            Reads JSON or YAML, OpenAPI 3.0 or 3.1, with local and file references. Says what it found and what changed since the \
            last import; scopes that would start to open more operations are marked, since users who granted them were not asked. \
            A running server uses the new catalogue within a second.
            """)

    @Argument(help: "The document; - is standard input.") var document: String
    @Option(help: "A file that changes names, texts, risk, grouping and order.") var overrides: String?
    @Flag(help: "Only say what would change.") var dryRun = false
    @OptionGroup var options: OperatorOptions

    func run() async throws {
        let isPiped = document == "-"
        let imported = try isPiped ? CatalogueImport.piped(overrides: overrides) : CatalogueImport.read(document, overrides: overrides)
        let store = Store(try await options.location().open())
        var before: Catalogue?
        if let stored = try await store.currentCatalogue() { before = try Catalogue(json: JSON(parsing: stored)) }
        let difference = CatalogueDifference(from: before ?? Catalogue.empty, to: imported.catalogue)
        if !dryRun { try await CatalogueImport.store(imported, in: store, actor: options.actor, now: options.now) }
        report(imported, difference, isFirst: before == nil)
    }

    private func report(_ imported: ImportedCatalogue, _ difference: CatalogueDifference, isFirst: Bool) {
        let catalogue = imported.catalogue
        let json: JSONObject = [
            "title": .string(catalogue.title), "operations": .integer(Int64(catalogue.operations.count)),
            "scopes": .integer(Int64(catalogue.scopes.count)), "warnings": JSON(imported.warnings.map(\.description)),
            "difference": difference.json, "imported": .bool(!dryRun),
        ]
        for warning in imported.warnings where !options.json { Output.error("warning: \(warning)") }
        var lines = ["\(catalogue.title): \(catalogue.operations.count) operations, \(catalogue.scopes.count) scopes."]
        if !isFirst { lines += difference.isEmpty ? ["Nothing changed."] : difference.lines }
        if dryRun { lines.append("Nothing was imported (--dry-run).") }
        options.done(json, lines.joined(separator: "\n"))
    }
}

/// `latchkey migrate`
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Bring the database up to this release, or say where it stands.",
        discussion: """
            `serve` does this by itself when it starts. Every step leaves the previous release working on the same database, \
            so it may run before the servers are replaced. Many may do it at once.
            """)

    enum Action: String, ExpressibleByArgument, CaseIterable { case up, status }

    @Argument(help: "up: apply what is missing. status: only say which migrations there are and which were applied.")
    var action = Action.up
    @Flag(help: "The same as status.") var status = false
    @OptionGroup var options: OperatorOptions

    func run() async throws {
        let database = try options.location().connect()
        if action == .up, !status { try await Migrations.apply(to: database, now: options.now) }
        let rows = try await Migrations.status(of: database)
        options.list(
            rows.map {
                [
                    "number": .integer(Int64($0.number)), "name": .string($0.name),
                    "applied_at": JSON($0.appliedAt.map(Timestamp.text)),
                ]
            }, columns: ["number", "name", "applied_at"])
    }
}

/// `latchkey version`
struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")
    @Flag(help: "Print JSON.") var json = false

    func run() {
        Output.result(["version": .string(Release.version)], asJSON: json, text: Release.version)
    }
}
