import Synchronization

/// A number that is counted up, up and down, or set, without a lock.
public final class Count: Sendable {
    private let number = Atomic<Int>(0)

    public init() {}

    public var value: Int { number.load(ordering: .relaxed) }
    public func add(_ amount: Int = 1) { number.wrappingAdd(amount, ordering: .relaxed) }
    public func set(_ value: Int) { number.store(value, ordering: .relaxed) }
}

/// How long things took, counted in buckets. Recording costs two additions: no lock, no allocation.
public final class DurationHistogram: Sendable {
    /// The upper bounds of the buckets, in nanoseconds; one more bucket has what took longer.
    public static let bounds: [Int] = [
        100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000,
        500_000_000, 1_000_000_000, 2_500_000_000, 5_000_000_000, 10_000_000_000,
    ]

    /// Nanoseconds of all together.
    private let sum = Count()
    private let buckets: [Count] = (0...bounds.count).map { _ in Count() }

    public init() {}

    public func record(nanoseconds: Int) {
        var bucket = 0
        while bucket < Self.bounds.count, nanoseconds > Self.bounds[bucket] { bucket += 1 }
        buckets[bucket].add()
        sum.add(nanoseconds)
    }

    /// What fell into each bucket by itself, and the sum in nanoseconds.
    public var reading: (buckets: [Int], sum: Int) { (buckets.map(\.value), sum.value) }
    public var total: Int { buckets.reduce(0) { $0 + $1.value } }
}

/// What a driver tells of itself. It counts as things happen; whoever wants to know reads.
public final class DatabaseMeasures: Sendable {
    /// How long each transaction waited for its turn: for the writer of SQLite, for a connection of PostgreSQL.
    public let wait = DurationHistogram()
    /// Transactions that wait now.
    public let waiting = Count()
    /// Connections by what they are doing; all of them 0 where the driver has none to speak of.
    public let idleConnections = Count()
    public let busyConnections = Count()
    /// Being made or made anew.
    public let openingConnections = Count()

    public init() {}
}

/// A driver that tells how it is doing.
public protocol MeasuredDatabase: Database {
    var measures: DatabaseMeasures { get }
}

/// How often a database could not do what it was asked, by kind.
public final class DatabaseErrors: Sendable {
    public static let kinds = ["busy", "full", "corrupt", "contradiction", "unavailable", "other"]
    private let counts = kinds.map { _ in Count() }

    public init() {}

    func count(_ error: StorageError) {
        let kind =
            switch error {
            case .busy: 0
            case .full: 1
            case .corrupt: 2
            case .contradiction: 3
            case .unavailable: 4
            default: 5
            }
        counts[kind].add()
    }

    public var reading: [(kind: String, count: Int)] { zip(Self.kinds, counts).map { ($0, $1.value) } }
}
