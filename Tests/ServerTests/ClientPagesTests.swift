import Delegation
import OAuth
import Testing

@testable import Server

@Suite("Pages of OAuth clients")
struct ClientPagesTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let time = ShownTime("2026-11-24T13:05:09Z")

    private var frame: PageFrame {
        var frame = PageFrame(
            platformName: Self.hostile, signedInAs: Self.hostile,
            account: AccountFrame(name: Self.hostile, links: [.init(name: Self.hostile, url: "/section", isCurrent: true)]))
        frame.client = ClientFrame(
            name: Self.hostile, monogram: Self.hostile, listURL: "/list", marks: [.init(word: Self.hostile, look: "bad")],
            banners: [.init(headline: Self.hostile, consequence: Self.hostile)],
            links: [.init(name: Self.hostile, url: "/c/secrets", isCurrent: true)])
        return frame
    }

    private var field: FormField {
        FormField(
            name: "client_name", label: Self.hostile, fieldHint: Self.hostile, value: Self.hostile, example: Self.hostile,
            wrongs: [Self.hostile], isWrong: true)
    }

    private var picker: ScopePicker {
        let pick = ScopePicker.Pick(
            label: "zone.read", scopeName: Self.hostile, detail: Self.hostile, riskWord: "reads", riskLook: "read",
            searchText: Self.hostile, isRequired: false, isOptional: true, purpose: Self.hostile, wrongs: [Self.hostile])
        return ScopePicker(
            groups: [.init(category: Self.hostile, isOpen: true, count: "1 of 1 used", picks: [pick])], hasSearch: true,
            pickWrongs: [Self.hostile])
    }

    /// Nothing hostile gets through, nothing is left of the template's own marks, and every form that changes something is protected.
    private func check(_ html: String, has parts: [String]) {
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("&lt;script&gt;"))
        for part in parts { #expect(html.contains(part), "\(part)") }
        #expect(count("method=\"post\"", in: html) == count("name=\"csrf\" value=\"token\"", in: html))
    }

    private func count(_ part: String, in html: String) -> Int { html.split(separator: part, omittingEmptySubsequences: false).count - 1 }

    @Test("The list, with clients and empty")
    func list() {
        let entry = ClientsPage.Entry(
            url: "/c", clientName: Self.hostile, monogram: "XY", summary: Self.hostile, createdAt: Self.time,
            marks: [.init(word: Self.hostile, look: "bad")])
        func page(_ clients: [ClientsPage.Entry], canManage: Bool) -> String {
            ClientsPage(
                frame: frame, accountName: Self.hostile, canManage: canManage, newURL: "/new", isDeleted: true, clients: clients,
                range: Self.hostile,
                previousURL: "/p", nextURL: "/n"
            ).html
        }
        check(
            page([entry], canManage: true),
            has: ["href=\"/c\"", "href=\"/new\"", "mark bad", "24 November 2026", "is deleted.", "rel=\"next\" href=\"/n\""])
        let empty = page([], canManage: false)
        check(empty, has: ["has no OAuth client yet", "An administrator can create one"])
        #expect(!empty.contains("href=\"/new\""))
    }

    @Test("Creating: first the kind, then the form")
    func creating() {
        let kind = NewClientPage.Kind(
            url: "/new?kind=web", kindName: Self.hostile, audience: Self.hostile, settings: Self.hostile, reason: Self.hostile)
        var page = NewClientPage(
            frame: frame, action: "/new", csrf: "token", kinds: [kind], listURL: "/list", otherKindURL: "/other", fields: [field])
        check(page.html, has: ["href=\"/new?kind=web\"", "What are you building?"])
        #expect(!page.html.contains("<form"))
        page.chosen = kind
        page.kindValue = "web"
        page.picker = picker
        page.problem = Self.hostile
        check(
            page.html,
            has: [
                "name=\"kind\" value=\"web\"", "aria-invalid=\"true\"", "data-filter=\"scope-picker\"",
                "<option value=\"optional\" selected>", "name=\"purpose_zone.read\"", "id=\"client_name-problem\"", "value=\"create\"",
            ])
    }

    @Test("A new client's secret stands on the page, and a client without one says so")
    func created() {
        func page(_ secret: String?) -> String {
            ClientCreatedPage(
                frame: frame, title: Self.hostile, clientID: "c1", secret: secret, tryURL: "/t", settingsURL: "/s", visibilityURL: "/v"
            ).html
        }
        check(page("lks_one"), has: ["lks_one", "shown this once", "data-copy=\"client-secret\"", "href=\"/t\"", "href=\"/v\""])
        check(page(nil), has: ["It has no secret"])
        #expect(!page(nil).contains("data-copy=\"client-secret\""))
    }

    @Test("Settings, to change and to look at", arguments: [true, false])
    func settings(canManage: Bool) {
        let choice = FormChoice(value: Self.hostile, name: Self.hostile, isChosen: true)
        let html = ClientSettingsPage(
            frame: frame, title: Self.hostile, action: "/c", csrf: "token", canManage: canManage, clientID: "c1", kindName: Self.hostile,
            isSaved: true, problem: Self.hostile, fields: [field], links: [field], signOut: [field], signsIn: true, staysConnected: true,
            methods: [choice], keys: [field], algorithms: [choice], methodWrongs: [Self.hostile], picker: picker
        ).html
        check(html, has: ["name=\"signs_in\" value=\"1\" checked", "name=\"stays_connected\" value=\"1\" checked", " selected>", "Saved."])
        #expect(html.contains("value=\"save\"") == canManage && html.contains("<fieldset class=\"panel\" disabled>") == !canManage)
    }

    @Test("Secrets: each step offers what is next and no more")
    func secrets() {
        let entry = ClientSecretsPage.Entry(role: Self.hostile, madeAt: Self.time, usedAt: Self.time, use: Self.hostile, isRecent: true)
        func page(isRotating: Bool, caution: String? = nil, isPublicClient: Bool = false, hasOwnKeys: Bool = false) -> String {
            ClientSecretsPage(
                frame: frame, title: Self.hostile, action: "/c/secrets", csrf: "token", canManage: true, isPublicClient: isPublicClient,
                hasOwnKeys: hasOwnKeys, keepsSecret: !isPublicClient && !hasOwnKeys, hasSecret: true, secrets: [entry],
                newSecret: isRotating ? "lks_two" : nil, isDeleted: true, isAtStart: !isRotating, isRotating: isRotating,
                caution: caution, problem: Self.hostile
            ).html
        }
        let start = page(isRotating: false)
        check(start, has: ["value=\"rotate\"", "aria-current=\"step\""])
        #expect(!start.contains("value=\"delete_old\""))
        let rotating = page(isRotating: true, caution: Self.hostile)
        check(rotating, has: ["value=\"delete_old\"", "name=\"sure\"", "lks_two", "mark caution"])
        #expect(!rotating.contains("value=\"rotate\""))
        #expect(!page(isRotating: true).contains("name=\"sure\""))
        let none = page(isRotating: false, isPublicClient: true)
        check(none, has: ["There is no secret", "PKCE"])
        let keyed = page(isRotating: false, hasOwnKeys: true)
        check(keyed, has: ["There is no secret", "a key of its own"])
        for html in [none, keyed] { #expect(!html.contains("value=\"rotate\"")) }
    }

    @Test("Visibility: what is missing, the record, and what can be done at each state of the proof")
    func visibility() {
        func page(isPublic: Bool, isReady: Bool, isOpen: Bool, isFailed: Bool, isProven: Bool) -> String {
            ClientVisibilityPage(
                frame: frame, title: Self.hostile, action: "/c/visibility", csrf: "token", canManage: true, ownerName: Self.hostile,
                isPublic: isPublic,
                needs: [.init(need: Self.hostile, isMet: isReady, stand: Self.hostile, fixURL: isReady ? nil : "/c#logo_uri")],
                isReady: isReady,
                proof: .init(
                    host: Self.hostile, record: Self.hostile, statusWord: Self.hostile, statusLook: "good", seen: Self.hostile,
                    checkedAt: Self.time, nextCheckAt: isOpen ? Self.time : nil, isOpen: isOpen, isFailed: isFailed, isProven: isProven),
                isUntried: false,
                settingsURL: "/c", withdrawURL: "/c/private", done: Self.hostile, problem: Self.hostile
            ).html
        }
        let waiting = page(isPublic: false, isReady: false, isOpen: true, isFailed: false, isProven: false)
        check(waiting, has: ["value=\"check\"", "value=\"publish\" disabled", "href=\"/c#logo_uri\"", "Next check", "missing"])
        #expect(!waiting.contains("value=\"restart\""))
        let failed = page(isPublic: false, isReady: false, isOpen: false, isFailed: true, isProven: false)
        check(failed, has: ["value=\"restart\""])
        #expect(!failed.contains("value=\"check\"") && !failed.contains("Next check"))
        let isPublic = page(isPublic: true, isReady: true, isOpen: false, isFailed: false, isProven: true)
        check(isPublic, has: ["href=\"/c/private\"", "It is public", "Verified"])
        #expect(!isPublic.contains("value=\"publish\""))
    }

    @Test("Becoming private, freezing, thawing and deleting count who would feel it", arguments: [true, false])
    func ending(isFrozen: Bool) {
        let counts = [ConsequenceCount(what: Self.hostile, number: "41")]
        check(
            ClientWithdrawPage(
                frame: frame, title: Self.hostile, action: "/c/visibility", csrf: "token", ownerName: Self.hostile, counts: counts,
                endsSomething: isFrozen, cancelURL: "/c"
            ).html, has: [isFrozen ? "<dd>41</dd>" : "that is nobody", "value=\"private\""])
        let html = ClientEndPage(
            frame: frame, title: Self.hostile, action: "/c/stop", csrf: "token", canManage: true, clientName: Self.hostile,
            isFrozen: isFrozen, counts: counts, secretsURL: "/c/secrets", hasSecrets: true, done: Self.hostile, nameProblem: Self.hostile
        ).html
        check(html, has: ["<dd>41</dd>", "value=\"delete\"", "name=\"typed_name\"", "aria-invalid=\"true\""])
        #expect(html.contains("value=\"thaw\"") == isFrozen && html.contains("value=\"freeze\"") == !isFrozen)
    }

    @Test("Trying")
    func trying() {
        func page(_ obstacle: String?) -> String {
            ClientTrialPage(
                frame: frame, title: Self.hostile, obstacle: obstacle, authorizeURL: "/oauth2/auth", redirectURI: Self.hostile,
                verifier: "verifier1", isLoopback: true, facts: [.init(value: Self.hostile, name: Self.hostile)],
                listings: [.init(id: "code-curl", heading: Self.hostile, explanation: Self.hostile, code: Self.hostile)]
            ).html
        }
        check(page(nil), has: ["href=\"/oauth2/auth\"", "verifier1", "data-copy=\"code-curl\""])
        check(page(Self.hostile), has: ["code-curl"])
        #expect(!page(Self.hostile).contains("href=\"/oauth2/auth\""))
    }

    @Test("Example code quotes each value for its language")
    func quoting() {
        let example = ExampleCode(
            issuer: "https://login.example.com", clientID: "c1", redirectURI: "https://app.example.com/cb?a='$(reboot)'",
            scopes: "a.read b'`id`", method: .none, authorizeURL: "https://login.example.com/oauth2/auth")
        let shell = example.listings(.native)[0].code
        #expect(shell.contains("REDIRECT_URI='https://app.example.com/cb?a='\\''$(reboot)'\\'''"))
        #expect(example.listings(.singlePage)[0].code.contains("scope: \"a.read b'`id`\""))
        #expect(example.listings(.webApp)[0].code.contains("redirect_uri=\"https://app.example.com/cb?a='$(reboot)'\""))
        #expect(!example.listings(.native)[1].code.contains("CLIENT_SECRET"))
    }

    @Test("What is wrong with a line of a list is said with that line, what is wrong with a purpose at its scope")
    func wrongs() {
        let form = ClientForm(
            Parameters([
                .init(name: "redirect_uris", value: "https://a.example/\n\n http://b.example/ "),
                .init(name: "use_a/b", value: "optional"), .init(name: "purpose_a/b", value: "x"),
            ]))
        #expect(form.lines("redirect_uris") == ["https://a.example/", "http://b.example/"])
        let wrongs = FormWrongs(
            [
                .init(pointer: "/redirect_uris/1", text: "It is wrong."), .init(pointer: "/redirect_uris", text: "All are."),
                .init(pointer: "/purposes/a~1b", text: "Too long."), .init(pointer: "/optional_scopes/0", text: "Not there."),
            ], in: form)
        #expect(wrongs.of("redirect_uris") == ["“http://b.example/”: It is wrong.", "All are."])
        #expect(wrongs.of("purpose_a/b") == ["Too long."] && wrongs.of("scopes") == ["Not there."])
        #expect(form.registration(.webApp).optionalScopes == ["a/b"])
    }
}
