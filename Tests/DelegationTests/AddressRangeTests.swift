import Testing

@testable import Delegation

@Suite("Blocks of addresses")
struct AddressRangeTests {
    @Test(
        "what lies in a block",
        arguments: [
            ("192.0.2.0/24", "192.0.2.255", true), ("192.0.2.0/24", "192.0.3.0", false), ("192.0.2.77/24", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false), ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "2001:db8::1", false), ("10.0.0.0/9", "10.127.255.255", true), ("10.0.0.0/9", "10.128.0.0", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false), ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", true), ("2001:db8::/65", "2001:db8::7fff:0:0:1", true), ("2001:db8::/65", "2001:db8::8000:0:0:1", false),
            ("::1", "::1", true), ("::1", "0:0:0:0:0:0:0:1", true), ("fe80::1/128", "FE80::1", true),
            // A socket for both kinds shows IPv4 peers as mapped addresses.
            ("192.0.2.0/24", "::ffff:192.0.2.9", true), ("::ffff:0:0/96", "192.0.2.9", true), ("::ffff:192.0.2.0/120", "192.0.2.9", true),
        ])
    func contains(block: String, address: String, isInside: Bool) throws {
        let range = try #require(AddressRange(block))
        #expect(range.contains(try #require(IPAddress(address))) == isInside)
        #expect(range.description == block)
    }

    @Test(
        "what is no block",
        arguments: [
            "", "/", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/", "1.2.3.4/08",
            "1.2.3.4/8/8",
            "1.2.3.4 ", " 1.2.3.4", "1..2.3", "+1.2.3.4", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::12345", "::g",
            "1:2:3:4:5:6:7::8:9", "::/129", "fe80::1%eth0", "::1.2.3", "1.2.3.4::", "::ffff:1.2.3.4:5", "１.2.3.4", "example.com",
        ])
    func refused(text: String) {
        #expect(AddressRange(text) == nil)
    }

    @Test("denied wins over allowed; nothing allowed means anywhere; what is no address passes only where nothing is asked")
    func conditions() throws {
        let inside = try #require(AddressRange("192.0.2.0/24"))
        let one = try #require(AddressRange("192.0.2.7"))
        let both = AddressCondition(allowed: [inside], denied: [one])
        #expect(both.allows("192.0.2.6") && !both.allows("192.0.2.7") && !both.allows("198.51.100.1") && !both.allows("unknown"))
        let denied = AddressCondition(denied: [one])
        #expect(denied.allows("198.51.100.1") && denied.allows("2001:db8::1") && !denied.allows("192.0.2.7") && !denied.allows("unknown"))
        #expect(AddressCondition().allows("unknown") && AddressCondition().isEmpty)
    }

    @Test(
        "whoever is behind an address is counted by it, or by the line's prefix",
        arguments: [
            ("192.0.2.7", "192.0.2.7"), ("2001:db8:1:2:3:4:5:6", "20010db800010002::/64"), ("2001:db8:1:2::1", "20010db800010002::/64"),
            ("2001:db8:1:3::1", "20010db800010003::/64"), ("::ffff:192.0.2.7", "::ffff:192.0.2.7"), ("unknown", "unknown"),
        ])
    func origins(address: String, origin: String) {
        #expect(IPAddress.origin(address) == origin)
    }
}
