import Delegation
import HTTPTypes
import OAuth

/// A part of the management API: what its operations take and answer.
///
/// To describe a new part, add a file beside this one with an `extension APIArea { static let … }`, and name it in
/// `APIDescription.areas`. A test compares the operations with the `.envelope` routes, both ways; another one calls each of them
/// in every role (`Tests/blackbox/management/operations.py`) and looks whether the answer is as described.
struct APIArea: Sendable {
    /// The heading, which OpenAPI calls a tag.
    let name: String
    let description: String
    /// Schemas that operations of any area refer to as `.named(…)`.
    var schemas: KeyValuePairs<String, Schema> = [:]
    let operations: [APIOperation]
}

/// One method and path of the management API (OpenAPI 3.1 §4.8.10).
///
/// What follows from the rest is not said: the envelope, the parameters of the path, and the errors that every operation of its
/// kind can give.
struct APIOperation: Sendable {
    /// Who may call it.
    enum Access: Sendable {
        /// Anybody, without a credential.
        case open
        /// Any credential.
        case caller
        /// Any credential that reaches into the account of the path.
        case member
        /// Role and credential allow it in the account of the path.
        case account(Permission)
        /// The credential allows it with its user's own things.
        case user(UserPermission)
        /// An OAuth access token alone.
        case accessToken
    }

    /// What stands in the envelope.
    enum Result: Sendable {
        case one(Schema)
        /// A list by page number.
        case page(of: Schema)
        /// A list by page number that does not say how long it is.
        case endlessPage(of: Schema)
        /// A list by cursor.
        case cursor(of: Schema)
        /// No envelope at all.
        case bare(Schema)
    }

    /// A parameter of the query.
    struct Parameter: Sendable {
        let name: String
        let schema: Schema
        var isRequired = false

        static let page = Parameter(
            name: "page", schema: .integer(1...1_000_000).with("default", 1).described("Which page, from 1. One behind the last is empty."))

        static func perPage(default size: Int64 = 1000) -> Parameter {
            Parameter(name: "per_page", schema: .integer(1...1000).with("default", .integer(size)).described("How many to a page."))
        }
    }

    let method: HTTPRequest.Method
    /// Below `/api/v4`, as in the route table but for the names in braces: each ends in `_id` and is an identifier, unless
    /// `segments` says otherwise.
    let path: String
    /// Unique among all areas; programs that generate clients name their functions after it.
    let id: String
    let summary: String
    var details: String?
    let access: Access
    var segments: KeyValuePairs<String, Schema> = [:]
    var query: [Parameter] = []
    /// Nil: none is read. One whose members are all optional may be left out.
    var body: Schema?
    let result: Result
    /// Errors beside those that follow from the rest: 409 is the usual one, and 400 where nothing is read.
    var errors: [Int] = []
}

extension APIOperation.Access {
    /// The permission, where one is taken.
    var permission: String? {
        switch self {
        case .account(let permission): permission.rawValue
        case .user(let permission): permission.rawValue
        case .open, .caller, .member, .accessToken: nil
        }
    }

    /// In a sentence.
    var text: String {
        switch self {
        case .open: "No credential is needed."
        case .caller: "Any valid credential will do."
        case .member: "Any credential that reaches into the account will do."
        case .account(let permission): "Takes the permission `\(permission.rawValue)` in the account."
        case .user(let permission): "Takes the permission `\(permission.rawValue)`, and a credential of a user."
        case .accessToken: "Takes an OAuth access token."
        }
    }
}
