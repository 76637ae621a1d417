/// A set of scope labels, kept sorted, as it stands in `scope` parameters and in the database (RFC 6749 §3.3).
public struct ScopeSet: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    /// The labels, ascending, each once.
    public private(set) var labels: [String]

    public init(_ labels: some Sequence<String>) {
        self.labels = Set(labels).sorted()
    }

    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    /// Labels that were stored by us, separated by spaces.
    public init(stored: String) {
        let labels = stored.words
        // As we stored them they ascend: then there is nothing to sort.
        if zip(labels, labels.dropFirst()).allSatisfy({ $0 < $1 }) { self.init(sorted: labels) } else { self.init(labels) }
    }

    /// Reads a `scope` parameter. RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`.
    /// - Returns: nil where a label has a character that no scope may have.
    public init?(parameter: String) {
        for byte in parameter.utf8 {
            switch byte {
            case 0x20, 0x21, 0x23...0x5B, 0x5D...0x7E: continue
            default: return nil
            }
        }
        self.init(stored: parameter)
    }

    public var isEmpty: Bool { labels.isEmpty }
    public var count: Int { labels.count }

    public func contains(_ label: String) -> Bool {
        var low = 0
        var high = labels.count
        while low < high {
            let middle = (low + high) / 2
            if labels[middle] == label { return true }
            if labels[middle] < label { low = middle + 1 } else { high = middle }
        }
        return false
    }

    public func isSubset(of other: ScopeSet) -> Bool { labels.allSatisfy(other.contains) }
    public func intersection(_ other: ScopeSet) -> ScopeSet { ScopeSet(sorted: labels.filter(other.contains)) }
    public func subtracting(_ other: ScopeSet) -> ScopeSet { ScopeSet(sorted: labels.filter { !other.contains($0) }) }
    public func union(_ other: ScopeSet) -> ScopeSet { ScopeSet(labels + other.labels) }
    public func filter(_ isIncluded: (String) -> Bool) -> ScopeSet { ScopeSet(sorted: labels.filter(isIncluded)) }

    /// The labels separated by single spaces, the form of every `scope` member on the wire.
    public var description: String { labels.joined(separator: " ") }

    private init(sorted: [String]) { labels = sorted }
}

extension String {
    /// What stands between its spaces: the form of lists on the wire and in the database.
    public var words: [String] {
        var text = self
        return text.withUTF8 { bytes in
            var words: [String] = []
            var start = 0
            for end in 0...bytes.count where end == bytes.count || bytes[end] == 0x20 {
                if end > start { words.append(String(decoding: bytes[start..<end], as: UTF8.self)) }
                start = end + 1
            }
            return words
        }
    }
}

extension ScopeSet {
    /// The scopes that belong to OpenID Connect itself: they exist always, need no registration and no role
    /// (OpenID Connect Core §5.4, §11).
    public static let protocolScopes: ScopeSet = ["openid", "profile", "email", "offline_access"]

    /// The labels that stand for permissions of the protected API.
    public var ofAPI: ScopeSet { filter { !ScopeSet.protocolScopes.contains($0) } }
}
