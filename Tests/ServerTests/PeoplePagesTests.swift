import Delegation
import OAuth
import Testing

@testable import Server

@Suite("Pages of accounts, members and API tokens")
struct PeoplePagesTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let time = ShownTime("2026-11-24T13:05:09Z")

    private let text = hostile
    private let frame = PageFrame(
        platformName: hostile, signedInAs: hostile,
        account: AccountFrame(name: hostile, links: [.init(name: hostile, url: "/x", isCurrent: true)]))

    /// Nothing hostile gets through, nothing is left of the template's own marks, and every form carries its token.
    private func check(_ html: String) {
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("&lt;script&gt;"))
        #expect(html.pieces(of: "<form").count == html.pieces(of: "name=\"csrf\" value=\"token\"").count)
    }

    private func has(_ html: String, _ parts: String...) {
        for part in parts { #expect(html.contains(part), "\(part)") }
    }

    private func lacks(_ html: String, _ parts: String...) {
        for part in parts { #expect(!html.contains(part), "\(part)") }
    }

    @Test("Accounts: to choose, to make and to leave")
    func accounts() {
        let page = AccountsPage(
            frame: frame, action: "/a", csrf: "token",
            accounts: [
                .init(
                    name: text, monogram: "XY", roles: text, isSuspended: true, links: [.init(name: text, url: "/l", isCurrent: false)],
                    leaveURL: "/leave")
            ], mayCreate: true, hasLeft: true, newName: text, problem: text)
        check(page.html)
        has(page.html, "href=\"/leave\"", "action=\"/a#new\"", "name=\"name\"", "You left the account", "suspended")
        let bare = AccountsPage(frame: frame, action: "/a", csrf: "token", accounts: [], mayCreate: false)
        check(bare.html)
        lacks(bare.html, "<form", "New account", "You left")
    }

    @Test("Settings of an account, in use and suspended", arguments: [true, false])
    func settings(isSuspended: Bool) {
        let html = AccountSettingsPage(
            frame: frame, action: "/a", csrf: "token", accountName: text, accountID: "a1", reference: text, createdAt: Self.time,
            isSuspended: isSuspended, leaveURL: "/leave", newName: text, isSaved: true, problem: text
        ).html
        check(html)
        has(html, "a1", "href=\"/leave\"", "24 November 2026", "is called")
        #expect(html.contains("type=\"submit\" disabled") == isSuspended)
    }

    @Test("Leaving says what ends, and is not offered to the last administrator")
    func leaving() {
        func page(isLast: Bool, ending: String?) -> String {
            LeaveAccountPage(
                frame: frame, action: "/a", csrf: "token", accountName: text, roles: text, ending: ending, appNames: [text],
                moreApps: text, isLastAdministrator: isLast, membersURL: "/members", problem: text
            ).html
        }
        let html = page(isLast: false, ending: text)
        check(html)
        has(html, "taken away from", "class=\"destructive\"")
        has(page(isLast: false, ending: nil), "No app that you connected")
        let last = page(isLast: true, ending: text)
        check(last)
        has(last, "the last one", "href=\"/members\"")
        lacks(last, "<form")
    }

    private var roles: [RoleChoice] {
        [
            RoleChoice(id: "r1", name: text, words: text, isChosen: true, isBarred: false, caution: text),
            RoleChoice(id: "r2", name: text, words: text, isChosen: false, isBarred: true, caution: nil),
        ]
    }

    private func members(canManage: Bool, canInvite: Bool) -> String {
        MembersPage(
            frame: frame, accountName: text, action: "/a", csrf: "token", canManage: canManage, canInvite: canInvite, note: text,
            members: [
                .init(
                    url: "/m", name: text, monogram: "XY", email: text, roleNames: text, sinceWord: text, since: Self.time, isYou: true,
                    isPending: true, isDisabled: true)
            ], range: "1 to 1 of 2", previousURL: "/p", nextURL: "/n", newEmail: text, roles: roles, problems: [text]
        ).html
    }

    @Test("The list of members, for those who may invite and those who may look")
    func list() {
        let html = members(canManage: true, canInvite: true)
        check(html)
        has(
            html, "href=\"/m\"", "pending", ">you<", "disabled by the operator", "name=\"role\" value=\"r1\" checked",
            "name=\"role\" value=\"r2\" disabled", "value=\"invite\"", "rel=\"next\" href=\"/n\"", "rel=\"prev\" href=\"/p\"")
        let looking = members(canManage: false, canInvite: true)
        check(looking)
        lacks(looking, "<form", "Invite")
        let silent = members(canManage: true, canInvite: false)
        lacks(silent, "<form")
        has(silent, "sends no mail")
    }

    private func member(isPending: Bool, canChange: Bool, isYou: Bool = false) -> String {
        MemberPage(
            frame: frame, accountName: text, action: "/a", csrf: "token", listURL: "/l", memberName: text, email: text, monogram: "XY",
            isPending: isPending, isDisabled: true, sinceWord: text, since: Self.time, expiresAt: Self.time, roles: roles,
            roleNames: text, canChange: canChange, isAboveYou: !canChange, isYou: isYou, leaveURL: "/leave", ending: text, note: text,
            problems: [text], title: text
        ).html
    }

    @Test("One member, one invitation, oneself, and somebody above")
    func one() {
        let accepted = member(isPending: false, canChange: true)
        check(accepted)
        has(accepted, "value=\"roles\"", "value=\"remove\"", "is taken away from")
        lacks(accepted, "value=\"resend\"", "href=\"/leave\"")
        let pending = member(isPending: true, canChange: true)
        check(pending)
        has(pending, "value=\"resend\"", "value=\"cancel\"")
        lacks(pending, "value=\"remove\"")
        let above = member(isPending: false, canChange: false)
        check(above)
        has(above, "Only somebody who may too")
        lacks(above, "<form")
        let own = member(isPending: false, canChange: true, isYou: true)
        has(own, "href=\"/leave\"")
        lacks(own, "value=\"remove\"")
    }

    private var entry: TokensPage.Entry {
        .init(
            url: "/t", name: text, status: "disabled", may: [text], isUnlimited: false, lastUsedAt: Self.time, lastUsedFrom: text,
            endsAt: Self.time, createdAt: Self.time)
    }

    @Test("The list of tokens, of the user and of an account", arguments: [nil, PeoplePagesTests.hostile] as [String?])
    func tokens(accountName: String?) {
        func page(_ entries: [TokensPage.Entry], canManage: Bool) -> String {
            TokensPage(
                frame: frame, accountName: accountName, newURL: "/new", canManage: canManage, hasDeleted: true, tokens: entries,
                range: "1 to 1 of 2", previousURL: "/p", nextURL: "/n"
            ).html
        }
        let html = page([entry], canManage: true)
        check(html)
        has(html, "href=\"/new\"", "href=\"/t\"", ">disabled<", "OAuth is the better way", "is deleted")
        var bare = entry
        (bare.status, bare.lastUsedAt, bare.lastUsedFrom, bare.endsAt) = (nil, nil, nil, nil)
        let unused = page([bare], canManage: false)
        check(unused)
        #expect(unused.pieces(of: ">never<").count == 3)
        lacks(unused, "href=\"/new\"", ">disabled<")
        has(page([], canManage: true), "No API token yet")
    }

    private func choice(_ value: String, isChosen: Bool = true) -> FormChoice {
        FormChoice(value: value, name: text, description: text, isChosen: isChosen)
    }

    private func token(_ entry: TokensPage.Entry?, canManage: Bool, isDisabled: Bool = false) -> String {
        let policy = TokenFields.Policy(
            key: "0", number: "1", policyID: "p1", effects: [choice("allow"), choice("deny", isChosen: false)],
            places: [choice("*"), choice("a1", isChosen: false)], fixedPlaces: ["a2"],
            categories: [.init(name: text, isOpen: true, permissions: [choice("dns.read")], count: "1 of 1")], canRemove: true)
        return TokenPage(
            frame: frame, title: text, action: "/a", csrf: "token", listURL: "/l", accountName: text, entry: entry, isDisabled: isDisabled,
            canManage: canManage, isSaved: true, problems: [text],
            fields: TokenFields(
                name: text, policies: [policy], isUnlimited: true, canAddPolicy: true, expiries: [choice("keep")], expiryDay: text,
                notBefore: text, allowed: text, denied: text, isConditionOpen: true)
        ).html
    }

    @Test("A token's form, for a new one, one that is there, and one to look at")
    func form() {
        let new = token(nil, canManage: true)
        check(new)
        has(
            new, "name=\"policy\" value=\"0\"", "name=\"id_0\" value=\"p1\"", "<option value=\"allow\" selected>",
            "<option value=\"deny\">",
            "name=\"place_0\" value=\"*\" checked", "name=\"place_0\" value=\"a1\">", "type=\"hidden\" name=\"place_0\" value=\"a2\"",
            "name=\"permission_0\" value=\"dns.read\" checked", "name=\"remove_policy\" value=\"0\"", "value=\"add_policy\"",
            "name=\"expiry\" value=\"keep\" checked", "name=\"expiry_day\"", "name=\"not_before\"", "name=\"allowed\"", "name=\"denied\"",
            "Create token", "connect that app by OAuth")
        lacks(new, "value=\"roll\"", "value=\"delete\"")
        let there = token(entry, canManage: true)
        check(there)
        has(there, "value=\"disable\"", "value=\"roll\"", "value=\"delete\"", "value=\"save\"")
        lacks(there, "value=\"enable\"", "Create token")
        has(token(entry, canManage: true, isDisabled: true), "value=\"enable\"")
        let looking = token(entry, canManage: false)
        check(looking)
        lacks(looking, "value=\"save\"", "value=\"roll\"", "value=\"delete\"", "value=\"add_policy\"")
        has(looking, "<fieldset class=\"panel\" disabled>")
    }

    @Test("The value of a token", arguments: [true, false])
    func value(isNew: Bool) {
        let html = TokenValuePage(
            frame: frame, name: text, value: "lkt_" + text, isNew: isNew, listURL: "/l", verifyURL: "https://login.example/verify"
        ).html
        check(html)
        has(html, "value=\"lkt_&lt;script&gt;", "data-copy=\"value\"", "readonly", isNew ? "is made" : "has another value")
    }
}

@Suite("The form of an API token")
struct TokenFormTests {
    private static let now: Int64 = 1_795_525_509
    private static let account = Identifier(high: 0, low: 0xA)
    private static let user = Identifier(high: 0, low: 0x10)

    private func body(_ form: TokenForm, of owner: APIToken.Owner = .user(user)) throws -> JSONObject {
        try form.body(of: owner, now: Self.now)
    }

    @Test("A form says the same as a call of the management API")
    func call() throws {
        var form = TokenForm()
        form.name = "Backup"
        form.policies = [.init(places: ["user", Self.account.description], permissions: ["latchkey.user.view", "dns.read"])]
        form.allowed = "192.0.2.0/24\r\n 2001:db8::/32,198.51.100.1 "
        let sent = try body(form)
        #expect(sent["name"] == "Backup" && sent["not_before"] == .null)
        #expect(sent["expires_on"] == .string(Timestamp.text(Self.now + 90 * 86_400)))
        #expect(sent["condition"]?["request_ip"]?["in"] == ["192.0.2.0/24", "2001:db8::/32", "198.51.100.1"])
        let resources = sent["policies"]?.arrayValue?.first?["resources"]
        #expect(resources == ["com.latchkey.api.user.\(Self.user)": "*", "com.latchkey.api.account.\(Self.account)": "*"])
    }

    @Test("What is read from a token and sent unchanged is the same token")
    func roundTrip() throws {
        let policy = TokenPolicy(
            id: Identifier(high: 1, low: 2), effect: .deny, permissions: ["dns.read"], places: [.account(Self.account)])
        let token = APIToken(
            id: Identifier(high: 1, low: 1), owner: .account(Self.account), name: "Nightly", policies: [policy],
            condition: AddressCondition(allowed: [try #require(AddressRange("192.0.2.0/24"))]), notBefore: Self.now,
            expiresAt: Self.now + 5,
            createdAt: 1)
        let sent = try body(TokenForm(token), of: token.owner)
        #expect(sent["expires_on"] == nil, "it stays as it is")
        #expect(sent["not_before"] == .string(Timestamp.text(Self.now)))
        let stored = token.json([], now: Self.now)["policies"]?.arrayValue?.first
        let read = sent["policies"]?.arrayValue?.first
        #expect(read?["id"] == stored?["id"] && read?["effect"] == "deny" && read?["resources"] == stored?["resources"])
        #expect(read?["permission_groups"]?.arrayValue?.first?["id"] == stored?["permission_groups"]?.arrayValue?.first?["id"])
    }

    @Test("What people get wrong is told in words of the form")
    func problems() throws {
        func texts(_ change: (inout TokenForm) -> Void) -> [String] {
            var form = TokenForm()
            form.policies = [.init(places: ["user"], permissions: ["latchkey.user.view"])]
            change(&form)
            do {
                _ = try body(form)
                return []
            } catch let problem as InvalidInput { return problem.problems.map(\.text) } catch { return ["\(error)"] }
        }
        #expect(texts { _ in }.isEmpty)
        #expect(texts { $0.policies = [.init()] } == ["Policy 1: choose where it holds.", "Policy 1: choose at least one permission."])
        #expect(texts { $0.policies[0].permissions.append("dns.read") }.first?.contains("Tick an account") == true)
        #expect(texts { $0.policies[0].places = [Self.account.description] }.first?.contains("Tick “Your own user”") == true)
        #expect(texts { $0.expiry = "date" } == ["Choose the day on which the token ends."])
        #expect(texts { $0.expiry = "5" } == ["Choose when the token ends."])
        #expect(texts { $0.expiry = "never" }.isEmpty)
    }
}

extension String {
    /// The parts between the occurrences of a text.
    fileprivate func pieces(of text: String) -> [Substring] { split(separator: text, omittingEmptySubsequences: false) }
}
