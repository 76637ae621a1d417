import OAuth

/// To which resources inside of its accounts a request is narrowed, as `X-Latchkey-Resources` or introspection says it.
///
/// Ask `allows` about each resource that an answer would show. Where a list was too long for the header, `isComplete` is false and
/// nothing of that type is allowed; introspection has it whole.
public struct VerifiedResources: Sendable, Equatable {
    /// By account and type.
    private var lists: [String: [String: ResourceIDs]] = [:]
    /// Nothing could be said about anything.
    private var isUnreadable = false
    /// Whether every list had its place in the header.
    public private(set) var isComplete = true

    /// Nothing is narrowed.
    public init() {}

    /// - Parameter lists: by account and type (RFC 9396 §2); a type that has no list is not narrowed.
    init(_ lists: [String: [String: ResourceIDs]]) { self.lists = lists }

    /// - Parameter accounts: those of the account header. With one, entries name types alone; with several, `ACCOUNT/TYPE`.
    init(header: String, accounts: [String]) {
        for entry in header.split(separator: ";") {
            let parts = entry.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let names = parts[0].split(separator: "/", omittingEmptySubsequences: false).map { Self.decoded($0) }
            guard parts.count == 2, names.count == 2 || names.count == 1 && accounts.count == 1 else {
                isUnreadable = true
                isComplete = false
                return
            }
            let account = names.count == 2 ? names[0] : accounts[0]
            let texts = parts[1].split(separator: ",").map { Self.decoded($0) }
            if parts[1] == "!" { isComplete = false }
            lists[account, default: [:]][names[names.count - 1]] = parts[1] == "!" ? ResourceIDs() : ResourceIDs(texts)
        }
    }

    /// Whether a resource may be shown or touched.
    public func allows(_ type: String, _ id: String, in account: String) -> Bool {
        if isUnreadable { return false }
        return lists[account]?[type]?.contains(id) ?? true
    }

    /// Whether the request is narrowed to some resources of a type, so that it should make no others.
    public func isNarrowed(_ type: String, in account: String) -> Bool { isUnreadable || lists[account]?[type] != nil }

    private static func decoded(_ text: some StringProtocol) -> String {
        var output: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        while let byte = bytes.next() {
            guard byte == UInt8(ascii: "%"), let high = bytes.next(), let low = bytes.next(),
                let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
            else {
                output.append(byte)
                continue
            }
            output.append(value)
        }
        return String(decoding: output, as: UTF8.self)
    }
}
