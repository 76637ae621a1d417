import OAuth

/// An address that somebody else gave and that is to be called: a webhook's receiver, a document about a client.
public enum PublicURL {
    public static let maximumLength = 2048

    /// What is wrong with it, for whoever gave it; nil: nothing that can be told before it is called.
    public static func problem(_ text: String, allowsPrivate: Bool) -> String? {
        if text.utf8.count > maximumLength { return "The URL should be at most \(maximumLength) bytes long." }
        guard let url = URLText(text), url.hasAuthority else {
            return "The URL should be an absolute URL of printable ASCII characters, such as https://app.example.com/webhook."
        }
        if url.hasUserinfo { return "The URL should not carry a user name or password." }
        if url.fragment != nil { return "The URL should not have a part behind #." }
        guard url.scheme == "https" || allowsPrivate && url.isLoopbackHTTP else {
            return allowsPrivate
                ? "The URL should begin with https://; http:// is for 127.0.0.1, [::1] and localhost only."
                : "The URL should begin with https://."
        }
        if url.port == 0 { return "The URL's port should be from 1 to 65535." }
        guard let host = PublicHost(url.host) else { return "The URL should name a host, such as app.example.com." }
        if case .address(let address, _) = host, !address.isPublic, !allowsPrivate {
            return "The URL should name a host on the internet: \(url.host) is a private or reserved address."
        }
        if case .name("localhost") = host, !allowsPrivate { return "The URL should name a host on the internet, not this machine." }
        return nil
    }
}

/// The host of a URL that is about to be called: a name that has to be resolved, or an address.
public enum PublicHost: Sendable, Equatable {
    /// In lower case.
    case name(String)
    /// With its text, without the brackets of an IPv6 address.
    case address(IPAddress, String)

    /// nil where the text is neither, or where two readers could take it for different hosts: names that end in a number are taken
    /// for IPv4 addresses by some (WHATWG URL §3.5), and an escape or a dot at the end stands for something else than it says.
    public init?(_ host: String) {
        if host.hasPrefix("["), host.hasSuffix("]") {
            let text = String(host.dropFirst().dropLast())
            guard text.contains(":"), let address = IPAddress(text) else { return nil }
            self = .address(address, text)
            return
        }
        if let address = IPAddress(host), !host.contains(":") {
            self = .address(address, host)
            return
        }
        let name = host.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= PublisherHost.maximumLength, let last = labels.last, !Self.isNumber(last),
            labels.allSatisfy(Self.isLabel)
        else { return nil }
        self = .name(name)
    }

    /// Underscores are no part of host names, but some hosts have them.
    private static func isLabel(_ label: Substring) -> Bool {
        (1...PublisherHost.maximumLabelLength).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F }
    }

    private static func isNumber(_ label: Substring) -> Bool {
        label.hasPrefix("0x") || label.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
}
