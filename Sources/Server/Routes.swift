import Hummingbird
import OAuth

/// Every route of the public listener: a line for each area, a line in the area for each route.
func publicRoutes(_ deployment: Deployment) -> [Route] {
    [
        protocolRoutes(deployment),
        suffixlessRoutes(deployment),
        pageRoutes(deployment),
        userRoutes(deployment),
        managementRoutes(deployment),
        appRoutes(deployment),
        peopleRoutes(deployment),
        usageRoutes(deployment),
        descriptionRoutes(deployment),
        clientRoutes(deployment),
        webhookRoutes(deployment),
        resourceRoutes(deployment),
    ].flatMap { $0 }
}

/// OAuth and OpenID Connect, and what monitors ask.
private func protocolRoutes(_ deployment: Deployment) -> [Route] {
    let metadata = MetadataEndpoint(deployment: deployment)
    let health = Health(deployment: deployment)
    let authorization = AuthorizationEndpoint(deployment: deployment)
    let token = TokenEndpoint(deployment: deployment)
    let introspection = IntrospectionEndpoint(deployment: deployment)
    let revocation = RevocationEndpoint(deployment: deployment)
    let userInfo = UserInfoEndpoint(deployment: deployment)
    let logout = LogoutEndpoint(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .quick(.get, "/.well-known/oauth-authorization-server" + base, .oauth, scripts: true, metadata.metadata),
        .quick(.get, "/.well-known/openid-configuration" + base, .oauth, scripts: true, metadata.metadata),
        .quick(.get, "/.well-known/oauth-protected-resource", .oauth, scripts: true, metadata.protectedResource),
        .quick(.get, base + "/.well-known/jwks.json", .oauth, scripts: true, metadata.keys),
        .get("/health/alive", .oauth, health.alive),
        .get("/health/ready", .oauth, health.ready),

        .get(base + "/oauth2/auth", .page, authorization.answer),
        .post(base + "/oauth2/auth", .page, authorization.answer),
        .quick(.post, base + "/oauth2/token", .oauth, scripts: true, token.answer),
        .quick(.post, base + "/oauth2/introspect", .oauth, scripts: true, introspection.answer),
        .post(base + "/oauth2/revoke", .oauth, scripts: true, revocation.answer),
        .get(base + "/oauth2/userinfo", .oauth, scripts: true, userInfo.answer),
        .post(base + "/oauth2/userinfo", .oauth, scripts: true, userInfo.answer),
        .get(base + "/oauth2/logout", .page, logout.answer),
        .post(base + "/oauth2/logout", .page, logout.answer),
    ]
}

/// The pages of users, and what belongs to them.
private func pageRoutes(_ deployment: Deployment) -> [Route] {
    let signIn = SignIn(deployment: deployment)
    let consent = ConsentStep(deployment: deployment)
    let apps = ConnectedApps(deployment: deployment)
    let sessions = Sessions(deployment: deployment)
    let invitation = InvitationStep(deployment: deployment)
    let auditPages = AuditPages(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/", .page) { _ in .seeOther(deployment.url("/connected-apps")) },
        .get(base + "/login", .page, signIn.show),
        .post(base + "/login", .page, signIn.submit),
        .get(base + "/consent/{request}", .page, consent.show),
        .post(base + "/consent/{request}", .page, consent.decide).withBody(upTo: Limits.longBody),
        .get(base + "/connected-apps", .page, apps.list),
        .get(base + "/connected-apps/{authorization}", .page, apps.show),
        .post(base + "/connected-apps/{authorization}", .page, apps.change).withBody(upTo: Limits.longBody),
        .get(base + "/sessions", .page, sessions.list),
        .post(base + "/sessions", .page, sessions.end),
        .get(base + "/sign-out", .page, sessions.askToSignOut),
        .post(base + "/sign-out", .page, sessions.signOut),
        .get(base + "/invitations/{secret}", .page, invitation.show),
        .post(base + "/invitations/{secret}", .page, invitation.accept),
        .get(base + "/outbox", .page, invitation.outbox),
        .get(base + "/accounts/{account}/audit", .page, auditPages.list),
        .get(base + "/accounts/{account}/audit.csv", .page, auditPages.csv),
        .get(base + "/accounts/{account}/audit.jsonl", .page, auditPages.jsonLines),
        .get(base + Assets.cssPath, .page) { _ in Assets.answer(Assets.css, type: "text/css; charset=utf-8") },
        .get(base + Assets.jsPath, .page) { _ in Assets.answer(Assets.js, type: "text/javascript; charset=utf-8") },
    ]
}

