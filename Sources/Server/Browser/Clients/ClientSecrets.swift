import Delegation
import HTTPTypes
import Hummingbird
import OAuth

/// `/accounts/{account}/oauth-clients/{client}/secrets`: from an old secret to a new one, step by step.
struct ClientSecrets: Sendable {
    let deployment: Deployment

    /// Seconds: a secret that was used within them is in use.
    private static let recent: Int64 = 86_400

    func show(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        return .page(.ok, page(visit, try await visit.client()).html)
    }

    func change(_ exchange: Exchange) async throws -> Response {
        guard let visit = try await ClientVisit(exchange, deployment) else { return deployment.signInFirst(exchange) }
        let form = try await visit.form()
        try visit.requireManaging()
        let registered = try await visit.client()
        do {
            switch try? form.value("action") {
            case "rotate":
                let secret = try await visit.administration.rotateSecret(of: exchange.captures[1], in: exchange.captures[0])
                return .page(.ok, page(visit, try await visit.client(), newSecret: secret.reveal()).html)
            case "delete_old":
                if caution(registered, exchange.now) != nil, (try? form.value("sure")) != "1" {
                    let problem = "The old secret is still in use, so it was not deleted. Tick the box to delete it all the same."
                    return .page(.badRequest, page(visit, registered, problem: problem).html)
                }
                _ = try await visit.administration.deleteRotatedSecret(of: exchange.captures[1], in: exchange.captures[0])
                return .seeOther(visit.url(.secrets, of: registered.client) + "?deleted=1")
            default: throw ClientVisit.nothingChosen
            }
        } catch let problem as InvalidInput {
            let text = problem.problems.map(\.text).joined(separator: " ")
            return .page(.badRequest, page(visit, try await visit.client(), problem: text).html)
        }
    }

    private func page(
        _ visit: ClientVisit, _ registered: RegisteredClient, newSecret: String? = nil, problem: String? = nil
    ) -> ClientSecretsPage {
        let client = registered.client
        let now = visit.exchange.now
        let entries = registered.secrets.enumerated().map { index, secret in
            let isOld = registered.hasRotatedSecret && index == 0
            return ClientSecretsPage.Entry(
                role: isOld ? "The old secret" : registered.hasRotatedSecret ? "The new secret" : "The secret",
                madeAt: ShownTime(secret.createdAt), usedAt: secret.lastUsedAt.map { ShownTime($0) }, use: Self.use(secret, now),
                isRecent: isOld && secret.lastUsedAt.map { now - $0 < Self.recent } == true)
        }
        return ClientSecretsPage(
            frame: visit.frame(registered, at: .secrets), title: "Secrets · \(client.name)", action: visit.url(.secrets, of: client),
            csrf: visit.session.formToken.text, canManage: visit.canManage, isPublicClient: client.isPublicClient,
            hasOwnKeys: client.authenticationMethod == .privateKeyJWT, keepsSecret: client.keepsSecret, hasSecret: !entries.isEmpty,
            secrets: entries,
            newSecret: newSecret,
            isDeleted: problem == nil && (try? visit.exchange.queryParameters().value("deleted")) == "1" && !registered.hasRotatedSecret,
            isAtStart: !registered.hasRotatedSecret, isRotating: registered.hasRotatedSecret,
            caution: caution(registered, now), problem: problem)
    }

    /// Why the old secret had better stay for now.
    private func caution(_ registered: RegisteredClient, _ now: Int64) -> String? {
        guard registered.hasRotatedSecret, let old = registered.secrets.first, let new = registered.secrets.last else { return nil }
        if let used = old.lastUsedAt, now - used < Self.recent {
            return "The old secret was \(Self.use(old, now)). Whatever used it will be refused."
        }
        if new.lastUsedAt == nil, old.lastUsedAt != nil {
            return "The new secret was never used. Whatever has only the old one will be refused."
        }
        return nil
    }

    private static func use(_ secret: ClientSecret, _ now: Int64) -> String {
        guard let used = secret.lastUsedAt else { return "not used yet" }
        return switch now - used {
        case ..<60: "used less than a minute ago"
        case ..<3600: "used \(count((now - used) / 60, "minute")) ago"
        case ..<86_400: "used \(count((now - used) / 3600, "hour")) ago"
        default: "used \(count((now - used) / 86_400, "day")) ago"
        }
    }

    private static func count(_ number: Int64, _ noun: String) -> String { number == 1 ? "1 \(noun)" : "\(number) \(noun)s" }
}
