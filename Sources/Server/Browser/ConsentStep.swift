import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/consent/{name}`: one pending request, shown, decided and answered. The name is good once and in one browser only.
struct ConsentStep: Sendable {
    let deployment: Deployment

    func show(_ exchange: Exchange) async throws -> Response {
        let (name, pending, client, owner) = try await load(exchange)
        guard let session = try await deployment.session(exchange),
            !pending.needsSignIn(session, hintedUser: hintedUser(pending), now: exchange.now)
        else { return .seeOther(deployment.url("/login?request=" + name)) }
        if let response = try await codeIfCovered(pending, client, session, request: name, exchange) { return response }
        let offer = try await self.offer(pending, client, session, now: exchange.now)
        guard offer.mayAuthorize else { return refusedPage(pending, client, session, exchange) }
        var choice = offer.initialChoice
        // What is registered no more could not be granted again.
        choice.resources = choice.resources.kept(to: try await knownResources(choice.resources, offer))
        return try await page(offer, choice, name, pending, owner, session)
    }

    func decide(_ exchange: Exchange) async throws -> Response {
        let (name, pending, client, owner) = try await load(exchange)
        let form = try await exchange.form(limit: Limits.longBody)
        guard let session = try await deployment.session(exchange),
            !pending.needsSignIn(session, hintedUser: hintedUser(pending), now: exchange.now)
        else { return .seeOther(deployment.url("/login?request=" + name)) }
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let redirectURI = try redirectURI(pending, client)
        let offer = try await self.offer(pending, client, session, now: exchange.now)
        guard offer.mayAuthorize else { return refusedPage(pending, client, session, exchange) }

        let known = try await knownResources(ResourceSelection(form), offer)
        let unshown = try await ResourceFields(deployment: deployment).unshown(
            form, accounts: offer.accounts.filter(\.isSelectable).map(\.id), types: offer.resourceTypes)
        switch ConsentChoice.read(form, offer: offer, known: known, unshown: unshown, now: exchange.now) {
        case .rerender(let selection):
            return try await page(offer, selection, name, pending, owner, session, form: form)
        case .invalid(let problem, let selection):
            return try await page(
                offer, selection, name, pending, owner, session, form: form, problem: problem.description, status: .badRequest)
        case .denied:
            guard
                try await deployment.store.declineRequest(
                    hash: Credential.hash(name), userID: session.userID, clientID: client.id,
                    actor: exchange.actor(session.userID), now: exchange.now)
            else { throw PageProblem.alreadyDecided }
            deployment.usage.asked(pending.request.scopes, granted: [], client.id, at: exchange.now)
            return deployment.redirect(.accessDenied, state: pending.request.state, to: redirectURI)
        case .granted(let grant):
            guard
                let response = try await commit(
                    grant, pending, client, session, requestHash: Credential.hash(name), isDecision: true, redirectURI, exchange)
            else { throw PageProblem.alreadyDecided }
            return response
        }
    }

    // MARK: Without a page

    /// `prompt=none` (OpenID Connect Core §3.1.2.6).
    func codeWithoutAsking(
        _ pending: PendingRequest, _ client: Client, _ session: SignedIn, _ exchange: Exchange
    ) async throws -> Response {
        let offer = try await self.offer(pending, client, session, now: exchange.now)
        guard offer.mayAuthorize else { throw AuthorizationError.accessDenied }
        guard let grant = offer.coveredGrant,
            let response = try await commit(
                grant, pending, client, session, requestHash: nil, isDecision: false, try redirectURI(pending, client), exchange)
        else { throw AuthorizationError.consentRequired }
        return response
    }

    /// The answer where the request is inside what the user granted before and the client can prove who it is.
    func codeIfCovered(
        _ pending: PendingRequest, _ client: Client, _ session: SignedIn, request name: String?, _ exchange: Exchange
    ) async throws -> Response? {
        let prompt = pending.request.prompt
        guard !prompt.contains(.consent), !prompt.contains(.selectAccount), pending.request.accounts.isEmpty else { return nil }
        let offer = try await self.offer(pending, client, session, now: exchange.now)
        guard offer.mayAuthorize, let grant = offer.coveredGrant else { return nil }
        return try await commit(
            grant, pending, client, session, requestHash: name.map { Credential.hash($0) }, isDecision: false,
            try redirectURI(pending, client),
            exchange)
    }

    // MARK: Load, commit

    private func load(_ exchange: Exchange) async throws -> (String, PendingRequest, Client, Account) {
        let name = String(exchange.captures[0])
        guard let browser = exchange.cookie(deployment.cookies.browser),
            let pending = try await deployment.pendingRequest(name, browser: browser, now: exchange.now),
            let entry = try await deployment.clients.client(pending.request.clientID, in: deployment.store)
        else { throw PageProblem.unknownRequest }
        do { try entry.requireUsable() } catch { throw PageProblem(error) }
        return (name, pending, entry.client, entry.owner)
    }

    /// The registration may have changed while the person was reading.
    private func redirectURI(_ pending: PendingRequest, _ client: Client) throws -> RedirectURI.Verified {
        do {
            return try pending.request.verifiedRedirectURI(client: client)
        } catch {
            throw PageProblem(error)
        }
    }

    private func hintedUser(_ pending: PendingRequest) -> Identifier? {
        pending.request.idTokenHint.flatMap { deployment.user(hintedBy: $0, clientID: pending.request.clientID) }
    }

    private func offer(
        _ pending: PendingRequest, _ client: Client, _ session: SignedIn, now: Int64
    ) async throws -> ConsentOffer {
        let state = try await deployment.store.consentState(userID: session.userID, client: client)
        return ConsentOffer(
            client: client, requested: pending.request.scopes, catalogue: deployment.catalogue.current.catalogue,
            memberships: state.memberships, policies: state.policies, existing: state.existing, consents: state.consents,
            preselectedAccounts: pending.request.accounts, now: now)
    }

    /// Which of the resources that are named are registered, in the accounts that can be chosen.
    private func knownResources(_ selection: ResourceSelection, _ offer: ConsentOffer) async throws -> ResourceSelection.Known {
        let accounts = Set(offer.accounts.filter(\.isSelectable).map(\.id))
        let types = Set(offer.resourceTypes.map(\.label))
        let named = selection.chosen.filter { accounts.contains($0.key.accountID) && types.contains($0.key.type) }
        if named.isEmpty { return [:] }
        return try await deployment.store.resourceNames(named).mapValues { ResourceIDs($0.keys) }
    }

    /// - Returns: nil where nobody was asked and what was granted before does not cover it any more.
    private func commit(
        _ grant: ConsentChoice.Grant, _ pending: PendingRequest, _ client: Client, _ session: SignedIn, requestHash: [UInt8]?,
        isDecision: Bool, _ redirectURI: RedirectURI.Verified, _ exchange: Exchange
    ) async throws -> Response? {
        let request = pending.request
        let text = Credential.text(prefix: .authorizationCode, random: deployment.random.bytes(32))
        let code = AuthorizationCode(
            clientID: client.id, userID: session.userID, authorizationID: deployment.random.identifier(),
            redirectURI: redirectURI.text, isRedirectURIExplicit: request.redirectURI != nil, challenge: request.codeChallenge,
            nonce: request.nonce, scopes: grant.scopes, accountIDs: grant.accountIDs, resources: grant.resources,
            grantExpiresAt: grant.expiresAt,
            authenticatedAt: session.authenticatedAt, audience: deployment.settings.resource, sessionID: session.id,
            userAgent: exchange.userAgent, createdAt: exchange.now, expiresAt: exchange.now + deployment.settings.lifetimes.code)
        switch try await deployment.store.grant(
            code, codeHash: Credential.hash(text), requestHash: requestHash, isDecision: isDecision,
            actor: exchange.actor(session.userID), now: exchange.now)
        {
        case .granted:
            deployment.usage.asked(request.scopes, granted: grant.scopes, client.id, at: exchange.now)
            return .seeOther(redirectURI.location(code: text, state: request.state, issuer: deployment.settings.issuer))
        case .alreadyDecided: throw PageProblem.alreadyDecided
        case .notCovered: return nil
        case .tooManyResources:
            throw PageProblem(
                title: "Too many resources",
                explanation: ResourceSelection.Problem.tooMany.description + " What it has already counts too.")
        }
    }

    // MARK: Pages

    private func refusedPage(_ pending: PendingRequest, _ client: Client, _ session: SignedIn, _ exchange: Exchange) -> Response {
        guard let redirectURI = try? pending.request.verifiedRedirectURI(client: client) else {
            return deployment.errors.answer(to: PageProblem.unknownRequest, shape: .page, exchange).response
        }
        let back = deployment.location(.accessDenied, state: pending.request.state, to: redirectURI)
        return .page(.forbidden, RefusedClientPage(frame: deployment.frame(nil), clientName: client.name, returnURL: back).html)
    }

    private func page(
        _ offer: ConsentOffer, _ selection: ConsentChoice.Selection, _ name: String, _ pending: PendingRequest, _ owner: Account,
        _ session: SignedIn, form: Parameters? = nil, problem: String? = nil, status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        let accounts = offer.accounts.filter(\.isSelectable)
        let ordered = accounts.filter { selection.accountIDs.contains($0.id) } + accounts.filter { !selection.accountIDs.contains($0.id) }
        let fields = try await ResourceFields(deployment: deployment).fields(
            ordered.map { ($0.id, $0.name) }, chosen: Set(selection.accountIDs), types: offer.resourceTypes, selection: selection.resources,
            form: form)
        let proof = try await deployment.store.proof(clientID: offer.client.id)
        let view = ConsentView(
            offer: offer, selection: selection, name: name, pending: pending, owner: owner, proof: proof, session: session, form: form,
            problem: problem, deployment: deployment, resourceFields: fields)
        return .page(status, view.page.html)
    }
}
