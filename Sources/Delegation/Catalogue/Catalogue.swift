import OAuth

/// The scopes of a protected API and the operations that each opens, read from its OpenAPI document.
public struct Catalogue: Sendable, Equatable {
    public let title: String
    /// In the order in which they are shown.
    public let scopes: [ScopeEntry]
    /// In the order in which they are shown.
    public let categories: [String]
    public let operations: [Operation]
    /// The name of the path parameter that says which account a request is about.
    public let accountParameter: String
    /// What access can be narrowed to inside an account, in the order in which it is shown.
    public let resourceTypes: [ResourceType]
    /// Whether operations that the document does not describe pass without a token.
    public var opensUnknownOperations: Bool
    private let positions: [String: Int]

    public init(
        title: String, scopes: [ScopeEntry], categories: [String], operations: [Operation], accountParameter: String = "account_id",
        resourceTypes: [ResourceType] = [], opensUnknownOperations: Bool = false
    ) {
        self.title = title
        self.scopes = scopes
        self.categories = categories
        self.operations = operations
        self.accountParameter = accountParameter
        self.resourceTypes = resourceTypes
        self.opensUnknownOperations = opensUnknownOperations
        positions = Dictionary(scopes.enumerated().map { ($1.label, $0) }) { first, _ in first }
    }

    /// Before the first import: nothing is described, so everything is refused.
    public static let empty = Catalogue(title: "", scopes: [], categories: [], operations: [])

    public func scope(_ label: String) -> ScopeEntry? { positions[label].map { scopes[$0] } }

    public static func == (left: Catalogue, right: Catalogue) -> Bool {
        left.title == right.title && left.scopes == right.scopes && left.categories == right.categories
            && left.operations == right.operations && left.accountParameter == right.accountParameter
            && left.resourceTypes == right.resourceTypes && left.opensUnknownOperations == right.opensUnknownOperations
    }
}

// MARK: - The stored form

extension Catalogue {
    public var json: JSON {
        [
            "title": .string(title), "categories": JSON(categories), "account_parameter": .string(accountParameter),
            "resource_types": .array(resourceTypes.map(\.json)), "opens_unknown_operations": .bool(opensUnknownOperations),
            "scopes": .array(
                scopes.map { scope in
                    [
                        "label": .string(scope.label), "name": .string(scope.name), "description": .string(scope.description),
                        "category": .string(scope.category), "risk": .string(scope.risk.rawValue),
                        "operations": .array(scope.operations.map { .integer(Int64($0)) }),
                    ]
                }),
            "operations": .array(operations.map(\.json)),
        ]
    }

    /// - Throws: `CatalogueErrors` for anything that `json` does not write.
    public init(json: JSON) throws(CatalogueErrors) {
        guard let title = json["title"]?.stringValue, let categories = json["categories"]?.stringsValue,
            let parameter = json["account_parameter"]?.stringValue, let opens = json["opens_unknown_operations"]?.boolValue,
            let scopes = json["scopes"]?.arrayValue, let operations = json["operations"]?.arrayValue
        else { throw .unreadable }
        var readOperations: [Operation] = []
        for operation in operations {
            guard let operation = Operation(operation) else { throw .unreadable }
            readOperations.append(operation)
        }
        var readScopes: [ScopeEntry] = []
        for scope in scopes {
            guard let label = scope["label"]?.stringValue, let name = scope["name"]?.stringValue,
                let description = scope["description"]?.stringValue, let category = scope["category"]?.stringValue,
                let risk = scope["risk"]?.stringValue.flatMap({ Risk(rawValue: $0) }),
                let positions = scope["operations"]?.arrayValue?.compactMap({ $0.integerValue.map(Int.init) }),
                positions.allSatisfy(readOperations.indices.contains)
            else { throw .unreadable }
            readScopes.append(
                ScopeEntry(label: label, name: name, description: description, category: category, risk: risk, operations: positions))
        }
        var resourceTypes: [ResourceType] = []
        // A catalogue that the release before stored has none.
        for type in json["resource_types"]?.arrayValue ?? [] {
            guard let type = ResourceType(type) else { throw .unreadable }
            resourceTypes.append(type)
        }
        self.init(
            title: title, scopes: readScopes, categories: categories, operations: readOperations, accountParameter: parameter,
            resourceTypes: resourceTypes, opensUnknownOperations: opens)
    }
}

extension Operation {
    fileprivate var json: JSON {
        var object: JSONObject = [
            "method": .string(method), "path": .string(path), "summary": .string(summary), "tag": .string(tag),
            "risk": .string(risk.rawValue), "base_path": .string(basePath),
        ]
        switch access {
        case .open: object["open"] = true
        case .alternatives(let alternatives): object["alternatives"] = .array(alternatives.map { JSON($0.labels) })
        case .unreachable(let reason): object["unreachable"] = .string(reason)
        }
        return .object(object)
    }

    fileprivate init?(_ json: JSON) {
        guard let method = json["method"]?.stringValue, let path = json["path"]?.stringValue, let summary = json["summary"]?.stringValue,
            let tag = json["tag"]?.stringValue, let risk = json["risk"]?.stringValue.flatMap({ Risk(rawValue: $0) }),
            let basePath = json["base_path"]?.stringValue
        else { return nil }
        let access: Access
        if let alternatives = json["alternatives"]?.arrayValue {
            access = .alternatives(alternatives.map { ScopeSet($0.stringsValue ?? []) })
        } else if let reason = json["unreachable"]?.stringValue {
            access = .unreachable(reason: reason)
        } else if json["open"]?.boolValue == true {
            access = .open
        } else {
            return nil
        }
        self.init(method: method, path: path, summary: summary, tag: tag, risk: risk, access: access, basePath: basePath)
    }
}
