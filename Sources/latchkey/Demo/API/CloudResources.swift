import OAuth

/// A domain of an account.
struct Zone: Sendable {
    let id: String
    let name: String
    var isPaused = false
    var records: [DNSRecord]
    private var added: Int

    init(account: String, name: String) {
        id = Self.identifier("zone", account, name)
        self.name = name
        let first: [(String, String, String)] = [
            ("A", name, "203.0.113.10"), ("AAAA", name, "2001:db8::10"), ("CNAME", "www.\(name)", name),
            ("MX", name, "10 mail.\(name)"), ("TXT", name, "v=spf1 include:_spf.\(name) -all"),
        ]
        let zoneID = id
        records = first.enumerated().map { position, record in
            DNSRecord(
                id: Self.identifier("record", zoneID, String(position)), type: record.0, name: record.1, content: record.2, ttl: 300)
        }
        added = first.count
    }

    var json: JSON { ["id": .string(id), "name": .string(name), "paused": .bool(isPaused)] }

    static func name(in body: JSON) throws(CloudProblem) -> String {
        guard let name = body["name"]?.stringValue?.lowercased(), isHostName(name), name.utf8.contains(0x2E) else {
            throw .invalid("\"name\" should be a domain such as shop.example.")
        }
        return name
    }

    mutating func add(_ body: JSON) throws(CloudProblem) -> DNSRecord {
        guard let type = body["type"]?.stringValue, DNSRecord.types.contains(type) else {
            throw .invalid("\"type\" should be one of \(DNSRecord.types.joined(separator: ", ")).")
        }
        guard let host = body["name"]?.stringValue, Self.isHostName(host), host == name || host.hasSuffix(".\(name)") else {
            throw .invalid("\"name\" should be \(name) or a name that ends in .\(name).")
        }
        guard body["content"] != nil else { throw .invalid("\"content\" is missing.") }
        let blank = DNSRecord(id: Self.identifier("record", id, String(added)), type: type, name: host, content: "", ttl: 300)
        let record = try blank.changed(by: body)
        records.append(record)
        added += 1
        return record
    }

    func position(of record: String) throws(CloudProblem) -> Int {
        guard let position = records.firstIndex(where: { $0.id == record }) else { throw .notFound("There is no such record.") }
        return position
    }

    /// The same after each start, so that links into the demo keep working.
    private static func identifier(_ parts: String...) -> String {
        Identifier(bytes: Credential.hash(parts.joined(separator: "/")).prefix(16))?.description ?? parts.joined(separator: "-")
    }

    private static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isLabelCharacter)
            }
    }

    private static func isLabelCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}

/// One line of a zone.
struct DNSRecord: Sendable {
    static let types = ["A", "AAAA", "CNAME", "MX", "TXT"]

    let id: String
    let type: String
    let name: String
    let content: String
    /// Seconds.
    let ttl: Int64

    var json: JSON {
        ["id": .string(id), "type": .string(type), "name": .string(name), "content": .string(content), "ttl": .integer(ttl)]
    }

    /// - Parameter body: `content`, `ttl`; what is not there stays.
    func changed(by body: JSON) throws(CloudProblem) -> DNSRecord {
        guard body.objectValue != nil else { throw .invalid("The body should be a JSON object.") }
        var (content, ttl) = (content, ttl)
        if let new = body["content"] {
            guard let text = new.stringValue, isContent(text) else {
                throw .invalid("\"content\" is nothing that a record of type \(type) holds.")
            }
            content = text
        }
        if let new = body["ttl"] {
            guard let seconds = new.integerValue, (60...86_400).contains(seconds) else {
                throw .invalid("\"ttl\" should be a number of seconds from 60 to 86400.")
            }
            ttl = seconds
        }
        return DNSRecord(id: id, type: type, name: name, content: content, ttl: ttl)
    }

    private func isContent(_ text: String) -> Bool {
        guard (1...2048).contains(text.utf8.count), text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
            return false
        }
        switch type {
        case "A":
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            return parts.count == 4
                && parts.allSatisfy { (1...3).contains($0.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && UInt8($0) != nil }
        case "AAAA": return text.contains(":") && text.utf8.count <= 45 && text.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        case "CNAME", "MX": return !text.contains("/")
        default: return true
        }
    }
}

/// A script that runs at the edge.
struct Worker: Sendable {
    let name: String
    var script: String
    var version: Int64

    init(name: String, script: String, version: Int64) {
        self.name = name
        self.script = script
        self.version = version
    }

    init(name: String, in body: JSON) throws(CloudProblem) {
        let isName =
            (1...63).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        guard isName else { throw .invalid("A worker's name is made of at most 63 of a-z, 0-9 and -.") }
        guard let script = body["script"]?.stringValue, !script.isEmpty, script.utf8.count <= 16 * 1024 else {
            throw .invalid("\"script\" should be a text of at most 16 KiB.")
        }
        self.init(name: name, script: script, version: 1)
    }

    var json: JSON { ["name": .string(name), "version": .integer(version)] }
}
