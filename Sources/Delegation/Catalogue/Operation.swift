import OAuth

/// What an operation can do to what it is pointed at.
public enum Risk: String, Sendable, CaseIterable, Comparable {
    case read, write, destructive

    /// RFC 9110 §9.2.1: what the method promises.
    init(method: String) {
        switch method {
        case "GET", "HEAD", "OPTIONS", "TRACE": self = .read
        case "DELETE": self = .destructive
        default: self = .write
        }
    }

    public static func < (left: Risk, right: Risk) -> Bool { left.severity < right.severity }

    private var severity: Int {
        switch self {
        case .read: 0
        case .write: 1
        case .destructive: 2
        }
    }
}

/// Who may use an operation.
public enum Access: Sendable, Equatable {
    /// Anybody, with a token or without.
    case open
    /// Whoever holds all scopes of any one set; an empty set is met by every active token.
    case alternatives([ScopeSet])
    /// No token of ours is good for it.
    case unreachable(reason: String)
}

/// One method and path template of the protected API.
public struct Operation: Sendable, Equatable {
    /// In capitals.
    public let method: String
    /// As the document writes it: `/zones/{zone_id}`.
    public let path: String
    public let summary: String
    public let tag: String
    public let risk: Risk
    public let access: Access
    /// The path part of the server's URL, empty or `/v2`; requests match with it or without.
    public let basePath: String

    public init(
        method: String, path: String, summary: String, tag: String, risk: Risk, access: Access, basePath: String = ""
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.tag = tag
        self.risk = risk
        self.access = access
        self.basePath = basePath
    }

    /// The names in the path's braces.
    var parameters: [String] { path.split(separator: "/").flatMap { SegmentTemplate($0).parameters } }

    /// The scopes that appear in any of its alternatives.
    public var scopes: ScopeSet {
        guard case .alternatives(let alternatives) = access else { return [] }
        return alternatives.reduce([]) { $0.union($1) }
    }
}

/// A permission of the protected API, as people see it.
public struct ScopeEntry: Sendable, Equatable {
    public let label: String
    public let name: String
    public let description: String
    public let category: String
    public let risk: Risk
    /// Positions in the catalogue's `operations` of those that it opens, alone or with others.
    public let operations: [Int]

    public init(label: String, name: String, description: String, category: String, risk: Risk, operations: [Int]) {
        self.label = label
        self.name = name
        self.description = description
        self.category = category
        self.risk = risk
        self.operations = operations
    }
}
