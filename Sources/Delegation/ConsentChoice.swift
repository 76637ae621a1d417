import OAuth

/// What the user did with the consent form.
public enum ConsentChoice: Sendable, Equatable {
    case denied
    case granted(Grant)
    /// Not decided: the form is shown again with these choices.
    case rerender(Selection)
    /// Decided, but not in a way that can be granted: nothing is, and the form is shown again with the problem.
    case invalid(problem: Problem, Selection)

    /// What is granted to the installation that begins with it.
    public struct Grant: Sendable, Equatable {
        public let scopes: ScopeSet
        /// Ascending.
        public let accountIDs: [Identifier]
        /// What was chosen inside of them.
        public let resources: ResourceChoice
        /// Epoch seconds; nil: until it is revoked.
        public let expiresAt: Int64?

        init(scopes: ScopeSet, accountIDs: [Identifier], resources: ResourceChoice = .everything, expiresAt: Int64?) {
            self.scopes = scopes
            self.accountIDs = accountIDs
            self.resources = resources
            self.expiresAt = expiresAt
        }
    }

    /// What is chosen in the form.
    public struct Selection: Sendable, Equatable {
        /// Ascending.
        public var accountIDs: [Identifier]
        public var scopes: ScopeSet
        /// Seconds; 0: until it is revoked.
        public var lifetime: Int64
        public var resources = ResourceSelection()
    }

    /// Why a decision cannot be granted. The texts are for the user.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case unknownDecision
        case unknownLifetime
        /// The longest that the app policies of the chosen accounts leave, in seconds.
        case lifetimeTooLong(Int64)
        case noAccountChosen
        case accountNotSelectable
        /// The names of the required scopes that were left out.
        case requiredScopesMissing([String])
        case nothingToApprove
        case resources(ResourceSelection.Problem)

        public var description: String {
            switch self {
            case .unknownDecision: "Choose whether to allow or to decline."
            case .unknownLifetime: "Choose how long the access lasts from the list."
            case .lifetimeTooLong(let longest):
                "An account that you chose gives access for \(PolicyObstacle.words(longest)) at most. Choose a shorter time."
            case .noAccountChosen: "Choose at least one account."
            case .accountNotSelectable: "One of the accounts cannot be chosen. Nothing was granted; choose again."
            case .requiredScopesMissing(let names):
                "This app cannot work without: \(names.joined(separator: ", ")). Allow it, or decline the whole request."
            case .nothingToApprove: "Your role does not allow what this app requires, so this request can only be declined."
            case .resources(let problem): problem.description
            }
        }

