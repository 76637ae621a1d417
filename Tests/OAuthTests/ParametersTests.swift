import OAuth
import Testing

@Suite struct ParametersTests {
    @Test(
        arguments: [
            ("", []), ("&", []), ("a=1", [("a", "1")]), ("a=1&b=2&a=3", [("a", "1"), ("b", "2"), ("a", "3")]), ("a", [("a", "")]),
            ("a=", [("a", "")]), ("=x", [("", "x")]), ("a=b=c", [("a", "b=c")]), ("a+b=c+d", [("a b", "c d")]),
            ("a=%20%2B%26%3D", [("a", " +&=")]), ("%61=%C3%A9", [("a", "é")]), ("a=%e2%82%ac", [("a", "€")]),
            ("a=1&&b=2", [("a", "1"), ("b", "2")]),
        ] as [(String, [(String, String)])])
    func `pairs are read in order`(text: String, expected: [(String, String)]) throws {
        #expect(try Parameters(text) == Fixture.parameters(expected))
    }

    @Test(
        arguments: [
            ("a=%", .invalidEscape), ("a=%4", .invalidEscape), ("a=%zz", .invalidEscape), ("%g0=a", .invalidEscape),
            ("a=%+1", .invalidEscape),
            ("a=%ff", .notUTF8), ("a=%C3", .notUTF8), ("a=%C0%80", .notUTF8), ("a=%ED%A0%80", .notUTF8), ("a=%00", .containsNUL),
            ("a%00=b", .containsNUL), ("a=12345", .tooLong), ("abcde=1", .tooLong),
        ] as [(String, Parameters.SyntaxError)])
    func `what cannot be read is an error`(text: String, error: Parameters.SyntaxError) {
        #expect(throws: error) { try Parameters(text, valueLimit: 4) }
    }

    @Test func `the limits are inclusive`() throws {
        #expect(try Parameters("abcd=1234", valueLimit: 4).fields.count == 1)
        let most = Array(repeating: "a=1", count: Parameters.maximumCount).joined(separator: "&")
        #expect(try Parameters(most).fields.count == Parameters.maximumCount)
        #expect(throws: Parameters.SyntaxError.tooMany) { try Parameters(most + "&a=1") }
    }

    @Test func `a value that cannot be decoded is marked and the rest is read`() throws {
        let parameters = try Parameters(Array("a=1&b=%ff&%ff=2&c=%0&d=4".utf8), .marking)
        #expect(parameters.fields.map(\.name) == ["a", "d"])
        #expect(parameters.unreadable == ["b", "c"])
        #expect(throws: Parameters.SyntaxError.notUTF8) { try Parameters(Array("a=1&b=%ff".utf8)) }
    }

    @Test func `an empty value is absent and a second one an error`() throws {
        let parameters = try Parameters("empty=&once=1&twice=1&twice=1&half=&half=x&list=a&list=&list=b")
        #expect(try parameters.value("none") == nil)
        #expect(try parameters.value("empty") == nil)
        #expect(try parameters.value("once") == "1")
        #expect(throws: Parameters.Duplicate.self) { try parameters.value("twice") }
        #expect(throws: Parameters.Duplicate.self) { try parameters.value("half") }
        #expect(parameters.all("list") == ["a", "b"])
        #expect(parameters.all("none") == [])
    }

    @Test func `what is encoded reads back, whatever it is`() throws {
        var generator = SeededGenerator(state: 1)
        for _ in 0..<2000 {
            let fields = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                (Self.randomText(&generator), Self.randomText(&generator))
            }
            let text = Parameters.encode(fields)
            #expect(text.utf8.allSatisfy { (0x21...0x7E).contains($0) })
            #expect(try Parameters(text) == Fixture.parameters(fields))
        }
    }

    @Test func `any bytes are read or refused`() {
        var generator = SeededGenerator(state: 2)
        let alphabet = Array("%%&&==++aAfF09".utf8) + [0x00, 0xC3, 0xA9, 0xFF, 0x80]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
            guard let parameters = try? Parameters(bytes) else { continue }
            let again = try? Parameters(Parameters.encode(parameters.fields.map { ($0.name, $0.value) }))
            // A pair without name and value has no text of its own.
            #expect(
                again?.fields.filter { $0.name != "" || $0.value != "" } == parameters.fields.filter { $0.name != "" || $0.value != "" })
        }
    }

    private static func randomText(_ generator: inout SeededGenerator) -> String {
        let scalars: [Character] = ["a", "Z", "0", " ", "+", "&", "=", "%", "é", "€", "😀", "\n", "#", "?", "/", "\"", "<"]
        // Never empty, since a pair of nothing and nothing is not written apart.
        return "x" + String((0..<Int.random(in: 0...5, using: &generator)).compactMap { _ in scalars.randomElement(using: &generator) })
    }
}
