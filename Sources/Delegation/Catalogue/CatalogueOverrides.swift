import OAuth

/// What an overrides file changes: names, texts, risk, grouping, order, and what is open. Everything in it is optional.
///
///     account_parameter: account_id
///     unknown_operations: refuse          # or allow
///     resources: [{type: zone, name: zone, plural: zones, parameter: zone_id}]   # in place of the document's
///     categories: [DNS, Zones]            # these first, in this order
///     scopes:
///       dns.write: {name: …, description: …, category: …, risk: read|write|destructive, order: 1}
///     operations:
///       "GET /status": {summary: …, risk: read|write|destructive, open: true}
struct CatalogueOverrides {
    struct Scope {
        var name: String?
        var description: String?
        var category: String?
        var risk: Risk?
        var order: Int64?
    }

    struct Operation {
        var summary: String?
        var risk: Risk?
        var isOpen = false
    }

    var accountParameter: String?
    var opensUnknownOperations: Bool?
    var resources: [DescribedResourceType]?
    var categories: [String] = []
    var scopes: [String: (Scope, Located)] = [:]
    var operations: [String: (Operation, Located)] = [:]

    init(_ root: Located?, errors: inout [CatalogueError]) {
        guard let root, root.value != .null else { return }
        guard root.value.objectValue != nil else {
            errors.append(root.error("The overrides should be an object."))
            return
        }
        for (name, value) in root.members {
            switch name {
            case "account_parameter":
                accountParameter = value.value.stringValue
                if accountParameter == nil { errors.append(value.error("This should be the name of a path parameter.")) }
            case "unknown_operations":
                switch value.value.stringValue {
                case "refuse": opensUnknownOperations = false
                case "allow": opensUnknownOperations = true
                default: errors.append(value.error("This should be refuse or allow."))
                }
            case "resources": resources = DescribedResourceType.read(value, &errors)
            case "categories":
                categories = value.value.stringsValue ?? []
                if value.value.stringsValue == nil { errors.append(value.error("This should be a list of category names.")) }
            case "scopes": for (label, entry) in value.members { scopes[label] = (Self.scope(entry, &errors), entry) }
            case "operations": for (key, entry) in value.members { operations[key] = (Self.operation(entry, &errors), entry) }
            default: errors.append(value.error("\"\(name)\" is no override."))
            }
        }
    }

    private static func scope(_ entry: Located, _ errors: inout [CatalogueError]) -> Scope {
        var scope = Scope()
        for (name, value) in entry.members {
            switch name {
            case "name": scope.name = text(value, &errors)
            case "description": scope.description = text(value, &errors)
            case "category": scope.category = text(value, &errors)
            case "risk": scope.risk = risk(value, &errors)
            case "order":
                scope.order = value.value.integerValue
                if scope.order == nil { errors.append(value.error("This should be a whole number.")) }
            default: errors.append(value.error("\"\(name)\" is nothing that can be changed about a scope."))
            }
        }
        return scope
    }

    private static func operation(_ entry: Located, _ errors: inout [CatalogueError]) -> Operation {
        var operation = Operation()
        for (name, value) in entry.members {
            switch name {
            case "summary": operation.summary = text(value, &errors)
            case "risk": operation.risk = risk(value, &errors)
            case "open":
                operation.isOpen = value.value.boolValue == true
                if value.value.boolValue == nil { errors.append(value.error("This should be true or false.")) }
            default: errors.append(value.error("\"\(name)\" is nothing that can be changed about an operation."))
            }
        }
        return operation
    }

    private static func text(_ value: Located, _ errors: inout [CatalogueError]) -> String? {
        if let text = value.value.stringValue, !text.isEmpty { return text }
        errors.append(value.error("This should be a text."))
        return nil
    }

    private static func risk(_ value: Located, _ errors: inout [CatalogueError]) -> Risk? {
        if let risk = value.value.stringValue.flatMap({ Risk(rawValue: $0) }) { return risk }
        errors.append(value.error("This should be read, write or destructive."))
        return nil
    }
}
