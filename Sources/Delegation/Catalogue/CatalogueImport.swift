import OAuth

extension Catalogue {
    /// Reads an OpenAPI document (3.0 or 3.1).
    /// - Parameters:
    ///   - file: the document's name, for messages.
    ///   - overrides: see `docs/catalogue.md`.
    ///   - resolving: reads another file that the document refers to, by its name relative to the document.
    /// - Throws: `CatalogueErrors` with everything that is wrong.
    public static func imported(
        from document: JSON, file: String, overrides: JSON? = nil, overridesFile: String = "",
        resolving: @escaping (String) throws -> JSON = { throw CatalogueError(file: $0, pointer: "", problem: "there are no other files") }
    ) throws(CatalogueErrors) -> (catalogue: Catalogue, warnings: [CatalogueWarning]) {
        var reader = OpenAPIReader(
            document: OpenAPIDocument(document, file: file, resolving: resolving),
            overrides: overrides.map { Located(value: $0, file: overridesFile, pointer: "") })
        let catalogue = reader.catalogue()
        if !reader.errors.isEmpty { throw CatalogueErrors(errors: reader.errors) }
        return (catalogue, reader.warnings)
    }
}

/// Walks a document once, collecting operations, scopes and everything that is wrong.
private struct OpenAPIReader {
    private var document: OpenAPIDocument
    private let overrides: CatalogueOverrides
    private(set) var errors: [CatalogueError] = []
    private(set) var warnings: [CatalogueWarning] = []
    private var flowDescriptions: [String: String] = [:]
    private var labels: Set<String> = []

