import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `/tokens` and `/accounts/{account}/tokens`: API tokens of the user and of an account.
struct TokenPages: Sendable {
    let deployment: Deployment
    let side: TokenSide

    private struct Reader {
        let session: SignedIn
        let principal: Principal
        let owner: APIToken.Owner
        /// nil: the tokens are the user's own.
        let account: Account?
        let now: Int64
        let url: String

        var canManage: Bool { account.map { principal.may(.manageTokens, in: $0.id) && !$0.isSuspended } ?? true }
    }

    private func reader(_ session: SignedIn, toChange: Bool, _ exchange: Exchange) async throws -> Reader {
        let principal = try await deployment.principal(session)
        let owner = try principal.requireOwner(of: side == .user ? nil : exchange.captures[0], toChange: toChange)
        var account: Account?
        if case .account(let id) = owner { account = principal.membership(in: id)?.account }
        return Reader(
            session: session, principal: principal, owner: owner, account: account, now: exchange.now,
            url: account.map { deployment.url(.tokens, of: $0) } ?? deployment.url("/tokens"))
    }

    private func frame(_ reader: Reader) -> PageFrame {
        guard let account = reader.account else { return deployment.frame(reader.session) }
        return deployment.frame(reader.session, managing: account, as: reader.principal, at: .tokens)
    }

    private func view(_ reader: Reader) -> TokenView {
        TokenView(deployment: deployment, principal: reader.principal, account: reader.account, now: reader.now)
    }

    // MARK: The list

