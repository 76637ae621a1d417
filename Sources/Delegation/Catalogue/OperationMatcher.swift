import OAuth

/// Finds the operation of a request: a tree of path segments, compiled once from a catalogue.
public struct OperationMatcher: Sendable {
    public struct Match: Sendable, Equatable {
        public let operation: Operation
        /// The decoded value of the catalogue's account parameter; nil where the path has none.
        public let accountParameterValue: String?
        /// The resources that the path names, decoded.
        public var resources: [NamedResource] = []
        /// The labels of the types that the operation's scopes can be narrowed to and that its path does not name.
        public var listed: [String] = []
    }

    /// A resource as a path names it.
    public struct NamedResource: Sendable, Equatable {
        public let type: String
        public let id: String
    }

    public enum Outcome: Sendable, Equatable {
        case operation(Match)
        case unknown
        /// The path could be read in two ways.
        case malformed
    }

    private struct Leaf: Sendable {
        let operation: Operation
        /// Which of the path's parameters is the account.
        let accountPosition: Int?
        /// Which of them are resources, and of which type.
        let resourcePositions: [(type: String, position: Int)]
        let listed: [String]
    }

    private struct Node: Sendable {
        /// By their bytes: two texts that Swift calls equal can be two paths to the protected API.
        var literals: [[UInt8]: Int] = [:]
        var templates: [(segment: SegmentTemplate, node: Int)] = []
        var leaves: [String: Leaf] = [:]
    }

    private var nodes: [Node] = [Node()]

    public init(_ catalogue: Catalogue) {
        for operation in catalogue.operations { insert(operation, at: operation.path, catalogue) }
        // Paths as they are written win over those behind a server's base path.
        for operation in catalogue.operations where !operation.basePath.isEmpty {
            insert(operation, at: operation.basePath + operation.path, catalogue)
        }
        for index in nodes.indices {
            // The more literal text a segment has, the more it says.
            nodes[index].templates.sort { left, right in
                left.segment.literals.joined().utf8.count > right.segment.literals.joined().utf8.count
            }
        }
    }

    /// - Parameters:
    ///   - method: as it was sent; methods are case-sensitive (RFC 9110 §9.1).
    ///   - target: the raw request target in origin form.
    public func match(method: String, target: Substring) -> Outcome {
        guard let segments = RequestPath.segments(of: target) else { return .malformed }
        // RFC 9110 §9.3.2: HEAD is GET without the content.
        let match = find(segments[...], node: 0, values: [], accepting: { $0[method] ?? (method == "HEAD" ? $0["GET"] : nil) })
        return match.map { .operation($0) } ?? .unknown
    }

    /// Whether the document describes the path, whatever the method.
    public func describes(_ target: Substring) -> Bool {
        guard let segments = RequestPath.segments(of: target) else { return false }
        return find(segments[...], node: 0, values: [], accepting: { $0.first?.value }) != nil
    }

    private func find(
        _ segments: ArraySlice<String>, node: Int, values: [String], accepting leaf: ([String: Leaf]) -> Leaf?
    ) -> Match? {
        guard let segment = segments.first else {
            return leaf(nodes[node].leaves).map { leaf in
                Match(
                    operation: leaf.operation, accountParameterValue: leaf.accountPosition.map { values[$0] },
                    resources: leaf.resourcePositions.map { NamedResource(type: $0.type, id: values[$0.position]) }, listed: leaf.listed)
            }
        }
        let rest = segments.dropFirst()
        // Literal segments win, from the left.
        if let next = nodes[node].literals[Array(segment.utf8)], let match = find(rest, node: next, values: values, accepting: leaf) {
            return match
        }
        // `export;x` must not pass as a value where a server that cuts it off would find `export`.
        if segment.utf8.contains(UInt8(ascii: ";")), nodes[node].literals[RequestPath.withoutParameters(segment.utf8)] != nil { return nil }
        for (template, next) in nodes[node].templates {
            guard let found = template.values(in: segment) else { continue }
            if let match = find(rest, node: next, values: values + found, accepting: leaf) { return match }
        }
        return nil
    }

    private mutating func insert(_ operation: Operation, at path: String, _ catalogue: Catalogue) {
        var node = 0
        var parameters: [String] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let template = SegmentTemplate(segment)
            parameters += template.parameters
            if template.parameters.isEmpty {
                node = child(of: node, literal: String(segment))
            } else {
                node = child(of: node, template: template)
            }
        }
        if nodes[node].leaves[operation.method] != nil { return }
        let types = catalogue.resourceTypes.filter { $0.applies(to: operation) }
        let positions = types.flatMap { type in
            parameters.indices.filter { type.parameters.contains(parameters[$0]) }.map { (type: type.label, position: $0) }
        }
        let named = Set(positions.map(\.type))
        let listed = types.filter { !named.contains($0.label) && !$0.scopes.intersection(operation.scopes).isEmpty }
        nodes[node].leaves[operation.method] = Leaf(
            operation: operation, accountPosition: parameters.firstIndex(of: catalogue.accountParameter), resourcePositions: positions,
            listed: listed.map(\.label))
    }

    private mutating func child(of node: Int, literal: String) -> Int {
        let literal = Array(literal.utf8)
        if let known = nodes[node].literals[literal] { return known }
        nodes.append(Node())
        nodes[node].literals[literal] = nodes.count - 1
        return nodes.count - 1
    }

    private mutating func child(of node: Int, template: SegmentTemplate) -> Int {
        if let known = nodes[node].templates.first(where: { $0.segment == template }) { return known.node }
        nodes.append(Node())
        nodes[node].templates.append((template, nodes.count - 1))
        return nodes.count - 1
    }
}