/// Scopes, and what a user granted.
private func userRoutes(_ deployment: Deployment) -> [Route] {
    let scopes = ScopesEndpoint(deployment: deployment)
    let authorizations = AuthorizationsEndpoint(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/oauth/scopes", .envelope, scopes.list),
        .get(base + "/api/v4/user/authorizations", .envelope, authorizations.list),
        .get(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.get),
        .patch(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.narrow)
            .withBody(upTo: Limits.choiceBody),
        .delete(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.end),
        .get(base + "/api/v4/authorizations/self", .envelope, authorizations.own),
    ]
}

/// What an account owns, and its audit log.
private func managementRoutes(_ deployment: Deployment) -> [Route] {
    let clients = ClientsEndpoint(deployment: deployment)
    let accounts = AccountsEndpoint(deployment: deployment)
    let members = MembersEndpoint(deployment: deployment)
    let userTokens = APITokensEndpoint(deployment: deployment, side: .user)
    let accountTokens = APITokensEndpoint(deployment: deployment, side: .account)
    let audit = AuditEndpoint(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/accounts/{a}/oauth_clients", .envelope, clients.list),
        .post(base + "/api/v4/accounts/{a}/oauth_clients", .envelope, clients.create),
        .get(base + "/api/v4/accounts/{a}/oauth_clients/{id}", .envelope, clients.get),
        .patch(base + "/api/v4/accounts/{a}/oauth_clients/{id}", .envelope, clients.update),
        .delete(base + "/api/v4/accounts/{a}/oauth_clients/{id}", .envelope, clients.delete),
        .post(base + "/api/v4/accounts/{a}/oauth_clients/{id}/rotate_secret", .envelope, clients.rotateSecret),
        .delete(base + "/api/v4/accounts/{a}/oauth_clients/{id}/rotate_secret", .envelope, clients.deleteRotatedSecret),
        .post(base + "/api/v4/accounts/{a}/oauth_clients/{id}/freeze", .envelope, clients.freeze),
        .post(base + "/api/v4/accounts/{a}/oauth_clients/{id}/thaw", .envelope, clients.thaw),
        .post(base + "/api/v4/accounts/{a}/oauth_clients/{id}/check_host", .envelope, clients.checkHost),
        .get(base + "/api/v4/accounts/{a}/oauth_clients/{id}/consequences", .envelope, clients.consequences),
        .get(base + "/api/v4/user", .envelope, accounts.user),
        .get(base + "/api/v4/memberships", .envelope, accounts.memberships),
        .get(base + "/api/v4/memberships/{id}", .envelope, accounts.membership),
        .delete(base + "/api/v4/memberships/{id}", .envelope, accounts.leave),
        .get(base + "/api/v4/accounts", .envelope, accounts.list),
        .post(base + "/api/v4/accounts", .envelope, accounts.create),
        .get(base + "/api/v4/accounts/{account}", .envelope, accounts.get),
        .put(base + "/api/v4/accounts/{account}", .envelope, accounts.rename),
        .get(base + "/api/v4/accounts/{account}/roles", .envelope, members.roles),
        .get(base + "/api/v4/accounts/{account}/roles/{role}", .envelope, members.role),
        .get(base + "/api/v4/accounts/{account}/members", .envelope, members.list),
        .post(base + "/api/v4/accounts/{account}/members", .envelope, members.invite),
        .get(base + "/api/v4/accounts/{account}/members/{member}", .envelope, members.get),
        .put(base + "/api/v4/accounts/{account}/members/{member}", .envelope, members.change),
        .delete(base + "/api/v4/accounts/{account}/members/{member}", .envelope, members.remove),
        .get(base + "/api/v4/user/tokens", .envelope, userTokens.list),
        .post(base + "/api/v4/user/tokens", .envelope, userTokens.create),
        .get(base + "/api/v4/user/tokens/verify", .envelope, userTokens.verify),
        .get(base + "/api/v4/user/tokens/permission_groups", .envelope, userTokens.permissionGroups),
        .get(base + "/api/v4/user/tokens/{token}", .envelope, userTokens.get),
        .put(base + "/api/v4/user/tokens/{token}", .envelope, userTokens.update),
        .delete(base + "/api/v4/user/tokens/{token}", .envelope, userTokens.delete),
        .put(base + "/api/v4/user/tokens/{token}/value", .envelope, userTokens.roll),
        .get(base + "/api/v4/accounts/{account}/tokens", .envelope, accountTokens.list),
        .post(base + "/api/v4/accounts/{account}/tokens", .envelope, accountTokens.create),
        .get(base + "/api/v4/accounts/{account}/tokens/verify", .envelope, accountTokens.verify),
        .get(base + "/api/v4/accounts/{account}/tokens/permission_groups", .envelope, accountTokens.permissionGroups),
        .get(base + "/api/v4/accounts/{account}/tokens/{token}", .envelope, accountTokens.get),
        .put(base + "/api/v4/accounts/{account}/tokens/{token}", .envelope, accountTokens.update),
        .delete(base + "/api/v4/accounts/{account}/tokens/{token}", .envelope, accountTokens.delete),
        .put(base + "/api/v4/accounts/{account}/tokens/{token}/value", .envelope, accountTokens.roll),
        .get(base + "/api/v4/accounts/{account}/audit_logs", .envelope, audit.ofAccount),
        .get(base + "/api/v4/accounts/{account}/logs/audit", .envelope, audit.byCursor),
        .get(base + "/api/v4/user/audit_logs", .envelope, audit.ofUser),
    ]
}

