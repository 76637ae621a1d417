import Delegation
import OAuth

/// A JSON Schema (draft 2020-12), which is what OpenAPI 3.1 describes values with (OpenAPI 3.1 §4.8.24).
///
/// Lengths count what the schema language counts: characters of texts, elements of lists, members of objects.
struct Schema: Sendable {
    private(set) var json: JSONObject

    private init(_ json: JSONObject) { self.json = json }

    // MARK: Texts and numbers

    static let string = Schema(["type": "string"])
    static let boolean = Schema(["type": "boolean"])
    /// 32 lowercase hexadecimal digits.
    static let identifier = Schema(["type": "string", "pattern": "^[0-9a-f]{32}$"])
    /// RFC 3339 §5.6.
    static let time = Schema(["type": "string", "format": "date-time"])

    static func string(_ characters: ClosedRange<Int>) -> Schema {
        Schema([
            "type": "string", "minLength": .integer(Int64(characters.lowerBound)), "maxLength": .integer(Int64(characters.upperBound)),
        ])
    }

    static func integer(_ range: ClosedRange<Int64>) -> Schema {
        Schema(["type": "integer", "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)])
    }

    /// How many there are of something.
    static let count = Schema(["type": "integer", "minimum": 0])

    /// One of a few texts.
    static func one(of texts: [String]) -> Schema { Schema(["type": "string", "enum": JSON(texts)]) }

    static func one<Case: RawRepresentable & CaseIterable>(of type: Case.Type) -> Schema where Case.RawValue == String {
        one(of: type.allCases.map(\.rawValue))
    }

    static func constant(_ text: String) -> Schema { Schema(["type": "string", "const": .string(text)]) }

    static func constant(_ flag: Bool) -> Schema { Schema(["type": "boolean", "const": .bool(flag)]) }

    // MARK: Lists and objects

    static func list(of element: Schema, _ elements: ClosedRange<Int>? = nil) -> Schema {
        var json: JSONObject = ["type": "array", "items": .object(element.json)]
        if let elements {
            if elements.lowerBound > 0 { json["minItems"] = .integer(Int64(elements.lowerBound)) }
            json["maxItems"] = .integer(Int64(elements.upperBound))
        }
        return Schema(json)
    }

    /// A list that has this element among others.
    func containing(_ text: String) -> Schema { with("contains", ["const": .string(text)]) }

    /// A list without elements.
    static let emptyList = Schema(["type": "array", "maxItems": 0])

    /// - Parameters:
    ///   - members: those that are always there.
    ///   - optional: those that may be missing.
    ///   - isClosed: whether other members are refused.
    static func object(
        _ members: KeyValuePairs<String, Schema>, optional: KeyValuePairs<String, Schema> = [:], isClosed: Bool = false
    ) -> Schema {
        var properties = JSONObject()
        for (name, schema) in members { properties[name] = .object(schema.json) }
        for (name, schema) in optional { properties[name] = .object(schema.json) }
        var json: JSONObject = ["type": "object"]
        if !members.isEmpty { json["required"] = JSON(members.map(\.key)) }
        json["properties"] = .object(properties)
        if isClosed { json["additionalProperties"] = false }
        return Schema(json)
    }

    /// An object whose members have names that are not known here.
    static func map(to value: Schema, least: Int = 0, most: Int? = nil) -> Schema {
        var json: JSONObject = ["type": "object", "additionalProperties": .object(value.json)]
        if least > 0 { json["minProperties"] = .integer(Int64(least)) }
        if let most { json["maxProperties"] = .integer(Int64(most)) }
        return Schema(json)
    }

    /// An object of which nothing more is promised.
    static let anyObject = Schema(["type": "object"])

    /// A list of which nothing more is promised.
    static let anyList = Schema(["type": "array"])

    // MARK: Putting together

    /// One of those that the areas name.
    static func named(_ name: String) -> Schema { Schema(["$ref": .string("#/components/schemas/" + name)]) }

    static func any(of schemas: [Schema]) -> Schema { Schema(["anyOf": .array(schemas.map { .object($0.json) })]) }

    /// Both what this and what the other says.
    func and(_ other: Schema) -> Schema { Schema(["allOf": [.object(json), .object(other.json)]]) }

    /// The same, or null.
    var orNull: Schema {
        guard let type = json["type"]?.stringValue else { return .any(of: [self, Schema(["type": "null"])]) }
        var json = json
        json["type"] = JSON([type, "null"])
        if let value = json["const"] {
            json["const"] = nil
            json["enum"] = [value]
        }
        if let values = json["enum"]?.arrayValue { json["enum"] = .array(values + [.null]) }
        return Schema(json)
    }

    /// - Parameter text: for whoever reads the document; ends with a full stop.
    func described(_ text: String) -> Schema { with("description", .string(text)) }

    func example(_ value: JSON) -> Schema { with("examples", [value]) }

    func with(_ name: String, _ value: JSON) -> Schema {
        var json = json
        json[name] = value
        return Schema(json)
    }
}
