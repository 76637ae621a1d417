import OAuth

/// What a check of `latchkey doctor` found.
struct Finding {
    enum Level: String {
        case ok
        /// It works, and somebody should look at it.
        case warning
        /// It does not work, or will stop to.
        case problem
    }

    let check: String
    let level: Level
    let text: String
    /// What to do.
    let remedy: String?

    static func ok(_ check: String, _ text: String) -> Finding { Finding(check: check, level: .ok, text: text, remedy: nil) }

    static func warning(_ check: String, _ text: String, _ remedy: String) -> Finding {
        Finding(check: check, level: .warning, text: text, remedy: remedy)
    }

    static func problem(_ check: String, _ text: String, _ remedy: String) -> Finding {
        Finding(check: check, level: .problem, text: text, remedy: remedy)
    }

    var json: JSON {
        [
            "check": .string(check), "ok": .bool(level != .problem), "level": .string(level.rawValue), "text": .string(text),
            "remedy": JSON(remedy),
        ]
    }

    /// The cells of its line.
    var cells: [String] {
        let word =
            switch level {
            case .ok: "ok"
            case .warning: "WARNING"
            case .problem: "PROBLEM"
            }
        return [word, check, text + (remedy.map { " → " + $0 } ?? "")]
    }
}
