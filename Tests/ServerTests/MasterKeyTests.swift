import OAuth
import Testing

@testable import Server

struct MasterKeyTests {
    private static let text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

    @Test(arguments: [
        text, " \(text)\n", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY", MasterKey.generate(.system).reveal(),
    ])
    func aKeyIsReadAsOpenSSLWritesIt(text: String) {
        #expect(MasterKey(Secret(text)) != nil)
    }

    @Test(arguments: ["", "short", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZW", "not base64 at all, but thirty-two b"])
    func anythingElseIsNoKey(text: String) {
        #expect(MasterKey(Secret(text)) == nil)
    }

    @Test func whatWasSealedOpensWithTheSameKeyAndLabelOnly() throws {
        let key = try #require(MasterKey(Secret(Self.text)))
        let other = try #require(MasterKey(MasterKey.generate(.system)))
        let sealed = try key.seal([1, 2, 3], label: "mac 7", random: .system)
        #expect(key.open(sealed, label: "mac 7") == [1, 2, 3])
        #expect(key.open(sealed, label: "mac 8") == nil)
        #expect(other.open(sealed, label: "mac 7") == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(key.open(changed, label: "mac 7") == nil)
        }
        #expect(key.open([], label: "mac 7") == nil)
    }
}