/// The description of the management API, and in it what only pages had: sessions and single installations.
private func descriptionRoutes(_ deployment: Deployment) -> [Route] {
    let description = DescriptionEndpoint(deployment: deployment)
    let sessions = SessionsEndpoint(deployment: deployment)
    let authorizations = AuthorizationsEndpoint(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/openapi.json", .envelope, scripts: true, description.get),
        .get(base + "/api/v4/user/sessions", .envelope, sessions.list),
        .delete(base + "/api/v4/user/sessions", .envelope, sessions.endAll),
        .delete(base + "/api/v4/user/sessions/{session}", .envelope, sessions.end),
        .delete(
            base + "/api/v4/user/authorizations/{id}/installations/{installation}", .envelope, authorizations.endInstallation),
    ]
}

/// Members' apps and the app policies of accounts.
private func appRoutes(_ deployment: Deployment) -> [Route] {
    let policy = AppPolicyEndpoint(deployment: deployment)
    let authorizations = AccountAuthorizationsEndpoint(deployment: deployment)
    let policyPages = AppPolicyPages(deployment: deployment)
    let apps = MembersApps(deployment: deployment)
    let requests = AppRequestPages(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/accounts/{account}/app_policy", .envelope, policy.get),
        .put(base + "/api/v4/accounts/{account}/app_policy", .envelope, policy.put),
        .post(base + "/api/v4/accounts/{account}/app_policy/preview", .envelope, policy.preview),
        .get(base + "/api/v4/accounts/{account}/app_requests", .envelope, policy.listRequests),
        .post(base + "/api/v4/accounts/{account}/app_requests/{id}/approve", .envelope, policy.approve),
        .post(base + "/api/v4/accounts/{account}/app_requests/{id}/deny", .envelope, policy.deny),
        .get(base + "/api/v4/accounts/{account}/app_approvals", .envelope, policy.listApprovals),
        .delete(base + "/api/v4/accounts/{account}/app_approvals/{id}", .envelope, policy.withdraw),
        .get(base + "/api/v4/accounts/{account}/authorizations", .envelope, authorizations.list),
        .delete(base + "/api/v4/accounts/{account}/authorizations", .envelope, authorizations.revokeMany),
        .get(base + "/api/v4/accounts/{account}/authorizations/{id}", .envelope, authorizations.get),
        .delete(base + "/api/v4/accounts/{account}/authorizations/{id}", .envelope, authorizations.revoke),
        .get(base + "/api/v4/user/app_requests", .envelope, policy.own),
        .post(base + "/api/v4/user/app_requests", .envelope, policy.ask),

        .get(base + "/accounts/{account}/apps", .page, apps.list),
        .post(base + "/accounts/{account}/apps", .page, apps.change),
        .get(base + "/accounts/{account}/app-policy", .page, policyPages.show),
        .post(base + "/accounts/{account}/app-policy", .page, policyPages.change),
        .get(base + "/app-requests/new", .page, requests.show),
        .post(base + "/app-requests/new", .page, requests.ask),
    ]
}

