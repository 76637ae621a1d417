import Testing

@testable import OAuth

@Suite struct Base64URLTests {
    /// RFC 4648 §10, without padding.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy"),
    ])
    func `RFC 4648 §10 vectors`(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded) == Array(plain.utf8))
    }

    @Test(arguments: ["A", "AAAAA", "Zg==", "Zg=", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm 9v", "Zm9v\n", "Zm9é"])
    func `a text that no value is encoded as is refused`(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func `every byte survives, and only one text stands for it`() {
        for byte in UInt8.min...UInt8.max {
            let text = Base64URL.encode([byte])
            #expect(Base64URL.decode(text) == [byte])
            #expect(variants(of: text).allSatisfy { Base64URL.decode($0) != [byte] })
        }
    }
}

@Suite struct TokenChecksumTests {
    @Test func `CRC-32 check value`() {
        let sum = Array("123456789".utf8).withUnsafeBufferPointer { TokenChecksum.crc32($0) }
        #expect(sum == 0xCBF4_3926)
    }

    /// Computed apart: `zlib.crc32` and base 62 by hand.
    @Test(arguments: [("123456789", "3jZRME"), ("lks_", "4JtACk"), ("a", "4GEHKN")])
    func `six digits in base 62`(text: String, checksum: String) {
        #expect(TokenChecksum.appending(to: text) == text + checksum)
    }

    @Test func `a small sum is padded with zeros`() {
        #expect(TokenChecksum.appending(to: "") == "000000")
    }

    @Test func `any change shows`() {
        let text = TokenChecksum.appending(to: "lka_abcdefghijkl")
        #expect(TokenChecksum.isValid(text))
        for variant in variants(of: text) { #expect(!TokenChecksum.isValid(variant), "\(variant)") }
    }
}

@Suite struct CredentialTests {
    @Test(arguments: Credential.Prefix.allCases)
    func `a credential is well-formed as its own kind only`(prefix: Credential.Prefix) {
        let text = Credential.text(prefix: prefix, random: Array(0..<32))
        #expect(text.hasPrefix(prefix.rawValue))
        #expect(text.utf8.count == 53)
        for other in Credential.Prefix.allCases { #expect(Credential.isWellFormed(text, prefix: other) == (other == prefix)) }
        for variant in variants(of: text) { #expect(!Credential.isWellFormed(variant, prefix: prefix), "\(variant)") }
    }

    @Test func `a right checksum over the wrong body is refused`() {
        let short = TokenChecksum.appending(to: "lkc_" + Base64URL.encode([1, 2, 3]))
        #expect(!Credential.isWellFormed(short, prefix: .authorizationCode))
        let alien = TokenChecksum.appending(to: "lkc_" + String(repeating: "!", count: 43))
        #expect(!Credential.isWellFormed(alien, prefix: .authorizationCode))
    }

    @Test func `the hash is SHA-256`() {
        #expect(Base64URL.encode(Credential.hash("abc")) == "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0")
    }

    @Test func `comparison sees every difference`() {
        #expect(Credential.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!Credential.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!Credential.areEqual([1, 2, 3], [0, 2, 3]))
        #expect(!Credential.areEqual([1, 2, 3], [1, 2]))
    }
}

@Suite struct JSONObjectTests {
    /// Objects with more members find them in another way.
    @Test(arguments: [0, 1, 24, 25, 100])
    func `members keep their order, and are found, replaced and removed`(count: Int) throws {
        let names = (0..<count).map { "member \($0)" }
        let text = "{" + names.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
        var object = try #require(try JSON(parsing: text).objectValue)
        #expect(object.names == names)
        #expect(JSON.object(object).text == text)
        #expect(object["another"] == nil)
        for (index, name) in names.enumerated() { #expect(object[name] == .integer(Int64(index))) }
        object["another"] = "x"
        for name in names { object[name] = .bool(true) }
        #expect(object.names == names + ["another"])
        #expect(names.allSatisfy { object[$0] == .bool(true) })
        object["none"] = nil
        for name in names.dropLast() { object[name] = nil }
        #expect(object.names == names.suffix(1) + ["another"])
        #expect(object["another"] == "x")
        #expect(object.isEmpty == false)
        let built = JSONObject(dictionaryLiteral: ("another", "x"))
        #expect((object == built) == (count == 0), "the last of them is still there")
    }

    @Test(arguments: [1, 24, 25, 100])
    func `a name that stands twice is refused`(count: Int) throws {
        let members = (0..<count).map { "\"member \($0)\":0" }
        for repeated in [0, count / 2, count - 1] {
            let text = "{" + (members + ["\"member \(repeated)\":1"]).joined(separator: ",") + "}"
            #expect { try JSON(parsing: text) } throws: { "\($0)".hasSuffix("the name \"member \(repeated)\" stands twice in one object") }
        }
    }

    @Test func `the order of members counts`() throws {
        #expect(try JSON(parsing: #"{"a":1,"b":2}"#) != JSON(parsing: #"{"b":2,"a":1}"#))
    }

    @Test func `bytes that are not UTF-8 are refused in every string`() throws {
        for bytes: [UInt8] in [[0xC3], [0xFF], [0x61, 0x80], [0xED, 0xA0, 0x80], [0xC0, 0x80]] {
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: [0x22] + bytes + [0x22]) }
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)) }
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(#""\n"#.utf8) + bytes + [0x22]) }
        }
        #expect(try JSON(parsing: #""Zoë 🔑""#) == "Zoë 🔑")
    }
}
