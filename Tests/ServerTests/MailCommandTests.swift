import Foundation
import Logging
import Testing

@testable import Server

@Suite("The mail command")
struct MailCommandTests {
    private static let mail = Mail(recipient: "bo@example.org", subject: "Hello", text: "The secret part", link: nil)

    private static func path() -> String { NSTemporaryDirectory() + "latchkey-mail-command-" + UUID().uuidString }

    /// The text of a file once it is so.
    private static func text(_ path: String, until isSo: (String) -> Bool) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
            if isSo(text) { return text }
            await Task.yield()
        }
        return FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    @Test("it has the recipient in its environment")
    func recipient() async throws {
        let path = Self.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        MailCommand.run("echo \"$LATCHKEY_MAIL_RECIPIENT\" > \(path)", Self.mail, Logger(label: "test"))
        #expect(try await Self.text(path) { $0.hasSuffix("\n") } == "bo@example.org\n")
    }

    @Test("one that fails is run again, a few times")
    func retries() async throws {
        let path = Self.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let pace = MailCommand.Pace(limit: 30, pauses: [0.01, 0.01])
        MailCommand.run("echo try >> \(path); exit 7", Self.mail, Logger(label: "test"), pace: pace)
        #expect(try await Self.text(path) { $0 == "try\ntry\ntry\n" } == "try\ntry\ntry\n")
    }

    @Test("one that hangs is ended, with what it started, and run again")
    func hanging() async throws {
        let path = Self.path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let pace = MailCommand.Pace(limit: 1.5, pauses: [0.01])
        MailCommand.run("echo $$ >> \(path); sleep 600", Self.mail, Logger(label: "test"), pace: pace)
        let shells = try await Self.text(path) { $0.split(separator: "\n").count == 2 }.split(separator: "\n").compactMap { Int32($0) }
        #expect(shells.count == 2)
        let deadline = ContinuousClock.now + .seconds(60)
        while shells.contains(where: { kill($0, 0) == 0 }), ContinuousClock.now < deadline { await Task.yield() }
        #expect(shells.allSatisfy { kill($0, 0) != 0 })
    }
}
