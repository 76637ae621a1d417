import HTTPTypes
import Hummingbird
import OAuth

/// The JSON object that a call of the management API sends, read member by member; everything that is wrong is told at once.
struct ManagementBody {
    let object: JSONObject
    private(set) var problems: [InvalidInput.Problem] = []

    /// - Throws: `InvalidInput` where the body is no JSON object; an empty one counts as `{}`: some SDKs send none.
    init(_ exchange: Exchange, limit: Int = Limits.body) async throws {
        let buffer = try await exchange.body(limit: limit)
        if buffer.readableBytes == 0 {
            object = [:]
            return
        }
        do {
            guard case .object(let object) = try JSON(parsing: buffer.readableBytesView) else {
                throw InvalidInput("The body should be a JSON object.")
            }
            self.object = object
        } catch let error as JSONSyntaxError {
            throw InvalidInput("The body is not JSON: \(error).")
        }
    }

    /// What a form says, in the same words.
    init(_ object: JSONObject) { self.object = object }

    func has(_ name: String) -> Bool { object[name] != nil }

    mutating func reject(_ pointer: String, _ text: String) {
        problems.append(InvalidInput.Problem(pointer: pointer, text: text))
    }

    /// A text; nil where the member is missing or null.
    mutating func string(_ name: String, limit: Int = 2048) -> String? {
        guard let value = object[name], value != .null else { return nil }
        guard let text = value.stringValue else {
            reject("/" + name, "\(name) should be a text.")
            return nil
        }
        guard text.utf8.count <= limit else {
            reject("/" + name, "\(name) is longer than \(limit) bytes.")
            return nil
        }
        return text
    }

    /// A list of texts; nil where the member is missing or null.
    mutating func strings(_ name: String, limit: Int = 1000) -> [String]? {
        guard let value = object[name], value != .null else { return nil }
        guard let texts = value.stringsValue, texts.count <= limit else {
            reject("/" + name, "\(name) should be a list of at most \(limit) texts.")
            return nil
        }
        return texts
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = object[name], value != .null else { return nil }
        guard let flag = value.boolValue else {
            reject("/" + name, "\(name) should be true or false.")
            return nil
        }
        return flag
    }

    mutating func integer(_ name: String, in range: ClosedRange<Int64>) -> Int64? {
        guard let value = object[name], value != .null else { return nil }
        guard let number = value.integerValue, range.contains(number) else {
            reject("/" + name, "\(name) should be a whole number from \(range.lowerBound) to \(range.upperBound).")
            return nil
        }
        return number
    }

    /// Notes that a member has to be there.
    mutating func require(_ name: String) {
        if object[name] == nil || object[name] == .null { reject("/" + name, "\(name) is missing.") }
    }

    /// - Throws: `InvalidInput` where anything was rejected.
    func check() throws(InvalidInput) {
        if !problems.isEmpty { throw InvalidInput(problems) }
    }
}
