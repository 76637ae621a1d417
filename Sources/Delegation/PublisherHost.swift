import OAuth

/// The host of a client's URL, as DNS can prove whose it is: a full domain name in lower case and in ASCII.
public struct PublisherHost: Sendable, Hashable, CustomStringConvertible {
    /// Why a URL's host cannot be proven. The texts are for whoever gave the URL.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case notAbsolute, notHTTPS, hasUserinfo, hasPort, isAddress, notASCII, isSingleLabel, notAName

        public var description: String {
            switch self {
            case .notAbsolute: "It should be an absolute URL, such as https://app.example.com/."
            case .notHTTPS: "It should begin with https://."
            case .hasUserinfo: "It should not carry a user name or password."
            case .hasPort: "It should name no port: a host is proven, not a port of it."
            case .isAddress: "It should name a host, not an IP address: DNS cannot prove an address."
            case .notASCII: "Its host should be written in the ASCII form of international names, such as xn--bcher-kva.example.com."
            case .isSingleLabel: "Its host should be a full domain name, such as app.example.com."
            case .notAName: "Its host should be a domain name of letters, digits, hyphens and dots."
            }
        }
    }

    /// RFC 1035 §2.3.4.
    static let maximumLength = 253
    static let maximumLabelLength = 63

    public let name: String

    /// The host that a client's URL names.
    public init(of uri: String) throws(Problem) {
        let isASCII = uri.utf8.allSatisfy { $0 < 0x80 }
        guard let url = URLText(isASCII ? uri : Self.withoutUnicode(uri)), url.hasAuthority else { throw .notAbsolute }
        guard url.scheme.lowercased() == "https" else { throw .notHTTPS }
        if url.hasUserinfo { throw .hasUserinfo }
        if url.host.hasPrefix("[") { throw .isAddress }
        if let port = url.port, port != 443 { throw .hasPort }
        if !isASCII { throw .notASCII }
        try self.init(name: url.host)
    }

    /// A name as DNS has it, without a dot at its end.
    public init(name: String) throws(Problem) {
        let name = name.lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        guard name.utf8.count <= Self.maximumLength, !name.isEmpty, labels.allSatisfy(Self.isLabel) else { throw .notAName }
        // What browsers take for an IPv4 address ends in a number.
        if let last = labels.last, Self.isNumber(last) { throw .isAddress }
        if labels.count < 2 { throw .isSingleLabel }
        self.name = name
    }

    public var description: String { name }

    /// RFC 1123 §2.1.
    private static func isLabel(_ label: Substring) -> Bool {
        (1...maximumLabelLength).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    }

    private static func isNumber(_ label: Substring) -> Bool {
        label.hasPrefix("0x") || label.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// The same URL with a letter for each character that no URL has, so that the rest of it can be judged.
    private static func withoutUnicode(_ uri: String) -> String {
        String(uri.unicodeScalars.map { $0.isASCII ? Character($0) : "x" })
    }
}
