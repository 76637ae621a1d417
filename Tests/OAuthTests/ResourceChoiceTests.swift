import Testing

@testable import OAuth

@Suite("Resources that access is narrowed to")
struct ResourceChoiceTests {
    static let a = Identifier(high: 0, low: 0xA)
    static let b = Identifier(high: 0, low: 0xB)

    static func some(_ ids: String...) -> ResourceChoice.Selection { .some(ResourceIDs(ids)) }

    /// Zones of the account a.
    static func zones(_ selection: ResourceChoice.Selection?) -> ResourceChoice {
        ResourceChoice([a: selection.map { ["zone": $0] } ?? [:]])
    }

    // MARK: Identifiers

    @Test("Identifiers ascend by their bytes, each once, and are found by their bytes alone")
    func identifiers() {
        let ids = ResourceIDs(["z2", "z10", "z1", "z2", "caf\u{E9}", "a/b", "", "x\"y"])
        #expect(ids.strings == ["caf\u{E9}", "z1", "z10", "z2"])
        #expect(String(decoding: ids.elements, as: UTF8.self) == "\"caf\u{E9}\",\"z1\",\"z10\",\"z2\"")
        for id in ids.strings { #expect(ids.contains(id)) }
        for id in ["z", "z11", "Z1", "cafe\u{301}", "", "z1 "] { #expect(!ids.contains(id), "\(id)") }
        #expect(!ResourceIDs().contains("z1") && ResourceIDs().isEmpty)
    }

    @Test(
        "What cannot stand in a path, a header and JSON alike is no identifier",
        arguments: [
            "", ".", "..", "a/b", "a\\b", "a\"b", "a%2f", "a;b", "a\nb", "a\tb", "a\u{0}", "a\u{7F}", String(repeating: "x", count: 129),
        ])
    func refused(text: String) {
        #expect(!ResourceIDs.isIdentifier(text))
    }

    @Test("Sets of identifiers behave as sets do", arguments: 0..<64)
    func sets(seed: Int) {
        let left = (0..<6).filter { seed >> $0 & 1 == 1 }.map { "z\($0 * 7 % 11)" }
        let right = (0..<6).filter { seed * 5 >> $0 & 1 == 1 }.map { "z\($0 * 3 % 11)" }
        let (first, second) = (ResourceIDs(left), ResourceIDs(right))
        #expect(first.union(second) == ResourceIDs(Set(left).union(right)))
        #expect(first.intersection(second) == ResourceIDs(Set(left).intersection(right)))
        #expect(first.subtracting(second) == ResourceIDs(Set(left).subtracting(right)))
        #expect(first.isSubset(of: second) == Set(left).isSubset(of: right))
    }

    // MARK: Choices

    @Test("What is stored is read back, and what cannot be read is never everything")
    func storedForm() {
        let choice = ResourceChoice([
            Self.a: ["zone": Self.some("z1", "z 2", "ü"), "worker": .all, "queue": .some(ResourceIDs())], Self.b: [:],
        ])
        #expect(ResourceChoice(text: choice.text) == choice)
        #expect(ResourceChoice(text: "") == .everything && ResourceChoice.everything.text.isEmpty)
        for wrong in ["zone", "@nobody\nzone", "@\(Self.a)\nZone", "@\(Self.a)\nzone\tb\ta", "@\(Self.a)\nzone\ta\ta"] {
            #expect(ResourceChoice(text: wrong) == nil, "\(wrong)")
        }
    }

    @Test("The union of two decisions adds up what they say about the same account, and a decision about something else adds nothing")
    func union() {
        typealias Case = (ResourceChoice.Selection?, ResourceChoice.Selection?, ResourceChoice.Selection?)
        let cases: [Case] = [
            (Self.some("z1"), Self.some("z2"), Self.some("z1", "z2")), (.all, Self.some("z1"), .all), (Self.some("z1"), .all, .all),
            (nil, Self.some("z1"), Self.some("z1")), (Self.some("z1"), nil, Self.some("z1")), (nil, nil, nil),
        ]
        for (first, second, expected) in cases {
            #expect(Self.zones(first).adding(Self.zones(second), ofAccounts: [Self.a], and: [Self.a]) == Self.zones(expected))
        }
        let other = ResourceChoice([Self.b: ["zone": Self.some("z9")]])
        let both = Self.zones(Self.some("z1")).adding(other, ofAccounts: [Self.a], and: [Self.b])
        #expect(both[Self.a, "zone"] == Self.some("z1") && both[Self.b, "zone"] == Self.some("z9"))
        // What the release before granted was everything, and stays so.
        #expect(
            ResourceChoice.everything.adding(Self.zones(Self.some("z1")), ofAccounts: [Self.a], and: [Self.a]) == .everything)
        #expect(Self.zones(Self.some("z1")).adding(.everything, ofAccounts: [Self.a], and: [Self.a]) == .everything)
    }

    @Test("A decision covers another only where it allows every resource of it")
    func covers() {
        let two = Self.zones(Self.some("z1", "z2"))
        #expect(two.covers(Self.zones(Self.some("z1")), in: [Self.a]))
        #expect(two.covers(two, in: [Self.a]) && two.covers(.everything, in: [Self.b]))
        for more in [Self.zones(Self.some("z3")), Self.zones(.all), Self.zones(nil), .everything] {
            #expect(!two.covers(more, in: [Self.a]))
        }
        for all in [Self.zones(.all), Self.zones(nil), .everything] { #expect(all.covers(two, in: [Self.a])) }
    }

    @Test("What is left of one decision inside another is in both")
    func within() {
        let two = Self.zones(Self.some("z1", "z2"))
        #expect(two.within(Self.zones(Self.some("z2", "z3"))) == Self.zones(Self.some("z2")))
        #expect(two.within(.everything) == two && ResourceChoice.everything.within(two) == two)
        #expect(two.within(Self.zones(.all)) == two && Self.zones(nil).within(two) == two)
    }

    @Test("A part of an authorization loses what was taken away, gets what was added, and nothing else that the whole has")
    func following() {
        typealias Case = (
            bound: ResourceChoice.Selection, change: ResourceChoice.Selection, part: ResourceChoice.Selection?,
            expected: ResourceChoice.Selection?
        )
        let cases: [Case] = [
            (Self.some("z1", "z2"), Self.some("z1", "z2"), Self.some("z1"), Self.some("z1")),
            (Self.some("z1", "z2"), Self.some("z2"), Self.some("z1"), .some(ResourceIDs())),
            (Self.some("z1", "z2"), Self.some("z1", "z2", "z3"), Self.some("z1"), Self.some("z1", "z3")),
            (Self.some("z1"), .all, Self.some("z1"), .all),
            (.all, Self.some("z1"), .all, Self.some("z1")),
            (.all, Self.some("z1"), nil, Self.some("z1")),
            (.all, Self.some("z1", "z2"), Self.some("z2", "z3"), Self.some("z2")),
            (.all, .all, Self.some("z2"), Self.some("z2")),
        ]
        for each in cases {
            let followed = Self.zones(each.part).following([Self.a: ["zone": each.change]], from: Self.zones(each.bound))
            #expect(followed == Self.zones(each.expected), "\(each)")
            #expect(Self.zones(each.bound).setting([Self.a: ["zone": each.change]]) == Self.zones(each.change))
            // Never more than what the whole has then.
            #expect(Self.zones(each.change).covers(followed, in: [Self.a]))
        }
    }

    @Test("A change that gives anything is told from one that only takes away")
    func coversChange() {
        let choice = Self.zones(Self.some("z1", "z2"))
        #expect(choice.covers([:]) && choice.covers([Self.a: ["zone": Self.some("z2")]]))
        #expect(choice.covers([Self.a: ["worker": Self.some("w")], Self.b: ["zone": .all]]))
        #expect(!choice.covers([Self.a: ["zone": .all]]) && !choice.covers([Self.a: ["zone": Self.some("z1", "z3")]]))
        #expect(!choice.covers([Self.b: ["zone": Self.some("z1")], Self.a: ["zone": .all]]))
    }

    @Test("A list has its text for a header from the beginning, as long as it fits into one")
    func headerText() {
        func text(_ ids: [String]) -> String? {
            ResourceChoice([Self.a: ["zone": .some(ResourceIDs(ids))]]).narrowed(in: Self.a).list(of: "zone")?.headerText.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(text(["z2", "a,b", "é", "A-._~9"]) == "A-._~9,a%2Cb,z2,%C3%A9")
        #expect(text([]) == "")
        // 32 of 127 and the commas between them are 4095 bytes; one byte more is the limit.
        func many(_ last: Int) -> [String] {
            (10..<41).map { "\($0)" + String(repeating: "x", count: 125) } + ["z" + String(repeating: "x", count: last - 1)]
        }
        #expect(text(many(127))?.utf8.count == 4095 && text(many(128))?.utf8.count == NarrowedResources.maximumHeaderLength)
        #expect(text(many(128).map { $0.replacing("10x", with: "10xx") }) == nil)
        // Encoded it is three times as long.
        #expect(text((10..<40).map { "\($0)" + String(repeating: " ", count: 60) }) == nil)
    }

    @Test("Only what is narrowed is told, with its identifiers as JSON")
    func told() throws {
        let choice = ResourceChoice([Self.a: ["zone": Self.some("z2", "z1"), "queue": Self.some("q"), "worker": .all]])
        let narrowed = choice.narrowed(in: Self.a)
        var text: [UInt8] = []
        narrowed.append(to: &text)
        #expect(try JSON(parsing: text) == ["queue": ["q"], "zone": ["z1", "z2"]])
        #expect(try narrowed.json == JSON(parsing: text))
        #expect(narrowed.allows("zone", "z1") && !narrowed.allows("zone", "z3") && narrowed.allows("worker", "w"))
        #expect(choice.narrowed(in: Self.b).isEmpty && choice.count == 3)
    }
}
