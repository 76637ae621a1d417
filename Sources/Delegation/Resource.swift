import OAuth

/// A thing inside an account that access can be narrowed to, as the platform registered it.
public struct Resource: Sendable, Equatable {
    public let accountID: Identifier
    /// The label of a type of the catalogue.
    public let type: String
    /// What the protected API's paths call it.
    public let id: String
    /// For people.
    public let name: String
    /// Epoch seconds.
    public let createdAt: Int64

    public init(accountID: Identifier, type: String, id: String, name: String, createdAt: Int64) {
        self.accountID = accountID
        self.type = type
        self.id = id
        self.name = name
        self.createdAt = createdAt
    }

    public static let idRule =
        "An id is at most \(ResourceIDs.maximumLength) bytes without slashes, backslashes, quotation marks, %, ; and controls."

    /// The longest name, in characters.
    public static let maximumNameLength = 200

    /// An identifier as a segment of a path names it, decoded once; nil where it cannot be one.
    public static func id(inPath segment: Substring) -> String? {
        guard let segments = RequestPath.segments(of: "/" + segment), segments.count == 1, ResourceIDs.isIdentifier(segments[0]) else {
            return nil
        }
        return segments[0]
    }

    /// The object of the management API.
    public var json: JSON {
        ["type": .string(type), "id": .string(id), "name": .string(name), "created_at": .string(Timestamp.text(createdAt))]
    }
}

extension ResourceChoice {
    /// How many are chosen, by account and type, for events: what is chosen in one account is nobody's business in another.
    public var counts: JSON {
        .object(
            accounts.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { object, account in
                let types = account.value.sorted { $0.key < $1.key }.reduce(into: JSONObject()) { types, each in
                    types[each.key] = each.value.ids.map { .integer(Int64($0.count)) } ?? "all"
                }
                if !types.isEmpty { object[account.key.description] = .object(types) }
            })
    }
}