/// Accounts, who is in them, and API tokens, on pages.
private func peopleRoutes(_ deployment: Deployment) -> [Route] {
    let accounts = AccountPages(deployment: deployment)
    let members = MemberPages(deployment: deployment)
    let userTokens = TokenPages(deployment: deployment, side: .user)
    let accountTokens = TokenPages(deployment: deployment, side: .account)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/accounts", .page, accounts.choose),
        .post(base + "/accounts", .page, accounts.create),
        .get(base + "/accounts/{account}/settings", .page, accounts.settings),
        .post(base + "/accounts/{account}/settings", .page, accounts.rename),
        .get(base + "/accounts/{account}/leave", .page, accounts.askToLeave),
        .post(base + "/accounts/{account}/leave", .page, accounts.leave),
        .get(base + "/accounts/{account}/members", .page, members.list),
        .post(base + "/accounts/{account}/members", .page, members.invite),
        .get(base + "/accounts/{account}/members/{member}", .page, members.show),
        .post(base + "/accounts/{account}/members/{member}", .page, members.change),

        .get(base + "/tokens", .page, userTokens.list),
        .get(base + "/tokens/new", .page, userTokens.blank),
        .post(base + "/tokens/new", .page, userTokens.create),
        .get(base + "/tokens/{token}", .page, userTokens.show),
        .post(base + "/tokens/{token}", .page, userTokens.change),
        .get(base + "/accounts/{account}/tokens", .page, accountTokens.list),
        .get(base + "/accounts/{account}/tokens/new", .page, accountTokens.blank),
        .post(base + "/accounts/{account}/tokens/new", .page, accountTokens.create),
        .get(base + "/accounts/{account}/tokens/{token}", .page, accountTokens.show),
        .post(base + "/accounts/{account}/tokens/{token}", .page, accountTokens.change),
    ]
}

/// How clients are used.
private func usageRoutes(_ deployment: Deployment) -> [Route] {
    let usage = UsageEndpoint(deployment: deployment)
    let pages = UsagePages(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/accounts/{a}/oauth_clients/{id}/usage", .envelope, usage.get),
        .get(base + "/accounts/{account}/oauth-clients/{client}/usage", .page, pages.show),
    ]
}

/// The pages of the OAuth clients that an account owns.
private func clientRoutes(_ deployment: Deployment) -> [Route] {
    let pages = ClientPages(deployment: deployment)
    let settings = ClientSettings(deployment: deployment)
    let secrets = ClientSecrets(deployment: deployment)
    let visibility = ClientVisibility(deployment: deployment)
    let trial = ClientTrial(deployment: deployment)
    let ending = ClientEnding(deployment: deployment)
    let list = deployment.settings.issuer.path + "/accounts/{account}/oauth-clients"
    return [
        .get(list, .page, pages.list),
        .get(list + "/new", .page, pages.new),
        .post(list + "/new", .page, pages.create),
        .get(list + "/{client}", .page, settings.show),
        .post(list + "/{client}", .page, settings.save),
        .get(list + "/{client}/secrets", .page, secrets.show),
        .post(list + "/{client}/secrets", .page, secrets.change),
        .get(list + "/{client}/visibility", .page, visibility.show),
        .post(list + "/{client}/visibility", .page, visibility.change),
        .get(list + "/{client}/private", .page, visibility.askToWithdraw),
        .get(list + "/{client}/try", .page, trial.show),
        .get(list + "/{client}/stop", .page, ending.show),
        .post(list + "/{client}/stop", .page, ending.change),
    ]
}

