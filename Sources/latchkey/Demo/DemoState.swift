import Crypto
import OAuth
import Server

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a demo keeps in `DIR/demo.json`, mode 0600, so that it starts again as it was: the master key, and the seed that
/// every identifier, password and secret of it is derived from.
struct DemoState {
    let masterKey: Secret<String>
    private let seed: Secret<[UInt8]>
    /// Epoch seconds.
    let createdAt: Int64
    /// The ports of the public listener, the internal one, the API and the app.
    var ports: [Int]
    /// Whether its people, accounts and clients were all made.
    let isSeeded: Bool

    private static func path(in directory: String) -> String { directory + "/demo.json" }

    /// The master key of a demo's directory; nil where there is no demo.
    static func masterKey(in directory: String) -> String? {
        (try? load(from: directory))?.masterKey.reveal()
    }

    init(random: Randomness, now: Int64, ports: [Int]) {
        masterKey = MasterKey.generate(random)
        seed = Secret(random.bytes(32))
        createdAt = now
        self.ports = ports
        isSeeded = false
    }

    /// The state that an earlier start left; nil where there was none.
    static func load(from directory: String) throws -> DemoState? {
        let path = path(in: directory)
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let json = try? JSON(parsing: TextFile.read(path)), let masterKey = json["master_key"]?.stringValue,
            let seed = json["seed"]?.stringValue.flatMap({ Base64URL.decode($0) }), seed.count == 32,
            let createdAt = json["created_at"]?.integerValue,
            let ports = json["ports"]?.arrayValue?.compactMap({ $0.integerValue.map(Int.init) }), ports.count == 4
        else { throw CommandFailure.failed("\(path) cannot be read. Remove the directory to begin anew.") }
        return DemoState(
            masterKey: Secret(masterKey), seed: Secret(seed), createdAt: createdAt, ports: ports,
            isSeeded: json["seeded"]?.boolValue == true)
    }

    /// Written whole beside the old one and then put in its place: a crash leaves one or the other.
    func save(to directory: String) throws {
        let path = Self.path(in: directory)
        let draft = path + ".new"
        let json: JSON = [
            "master_key": .string(masterKey.reveal()), "seed": .string(Base64URL.encode(seed.reveal())), "seeded": .bool(isSeeded),
            "created_at": .integer(createdAt), "ports": .array(ports.map { .integer(Int64($0)) }),
        ]
        guard
            FileManager.default.createFile(atPath: draft, contents: Data(json.bytes), attributes: [.posixPermissions: 0o600]),
            rename(draft, path) == 0
        else { throw CommandFailure.failed("\(draft) cannot be written.") }
    }

    /// The same bytes at each start, and nobody's without the seed: SHA-256 of the seed and a counter.
    func randomness(for purpose: String) -> Randomness {
        let stream = SeededStream(seed: seed, purpose: purpose)
        return Randomness { stream.bytes($0) }
    }

    /// The state once everything was made.
    func seeded() -> DemoState {
        DemoState(masterKey: masterKey, seed: seed, createdAt: createdAt, ports: ports, isSeeded: true)
    }

    private init(masterKey: Secret<String>, seed: Secret<[UInt8]>, createdAt: Int64, ports: [Int], isSeeded: Bool) {
        self.masterKey = masterKey
        self.seed = seed
        self.createdAt = createdAt
        self.ports = ports
        self.isSeeded = isSeeded
    }
}
