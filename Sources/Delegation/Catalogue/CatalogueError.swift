/// What is wrong with a document, and where.
public struct CatalogueError: Error, Sendable, Equatable, CustomStringConvertible {
    public let file: String
    /// RFC 6901.
    public let pointer: String
    public let problem: String

    public init(file: String, pointer: String, problem: String) {
        self.file = file
        self.pointer = pointer
        self.problem = problem
    }

    public var description: String { "\(file)#\(pointer): \(problem)" }
}

/// Everything that is wrong with a document.
public struct CatalogueErrors: Error, Sendable, Equatable {
    public let errors: [CatalogueError]

    static let unreadable = CatalogueErrors(
        errors: [CatalogueError(file: "catalogue", pointer: "", problem: "the stored catalogue cannot be read; import the document again")])
}

/// What an importer should look at, though the document can be used.
public struct CatalogueWarning: Sendable, Equatable, CustomStringConvertible {
    public let file: String
    public let pointer: String
    public let text: String

    public var description: String { "\(file)#\(pointer): \(text)" }
}
