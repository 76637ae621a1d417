import Hummingbird
import OAuth

/// Every route of the public listener, on one screen.
func publicRoutes(_ deployment: Deployment) -> [Route] {
    let metadata = MetadataEndpoint(deployment: deployment)
    let health = Health(deployment: deployment)
    let authorization = AuthorizationEndpoint(deployment: deployment)
    let token = TokenEndpoint(deployment: deployment)
    let introspection = IntrospectionEndpoint(deployment: deployment)
    let revocation = RevocationEndpoint(deployment: deployment)
    let userInfo = UserInfoEndpoint(deployment: deployment)
    let logout = LogoutEndpoint(deployment: deployment)
    let signIn = SignIn(deployment: deployment)
    let consent = ConsentStep(deployment: deployment)
    let apps = ConnectedApps(deployment: deployment)
    let sessions = Sessions(deployment: deployment)
    let scopes = ScopesEndpoint(deployment: deployment)
    let authorizations = AuthorizationsEndpoint(deployment: deployment)
    let issuer = deployment.settings.issuer
    let base = issuer.path

    return [
        .get("/.well-known/oauth-authorization-server" + base, .oauth, scripts: true, metadata.metadata),
        .get("/.well-known/openid-configuration" + base, .oauth, scripts: true, metadata.metadata),
        .get("/.well-known/oauth-protected-resource", .oauth, scripts: true, metadata.protectedResource),
        .get(base + "/.well-known/jwks.json", .oauth, scripts: true, metadata.keys),
        .get("/health/alive", .oauth, health.alive),
        .get("/health/ready", .oauth, health.ready),

        .get(base + "/oauth2/auth", .page, authorization.answer),
        .post(base + "/oauth2/auth", .page, authorization.answer),
        .post(base + "/oauth2/token", .oauth, scripts: true, token.answer),
        .post(base + "/oauth2/introspect", .oauth, scripts: true, introspection.answer),
        .post(base + "/oauth2/revoke", .oauth, scripts: true, revocation.answer),
        .get(base + "/oauth2/userinfo", .oauth, scripts: true, userInfo.answer),
        .post(base + "/oauth2/userinfo", .oauth, scripts: true, userInfo.answer),
        .get(base + "/oauth2/logout", .page, logout.answer),
        .post(base + "/oauth2/logout", .page, logout.answer),

        .get(base + "/", .page) { _ in .seeOther(deployment.url("/connected-apps")) },
        .get(base + "/login", .page, signIn.show),
        .post(base + "/login", .page, signIn.submit),
        .get(base + "/consent/{request}", .page, consent.show),
        .post(base + "/consent/{request}", .page, consent.decide),
        .get(base + "/connected-apps", .page, apps.list),
        .get(base + "/connected-apps/{authorization}", .page, apps.show),
        .post(base + "/connected-apps/{authorization}", .page, apps.change),
        .get(base + "/sessions", .page, sessions.list),
        .post(base + "/sessions", .page, sessions.end),
        .get(base + "/sign-out", .page, sessions.askToSignOut),
        .post(base + "/sign-out", .page, sessions.signOut),
        .get(base + Assets.cssPath, .page) { _ in Assets.answer(Assets.css, type: "text/css; charset=utf-8") },
        .get(base + Assets.jsPath, .page) { _ in Assets.answer(Assets.js, type: "text/javascript; charset=utf-8") },

        .get(base + "/api/v4/oauth/scopes", .envelope, scopes.list),
        .get(base + "/api/v4/user/authorizations", .envelope, authorizations.list),
        .get(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.get),
        .patch(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.narrow),
        .delete(base + "/api/v4/user/authorizations/{id}", .envelope, authorizations.end),
        .get(base + "/api/v4/authorizations/self", .envelope, authorizations.own),
    ] + appRoutes(deployment) + suffixless(base, metadata)
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

/// For an issuer with a path, the documents stand under the path too (OpenID Connect Discovery §4).
private func suffixless(_ base: String, _ metadata: MetadataEndpoint) -> [Route] {
    if base.isEmpty { return [] }
    return [
        .get(base + "/.well-known/oauth-authorization-server", .oauth, scripts: true, metadata.metadata),
        .get(base + "/.well-known/openid-configuration", .oauth, scripts: true, metadata.metadata),
    ]
}

/// Every route of the internal listener: for gateways, monitors and nobody else.
func internalRoutes(_ deployment: Deployment) -> [Route] {
    let verify = VerifyEndpoint(deployment: deployment)
    let health = Health(deployment: deployment)
    func any(_ path: String, _ answer: @escaping @Sendable (Exchange) async throws -> Response) -> Route {
        Route(method: .any, path: path, shape: .gateway, isOpenToScripts: false, answer: answer)
    }
    return [
        any("/verify/nginx", verify.nginx),
        any("/verify/forward-auth", verify.forwardAuth),
        any("/verify/envoy/{target*}", verify.envoy),
        any("/verify", verify.unknownForm),
        any("/verify/{form*}", verify.unknownForm),
        .get("/health/alive", .oauth, health.alive),
        .get("/health/ready", .oauth, health.ready),
    ]
}
