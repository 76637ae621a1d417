import Delegation
import HTTPTypes
import OAuth

/// Turns what consent offers, and what is chosen of it, into the page.
struct ConsentView {
    let offer: ConsentOffer
    let selection: ConsentChoice.Selection
    let name: String
    let pending: PendingRequest
    let owner: Account
    /// Of the host of the client's URL.
    let proof: HostProof?
    let session: SignedIn
    let form: Parameters?
    let problem: String?
    let deployment: Deployment
    /// What can be chosen inside of the accounts.
    let resourceFields: [Identifier: [ResourceField]]

    /// Searching begins to help where a list no longer fits a screen.
    private static let manyAccounts = 8
    private static let manyScopes = 12

    var page: ConsentPage {
        let accountSearch = searchText("account_search")
        let scopeSearch = searchText("scope_search")
        let redirect = redirectHost
        return ConsentPage(
            frame: deployment.frame(session), title: "Connect \(offer.client.name)", action: deployment.url("/consent/" + name),
            csrf: session.formToken.text,
            clientName: offer.client.name, monogram: Monogram.text(offer.client.name), ownerName: owner.name,
            isPlatformOwned: offer.client.isPlatformOwned, provenHost: provenHost,
            isUnproven: !offer.client.isPlatformOwned && provenHost == nil,
            claimedHost: offer.client.clientURI.flatMap { URLText($0)?.host }, redirectHost: redirect.name, isLoopback: redirect.isLoopback,
            email: session.user.email, problem: problem, accounts: offer.asksForAccounts ? accounts(accountSearch) : [],
            hasManyAccounts: offer.accounts.count > 1, accountSearch: accountSearch,
            hasAccountSearch: offer.accounts.count > Self.manyAccounts,
            protocolScopes: offer.protocolScopes.map { scope($0, scopeSearch) }, categories: categories(scopeSearch),
            longestLifetime: offer.longestLifetime(in: selection.accountIDs).map { PolicyObstacle.words($0) },
            scopeSearch: scopeSearch, hasScopeSearch: offer.scopes.count > Self.manyScopes, lifetimes: lifetimes,
            asksForApproval: offer.scopes.contains { !$0.withheldIn.isEmpty }, canApprove: offer.canApprove, hindrance: offer.obstacleText,
            changesExisting: offer.existing != nil,
            newNames: newNames, endsSoFar: offer.existing?.expiresAt.map { ShownTime($0).text })
    }

    /// What a connected app asks for on top; of many the first alone, since each is marked in its place.
    private var newNames: [String] {
        if offer.existing == nil { return [] }
        let names = offer.scopes.filter { !$0.isGrantedBefore && $0.isGrantable }.map(\.name)
        let most = 8
        return names.count <= most ? names : names.prefix(most) + ["and \(names.count - most) more, marked below"]
    }

    private var provenHost: String? {
        guard !offer.client.isPlatformOwned, let proof, proof.proves(offer.client.clientURI) else { return nil }
        return proof.host.name
    }

    private func searchText(_ field: String) -> String {
        String(((try? form?.value(field)) ?? "").trimmed.prefix(100))
    }

    private func accounts(_ search: String) -> [ConsentPage.AccountChoice] {
        offer.accounts.map { account in
            ConsentPage.AccountChoice(
                id: account.id.description, name: account.name, isChecked: selection.accountIDs.contains(account.id),
                obstacle: account.obstacle?.text, requestURL: requestURL(account),
                timeLimit: account.isSelectable
                    ? account.longestLifetime.map { PolicyObstacle.words($0) } : nil,
                isGrantedBefore: account.isGrantedBefore,
                isHidden: !Self.matches(search, account.name), resourceFields: resourceFields[account.id] ?? [])
        }
    }

    /// Where to ask, for an account that an administrator can open and one where scopes wait for an approval.
    private func requestURL(_ account: ConsentOffer.OfferedAccount) -> String? {
        let withheld = offer.scopes.filter { $0.withheldIn.contains(account.id) }.map(\.label)
        guard account.obstacle?.canBeAskedFor == true || !withheld.isEmpty else { return nil }
        return deployment.appRequestURL(accountID: account.id, clientID: offer.client.id, scopes: ScopeSet(withheld))
    }

