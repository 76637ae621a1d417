import OAuth

/// The management API's query, read parameter by parameter: what is wrong with one is said, never passed over.
extension Exchange {
    /// A parameter that may be given once; nil where it is missing or empty.
    func textInQuery(_ name: String) throws -> String? {
        let text = try givenInQuery(name)
        return text?.isEmpty == true ? nil : text
    }

    /// One of a few texts.
    func oneInQuery(_ name: String, of texts: [String]) throws -> String? {
        guard let text = try givenInQuery(name) else { return nil }
        guard texts.contains(text) else { throw EnvelopeError.invalid("\(name) should be one of \(texts.joined(separator: ", ")).") }
        return text
    }

    /// SDKs send numbers that they hold as floating point: `2` and `2.0` are the same.
    func numberInQuery(_ name: String, default fallback: Int, in range: ClosedRange<Int>) throws -> Int {
        guard let text = try givenInQuery(name) else { return fallback }
        guard let value = Int(text.hasSuffix(".0") ? String(text.dropLast(2)) : text), range.contains(value) else {
            throw EnvelopeError.invalid("\(name) should be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// An empty one is refused: a script whose variable is empty must not end more than it meant.
    func identifierInQuery(_ name: String) throws -> Identifier? {
        guard let text = try givenInQuery(name) else { return nil }
        guard let id = Identifier(text) else { throw EnvelopeError.invalid("\(name) should be an identifier.") }
        return id
    }

    private func givenInQuery(_ name: String) throws -> String? {
        let given = try queryParameters().fields.filter { $0.name == name }
        if given.count > 1 { throw EnvelopeError.invalid("\(name) should be given once.") }
        return given.first?.value
    }
}
