import Testing

@testable import Server

@Suite("Pages of app policies and members' apps")
struct AppPagesTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let time = ShownTime("2026-11-24T13:05:09Z")

    private let frame = PageFrame(platformName: hostile, signedInAs: hostile)

    private func choice(_ value: String = hostile, isChosen: Bool = true) -> FormChoice {
        FormChoice(value: value, name: Self.hostile, description: Self.hostile, isChosen: isChosen)
    }

    /// Nothing hostile gets through, and nothing is left of the template's own marks.
    private func check(_ html: String) {
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("&lt;script&gt;"))
    }

    private func policyPage(canManage: Bool, hindrance: String?) -> String {
        let text = Self.hostile
        return AppPolicyPage(
            frame: frame, title: text, accountName: text, action: "/a", csrf: "token", canManage: canManage, isSaved: true,
            isDecided: true,
            requests: [
                .init(
                    id: "r1", userName: text, email: text, clientName: text, ownerName: text, reason: text, madeAt: Self.time,
                    required: text, optional: [choice()], hindrance: hindrance)
            ], modes: [choice("open")], lifetimes: [choice("")], risks: [choice("write")],
            categories: [.init(name: text, isOpen: true, scopes: [choice()], count: "1 of 1")],
            clients: [.init(id: "c1", name: text, owner: text, use: text, rules: [choice("allow"), choice("block", isChosen: false)])],
            newClient: text, newClientRules: [choice("")], isAuditOnly: true, problems: [text],
            preview: .init(digest: "d1", headline: text, stopsSomething: true, lines: [text]),
            approvals: [.init(id: "a1", clientName: text, audience: text, scopes: text, approvedAt: Self.time)]
        ).html
    }

    @Test("The policy's page shows every value, escaped, and its forms carry what they need")
    func policy() {
        let html = policyPage(canManage: true, hindrance: nil)
        check(html)
        for part in [
            "name=\"mode\" value=\"open\" checked", "name=\"risk\" value=\"write\" checked", "name=\"client\" value=\"c1\"",
            "name=\"rule_c1\"", "<option value=\"allow\" selected>", "<option value=\"block\">", "name=\"audit_only\" value=\"1\" checked",
            "name=\"previewed\" value=\"d1\"", "value=\"apply\"", "name=\"request\" value=\"r1\"", "value=\"approve\"", "value=\"deny\"",
            "name=\"approval\" value=\"a1\"", "value=\"withdraw\"", "class=\"warning\"",
        ] {
            #expect(html.contains(part), "\(part)")
        }
        #expect(html.components(of: "<form").count == html.components(of: "name=\"csrf\" value=\"token\"").count)
    }

    @Test("Whoever may only look gets no button, and what the policy forbids has no approve button")
    func lookingOnly() {
        let looking = policyPage(canManage: false, hindrance: nil)
        check(looking)
        for part in ["value=\"apply\"", "value=\"preview\"", "value=\"approve\"", "value=\"withdraw\""] {
            #expect(!looking.contains(part), "\(part)")
        }
        #expect(looking.contains("<fieldset class=\"panel\" disabled>"))
        let hindered = policyPage(canManage: true, hindrance: Self.hostile)
        check(hindered)
        #expect(!hindered.contains("value=\"approve\"") && hindered.contains("value=\"deny\""))
    }

    @Test("Members' apps, by app and by member", arguments: [true, false])
    func apps(isByMember: Bool) {
        let text = Self.hostile
        let entry = MembersAppsPage.Entry(
            id: "z1", name: text, detail: text, keptOut: text, scopes: text, grantedAt: Self.time, endsAt: Self.time,
            lastUsedAt: Self.time, lastUsedFrom: text, what: text)
        let html = MembersAppsPage(
            frame: frame, title: text, accountName: text, action: "/a", csrf: "token", canManage: true,
            isByMember: isByMember, byAppURL: "/c", byMemberURL: "/d", ended: text,
            groups: [.init(id: "g1", name: text, monogram: "XY", detail: text, entries: [entry], endAll: text, warning: text)],
            range: "1 to 1 of 2", previousURL: "/p", nextURL: "/n"
        ).html
        check(html)
        #expect(html.contains("name=\"authorization\" value=\"z1\"") && html.contains("rel=\"next\" href=\"/n\""))
        #expect(html.contains(isByMember ? "name=\"user\" value=\"g1\"" : "name=\"client\" value=\"g1\""))
        #expect(html.contains("24 November 2026"))
    }

    @Test("The member's request")
    func request() {
        let text = Self.hostile
        let html = AppRequestPage(
            frame: frame, title: text, action: "/a", csrf: "token", accountID: "a1", accountName: text, clientID: "c1", clientName: text,
            ownerName: text, monogram: "XY", scopes: [choice()], reason: text, problem: text,
            earlier: .init(status: text, at: Self.time, answer: text), isWaiting: true
        ).html
        check(html)
        #expect(html.contains("Replace my request") && html.contains("name=\"account\" value=\"a1\""))
        #expect(html.contains("name=\"client\" value=\"c1\"") && html.contains("</textarea>"))
    }
}

extension String {
    /// The parts between the occurrences of a text.
    fileprivate func components(of text: String) -> [Substring] { split(separator: text, omittingEmptySubsequences: false) }
}
