import Delegation
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}/usage`: how a client is used, in charts and words.
struct UsagePages: Sendable {
    let deployment: Deployment

    private static let windows = [7, 30, 90]

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let days = try UsageWindow.days(exchange)
        let registered = try await visit.client()
        let client = registered.client
        let usage = try await visit.administration.usage(of: exchange.captures[1], in: exchange.captures[0], days: days).usage
        let url = visit.url(.usage, of: client)
        let view = UsageView(usage: usage, catalogue: deployment.catalogue.current.catalogue)
        let page = UsagePage(
            frame: visit.frame(registered, at: .usage), title: "Usage · \(client.name)", clientName: client.name,
            windows: Self.windows.map {
                .init(length: "\($0) days", url: "\(url)?days=\($0)", isCurrent: $0 == days)
            },
            figures: view.figures, isUnused: view.isUnused, charts: view.charts, reasons: view.reasons, scopes: view.scopes,
            neverUsed: view.neverUsed, window: view.window)
        return .page(.ok, page.html)
    }
}

/// A client's usage in the words and shapes of its page.
struct UsageView {
    let usage: ClientUsage
    let catalogue: Catalogue

    /// `in the last 30 days`
    var window: String { usage.days.count == 1 ? "today" : "in the last \(usage.days.count) days" }

    /// Whether there is nothing yet to be shown.
    var isUnused: Bool {
        usage.reach.authorizations == 0 && usage.days.allSatisfy { $0.tokens == 0 && $0.calls == 0 && $0.refusals.isEmpty }
            && usage.scopes.allSatisfy { $0.asked == 0 }
    }

    var figures: [UsagePage.Figure] {
        let reach = usage.reach
        return [
            .init(caption: reach.users == 1 ? "user has it connected" : "users have it connected", number: Self.number(reach.users)),
            .init(caption: reach.accounts == 1 ? "account can be reached" : "accounts can be reached", number: Self.number(reach.accounts)),
            .init(
                caption: reach.activeInstallations == 1 ? "active installation" : "active installations",
                number: Self.number(reach.activeInstallations)),
            .init(
                caption: usage.callsLastDay == 1 ? "call in the last day" : "calls in the last day", number: Self.number(usage.callsLastDay)
            ),
        ]
    }

    var charts: [UsagePage.Chart] {
        let refused = usage.days.reduce(0) { $0 + $1.refused }
        return [
            chart("Calls", of: "call", "calls", \.calls, "Requests to the API that a token of the client passed."),
            chart("Tokens issued", of: "token", "tokens", \.tokens, "Access tokens, by a user's consent or by refreshing."),
            chart(
                "Refusals", of: "refusal", "refusals", \.refused,
                refused == 0 ? "Requests for tokens or to the API that were refused." : "Requests that were refused; why is told below.",
                isBad: true),
        ]
    }

    private func chart(
        _ name: String, of one: String, _ many: String, _ count: KeyPath<ClientUsage.Day, Int64>, _ explanation: String,
        isBad: Bool = false
    ) -> UsagePage.Chart {
        let days = usage.days
        let total = days.reduce(0) { $0 + $1[keyPath: count] }
        let most = days.max { $0[keyPath: count] < $1[keyPath: count] }
        let peak = most?[keyPath: count] ?? 0
        var sentence = "\(Self.number(total)) \(total == 1 ? one : many) \(window)"
        if let most, peak > 0, days.count > 1 { sentence += "; the most on \(Self.day(most.number)), \(Self.number(peak))" }
        return UsagePage.Chart(
            name: name, explanation: explanation, sentence: sentence + ".", isEmpty: total == 0, isBad: isBad,
            peak: Self.number(peak), width: days.count * UsagePage.Bar.pitch, firstDay: days.first.map { Self.day($0.number) } ?? "",
            lastDay: days.count > 1 ? "today" : "",
            bars: days.enumerated().map { index, day in
                UsagePage.Bar(
                    index: index, count: day[keyPath: count], peak: peak,
                    text: "\(Self.day(day.number)): \(Self.number(day[keyPath: count]))")
            },
            cells: days.reversed().filter { $0[keyPath: count] > 0 }.map {
                UsagePage.Cell(date: $0.date, day: Self.day($0.number), count: Self.number($0[keyPath: count]))
            })
    }

    /// The most frequent first.
    var reasons: [UsagePage.Reason] {
        var totals: [String: Int64] = [:]
        for day in usage.days { totals.merge(day.refusals, uniquingKeysWith: +) }
        let all = totals.values.reduce(0, +)
        return totals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { reason, count in
            UsagePage.Reason(
                words: UsageReason(rawValue: reason)?.words ?? reason, code: reason, times: Self.number(count),
                share: "\(max(1, count * 100 / all))")
        }
    }

    var scopes: [UsagePage.ScopeRow] {
        usage.scopes.map { scope in
            UsagePage.ScopeRow(
                label: scope.label, about: catalogue.scope(scope.label)?.name ?? "", asked: Self.number(scope.asked),
                granted: Self.number(scope.granted), used: Self.number(scope.used),
                lastUse: scope.lastUsedOn.map(Self.day) ?? "never", isNeverUsed: usage.neverUsed.contains(scope.label))
        }
    }

    var neverUsed: UsagePage.NeverUsed? {
        guard !usage.neverUsed.isEmpty, let first = usage.firstCallOn, let today = usage.days.last?.number else { return nil }
        // In a few days an app has not done everything that it does.
        let isEarly = today - first < 7
        let verdict = isEarly ? "not used yet" : "never used"
        let count = usage.neverUsed.count
        return UsagePage.NeverUsed(
            headline: count == 1 ? "One permission is \(verdict)" : "\(count) permissions are \(verdict)",
            labels: usage.neverUsed, pronoun: count == 1 ? "it" : "any of them", since: Self.day(first))
    }

    /// `12,345`
    static func number(_ value: Int64) -> String {
        let digits = Array(String(value))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `24 November`
    private static func day(_ number: Int64) -> String {
        ShownTime(ClientUsage.date(number) + "T00:00:00Z").text.split(separator: " ").prefix(2).joined(separator: " ")
    }
}
