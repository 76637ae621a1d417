import Foundation
import Logging
import Testing

@testable import Server

@Suite("Invitations: mail and pages")
struct InvitationTests {
    private static let mail = Mail(
        recipient: "bo@example.org", subject: "Invitation", text: "Öffne https://login.example/invitations/x", link: nil)

    @Test("the mail command reads one message on standard input")
    func command() async throws {
        let path = NSTemporaryDirectory() + "latchkey-mail-test-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: path) }
        let sink = MailSink.command("cat > \(path).part && mv \(path).part \(path)")
        #expect(sink.isOpen)
        sink.send(Self.mail, log: Logger(label: "test"))
        let deadline = ContinuousClock.now + .seconds(60)
        while !FileManager.default.fileExists(atPath: path), ContinuousClock.now < deadline { await Task.yield() }
        let message = String(decoding: try #require(FileManager.default.contents(atPath: path)), as: UTF8.self)
        #expect(message.hasPrefix("To: bo@example.org\nSubject: Invitation\n"))
        #expect(message.contains("\n\nÖffne https://login.example/invitations/x\n"))
    }

    @Test("a command that reads nothing, or is none, harms nobody")
    func brokenCommands() {
        for command in ["exit 3", "/nowhere/at/all", ""] { MailSink.command(command).send(Self.mail, log: Logger(label: "test")) }
        MailSink.off.send(Self.mail, log: Logger(label: "test"))
        #expect(!MailSink.off.isOpen)
    }

    @Test("an outbox shows the newest first and keeps no more than it says")
    func outbox() {
        let outbox = Outbox()
        for number in 0..<60 { outbox.add(Mail(recipient: "\(number)@example.org", subject: "x", text: "", link: nil)) }
        #expect(outbox.mails.count == 50)
        #expect(outbox.mails.first?.recipient == "59@example.org")
    }

    @Test(
        "what an email address is",
        arguments: [
            ("Bo@Example.org", "bo@example.org"), ("a+b@c.example", "a+b@c.example"), ("a@localhost", "a@localhost"), ("", nil), ("@", nil),
            ("a@", nil), ("@b", nil), ("a@b@c", nil), ("a b@c", nil), ("a@b\r\nBcc: c@d", nil), ("a,b@c", nil), ("<a@b>", nil),
            ("a@b..c", nil), ("ä@b.example", nil), (String(repeating: "a", count: 251) + "@b.c", nil),
        ] as [(String, String?)])
    func addresses(text: String, address: String?) {
        #expect(EmailAddress.checked(text) == address)
    }

    @Test("what others wrote is shown as text")
    func escaping() {
        let script = "<script>alert(1)</script>"
        let frame = PageFrame(platformName: "Latchkey", signedInAs: "ada@example.org")
        let invitation = InvitationPage(
            frame: frame, csrf: script, action: "/invitations/x", accountName: script, roles: script, email: script, isNew: true,
            name: script,
            problem: script
        ).html
        let elsewhere = InvitationPage(
            frame: frame, csrf: "c", action: "/invitations/x", accountName: "Acme", roles: "Viewer", email: script, mustSignIn: true
        ).html
        let outbox = OutboxPage(frame: frame, mails: [.init(recipient: script, subject: script, text: script, link: script)]).html
        for html in [invitation, elsewhere, outbox, JoinedPage(frame: frame, accountName: script).html] {
            #expect(html.contains("&lt;script&gt;") && !html.contains(script))
        }
        #expect(invitation.contains("name=\"password\"") && !elsewhere.contains("<form"))
        #expect(elsewhere.contains("You are signed in as ada@example.org"))
    }
}
