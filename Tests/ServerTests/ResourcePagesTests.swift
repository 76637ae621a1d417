import Testing

@testable import Server

@Suite("Pages of resources")
struct ResourcePagesTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let time = ShownTime("2026-11-24T13:05:09Z")

    private let frame = PageFrame(platformName: hostile, signedInAs: hostile)

    /// Nothing hostile gets through, and nothing is left of the template's own marks.
    private func check(_ html: String) {
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("&lt;script&gt;"))
    }

    private func page(canManage: Bool, isEmpty: Bool = false) -> String {
        let text = Self.hostile
        return ResourcesPage(
            frame: frame, accountName: text, action: "/a", csrf: "token", canManage: canManage,
            types: [.init(typeName: text, typeURL: "/t", typeCount: "5", isShown: true)], plural: text, one: text, typeLabel: text,
            search: text, isSearched: true, rows: isEmpty ? [] : [.init(resourceID: text, resourceName: text)], nextURL: "/n",
            firstURL: "/f", done: text, problems: [text], lines: text
        ).html
    }

    @Test("The register shows every value, escaped, and its forms carry what they need")
    func register() {
        let html = page(canManage: true)
        check(html)
        for part in [
            "name=\"action\" value=\"add\"", "name=\"action\" value=\"remove\"", "name=\"lines\"", "aria-current=\"page\"", "href=\"/n\"",
            "href=\"/f\"", "role=\"alert\"", "role=\"status\"",
        ] {
            #expect(html.contains(part), "\(part)")
        }
        #expect(html.components(of: "method=\"post\"").count == html.components(of: "name=\"csrf\" value=\"token\"").count)
        check(page(canManage: true, isEmpty: true))
    }

    @Test("Whoever may only look gets no form that changes anything")
    func looking() {
        let html = page(canManage: false)
        check(html)
        #expect(!html.contains("method=\"post\""))
    }

    private func field(isAll: Bool) -> ResourceField {
        let text = Self.hostile
        func option(isChosen: Bool) -> ResourceField.Option {
            .init(optionValue: text, optionName: text, optionID: text, isChosen: isChosen, isGone: isChosen, optionText: text)
        }
        return ResourceField(
            fieldKey: text, fieldTitle: text, accountLabel: text, allText: text, isAll: isAll, isOpen: true, chosenText: text,
            pluralText: text, fieldSearch: text, hasFieldSearch: true, isTruncated: isAll, shownText: text,
            options: [option(isChosen: true), option(isChosen: false)], keptValues: [text])
    }

    @Test("Where a page has no room for a list, what is chosen goes with the form all the same", arguments: [true, false])
    func unlisted(isAll: Bool) {
        var unlisted = field(isAll: isAll)
        unlisted.isUnlisted = true
        let text = Self.hostile
        let html = AuthorizationPage(
            frame: frame, title: text, action: "/a", csrf: "token", shownResources: text, clientName: text, monogram: "XY", ownerName: text,
            grantedAt: Self.time, scopes: [],
            accounts: [.init(value: text, name: text, isChecked: false, resourceFields: [unlisted])], devices: []
        ).html
        check(html)
        #expect(html.contains("value=\"some\"") == !isAll)
        #expect(html.components(of: "type=\"hidden\" name=\"resource\"").count == 2)
        #expect(!html.contains("type=\"radio\"") && !html.contains("type=\"checkbox\" name=\"resource\""))
    }

    @Test("An authorization's page shows what is chosen, escaped", arguments: [true, false])
    func onAuthorizationPage(isAll: Bool) {
        let text = Self.hostile
        let html = AuthorizationPage(
            frame: frame, title: text, action: "/a", csrf: "token", shownResources: text, clientName: text, monogram: "XY", ownerName: text,
            grantedAt: Self.time, scopes: [],
            accounts: [.init(value: text, name: text, isChecked: false, resourceFields: [field(isAll: isAll)])], devices: []
        ).html
        check(html)
        #expect(html.components(of: "type=\"checkbox\" name=\"resource\"").count == 3)
        #expect(html.components(of: "type=\"hidden\" name=\"resource\"").count == 2)
        #expect(html.contains("value=\"all\" checked") == isAll && html.contains("value=\"some\" checked") == !isAll)
        #expect(html.contains("no longer there"))
        // What the form was made from goes back with it, and with no other form of the page.
        #expect(html.components(of: "type=\"hidden\" name=\"shown_resources\" value=\"&lt;script&gt;").count == 2)
        // A list that is cut off is searched by the server alone.
        #expect(html.contains("data-filter") == !isAll)
    }
}

extension String {
    fileprivate func components(of text: String) -> [Substring] { split(separator: text, omittingEmptySubsequences: false) }
}
