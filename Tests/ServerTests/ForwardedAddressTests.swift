import Delegation
import Testing

@testable import Server

/// Where a request came from, as the operator's proxies say it and nobody else.
struct ForwardedAddressTests {
    private let trusted = ["127.0.0.1", "10.0.0.0/8", "2001:db8::/32"].compactMap { AddressRange($0) }

    @Test(arguments: [
        ("203.0.113.9", [], "203.0.113.9"),
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["192.0.2.66", "198.51.100.1", "10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
        ("127.0.0.1", ["192.0.2.66, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.66, "], "127.0.0.1"),
        ("127.0.0.1", ["192.0.2.66, <script>, 10.1.2.3"], "10.1.2.3"),
        ("2001:db8::1", ["2001:4860::7"], "2001:4860::7"),
        ("unknown", ["198.51.100.1"], "unknown"),
    ])
    func onlyTrustedProxiesAreBelieved(peer: String, fields: [String], expected: String) {
        #expect(ForwardedAddress.address(peer: peer, fields: fields, trusted: trusted) == expected)
    }
}
