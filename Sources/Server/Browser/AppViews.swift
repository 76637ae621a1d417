import Delegation
import OAuth
import Storage

extension AuthorizationView {
    init(_ grant: GrantedAuthorization, now: Int64) {
        self.init(grant.authorization, client: grant.client, accounts: grant.accounts, families: grant.families, now: now)
    }
}

extension ShownTime {
    init(_ seconds: Int64) { self.init(Timestamp.text(seconds)) }
}

/// Turns what is granted into the pages of *Connected apps*.
struct AppViews {
    let deployment: Deployment
    let session: SignedIn
    let now: Int64

    func list(_ grants: [GrantedAuthorization]) -> ConnectedAppsPage {
        ConnectedAppsPage(
            frame: deployment.frame(session),
            apps: grants.map { grant in
                let view = AuthorizationView(grant, now: now)
                return ConnectedAppsPage.App(
                    url: url(view), name: view.clientName, monogram: Monogram.text(view.clientName), ownerName: grant.owner.name,
                    accounts: view.accounts.isEmpty ? "none" : view.accounts.map(\.name).joined(separator: ", "),
                    scopes: summary(view.scopes), grantedAt: ShownTime(view.createdAt), endsAt: view.expiresAt.map { ShownTime($0) },
                    lastUsedAt: view.lastUsedAt.map { ShownTime($0) }, lastUsedFrom: view.lastUsedAddress,
                    installations: view.installations.count == 1 ? "1 installation" : "\(view.installations.count) installations",
                    isPaused: grant.client.isFrozen)
            })
    }

    func one(_ grant: GrantedAuthorization, problem: String? = nil) -> AuthorizationPage {
        let view = AuthorizationView(grant, now: now)
        return AuthorizationPage(
            frame: deployment.frame(session), title: view.clientName, action: url(view), csrf: session.formToken.text,
            clientName: view.clientName,
            monogram: Monogram.text(view.clientName), ownerName: grant.owner.name, grantedAt: ShownTime(view.createdAt),
            endsAt: view.expiresAt.map { ShownTime($0) }, lastUsedAt: view.lastUsedAt.map { ShownTime($0) },
            lastUsedFrom: view.lastUsedAddress, problem: problem, scopes: scopes(view, grant.client),
            accounts: view.accounts.map { AuthorizationPage.Choice(value: $0.id.description, name: $0.name) }, devices: devices(view))
    }

    private func url(_ view: AuthorizationView) -> String { deployment.url("/connected-apps/\(view.id)") }

    private func summary(_ scopes: ScopeSet) -> String {
        let names = scopes.labels.map(words).map(\.name)
        let rest = names.count - 6
        return names.prefix(6).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private func scopes(_ view: AuthorizationView, _ client: Client) -> [AuthorizationPage.Choice] {
        view.scopes.labels.map { label in
            let (name, description) = words(label)
            return AuthorizationPage.Choice(
                value: label, name: name, description: description, isFixed: client.requires(label))
        }
    }

    private func words(_ label: String) -> (name: String, description: String) {
        if let entry = deployment.catalogue.current.catalogue.scope(label) { return (entry.name, entry.description) }
        return ScopeSet.protocolScopes.contains(label) ? ConsentOffer.words(forProtocolScope: label) : (label, "")
    }

    private func devices(_ view: AuthorizationView) -> [AuthorizationPage.Device] {
        view.installationGroups.map { group in
            AuthorizationPage.Device(
                name: DeviceName.text(group.userAgent), redirectURI: group.redirectURI,
                installations: group.installations.map { installation in
                    AuthorizationPage.Installation(
                        id: installation.id.description, createdAt: ShownTime(installation.createdAt),
                        lastUsedAt: installation.lastUsedAt.map { ShownTime($0) }, lastUsedFrom: installation.lastUsedAddress,
                        endsAt: ShownTime(installation.expiresAt))
                })
        }
    }
}

/// A browser and a system, as far as a `User-Agent` tells; else its first word.
enum DeviceName {
    static func text(_ userAgent: String) -> String {
        let browsers = [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]
        let systems = [
            ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Mac OS X", "Mac"), ("Windows", "Windows"), ("Linux", "Linux"),
        ]
        let browser = browsers.first { userAgent.contains($0.0) }?.1
        let system = systems.first { userAgent.contains($0.0) }?.1
        if let browser, let system { return "\(browser) on \(system)" }
        let first = userAgent.prefix { !$0.isWhitespace && $0 != "/" }
        return first.isEmpty ? "Unknown device" : String(first)
    }
}
