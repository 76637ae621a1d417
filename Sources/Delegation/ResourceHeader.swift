import OAuth

/// The text of `X-Latchkey-Resources`: what the protected API has to leave out of its answer, in a form that gateways carry.
///
/// `zone=ID,ID;project=ID`. Where the request is about several accounts, each entry names its own: `ACCOUNT/zone=ID`. A type
/// that is not there is not narrowed. Everything in an identifier but letters, digits and `-._~` is percent-encoded. A list that
/// has no place in `maximumLength` bytes is `zone=!`, which no identifier is written as: an API that takes it for one shows
/// nothing, and one that knows it asks introspection.
enum ResourceHeader {
    /// Bytes.
    static let maximumLength = NarrowedResources.maximumHeaderLength
    private static let tooLong: [UInt8] = Array("!".utf8)

    /// - Parameters:
    ///   - types: the labels that the operation's scopes can be narrowed to.
    ///   - accounts: those that the account header names.
    static func text(_ types: [String], _ accounts: [Authority.GrantedAccount]) -> String {
        if types.isEmpty || accounts.allSatisfy(\.resources.isEmpty) { return "" }
        var entries: [(prefix: [UInt8], list: NarrowedResources.List)] = []
        for account in accounts {
            for type in types {
                guard let list = account.resources.list(of: type) else { continue }
                var prefix: [UInt8] = []
                if accounts.count > 1 {
                    URLText.appendEncoded(Array(account.nameInAPI.utf8)[...], to: &prefix)
                    prefix.append(UInt8(ascii: "/"))
                }
                entries.append((prefix + Array("\(type)=".utf8), list))
            }
        }
        // Each entry that is still to come has a place for its mark.
        var room = maximumLength - entries.reduce(0) { $0 + $1.prefix.count + 2 }
        if room < 0 { return "!" }
        var output: [UInt8] = []
        for entry in entries {
            if !output.isEmpty { output.append(UInt8(ascii: ";")) }
            output.append(contentsOf: entry.prefix)
            if let text = entry.list.headerText, text.count <= room {
                output.append(contentsOf: text)
                room -= text.count
            } else {
                output.append(contentsOf: tooLong)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}
