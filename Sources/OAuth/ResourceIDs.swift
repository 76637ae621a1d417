/// Identifiers of resources of one type in one account, ascending by their bytes, each once.
///
/// They stand in one buffer that is at once the text of their JSON array: a thousand of them are two allocations, are searched
/// in ten steps and are written into an answer as they are.
public struct ResourceIDs: Sendable, Equatable {
    /// `"a","b"`, without the brackets. No identifier has a character that JSON would escape.
    public private(set) var elements: [UInt8] = []
    /// Where each begins in `elements`, behind its quotation mark.
    private var starts: [UInt32] = []

    public init() {}

    /// In any order, with repetitions; what cannot be an identifier is left out.
    public init(_ ids: some Sequence<String>) {
        let sorted = ids.filter(Self.isIdentifier).map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        for id in sorted where starts.isEmpty || self[bytes: count - 1] != id[...] { append(id[...]) }
    }

    /// The longest identifier, in bytes.
    public static let maximumLength = 128

    /// Whether a text can name a resource: it has to stand in a path, in a header and in JSON and mean the same in each. So no
    /// controls, quotation marks, slashes, backslashes and percent signs, no semicolons (some servers cut a segment there), and no dots alone.
    public static func isIdentifier(_ text: String) -> Bool {
        (1...maximumLength).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0..<0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "%"), UInt8(ascii: ";"): false
                default: true
                }
            }
    }

    public var count: Int { starts.count }
    public var isEmpty: Bool { starts.isEmpty }
    /// Of the identifiers alone.
    public var byteCount: Int { isEmpty ? 0 : elements.count - 3 * count + 1 }
    public var strings: [String] { (0..<count).map { self[$0] } }

    public subscript(index: Int) -> String { String(decoding: self[bytes: index], as: UTF8.self) }

    private subscript(bytes index: Int) -> ArraySlice<UInt8> {
        let end = index + 1 < starts.count ? Int(starts[index + 1]) - 3 : elements.count - 1
        return elements[Int(starts[index])..<end]
    }

    /// Compared byte by byte: two texts that Swift calls equal can be two resources.
    public func contains(_ id: String) -> Bool { contains(Array(id.utf8)[...]) }

    private func contains(_ id: ArraySlice<UInt8>) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            let here = self[bytes: middle]
            if here == id { return true }
            if here.lexicographicallyPrecedes(id) { low = middle + 1 } else { high = middle }
        }
        return false
    }

    public func isSubset(of other: ResourceIDs) -> Bool {
        self == other || (0..<count).allSatisfy { other.contains(self[bytes: $0]) }
    }

    public func intersection(_ other: ResourceIDs) -> ResourceIDs { filter { other.contains($0) } }
    public func subtracting(_ other: ResourceIDs) -> ResourceIDs { filter { !other.contains($0) } }

    public func union(_ other: ResourceIDs) -> ResourceIDs {
        if other.isSubset(of: self) { return self }
        var union = ResourceIDs()
        var (left, right) = (0, 0)
        while left < count || right < other.count {
            if right == other.count || left < count && !other[bytes: right].lexicographicallyPrecedes(self[bytes: left]) {
                if right < other.count, self[bytes: left] == other[bytes: right] { right += 1 }
                union.append(self[bytes: left])
                left += 1
            } else {
                union.append(other[bytes: right])
                right += 1
            }
        }
        return union
    }

    private func filter(_ isIncluded: (ArraySlice<UInt8>) -> Bool) -> ResourceIDs {
        var kept = ResourceIDs()
        for index in 0..<count where isIncluded(self[bytes: index]) { kept.append(self[bytes: index]) }
        return kept.count == count ? self : kept
    }

    private mutating func append(_ id: ArraySlice<UInt8>) {
        if !elements.isEmpty { elements.append(UInt8(ascii: ",")) }
        elements.append(UInt8(ascii: "\""))
        starts.append(UInt32(elements.count))
        elements.append(contentsOf: id)
        elements.append(UInt8(ascii: "\""))
    }
}

// MARK: - The stored form

extension ResourceIDs {
    /// Between the identifiers of the stored form; it is in none of them.
    static let separator = UInt8(ascii: "\t")

    /// Reads what `append(to:)` wrote; it ascends already.
    init?(stored bytes: ArraySlice<UInt8>) {
        elements.reserveCapacity(bytes.count + bytes.count / 8)
        for id in bytes.split(separator: Self.separator) {
            guard isEmpty || self[bytes: count - 1].lexicographicallyPrecedes(id) else { return nil }
            append(id)
        }
    }

    func append(to output: inout [UInt8]) {
        for index in 0..<count {
            output.append(Self.separator)
            output.append(contentsOf: self[bytes: index])
        }
    }

}

// MARK: In a header

extension ResourceIDs {
    /// - Parameter limit: bytes.
    /// - Returns: nil where it would be longer.
    func headerText(within limit: Int) -> [UInt8]? {
        // Without its marks every identifier is at least as long as in the header.
        if elements.count - 2 * count > limit { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(elements.count - 2 * count)
        for index in 0..<count {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            URLText.appendEncoded(self[bytes: index], to: &output)
        }
        return output.count > limit ? nil : output
    }
}
