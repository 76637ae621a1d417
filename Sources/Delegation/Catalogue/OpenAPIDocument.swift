import OAuth

/// A value of a document and where it stands.
struct Located {
    let value: JSON
    let file: String
    let pointer: String

    /// A member, one step down (RFC 6901 §3).
    subscript(name: String) -> Located? {
        value[name].map { Located(value: $0, file: file, pointer: pointer + "/" + Located.escaped(name)) }
    }

    var members: [(name: String, value: Located)] {
        (value.objectValue?.members ?? []).map { member in
            (member.name, Located(value: member.value, file: file, pointer: pointer + "/" + Located.escaped(member.name)))
        }
    }

    var elements: [Located] {
        (value.arrayValue ?? []).enumerated().map { Located(value: $1, file: file, pointer: pointer + "/\($0)") }
    }

    func error(_ problem: String) -> CatalogueError { CatalogueError(file: file, pointer: pointer, problem: problem) }
    func warning(_ text: String) -> CatalogueWarning { CatalogueWarning(file: file, pointer: pointer, text: text) }

    static func escaped(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1 == "~" ? "~0" : $1 == "/" ? "~1" : String($1) }
    }
}

/// An OpenAPI document with the files that it refers to.
struct OpenAPIDocument {
    let file: String
    private var files: [String: JSON]
    private let resolve: (String) throws -> JSON

    /// - Parameter resolving: reads another file, by its name relative to the document.
    init(_ root: JSON, file: String, resolving resolve: @escaping (String) throws -> JSON) {
        self.file = file
        files = [file: root]
        self.resolve = resolve
    }

    var root: Located { Located(value: files[file] ?? .null, file: file, pointer: "") }

    /// Follows `$ref` until there is none (OpenAPI 3.1 §4.8.23).
    mutating func resolved(_ located: Located) throws(CatalogueError) -> Located {
        var current = located
        var seen: Set<String> = []
        while let reference = current.value["$ref"]?.stringValue {
            guard seen.insert(current.file + "#" + current.pointer).inserted else {
                throw located.error("The reference leads back to itself.")
            }
            current = try target(of: reference, from: current)
        }
        return current
    }

    private mutating func target(of reference: String, from place: Located) throws(CatalogueError) -> Located {
        let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let name = parts.first.map(String.init) ?? ""
        if name.contains("://") {
            throw place.error("\"\(reference)\" is not followed: only references to this file and to others beside it are.")
        }
        let file = name.isEmpty ? place.file : sibling(name, of: place.file)
        var value = try contents(of: file, place)
        let pointer = parts.count == 2 ? String(parts[1]) : ""
        guard pointer.isEmpty || pointer.hasPrefix("/") else { throw place.error("\"\(reference)\" is no JSON pointer.") }
        for step in pointer.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            let name = unescaped(step)
            if let member = value[name] {
                value = member
            } else if let index = Int(name), let elements = value.arrayValue, elements.indices.contains(index) {
                value = elements[index]
            } else {
                throw place.error("\"\(reference)\" leads nowhere.")
            }
        }
        return Located(value: value, file: file, pointer: pointer)
    }

    private mutating func contents(of file: String, _ place: Located) throws(CatalogueError) -> JSON {
        if let known = files[file] { return known }
        do {
            let value = try resolve(file)
            files[file] = value
            return value
        } catch {
            throw place.error("The file \(file) cannot be read: \(error)")
        }
    }

    /// File references are relative to the file that they stand in; the document itself is the root of all names.
    private func sibling(_ name: String, of place: String) -> String {
        guard place != file, let slash = place.lastIndex(of: "/") else { return name }
        return String(place[...slash]) + name
    }

    private func unescaped(_ step: Substring) -> String {
        var output: [UInt8] = []
        var bytes = step.utf8.makeIterator()
        while let byte = bytes.next() {
            if byte == UInt8(ascii: "%"), let high = bytes.next().flatMap(hexDigit), let low = bytes.next().flatMap(hexDigit) {
                output.append(high << 4 | low)
            } else {
                output.append(byte)
            }
        }
        let text = String(decoding: output, as: UTF8.self)
        return text.split(separator: "~1", omittingEmptySubsequences: false).joined(separator: "/")
            .split(separator: "~0", omittingEmptySubsequences: false).joined(separator: "~")
    }

    private func hexDigit(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map(UInt8.init) }
}
