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
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        return try read(Documents.read(path), source: path, overrides: overrides) { name in
            try Documents.read(name.hasPrefix("/") ? name : directory + name)
        }
    }

    /// The document that comes on standard input. No file is beside it, so that it refers to none.
    static func piped(overrides: String?) throws -> ImportedCatalogue {
        let name = "-"
        return try read(Documents.read(TextFile.standardInput(), file: name), source: name, overrides: overrides) { _ in
            throw CommandFailure.failed("A piped document has no files beside it.")
        }
    }

    private static func read(
        _ document: JSON, source: String, overrides: String?, resolving: @escaping (String) throws -> JSON
    ) throws -> ImportedCatalogue {
        let changes = try overrides.map { try Documents.read($0) }
        do throws(CatalogueErrors) {
            let (catalogue, warnings) = try Catalogue.imported(
                from: document, file: source, overrides: changes, overridesFile: overrides ?? "", resolving: resolving)
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