/// What access can be narrowed to.
private func resourceRoutes(_ deployment: Deployment) -> [Route] {
    let resources = ResourcesEndpoint(deployment: deployment)
    let pages = ResourcePages(deployment: deployment)
    let base = deployment.settings.issuer.path
    return [
        .get(base + "/api/v4/accounts/{account}/resources", .envelope, resources.types),
        .get(base + "/api/v4/accounts/{account}/resources/{type}", .envelope, resources.list),
        .put(base + "/api/v4/accounts/{account}/resources/{type}", .envelope, resources.putMany)
            .withBody(upTo: Limits.longBody),
        .get(base + "/api/v4/accounts/{account}/resources/{type}/{id}", .envelope, resources.get),
        .put(base + "/api/v4/accounts/{account}/resources/{type}/{id}", .envelope, resources.put),
        .delete(base + "/api/v4/accounts/{account}/resources/{type}/{id}", .envelope, resources.delete),

        .get(base + "/accounts/{account}/resources", .page, pages.list),
        .post(base + "/accounts/{account}/resources", .page, pages.change).withBody(upTo: Limits.longBody),
    ]
}

/// For an issuer with a path, the documents stand under the path too (OpenID Connect Discovery §4).
private func suffixlessRoutes(_ deployment: Deployment) -> [Route] {
    let metadata = MetadataEndpoint(deployment: deployment)
    let base = deployment.settings.issuer.path
    if base.isEmpty { return [] }
    return [
        .quick(.get, base + "/.well-known/oauth-authorization-server", .oauth, scripts: true, metadata.metadata),
        .quick(.get, base + "/.well-known/openid-configuration", .oauth, scripts: true, metadata.metadata),
    ]
}

/// The webhooks of clients.
private func webhookRoutes(_ deployment: Deployment) -> [Route] {
    let webhooks = WebhooksEndpoint(deployment: deployment)
    let pages = WebhookPages(deployment: deployment)
    let base = deployment.settings.issuer.path
    let api = base + "/api/v4/accounts/{account}/oauth_clients/{client}/webhooks"
    let page = base + "/accounts/{account}/oauth-clients/{client}/webhooks"
    return [
        .get(api, .envelope, webhooks.list),
        .post(api, .envelope, webhooks.create),
        .get(api + "/{webhook}", .envelope, webhooks.get),
        .patch(api + "/{webhook}", .envelope, webhooks.update),
        .delete(api + "/{webhook}", .envelope, webhooks.delete),
        .post(api + "/{webhook}/rotate_secret", .envelope, webhooks.rotateSecret),
        .post(api + "/{webhook}/test", .envelope, webhooks.test),
        .get(api + "/{webhook}/deliveries", .envelope, webhooks.deliveries),
        .post(api + "/{webhook}/deliveries/{delivery}/redeliver", .envelope, webhooks.redeliver),

        .get(page, .page, pages.list),
        .post(page, .page, pages.create),
        .get(page + "/{webhook}", .page, pages.show),
        .post(page + "/{webhook}", .page, pages.change),
    ]
}

/// Every route of the internal listener: for gateways, resource servers, monitors and nobody else.
func internalRoutes(_ deployment: Deployment) -> [Route] {
    let verify = VerifyEndpoint(deployment: deployment)
    let health = Health(deployment: deployment)
    let introspection = IntrospectionEndpoint(deployment: deployment)
    let feed = FeedEndpoint(deployment: deployment)
    let metadata = MetadataEndpoint(deployment: deployment)
    let metrics = MetricsEndpoint(deployment: deployment)
    func any(_ path: String, _ answer: @escaping @Sendable (Exchange) async throws -> Answer) -> Route {
        .quick(.any, path, .gateway, answer)
    }
    return [
        any("/verify/nginx") { try await verify.answer($0, .nginx) },
        any("/verify/forward-auth") { try await verify.answer($0, .forwardAuth) },
        any("/verify/envoy/{target*}") { try await verify.answer($0, .envoy) },
        any("/verify", verify.unknownForm),
        any("/verify/{form*}", verify.unknownForm),
        .get("/feed", .oauth, feed.answer),
        .quick(.post, "/oauth2/introspect", .oauth, introspection.answer),
        .quick(.get, "/.well-known/jwks.json", .oauth, metadata.keys),
        .get("/metrics", .oauth, metrics.answer),
        .get("/health/alive", .oauth, health.alive),
        .get("/health/ready", .oauth, health.ready),
    ]
}