    private static let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]

    /// An operation before its security is understood.
    private struct Found {
        let method: String
        let path: String
        let value: Located
        let basePath: String
    }

    init(document: OpenAPIDocument, overrides: Located?) {
        self.document = document
        var errors: [CatalogueError] = []
        self.overrides = CatalogueOverrides(overrides, errors: &errors)
        self.errors = errors
    }

    mutating func catalogue() -> Catalogue {
        let root = document.root
        guard let version = root["openapi"]?.value.stringValue, version.hasPrefix("3.0") || version.hasPrefix("3.1") else {
            let problem =
                root["swagger"] != nil
                ? "This is Swagger 2.0; convert it to OpenAPI 3." : "This is no OpenAPI document: `openapi` should be 3.0 or 3.1."
            errors.append(root.error(problem))
            return .empty
        }
        let schemes = readSchemes()
        let found = readPaths()
        let all = found.compactMap { $0.value["security"] } + [root["security"]].compactMap(\.self)
        let requirements = SecurityRequirements(schemes: schemes, requirements: all)
        let operations = found.map { operation($0, requirements, inherited: root["security"]) }
        requireKnown(operations)
        let scopes = entries(operations)
        let account = accountParameter(root)
        let resourceTypes = resourceTypes(root, operations, account)
        return Catalogue(
            title: root["info"]?["title"]?.value.stringValue ?? "API", scopes: scopes, categories: categories(scopes, operations),
            operations: operations, accountParameter: account, resourceTypes: resourceTypes,
            opensUnknownOperations: overrides.opensUnknownOperations ?? false)
    }

    // MARK: Reading

    private mutating func resolved(_ located: Located) -> Located? {
        do {
            return try document.resolved(located)
        } catch {
            errors.append(error)
            return nil
        }
    }

    private mutating func readSchemes() -> [(name: String, type: String)] {
        var schemes: [(name: String, type: String)] = []
        for (name, entry) in document.root["components"]?["securitySchemes"]?.members ?? [] {
            guard let scheme = resolved(entry) else { continue }
            guard let type = scheme["type"]?.value.stringValue else {
                errors.append(scheme.error("The security scheme \(name) has no type."))
                continue
            }
            schemes.append((name, type))
            for (_, flow) in scheme["flows"]?.members ?? [] {
                for (label, description) in flow["scopes"]?.members ?? [] {
                    labels.insert(label)
                    if let text = description.value.stringValue, !text.isEmpty { flowDescriptions[label] = text }
                }
            }
        }
        return schemes
    }

    private mutating func readPaths() -> [Found] {
        guard let paths = document.root["paths"], paths.value.objectValue != nil else {
            errors.append(document.root.error("There are no paths."))
            return []
        }
        var found: [Found] = []
        for (path, entry) in paths.members where !path.hasPrefix("x-") {
            guard path.hasPrefix("/") else {
                errors.append(entry.error("A path should begin with a slash."))
                continue
            }
            guard PathTemplate.isWellFormed(path) else {
                errors.append(entry.error("The braces of the path do not match."))
                continue
            }
            guard let item = resolved(entry) else { continue }
            for method in Self.methods {
                guard let value = item[method].flatMap({ resolved($0) }) else { continue }
                let server = value["servers"] ?? item["servers"] ?? document.root["servers"]
                found.append(Found(method: method.uppercased(), path: path, value: value, basePath: basePath(server)))
            }
        }
        return found
    }

    /// The path part of the first server's URL, its variables at their defaults.
    private func basePath(_ servers: Located?) -> String {
        guard let server = servers?.elements.first, var url = server["url"]?.value.stringValue else { return "" }
        for (name, variable) in server["variables"]?.members ?? [] {
            guard let value = variable["default"]?.value.stringValue else { continue }
            url = url.split(separator: "{" + name + "}", omittingEmptySubsequences: false).joined(separator: value)
        }
        if let scheme = url.firstRange(of: "://") {
            let rest = url[scheme.upperBound...]
            url = rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
        }
        while url.hasSuffix("/") { url.removeLast() }
        return url.isEmpty || url.hasPrefix("/") ? url : "/" + url
    }

    private mutating func operation(_ found: Found, _ requirements: SecurityRequirements, inherited: Located?) -> Operation {
        let override = overrides.operations["\(found.method) \(found.path)"]?.0
        return Operation(
            method: found.method, path: found.path,
            summary: override?.summary ?? found.value["summary"]?.value.stringValue ?? found.value["operationId"]?.value.stringValue ?? "",
            tag: found.value["tags"]?.value.stringsValue?.first ?? "Other",
            risk: override?.risk ?? Risk(method: found.method),
            access: override?.isOpen == true ? .open : access(found, requirements, inherited), basePath: found.basePath)
    }

    private mutating func access(_ found: Found, _ requirements: SecurityRequirements, _ inherited: Located?) -> Access {
        let name = "\(found.method) \(found.path)"
        guard let security = found.value["security"] ?? inherited else {
            warnings.append(
                found.value.warning("\(name) has no security, so it is refused. If it is open to all, say so in the overrides."))
            return .unreachable(reason: "It is not said who may use it.")
        }
        do {
            let access = try requirements.access(security)
            if case .unreachable(let reason) = access { warnings.append(found.value.warning("\(name) is refused: \(reason)")) }
            if case .alternatives(let alternatives) = access { labels.formUnion(alternatives.flatMap(\.labels)) }
            return access
        } catch {
            errors.append(error)
            return .unreachable(reason: "")
        }
    }

    private func accountParameter(_ root: Located) -> String {
        overrides.accountParameter ?? root["x-latchkey"]?["account_parameter"]?.value.stringValue ?? "account_id"
    }

    private mutating func resourceTypes(_ root: Located, _ operations: [Operation], _ account: String) -> [ResourceType] {
        let own = root["x-latchkey"]?["resources"]
        let described = overrides.resources ?? own.map { DescribedResourceType.read($0, &errors) } ?? []
        return DescribedResourceType.resolve(
            described, operations: operations, labels: labels, accountParameter: account, &errors)
    }

    // MARK: Scopes

    private func entries(_ operations: [Operation]) -> [ScopeEntry] {
        var opened: [String: [Int]] = [:]
        for (index, operation) in operations.enumerated() {
            for label in operation.scopes.labels { opened[label, default: []].append(index) }
        }
        return ScopeSet(labels).ofAPI.labels.map { label in
            let indices = opened[label] ?? []
            let own = indices.map { operations[$0] }
            let override = overrides.scopes[label]?.0
            return ScopeEntry(
                label: label, name: override?.name ?? ScopeWords.name(for: label),
                description: override?.description ?? flowDescriptions[label] ?? ScopeWords.description(of: own),
                category: override?.category ?? commonTag(own), risk: override?.risk ?? own.map(\.risk).max() ?? .read, operations: indices)
        }.sorted { left, right in
            let orders = (overrides.scopes[left.label]?.0.order ?? .max, overrides.scopes[right.label]?.0.order ?? .max)
            return orders.0 == orders.1 ? left.label < right.label : orders.0 < orders.1
        }
    }

    /// The tag that most of the operations have; the first of several.
    private func commonTag(_ operations: [Operation]) -> String {
        let counts = Dictionary(grouping: operations, by: \.tag).mapValues(\.count)
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? "Other"
    }

    /// Those that the overrides name, then the document's own order, then the rest as they come.
    private func categories(_ scopes: [ScopeEntry], _ operations: [Operation]) -> [String] {
        let used = Set(scopes.map(\.category))
        let tags = document.root["tags"]?.elements.compactMap { $0["name"]?.value.stringValue } ?? []
        var ordered: [String] = []
        for name in overrides.categories + tags + operations.map(\.tag) + scopes.map(\.category)
        where used.contains(name) && !ordered.contains(name) { ordered.append(name) }
        return ordered
    }

    /// A name in the overrides that means nothing is a typo.
    private mutating func requireKnown(_ operations: [Operation]) {
        let known = Set(operations.map { "\($0.method) \($0.path)" })
        for (key, entry) in overrides.operations where !known.contains(key) {
            errors.append(entry.1.error("The document has no operation \"\(key)\"."))
        }
        for (label, entry) in overrides.scopes where !labels.contains(label) {
            errors.append(entry.1.error("The document has no scope \"\(label)\"."))
        }
    }
}
