import Delegation
import OAuth
import Storage
import Synchronization

/// The scope catalogue that decisions are made by, replaced as a whole when another is imported.
final class CatalogueInForce: Sendable {
    struct Compiled: Sendable {
        let catalogue: Catalogue
        let matcher: OperationMatcher
    }

    private let compiled = Mutex(Compiled(catalogue: Catalogue.empty, matcher: OperationMatcher(Catalogue.empty)))

    var current: Compiled { compiled.withLock { $0 } }

    func reload(from store: Store) async throws {
        guard let stored = try await store.currentCatalogue() else { return }
        let catalogue = try Catalogue(json: JSON(parsing: stored))
        let replacement = Compiled(catalogue: catalogue, matcher: OperationMatcher(catalogue))
        compiled.withLock { $0 = replacement }
    }
}
