/// Why PostgreSQL did not do what it was asked. The server's own message may quote what was to be stored, so its code alone is kept.
enum PostgreSQLFailure: Error, Equatable {
    /// The connection is gone, or silent for longer than any statement may take.
    case lost
    /// SQLSTATE, five characters (PostgreSQL, appendix A).
    case refused(String)

    init(state: String) {
        // An administrator ended the session, the server shuts down, is not up yet or has become a standby, something between
        // dropped our statements, or the connection broke: it will not be used again.
        switch state {
        case "57P01", "57P02", "57P03", "57P05", "25P03", "25006", "26000": self = .lost
        default: self = state.hasPrefix("08") ? .lost : .refused(state)
        }
    }

    /// Another transaction was in the way; the same one may succeed when it is run again.
    var isTransient: Bool { self == .refused("40001") || self == .refused("40P01") }

    var storageError: StorageError {
        guard case .refused(let state) = self else { return .unavailable("the connection to the database was lost") }
        switch state {
        case "40001", "40P01", "55P03", "57014", "53300": return .busy
        case "53100", "53200": return .full
        case "XX001", "XX002": return .corrupt
        default: return state.hasPrefix("23") ? .contradiction : .unavailable("the database refused: \(state)")
        }
    }
}
