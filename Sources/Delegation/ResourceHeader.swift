import OAuth

/// The text of `X-Latchkey-Resources`: what the protected API has to leave out of its answer, in a form that gateways carry.
///
/// `zone=ID,ID;project=ID`. Where the request is about several accounts, each entry names its own: `ACCOUNT/zone=ID`. A type
/// that is not there is not narrowed. Everything in an identifier but letters, digits and `-._~` is percent-encoded. A list that
/// has no place in `maximumLength` bytes is `zone=!`, which no identifier is written as: an API that takes it for one shows
/// nothing, and one that knows it asks introspection.
enum ResourceHeader {
    /// Bytes: what every gateway takes as one header.
    static let maximumLength = 4096
    private static let tooLong: [UInt8] = Array("!".utf8)

    /// - Parameters:
    ///   - types: the labels that the operation's scopes can be narrowed to.
    ///   - accounts: those that the account header names.
    static func text(_ types: [String], _ accounts: [Authority.GrantedAccount]) -> String {
        if types.isEmpty || accounts.allSatisfy(\.resources.isEmpty) { return "" }
        var entries: [(prefix: [UInt8], ids: ResourceIDs)] = []
        for account in accounts {
            for type in types {
                guard let ids = account.resources.ids(of: type) else { continue }
                let owner = accounts.count > 1 ? encoded(Array(account.nameInAPI.utf8)[...]) + [UInt8(ascii: "/")] : []
                entries.append((owner + Array("\(type)=".utf8), ids))
            }
        }
        // Each entry that is still to come has a place for its mark.
        var room = maximumLength - entries.reduce(0) { $0 + $1.prefix.count + 2 }
        if room < 0 { return "!" }
        var output: [UInt8] = []
        for entry in entries {
            if !output.isEmpty { output.append(UInt8(ascii: ";")) }
            output.append(contentsOf: entry.prefix)
            let list = encoded(entry.ids, within: room)
            output.append(contentsOf: list ?? tooLong)
            room -= list?.count ?? 0
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func encoded(_ ids: ResourceIDs, within limit: Int) -> [UInt8]? {
        // Without its marks every identifier is at least as long as in the header.
        if ids.elements.count - 2 * ids.count > limit { return nil }
        var output: [UInt8] = []
        ids.forEachBytes { id in
            if !output.isEmpty { output.append(UInt8(ascii: ",")) }
            output.append(contentsOf: encoded(id))
        }
        return output.count > limit ? nil : output
    }

    /// RFC 3986 §2.3.
    private static func encoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return bytes.reduce(into: []) { output, byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: output.append(byte)
            default: output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}
