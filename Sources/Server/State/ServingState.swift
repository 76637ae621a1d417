import Synchronization

/// Whether the process still means to answer.
final class ServingState: Sendable {
    private let stopping = Atomic(false)

    var isStopping: Bool { stopping.load(ordering: .relaxed) }
    func stop() { stopping.store(true, ordering: .relaxed) }
}
