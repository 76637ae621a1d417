import OAuth
import Yams

/// Reads a JSON or YAML document into the one form that the rest of the program knows.
enum Documents {
    /// Reads by content: a text that begins with `{` is JSON, anything else YAML.
    static func read(_ path: String) throws(CommandFailure) -> JSON { try read(TextFile.read(path), file: path) }

    static func read(_ text: String, file: String) throws(CommandFailure) -> JSON {
        if text.first(where: { !$0.isWhitespace && $0 != "\u{FEFF}" }) == "{" {
            do {
                return try JSON(parsing: text)
            } catch {
                throw .failed("\(file): \(error)")
            }
        }
        return try yaml(text, file: file)
    }

    static func yaml(_ text: String, file: String) throws(CommandFailure) -> JSON {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw .failed("\(file): \(error)")
        } catch {
            throw .failed("\(file): is neither JSON nor YAML.")
        }
        return try node.map { node throws(CommandFailure) in try json(node, file: file, depth: 0) } ?? .null
    }

    private static func json(_ node: Node, file: String, depth: Int) throws(CommandFailure) -> JSON {
        if depth > 128 { throw .failed("\(file): nested deeper than 128 levels.") }
        switch node {
        case .mapping(let mapping):
            var object = JSONObject()
            for (key, value) in mapping {
                guard let name = key.scalar?.string else { throw .failed("\(file): a mapping's key should be a text.") }
                object[name] = try json(value, file: file, depth: depth + 1)
            }
            return .object(object)
        case .sequence(let sequence):
            var elements: [JSON] = []
            for element in sequence { elements.append(try json(element, file: file, depth: depth + 1)) }
            return .array(elements)
        case .scalar(let scalar):
            // Only a plain scalar can be other than a text (YAML 1.2 §10.3.2).
            guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
            if let number = Int64(scalar.string) { return .integer(number) }
            switch scalar.string {
            case "true", "True", "TRUE": return .bool(true)
            case "false", "False", "FALSE": return .bool(false)
            case "", "~", "null", "Null", "NULL": return .null
            default: return node.float.map(JSON.number) ?? .string(scalar.string)
            }
        case .alias:
            throw .failed("\(file): an alias names an anchor that is not there.")
        }
    }
}
