import Delegation

/// Who sent a request that came through proxies.
enum ForwardedAddress {
    /// Goes back along `X-Forwarded-For` for as long as the hop is a proxy that the operator trusts: what stands further left
    /// was written by whoever is not trusted.
    /// - Parameters:
    ///   - peer: the other end of the connection.
    ///   - fields: the values of `X-Forwarded-For`, in the order in which they came.
    static func address(peer: String, fields: [String], trusted: [AddressRange]) -> String {
        var current = peer
        guard isTrusted(current, trusted) else { return current }
        for hop in fields.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }).reversed() {
            let hop = String(hop).trimmed
            guard IPAddress(hop) != nil else { break }
            current = hop
            guard isTrusted(current, trusted) else { break }
        }
        return current
    }

    private static func isTrusted(_ address: String, _ trusted: [AddressRange]) -> Bool {
        guard let address = IPAddress(address) else { return false }
        return trusted.contains { $0.contains(address) }
    }
}
