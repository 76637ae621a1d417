/// Which addresses are somebody else's on the internet, and so may be called in a stranger's name.
extension IPAddress {
    /// Whether the address is globally reachable and belongs to one host (IANA special-purpose address registries, RFC 6890).
    ///
    /// Of IPv6 only 2000::/3 is given to hosts (RFC 4291 §2.4): loopback, unique local, link-local, multicast, IPv4-mapped and
    /// -compatible addresses and both NAT64 blocks (RFC 6052, RFC 8215) lie outside of it, the last since what stands behind them is
    /// an IPv4 address that nobody checked.
    public var isPublic: Bool {
        if isIPv4 { return !Self.specialIPv4.contains { $0.contains(self) } }
        return Self.globalUnicast.contains { $0.contains(self) } && !Self.specialIPv6.contains { $0.contains(self) }
    }

    /// Whether only the machine itself answers there.
    public var isLoopback: Bool { Self.loopback.contains { $0.contains(self) } }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }
    private static let globalUnicast = ["2000::/3"].compactMap { AddressRange($0) }

    private static let specialIPv4 = [
        "0.0.0.0/8",  // this network, RFC 791
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private, RFC 1918
        "100.64.0.0/10",  // carriers' NAT, RFC 6598
        "127.0.0.0/8",  // loopback, RFC 1122
        "169.254.0.0/16",  // link-local, RFC 3927; clouds tell secrets there
        "192.0.0.0/24",  // protocol assignments, RFC 6890
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation, RFC 5737
        "192.88.99.0/24",  // 6to4 relays, RFC 7526
        "198.18.0.0/15",  // benchmarks, RFC 2544
        "224.0.0.0/4",  // multicast, RFC 5771
        "240.0.0.0/4",  // reserved, and broadcast, RFC 1112
    ].compactMap { AddressRange($0) }

    private static let specialIPv6 = [
        "2001::/23",  // protocol assignments, Teredo among them, RFC 2928, RFC 4380
        "2001:db8::/32", "3fff::/20",  // documentation, RFC 3849, RFC 9637
        "2002::/16",  // 6to4: an IPv4 address in disguise, RFC 3056
        "2620:4f:8000::/48",  // AS112, RFC 7534
    ].compactMap { AddressRange($0) }
}
