import Delegation
import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// *Connected apps*: what the user granted, to whom, when it was last used, and the ways to end it.
struct ConnectedApps: Sendable {
    let deployment: Deployment

    func list(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        try await deployment.uses.flush(to: deployment.store)
        let grants = try await deployment.store.authorizations(userID: session.userID, now: exchange.now)
        return .page(.ok, try await AppViews(deployment: deployment, session: session, now: exchange.now).list(grants).html)
    }

    func show(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        try await deployment.uses.flush(to: deployment.store)
        return try await page(try await grant(exchange, session), session, exchange)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let session = try await deployment.session(exchange) else { return deployment.signInFirst(exchange) }
        let form = try await exchange.form(limit: Limits.longBody)
        guard session.formToken.matches(try? form.value("csrf")) else { throw RequestProblem.forged }
        let grant = try await grant(exchange, session)
        let actor = exchange.actor(session.userID)
        switch try? form.value("action") {
        case "revoke":
            _ = try await deployment.store.endAuthorization(grant.authorization.id, actor: actor, now: exchange.now)
            return .seeOther(deployment.url("/connected-apps"))
        case "end_installation":
            guard let id = (try? form.value("installation")).flatMap({ Identifier($0) }),
                try await deployment.store.endInstallation(
                    id, authorizationID: grant.authorization.id, actor: actor, now: exchange.now)
            else { return try await page(grant, session, exchange, problem: "That installation has already ended.") }
            return .seeOther(deployment.url("/connected-apps/\(grant.authorization.id)"))
        case "narrow":
            // A button that only searches in a list decides nothing.
            if !form.all("update").isEmpty { return try await page(grant, session, exchange, form: form) }
            do {
                try await narrow(grant, form, actor: actor, now: exchange.now)
            } catch Narrowing.Problem.ended {
                throw PageProblem.unknownApp
            } catch Narrowing.Problem.changed {
                let problem = Narrowing.Problem.changed.description
                return try await page(try await self.grant(exchange, session), session, exchange, .conflict, problem: problem)
            } catch let problem as Narrowing.Problem {
                return try await page(grant, session, exchange, form: form, problem: problem.description)
            }
            return .seeOther(deployment.url("/connected-apps/\(grant.authorization.id)"))
        default:
            return try await page(grant, session, exchange, problem: "Choose what to change.")
        }
    }

    /// A form says what stays of what it showed: once that is no longer what there is, it would give back what was taken away.
    private func narrow(_ grant: GrantedAuthorization, _ form: Parameters, actor: Actor, now: Int64) async throws {
        let reached = grant.authorization.resources
        let kept = grant.authorization.accountIDs.filter { form.all("account").contains($0.description) }
        let change = ResourceSelection(form).change(of: reached, in: kept)
        let shown = (try? form.value("shown_resources")) ?? ""
        // A form that does not say what it showed takes away and gives nothing.
        guard shown.isEmpty ? reached.covers(change) : shown == reached.digest else { throw Narrowing.Problem.changed }
        try await deployment.narrow(
            grant, scopes: form.all("scope"), accounts: form.all("account"), resources: change, from: reached, mayAdd: true, actor: actor,
            now: now)
    }

    private func grant(_ exchange: Exchange, _ session: SignedIn) async throws -> GrantedAuthorization {
        guard let id = Identifier(exchange.captures[0]),
            let grant = try await deployment.store.authorization(id, userID: session.userID, now: exchange.now)
        else { throw PageProblem.unknownApp }
        return grant
    }

    /// - Parameters:
    ///   - status: where there is a problem.
    ///   - form: choices that were not taken yet.
    private func page(
        _ grant: GrantedAuthorization, _ session: SignedIn, _ exchange: Exchange, _ status: HTTPResponse.Status = .badRequest,
        form: Parameters? = nil, problem: String? = nil
    ) async throws -> Response {
        let views = AppViews(deployment: deployment, session: session, now: exchange.now)
        return .page(problem == nil ? .ok : status, try await views.one(grant, form: form, problem: problem).html)
    }
}
