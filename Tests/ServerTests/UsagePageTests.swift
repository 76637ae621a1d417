import Delegation
import OAuth
import Testing

@testable import Server

@Suite("The page of a client's usage")
struct UsagePageTests {
    private static let hostile = "<script>alert('x')</script>\"&"
    private static let now: Int64 = 1_795_525_509

    private func page(isUnused: Bool) -> String {
        let text = Self.hostile
        return UsagePage(
            frame: PageFrame(platformName: text, signedInAs: text), title: text, clientName: text,
            windows: [.init(length: text, url: "/w", isCurrent: true)], figures: [.init(caption: text, number: text)], isUnused: isUnused,
            charts: [
                .init(
                    name: text, explanation: text, sentence: text, isEmpty: false, isBad: true, peak: text, width: 10, firstDay: text,
                    lastDay: text, bars: [.init(index: 0, count: 3, peak: 6, text: text)],
                    cells: [.init(date: "2026-11-24", day: text, count: text)])
            ], reasons: [.init(words: text, code: text, times: text, share: "7")],
            scopes: [
                .init(label: text, about: text, asked: text, granted: text, used: text, lastUse: text, isNeverUsed: true)
            ], neverUsed: .init(headline: text, labels: [text], pronoun: text, since: text), window: text
        ).html
    }

    @Test("Every value is shown, escaped", arguments: [true, false])
    func escaped(isUnused: Bool) {
        let html = page(isUnused: isUnused)
        #expect(html.hasPrefix("<!doctype html>"))
        #expect(!html.contains("<script>alert") && !html.contains("{{") && !html.contains("Optional("))
        #expect(html.contains("Nothing to count yet.") == isUnused)
        #expect(html.contains("<svg") != isUnused)
        // The policy for content allows no style in the page itself.
        #expect(!html.contains("style="))
        let marks = html.split(separator: "&lt;script&gt;", omittingEmptySubsequences: false).count - 1
        #expect(marks == (isUnused ? 9 : 35), "\(marks)")
        if isUnused { return }
        for part in [
            "href=\"/w\"", "y=\"48\" width=\"8\" height=\"48\"", "width=\"7\" height=\"6\"", "datetime=\"2026-11-24\"",
        ] {
            #expect(html.contains(part), "\(part)")
        }
    }

    private func view(_ counts: [ClientUsage.Count], firstCallOn: Int64? = nil) -> UsageView {
        UsageView(
            usage: ClientUsage(
                reach: .init(), callsLastDay: 12_345, counts: counts, scopes: [], firstCallOn: firstCallOn,
                registered: ["dns.read", "offline_access"], length: 3, now: Self.now), catalogue: .empty)
    }

    @Test("Charts say in words what they draw, and reasons come in the order of their number")
    func words() {
        let today = Self.now / 86_400
        let view = view(
            [
                .init(day: today - 1, kind: .call, label: "verify", count: 1200), .init(day: today, kind: .call, label: "own", count: 34),
                .init(day: today, kind: .refusal, label: "scope", count: 2), .init(day: today, kind: .refusal, label: "expired", count: 5),
                .init(day: today - 3, kind: .call, label: "verify", count: 999),
                .init(day: today + 1, kind: .call, label: "verify", count: 999),
            ], firstCallOn: today - 1)
        #expect(view.charts[0].sentence == "1,234 calls in the last 3 days; the most on 23 November, 1,200.")
        #expect(view.charts[0].bars.map(\.height) == [0, 96, 2])
        #expect(view.charts[0].cells.map(\.count) == ["34", "1,200"])
        #expect(view.charts[1].sentence == "0 tokens in the last 3 days." && view.charts[1].isEmpty)
        #expect(view.reasons.map(\.code) == ["expired", "scope"] && view.reasons.map(\.share) == ["71", "28"])
        #expect(view.figures.last?.number == "12,345")
        #expect(view.neverUsed?.labels == ["dns.read"] && view.neverUsed?.headline == "One permission is not used yet")
        #expect(!view.isUnused)
    }

    @Test("Where nothing was called nothing is called unused")
    func unused() {
        #expect(view([]).isUnused && view([]).neverUsed == nil)
    }
}
