import CLibPQ

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where a PostgreSQL database is, as its URL says, with what Latchkey asks of every connection. Whatever the URL itself says of
/// these goes before.
struct PostgreSQLTarget: Sendable {
    let parameters: [(name: String, value: String)]
    /// Milliseconds.
    let statementTimeout: Int64
    private let password: String?

    private static let defaults: [(name: String, value: String)] = [
        ("application_name", "latchkey"), ("connect_timeout", "3"), ("keepalives_idle", "10"), ("keepalives_interval", "3"),
        ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("target_session_attrs", "primary"),
    ]
    /// A wait for a lock, a transaction whose caller is gone.
    private static let timeouts = [("lock_timeout", "4000"), ("idle_in_transaction_session_timeout", "3000")]

    /// - Parameters:
    ///   - url: `postgresql://user:password@host:port/database?sslmode=verify-full` (PostgreSQL, §34.1.1.2).
    ///   - statementTimeout: of each statement, in milliseconds.
    /// - Throws: `StorageError.unavailable`, without a word of the URL: it may hold a password.
    init(url: String, statementTimeout: Int64 = PostgreSQLDatabase.statementTimeout) throws(StorageError) {
        guard let options = PQconninfoParse(url, nil) else {
            throw .unavailable("the URL of the database cannot be read; it should look like postgresql://user@host:5432/database")
        }
        defer { PQconninfoFree(options) }
        var given: [(name: String, value: String)] = []
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { given.append((String(cString: keyword), String(cString: value))) }
            option += 1
        }
        var set = given.first { $0.name == "options" }?.value ?? ""
        let timeouts = [("statement_timeout", String(statementTimeout))] + Self.timeouts
        for (name, value) in timeouts.reversed() where !set.contains(name) { set = "-c \(name)=\(value) " + set }
        let own = Self.defaults.filter { fallback in !given.contains { $0.name == fallback.name } }
        let kept = given.filter { $0.name != "options" && $0.name != "client_encoding" }
        parameters = own + kept + [("client_encoding", "UTF8"), ("options", set)]
        password = given.first { $0.name == "password" }?.value
        self.statementTimeout = Self.milliseconds("statement_timeout", in: set)
    }

    func withoutPassword(_ text: String) -> String {
        guard let password, !password.isEmpty else { return text }
        return text.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
    }

    /// `-c statement_timeout=30s`, in milliseconds or with a unit. 0, which means none, stands for ten minutes: no wait is endless.
    private static func milliseconds(_ name: String, in options: String) -> Int64 {
        let text = options.split(separator: name + "=").last?.prefix { $0 != " " } ?? ""
        let number = Int64(text.prefix { $0.isNumber }) ?? 5000
        let unit: Int64 = text.hasSuffix("min") ? 60_000 : text.hasSuffix("s") && !text.hasSuffix("ms") ? 1000 : 1
        return number == 0 ? 600_000 : number * unit
    }
}