    private static let perPage = 50

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let reader = try await reader(session, toChange: false, exchange)
        let query = try exchange.queryParameters()
        let tokens = try await deployment.apiTokens(of: reader.owner)
        let pages = max(1, (tokens.count + Self.perPage - 1) / Self.perPage)
        let page = min(max(1, (try? query.value("page")).flatMap { Int($0) } ?? 1), pages)
        let (shown, first, view) = (PageRequest.slice(tokens, page: page, perPage: Self.perPage), (page - 1) * Self.perPage, view(reader))
        let shownPage = TokensPage(
            frame: frame(reader), accountName: reader.account?.name, newURL: reader.url + "/new", canManage: reader.canManage,
            hasDeleted: (try? query.value("deleted")) == "1", tokens: shown.map { view.entry($0, url: reader.url + "/\($0.id)") },
            range: pages > 1 ? "\(first + 1) to \(first + shown.count) of \(tokens.count)" : nil,
            previousURL: page > 1 ? reader.url + "?page=\(page - 1)" : nil, nextURL: page < pages ? reader.url + "?page=\(page + 1)" : nil)
        return .page(.ok, shownPage.html)
    }

    // MARK: A new one

    func blank(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let reader = try await reader(session, toChange: true, exchange)
        return page(TokenForm(), nil, reader)
    }

    func create(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let sent = try await exchange.form()
        guard session.formToken.matches(try? sent.value("csrf")) else { throw RequestProblem.forged }
        let reader = try await reader(session, toChange: true, exchange)
        var form = TokenForm(sent)
        if form.rearrange(sent) { return page(form, nil, reader, isRearranged: true) }
        do {
            let before = APIToken(id: deployment.random.identifier(), owner: reader.owner, name: "", createdAt: exchange.now)
            let token = try read(form, from: before, isNew: true, reader)
            let value = try await deployment.create(token, by: reader.principal, exchange)
            return shown(value, of: token, isNew: true, reader)
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return page(form, nil, reader, problem: problem)
        }
    }

    // MARK: One that is there

    func show(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let reader = try await reader(session, toChange: false, exchange)
        let token = try await deployment.apiToken(exchange.captures[side == .user ? 0 : 1], of: reader.owner)
        return page(TokenForm(token), token, reader, isSaved: (try? exchange.queryParameters().value("saved")) == "1")
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let sent = try await exchange.form()
        guard session.formToken.matches(try? sent.value("csrf")) else { throw RequestProblem.forged }
        let reader = try await reader(session, toChange: true, exchange)
        let before = try await deployment.apiToken(exchange.captures[side == .user ? 0 : 1], of: reader.owner)
        let (principal, url) = (reader.principal, reader.url + "/\(before.id)")
        var form = TokenForm(before)
        do {
            switch try? sent.value("action") {
            case "enable", "disable":
                var token = before
                token.isDisabled = (try? sent.value("action")) == "disable"
                try await deployment.update(token, before: before, by: principal, exchange)
                return .seeOther(url + "?saved=1")
            case "roll": return shown(try await deployment.roll(before, by: principal, exchange), of: before, isNew: false, reader)
            case "delete":
                try await deployment.delete(before, by: principal, exchange)
                return .seeOther(reader.url + "?deleted=1")
            default:
                form = TokenForm(sent)
                if form.rearrange(sent) { return page(form, before, reader, isRearranged: true) }
                guard (try? sent.value("action")) == "save" else {
                    throw PageProblem(title: "Choose what to change", explanation: "Nothing was chosen, so nothing was changed.")
                }
                let token = try read(form, from: before, isNew: false, reader)
                try await deployment.update(token, before: before, by: principal, exchange)
                return .seeOther(url + "?saved=1")
            }
        } catch {
            guard let problem = FormProblem(error) else { throw error }
            return page(form, before, reader, problem: problem)
        }
    }

    /// Reads a form as a call of the management API is read.
    private func read(_ form: TokenForm, from before: APIToken, isNew: Bool, _ reader: Reader) throws(InvalidInput) -> APIToken {
        if before.policies.count > TokenForm.mostPolicies {
            throw InvalidInput("This token has more policies than a page can show. Change it through the management API.")
        }
        var body = APITokenBody(
            ManagementBody(try form.body(of: reader.owner, now: reader.now)), owner: reader.owner, principal: reader.principal,
            groups: deployment.permissionGroups, random: deployment.random)
        return try body.token(from: before, isNew: isNew)
    }

    private func shown(_ value: String, of token: APIToken, isNew: Bool, _ reader: Reader) -> Response {
        let verify = reader.account.map { "/api/v4/accounts/\($0.id)/tokens/verify" } ?? "/api/v4/user/tokens/verify"
        let page = TokenValuePage(
            frame: frame(reader), name: token.name, value: value, isNew: isNew, listURL: reader.url, verifyURL: deployment.url(verify))
        return .page(.ok, page.html)
    }

    private func page(
        _ form: TokenForm, _ token: APIToken?, _ reader: Reader, problem: FormProblem? = nil, isSaved: Bool = false,
        isRearranged: Bool = false
    ) -> Response {
        let view = view(reader)
        let fields = TokenFields(
            name: form.name, policies: view.policies(form), isUnlimited: token?.policies.isEmpty == true && form.policies.isEmpty,
            canAddPolicy: form.policies.count < TokenForm.mostPolicies, expiries: view.expiries(form, token), expiryDay: form.expiryDay,
            notBefore: form.notBefore, allowed: form.allowed, denied: form.denied,
            isConditionOpen: !(form.allowed + form.denied + form.notBefore).isEmpty)
        let page = TokenPage(
            frame: frame(reader), title: token?.name ?? "New API token", action: reader.url + (token.map { "/\($0.id)" } ?? "/new"),
            csrf: reader.session.formToken.text, listURL: reader.url, accountName: reader.account?.name,
            entry: token.map { view.entry($0, url: reader.url) }, isDisabled: token?.isDisabled == true, canManage: reader.canManage,
            isSaved: isSaved, problems: problem?.texts ?? [], fields: fields)
        return .page(page.html, problem)
    }
}

extension TokenForm {
    /// Adds or removes a policy where that is what was asked for.
    /// - Returns: whether it was.
    fileprivate mutating func rearrange(_ sent: Parameters) -> Bool {
        if (try? sent.value("action")) == "add_policy" {
            if policies.count < Self.mostPolicies { policies.append(Policy()) }
            return true
        }
        guard let index = (try? sent.value("remove_policy")).flatMap({ Int($0) }) else { return false }
        if policies.indices.contains(index), policies.count > 1 { policies.remove(at: index) }
        return true
    }
}
