import Delegation
import OAuth
import Storage

extension AuthorizationView {
    init(_ grant: GrantedAuthorization, now: Int64, policyEnd: (TokenFamily) -> Int64? = { _ in nil }) {
        self.init(
            grant.authorization, client: grant.client, accounts: grant.accounts, families: grant.families, now: now, policyEnd: policyEnd)
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

    func list(_ grants: [GrantedAuthorization]) async throws -> ConnectedAppsPage {
        let reach = try await ResourceFields(deployment: deployment).words(grants.map(\.authorization.resources))
        return ConnectedAppsPage(
            frame: deployment.frame(session),
            apps: grants.map { grant in
                let view = AuthorizationView(grant, now: now)
                return ConnectedAppsPage.App(
                    url: url(view), name: view.clientName, monogram: Monogram.text(view.clientName), ownerName: grant.owner.name,
                    accounts: view.accounts.isEmpty
                        ? "none"
                        : view.accounts.map { account in
                            account.name + (reach(view.resources, account.id).map { " (\($0))" } ?? "")
                        }.joined(separator: ", "),
                    scopes: summary(view.scopes), grantedAt: ShownTime(view.createdAt), endsAt: view.expiresAt.map { ShownTime($0) },
                    lastUsedAt: view.lastUsedAt.map { ShownTime($0) }, lastUsedFrom: view.lastUsedAddress,
                    installations: view.installations.count == 1 ? "1 installation" : "\(view.installations.count) installations",
                    isPaused: grant.client.isFrozen)
            })
    }

    /// - Parameter form: choices that were posted and not taken.
    func one(_ grant: GrantedAuthorization, form: Parameters? = nil, problem: String? = nil) async throws -> AuthorizationPage {
        let view = AuthorizationView(grant, now: now)
        let types = deployment.catalogue.current.catalogue.resourceTypes(of: view.scopes)
        let fields = try await ResourceFields(deployment: deployment).fields(
            view.accounts.map { ($0.id, $0.name) }, chosen: Set(view.accounts.map(\.id)), types: types,
            selection: form.map { ResourceSelection($0) } ?? ResourceSelection(view.resources), form: form)
        return AuthorizationPage(
            frame: deployment.frame(session), title: view.clientName, action: url(view), csrf: session.formToken.text,
            // What is not taken yet still says what it was chosen from.
            shownResources: form.map { (try? $0.value("shown_resources")) ?? "" } ?? grant.authorization.resources.digest,
            clientName: view.clientName,
            monogram: Monogram.text(view.clientName), ownerName: grant.owner.name, grantedAt: ShownTime(view.createdAt),
            endsAt: view.expiresAt.map { ShownTime($0) }, lastUsedAt: view.lastUsedAt.map { ShownTime($0) },
            lastUsedFrom: view.lastUsedAddress, problem: problem, scopes: scopes(view, grant.client, form),
            accounts: view.accounts.map { account in
                AuthorizationPage.Choice(
                    value: account.id.description, name: account.name,
                    isChecked: form.map { $0.all("account").contains(account.id.description) } ?? true,
                    resourceFields: fields[account.id] ?? [])
            }, devices: devices(view))
    }

    private func url(_ view: AuthorizationView) -> String { deployment.url("/connected-apps/\(view.id)") }

    private func summary(_ scopes: ScopeSet) -> String {
        let names = scopes.labels.map(words).map(\.name)
        let rest = names.count - 6
        return names.prefix(6).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }

    private func scopes(_ view: AuthorizationView, _ client: Client, _ form: Parameters?) -> [AuthorizationPage.Choice] {
        view.scopes.labels.map { label in
            let (name, description) = words(label)
            return AuthorizationPage.Choice(
                value: label, name: name, description: description, isFixed: client.requires(label),
                isChecked: form.map { $0.all("scope").contains(label) } ?? true)
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