    private func approval(_ scope: ConsentOffer.OfferedScope) -> String? {
        guard scope.isGrantable, !scope.withheldIn.isEmpty else { return nil }
        let names = offer.accounts.filter { scope.withheldIn.contains($0.id) }.map(\.name)
        return "Not in \(names.joined(separator: ", ")): an administrator has to approve it first."
    }

    private func categories(_ search: String) -> [ConsentPage.Category] {
        let isShort = offer.scopes.count <= Self.manyScopes
        return offer.categories.map { category in
            let scopes = category.scopes.map { scope($0, search) }
            return ConsentPage.Category(
                name: category.name, isOpen: isShort || (!search.isEmpty && scopes.contains { !$0.isHidden }), scopes: scopes,
                count: "\(scopes.count { $0.isChecked }) of \(scopes.count)")
        }
    }

    private func scope(_ scope: ConsentOffer.OfferedScope, _ search: String) -> ConsentPage.ScopeChoice {
        var choice = ConsentPage.ScopeChoice(
            label: scope.label, name: scope.name, description: scope.description, purpose: scope.purpose, risk: Self.mark(scope.risk),
            isRequired: scope.isRequired, isChecked: scope.isGrantable && (scope.isRequired || selection.scopes.contains(scope.label)),
            obstacle: scope.obstacleText, approval: approval(scope), isNew: offer.existing != nil && !scope.isGrantedBefore,
            operations: scope.operations.map {
                ConsentPage.OperationLine(method: $0.method, path: $0.path, summary: $0.summary, risk: Self.mark($0.risk))
            })
        choice.operationCount = scope.operations.count == 1 ? "1 operation" : "\(scope.operations.count) operations"
        choice.searchText = "\(scope.label) \(scope.name) \(scope.description)".lowercased()
        choice.isHidden = !Self.matches(search, choice.searchText)
        return choice
    }

    private var lifetimes: [ConsentPage.LifetimeChoice] {
        let texts: [Int64: String] = [0: "Until I revoke it", 2_592_000: "30 days", 604_800: "7 days", 86_400: "1 day", 3600: "1 hour"]
        let isPossible = offer.isAvailable(lifetime: selection.lifetime, in: selection.accountIDs)
        let chosen = isPossible ? selection.lifetime : offer.longestChoice(in: selection.accountIDs)
        return ConsentChoice.lifetimes.map { seconds in
            ConsentPage.LifetimeChoice(
                seconds: String(seconds), text: texts[seconds] ?? "\(seconds) seconds", isChecked: seconds == chosen,
                isUnavailable: !offer.isAvailable(lifetime: seconds, in: selection.accountIDs))
        }
    }

    private var redirectHost: (name: String, isLoopback: Bool) {
        let text = pending.request.redirectURI ?? offer.client.redirectURIs.first ?? ""
        guard let url = URLText(text) else { return (text, false) }
        if url.host.isEmpty { return ("the app \(url.scheme)", false) }
        return (url.port.map { "\(url.host):\($0)" } ?? url.host, url.isLoopbackHTTP)
    }

    private static func matches(_ search: String, _ text: String) -> Bool {
        let text = text.lowercased()
        return search.lowercased().split(whereSeparator: \.isWhitespace).allSatisfy { text.contains($0) }
    }

    static func mark(_ risk: Risk) -> ConsentPage.RiskMark {
        switch risk {
        case .read: .init(word: "reads", look: "read")
        case .write: .init(word: "changes", look: "write")
        case .destructive: .init(word: "deletes", look: "destructive")
        }
    }
}

/// Two letters in place of a logo.
enum Monogram {
    static func text(_ name: String) -> String {
        let words = name.split(whereSeparator: { !$0.isLetter && !$0.isNumber })
        return words.prefix(2).compactMap(\.first).map { $0.uppercased() }.joined()
    }
}
