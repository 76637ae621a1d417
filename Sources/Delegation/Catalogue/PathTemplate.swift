/// One segment of a path template: literal text with parameters in it, `{id}`, `{name}.json`, `{id}:restart`.
struct SegmentTemplate: Hashable {
    /// The literal text around the parameters: one more than there are parameters, each possibly empty.
    let literals: [String]
    let parameters: [String]

    init(_ segment: Substring) {
        var literals: [String] = []
        var parameters: [String] = []
        var rest = segment
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            literals.append(String(rest[..<open]))
            parameters.append(String(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        literals.append(String(rest))
        self.literals = literals
        self.parameters = parameters
    }

    /// Templates that differ in nothing but the parameters' names match the same requests.
    static func == (left: SegmentTemplate, right: SegmentTemplate) -> Bool { left.literals == right.literals }
    func hash(into hasher: inout Hasher) { hasher.combine(literals) }

    /// The parameters' values; nil where the segment does not fit. A value is never empty.
    func values(in segment: String) -> [String]? {
        if literals.count == 2, literals[0].isEmpty, literals[1].isEmpty { return segment.isEmpty ? nil : [segment] }
        guard segment.hasPrefix(literals[0]), segment.utf8.count > literals[0].utf8.count else { return nil }
        var rest = segment.dropFirst(literals[0].count)
        var values: [String] = []
        for literal in literals.dropFirst().dropLast() {
            guard let range = rest.dropFirst().firstRange(of: literal) else { return nil }
            values.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        let tail = literals[literals.count - 1]
        guard rest.hasSuffix(tail), rest.utf8.count > tail.utf8.count else { return nil }
        values.append(String(rest.dropLast(tail.count)))
        return values
    }
}

/// The path template of an operation.
enum PathTemplate {
    /// Whether every brace has its partner and every parameter a name.
    static func isWellFormed(_ path: String) -> Bool {
        var name: Int?
        for byte in path.utf8 {
            switch (byte, name) {
            case (UInt8(ascii: "{"), nil): name = 0
            case (UInt8(ascii: "{"), _?), (UInt8(ascii: "}"), nil), (UInt8(ascii: "}"), 0?), (UInt8(ascii: "/"), _?): return false
            case (UInt8(ascii: "}"), _?): name = nil
            case (_, let length?): name = length + 1
            default: continue
            }
        }
        return name == nil
    }
}
