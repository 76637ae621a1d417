import Logging
import OAuth
import Synchronization

/// One message to one person.
public struct Mail: Sendable, Equatable {
    public let recipient: String
    /// ASCII.
    public let subject: String
    public let text: String
    /// The address in the text that the reader is to follow.
    public let link: String?

    /// RFC 5322. The sender is for the command to add, as `sendmail -t` does.
    var message: String {
        """
        To: \(recipient)
        Subject: \(subject)
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 8bit
        Auto-Submitted: auto-generated

        \(text)

        """
    }
}

/// Where mail goes.
public enum MailSink: Sendable {
    /// Nowhere: what needs mail is refused.
    case off
    /// A shell command that reads one message on standard input.
    case command(String)
    /// A list in memory that a page shows: the demo's.
    case outbox(Outbox)

    var isOpen: Bool { if case .off = self { false } else { true } }

    /// Hands a message over without waiting for its delivery.
    func send(_ mail: Mail, log: Logger) {
        switch self {
        case .off: break
        case .outbox(let outbox): outbox.add(mail)
        case .command(let command): MailCommand.run(command, mail, log)
        }
    }
}

/// The last mails of a demo, the newest first.
public final class Outbox: Sendable {
    private static let capacity = 50
    private let kept = Mutex<[Mail]>([])

    public init() {}

    var mails: [Mail] { kept.withLock { $0 } }

    func add(_ mail: Mail) {
        kept.withLock { $0 = Array(([mail] + $0).prefix(Outbox.capacity)) }
    }
}

/// An email address, as far as one can be told from a text.
enum EmailAddress {
    /// - Returns: the address in lower case; nil where it is none, or where it could mean something else in a message's header.
    static func checked(_ text: String) -> String? {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, text.utf8.count <= 254,
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#"<>(),;:"[]\"#.utf8.contains($0) })
        else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { !$0.isEmpty } ? text.lowercased() : nil
    }
}
