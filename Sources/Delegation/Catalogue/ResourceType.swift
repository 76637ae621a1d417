import OAuth

/// A kind of thing inside an account that access can be narrowed to, and how the protected API's paths name one.
public struct ResourceType: Sendable, Equatable {
    /// `zone`
    public let label: String
    /// For people: one of them, and several.
    public let name: String
    public let plural: String
    /// The path parameters whose value is one.
    public let parameters: [String]
    /// The scopes whose use it narrows: those of the operations that have the parameter, unless the catalogue says others.
    public let scopes: ScopeSet

    public init(label: String, name: String, plural: String, parameters: [String], scopes: ScopeSet) {
        self.label = label
        self.name = name
        self.plural = plural
        self.parameters = parameters
        self.scopes = scopes
    }

    /// An operation without scopes is narrowed wherever its path names a resource.
    func applies(to operation: Operation) -> Bool {
        let asked = operation.scopes
        return asked.isEmpty || !asked.intersection(scopes).isEmpty
    }

    /// `Load balancers`
    public var title: String { plural.prefix(1).uppercased() + plural.dropFirst() }

    /// `1 zone`, `2 zones`
    public func count(_ number: Int) -> String { number == 1 ? "1 \(name)" : "\(number) \(plural)" }
}

extension Catalogue {
    public func resourceType(_ label: String) -> ResourceType? { resourceTypes.first { $0.label == label } }

    /// The types that any of the scopes can be narrowed to.
    public func resourceTypes(of scopes: ScopeSet) -> [ResourceType] {
        resourceTypes.filter { !$0.scopes.intersection(scopes).isEmpty }
    }
}

// MARK: - What the document says

/// An entry of `resources`, as the document or the overrides write it.
///
///     resources:
///       - {type: zone, name: zone, plural: zones, parameter: zone_id, scopes: [dns.read, dns.write]}
struct DescribedResourceType {
    let label: String
    let name: String
    let plural: String
    let parameters: [String]
    let scopes: [String]?
    let place: Located

    /// More than this no consent page could offer.
    static let maximumCount = 20

    /// - Returns: nil where anything about it is wrong; `errors` says what.
    init?(_ entry: Located, _ errors: inout [CatalogueError]) {
        let before = errors.count
        for (name, value) in entry.members where !["type", "name", "plural", "parameter", "parameters", "scopes"].contains(name) {
            errors.append(value.error("\"\(name)\" is nothing that can be said about a type of resource."))
        }
        func text(_ member: String) -> String? {
            guard let value = entry[member] else { return nil }
            if let text = value.value.stringValue, (1...60).contains(text.count) { return text }
            errors.append(value.error("This should be a text of at most 60 characters."))
            return nil
        }
        func texts(_ member: String) -> [String]? {
            guard let value = entry[member] else { return nil }
            if let texts = value.value.stringsValue, !texts.isEmpty { return texts }
            errors.append(value.error("This should be a list of names."))
            return nil
        }
        let label = text("type") ?? ""
        if !ResourceChoice.isType(label) {
            errors.append(
                (entry["type"] ?? entry).error("A resource needs a \"type\" of lowercase letters, digits, _ and -, such as zone."))
        }
        let words = label.split { $0 == "_" || $0 == "-" }.joined(separator: " ")
        let name = text("name") ?? words
        self.label = label
        self.name = name
        plural = text("plural") ?? name + "s"
        parameters = (text("parameter").map { [$0] } ?? []) + (texts("parameters") ?? [])
        scopes = texts("scopes")
        place = entry
        if parameters.isEmpty { errors.append(entry.error("A resource needs a \"parameter\": the path parameter whose value is one.")) }
        if errors.count > before { return nil }
    }

    static func read(_ list: Located, _ errors: inout [CatalogueError]) -> [DescribedResourceType] {
        guard list.value.arrayValue != nil else {
            errors.append(list.error("This should be a list of resource types."))
            return []
        }
        if list.elements.count > maximumCount { errors.append(list.error("There are more than \(maximumCount) resource types.")) }
        return list.elements.compactMap { DescribedResourceType($0, &errors) }
    }

    /// Holds them against the document's operations.
    static func resolve(
        _ described: [DescribedResourceType], operations: [Operation], labels: Set<String>, accountParameter: String,
        _ errors: inout [CatalogueError]
    ) -> [ResourceType] {
        var (seen, taken): (Set<String>, Set<String>) = ([], [accountParameter])
        return described.map { type in
            if !seen.insert(type.label).inserted { errors.append(type.place.error("The type \(type.label) stands there twice.")) }
            for parameter in type.parameters {
                if !taken.insert(parameter).inserted {
                    let other = parameter == accountParameter ? "the account" : "another type"
                    errors.append(type.place.error("The parameter {\(parameter)} names \(other) already."))
                } else if !operations.contains(where: { $0.parameters.contains(parameter) }) {
                    errors.append(type.place.error("No path has the parameter {\(parameter)}."))
                }
            }
            for label in type.scopes ?? [] where !labels.contains(label) {
                errors.append(type.place.error("The document has no scope \"\(label)\"."))
            }
            let own = operations.filter { operation in operation.parameters.contains { type.parameters.contains($0) } }
            return ResourceType(
                label: type.label, name: type.name, plural: type.plural, parameters: type.parameters,
                scopes: type.scopes.map { ScopeSet($0) } ?? own.reduce(into: ScopeSet([])) { $0 = $0.union($1.scopes) }.ofAPI)
        }
    }
}

// MARK: - The stored form

extension ResourceType {
    var json: JSON {
        [
            "type": .string(label), "name": .string(name), "plural": .string(plural), "parameters": JSON(parameters),
            "scopes": JSON(scopes.labels),
        ]
    }

    init?(_ json: JSON) {
        guard let label = json["type"]?.stringValue, let name = json["name"]?.stringValue, let plural = json["plural"]?.stringValue,
            let parameters = json["parameters"]?.stringsValue, let scopes = json["scopes"]?.stringsValue
        else { return nil }
        self.init(label: label, name: name, plural: plural, parameters: parameters, scopes: ScopeSet(scopes))
    }
}