        /// The name of the form's field that the problem belongs to.
        public var field: String {
            switch self {
            case .unknownDecision, .nothingToApprove: "decision"
            case .unknownLifetime, .lifetimeTooLong: "lifetime"
            case .noAccountChosen, .accountNotSelectable: "account"
            case .requiredScopesMissing: "scope"
            case .resources: "resource"
            }
        }
    }

    /// The buttons that fill in the scopes and render the form again.
    public enum Template: String, Sendable, CaseIterable {
        /// What is required, and what is optional and only reads.
        case readOnly = "read_only"
        /// Everything that is asked and may be granted.
        case everything
    }

    /// The lifetimes that a user can choose, in seconds; 0: until it is revoked.
    public static let lifetimes: [Int64] = [0, 30 * 86_400, 7 * 86_400, 86_400, 3600]

    /// Reads the consent form (`account`, `scope`, `lifetime`, `decision`, `template`, and the fields of `ResourceSelection`).
    /// - Parameters:
    ///   - known: which of the resources that the form names there are.
    ///   - unshown: what there is to choose in accounts for which the page had no room.
    ///   - now: epoch seconds.
    public static func read(
        _ form: Parameters, offer: ConsentOffer, known: ResourceSelection.Known = [:], unshown: Set<ResourceSelection.Key> = [],
        now: Int64
    ) -> ConsentChoice {
        var selection = selection(form, offer, known)
        // A button that only fills in the form never decides, whatever else was sent with it.
        if let name = form.all("template").first {
            if let template = Template(rawValue: name) { selection.scopes = template.scopes(of: offer) }
            return .rerender(selection)
        }
        switch Set(form.all("decision")) {
        case []: return .rerender(selection)
        case ["deny"]: return .denied
        case ["allow"]: return decide(form, selection, offer, known, unshown, now)
        default: return .invalid(problem: .unknownDecision, selection)
        }
    }

    private static func decide(
        _ form: Parameters, _ selection: Selection, _ offer: ConsentOffer, _ known: ResourceSelection.Known,
        _ unshown: Set<ResourceSelection.Key>, _ now: Int64
    ) -> ConsentChoice {
        guard offer.canApprove else { return .invalid(problem: .nothingToApprove, selection) }
        guard lifetime(form) != nil else { return .invalid(problem: .unknownLifetime, selection) }
        if offer.asksForAccounts {
            let posted = Set(form.all("account"))
            guard !posted.isEmpty else { return .invalid(problem: .noAccountChosen, selection) }
            guard posted.count == selection.accountIDs.count else { return .invalid(problem: .accountNotSelectable, selection) }
        }
        if let longest = offer.longestLifetime(in: selection.accountIDs), offer.asksForAccounts,
            !offer.isAvailable(lifetime: selection.lifetime, in: selection.accountIDs)
        {
            return .invalid(problem: .lifetimeTooLong(longest), selection)
        }
        // `offline_access` may have come without being asked for, so it is not looked for in the form.
        let missing = offer.scopes.filter { $0.isRequired && $0.label != "offline_access" && !selection.scopes.contains($0.label) }
        guard missing.isEmpty else { return .invalid(problem: .requiredScopesMissing(missing.map(\.name)), selection) }
        let scopes = granted(selection, offer)
        let resources: ResourceChoice
        do {
            let chosen = offer.accounts.filter { selection.accountIDs.contains($0.id) }
            let posted = ResourceSelection(form)
            try posted.check(in: chosen.map { ($0.id, $0.name) }, types: offer.resourceTypes, known: known)
            try posted.checkSeen(in: chosen.map { ($0.id, $0.name) }, types: offer.resourceTypes, unshown: unshown)
            resources = selection.resources.choice(in: selection.accountIDs, types: offer.resourceTypes, scopes: scopes)
        } catch {
            return .invalid(problem: .resources(error), selection)
        }
        return .granted(
            Grant(
                scopes: scopes, accountIDs: selection.accountIDs, resources: resources,
                expiresAt: selection.lifetime == 0 ? nil : now + selection.lifetime))
    }

    /// What of the chosen scopes a role allows in at least one of the chosen accounts.
    private static func granted(_ selection: Selection, _ offer: ConsentOffer) -> ScopeSet {
        let chosen = offer.scopes.filter { scope in
            if scope.label == "offline_access" { return true }
            guard selection.scopes.contains(scope.label) else { return false }
            return scope.isProtocolScope || selection.accountIDs.contains { offer.allowedScopes[$0]?.contains(scope.label) == true }
        }
        return ScopeSet(chosen.map(\.label))
    }

    /// The choices as far as they can be kept: labels that were not asked for and accounts that cannot be chosen drop out.
    private static func selection(_ form: Parameters, _ offer: ConsentOffer, _ known: ResourceSelection.Known) -> Selection {
        let posted = Set(form.all("account"))
        let accounts = offer.accounts.filter { $0.isSelectable && offer.asksForAccounts && posted.contains($0.id.description) }
        let labels = Set(form.all("scope"))
        let scopes = offer.scopes.filter { $0.isGrantable && labels.contains($0.label) }
        return Selection(
            accountIDs: accounts.map(\.id).sorted(), scopes: ScopeSet(scopes.map(\.label)), lifetime: lifetime(form) ?? 0,
            resources: ResourceSelection(form).kept(to: known))
    }

    private static func lifetime(_ form: Parameters) -> Int64? {
        let values = form.all("lifetime")
        guard values.count == 1, let seconds = lifetimes.first(where: { String($0) == values[0] }) else { return nil }
        return seconds
    }
}

extension ConsentChoice.Template {
    func scopes(of offer: ConsentOffer) -> ScopeSet {
        let chosen = offer.scopes.filter { scope in
            scope.isGrantable && (self == .everything || scope.isRequired || scope.risk == .read)
        }
        return ScopeSet(chosen.map(\.label))
    }
}
