import Testing

@testable import Server

@Suite("Pages of webhooks")
struct WebhookPagesTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let time = ShownTime("2026-11-24T13:05:09Z")

    private let frame = PageFrame(platformName: hostile, signedInAs: hostile)
    private let state = WebhookState(word: hostile, mark: "alarm", detail: hostile)
    private let form = WebhookForm(
        address: hostile, addressHelp: hostile, kinds: [.init(value: "client.frozen", name: hostile, isChosen: true)])

    /// Nothing hostile gets through, and nothing is left of the template's own marks.
    private func check(_ html: String) {
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("&lt;script&gt;"))
    }

    private func list(canManage: Bool = true, full: String? = nil) -> String {
        let text = Self.hostile
        return WebhooksPage(
            frame: frame, title: text, clientName: text, action: "/a", csrf: "token", canManage: canManage,
            webhooks: [.init(pageURL: "/w", address: text, events: text, state: state)], full: full, form: form, problems: [text],
            isDeleted: true
        ).html
    }

    private func one(canManage: Bool = true, isStopped: Bool = false) -> String {
        let text = Self.hostile
        return WebhookPage(
            frame: frame, title: text, listURL: "/l", action: "/a", csrf: "token",
            canManage: canManage, address: text, state: state, isStopped: isStopped, secret: text, previousSecretUntil: Self.time,
            notice: text, form: form, problems: [text],
            deliveries: [
                .init(
                    deliveryID: "d1", what: text, state: state, at: Self.time, attempts: text, lastAttemptAt: Self.time,
                    nextAttemptAt: Self.time, answerStatus: text, answer: text, failure: text, payload: text, isOpen: true)
            ], range: text, previousURL: "/p", nextURL: "/n"
        ).html
    }

    @Test("the list shows every value, escaped, with a form to add one")
    func listPage() {
        let html = list()
        check(html)
        for part in ["href=\"/w\"", "name=\"url\"", "name=\"event\" value=\"client.frozen\" checked", "value=\"create\"", "role=\"alert\""]
        {
            #expect(html.contains(part), "\(part)")
        }
        for html in [list(canManage: false), list(full: Self.hostile)] {
            check(html)
            #expect(!html.contains("<form"))
        }
    }

    @Test("a webhook's page shows every value, escaped, and its forms carry what they need")
    func webhookPage() {
        let html = one()
        check(html)
        for part in [
            "value=\"test\"", "value=\"disable\"", "value=\"save\"", "value=\"rotate\"", "value=\"delete\"", "value=\"redeliver\"",
            "name=\"delivery\" value=\"d1\"", "<details open>", "rel=\"next\" href=\"/n\"", "rel=\"prev\" href=\"/p\"", "24 November 2026",
        ] {
            #expect(html.contains(part), "\(part)")
        }
        func count(_ text: String) -> Int { html.split(separator: text, omittingEmptySubsequences: false).count }
        #expect(count("<form") == count("name=\"csrf\" value=\"token\""))
    }

    @Test("what is off can be switched on and sends nothing; whoever may only look gets no button")
    func hindered() {
        let off = one(isStopped: true)
        check(off)
        #expect(off.contains("value=\"enable\"") && !off.contains("value=\"test\"") && !off.contains("value=\"redeliver\""))
        let looking = one(canManage: false)
        check(looking)
        #expect(!looking.contains("<form") && !looking.contains("type=\"submit\""))
    }
}
