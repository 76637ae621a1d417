import Crypto
import Delegation
import Logging
import OAuth
import Server
import Storage

/// A document read and understood, ready to be put in force.
struct ImportedCatalogue {
    let catalogue: Catalogue
    let warnings: [CatalogueWarning]
    let source: String
    /// SHA-256 of the catalogue: the same document imported again changes nothing.
    var digest: [UInt8] { Array(SHA256.hash(data: catalogue.json.bytes)) }

    /// What the document leaves open, for whoever reads the log.
    func report(to log: Logger) {
        for warning in warnings { log.warning("catalogue", metadata: ["problem": "\(warning)"]) }
    }
}

/// Reading OpenAPI documents for `import`, `serve` and `demo`.
enum CatalogueImport {
    static func read(_ path: String, overrides: String?) throws -> ImportedCatalogue {
        try read(Documents.read(path), source: path, overrides: overrides.map(Documents.read), overridesFile: overrides ?? "")
    }

    static func read(_ document: JSON, source: String, overrides: JSON?, overridesFile: String) throws -> ImportedCatalogue {
        let directory = source.lastIndex(of: "/").map { String(source[...$0]) } ?? ""
        do throws(CatalogueErrors) {
            let (catalogue, warnings) = try Catalogue.imported(
                from: document, file: source, overrides: overrides, overridesFile: overridesFile,
                resolving: { name in try Documents.read(name.hasPrefix("/") ? name : directory + name) })
            return ImportedCatalogue(catalogue: catalogue, warnings: warnings, source: source)
        } catch {
            throw CommandFailure.failed(error.errors.map(\.description).joined(separator: "\n"))
        }
    }

    /// Puts a catalogue in force, unless it is.
    static func store(_ imported: ImportedCatalogue, in store: Store, actor: Actor = Actor(userID: nil, address: "operator"), now: Int64)
        async throws
    {
        try await store.saveCatalogue(
            content: imported.catalogue.json.bytes, source: imported.source, digest: imported.digest, actor: actor, now: now)
    }
}
