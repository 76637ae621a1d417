import Hummingbird
import NIOHTTP1
import OAuth

/// What the app does with its permission.
extension DemoApp {
    func dashboard(_ request: Request) async throws -> Response {
        let (session, connection) = try await connectedSession(request)
        var accounts: [PilotDashboardView.Account] = []
        var problem: String?
        var canAsk = false
        switch await connection.call(.GET, "/accounts") {
        case .done(let json):
            for account in json["accounts"]?.arrayValue ?? [] {
                guard let id = account["id"]?.stringValue, let name = account["name"]?.stringValue else { continue }
                accounts.append(try await self.account(id, name, session, connection))
            }
        case .refused(let refusal):
            problem = refusal.text
            canAsk = await note(refusal, session)
        case .failed(let text): problem = text
        case .disconnected: throw await ended(session)
        }
        return answers.page(
            PilotDashboardView(
                notices: await session.takeNotices() + connection.takeNotices(), accounts: accounts, problem: problem,
                facts: await facts(connection), formToken: session.formToken, canAsk: canAsk))
    }

    private func account(
        _ id: String, _ name: String, _ session: PilotSession, _ connection: PilotConnection
    ) async throws -> PilotDashboardView.Account {
        var zones: [PilotDashboardView.Zone] = []
        var problem: String?
        switch await connection.call(.GET, "/accounts/\(id)/zones") {
        case .done(let json):
            zones = (json["zones"]?.arrayValue ?? []).compactMap { zone in
                guard let zoneID = zone["id"]?.stringValue, let zoneName = zone["name"]?.stringValue else { return nil }
                return .init(zoneID: zoneID, zoneName: zoneName, isPaused: zone["paused"]?.boolValue ?? false)
            }
        case .refused(let refusal): problem = refusal.text
        case .failed(let text): problem = text
        case .disconnected: throw await ended(session)
        }
        var workers: [String] = []
        // What was declined is not worth a call each time.
        if await connection.scope.contains("worker.read"), case .done(let json) = await connection.call(.GET, "/accounts/\(id)/workers") {
            workers = (json["workers"]?.arrayValue ?? []).compactMap { $0["name"]?.stringValue }
        }
        return .init(accountID: id, name: name, zones: zones, workers: workers, hasWorkers: !workers.isEmpty, problem: problem)
    }

    private func facts(_ connection: PilotConnection) async -> PilotTokenFacts {
        let granted = await connection.scope
        let refreshes: String
        switch await connection.refreshCount {
        case 0: refreshes = "not yet"
        case 1: refreshes = "once"
        case let count: refreshes = "\(count) times"
        }
        return PilotTokenFacts(
            granted: granted.labels, declined: server.scopes.subtracting(granted).labels, remaining: await connection.remaining,
            refreshes: refreshes)
    }

    func zone(_ request: Request, _ account: String, _ zone: String, problem: String? = nil) async throws -> Response {
        let (session, connection) = try await connectedSession(request)
        let path = "/accounts/\(account)/zones/\(zone)"
        let name: String
        let listed: JSON
        switch await connection.call(.GET, path) {
        case .done(let json): name = json["name"]?.stringValue ?? zone
        case let answer: return try await unsuccessful(answer, attempted: "Opening a zone", back: "/dashboard", session)
        }
        switch await connection.call(.GET, path + "/dns_records") {
        case .done(let json): listed = json
        case let answer: return try await unsuccessful(answer, attempted: "Listing DNS records", back: "/dashboard", session)
        }
        let records = (listed["dns_records"]?.arrayValue ?? []).compactMap { record -> PilotZoneView.Record? in
            guard let id = record["id"]?.stringValue, let type = record["type"]?.stringValue, let host = record["name"]?.stringValue,
                let content = record["content"]?.stringValue, let ttl = record["ttl"]?.integerValue
            else { return nil }
            return .init(recordID: id, type: type, host: host, content: content, ttl: ttl)
        }
        return answers.page(
            PilotZoneView(
                title: name, notices: await session.takeNotices() + connection.takeNotices(), accountID: account, zoneID: zone,
                records: records, formToken: session.formToken, problem: problem), problem == nil ? .ok : .badRequest)
    }

    func save(_ request: Request, _ account: String, _ zone: String, _ record: String) async throws -> Response {
        let (session, connection, fields) = try await submitted(request)
        let page = "/zones/\(account)/\(zone)"
        guard let content = try? fields.value("content"), let ttl = (try? fields.value("ttl")).flatMap({ Int64($0) }) else {
            return try await self.zone(request, account, zone, problem: "Give the record a content and a TTL in seconds.")
        }
        let change: JSON = ["content": .string(content), "ttl": .integer(ttl)]
        switch await connection.call(.PATCH, "/accounts/\(account)/zones/\(zone)/dns_records/\(record)", change) {
        case .done(let json):
            await session.tell("Saved \(json["type"]?.stringValue ?? "the record") \(json["name"]?.stringValue ?? "").")
            return PilotAnswers.redirect(to: page)
        case .refused(let refusal): return await refused(refusal, attempted: "Changing a DNS record", back: page, session)
        case .failed(let text): return try await self.zone(request, account, zone, problem: text)
        case .disconnected: throw await ended(session)
        }
    }

    func deploy(_ request: Request, _ account: String) async throws -> Response {
        let (session, connection, _) = try await submitted(request)
        let script: JSON = ["script": "export default { fetch: () => new Response('Hello from DNS Pilot') }"]
        switch await connection.call(.PUT, "/accounts/\(account)/workers/dns-pilot-redirects", script) {
        case .done(let json):
            await session.tell("Deployed the worker dns-pilot-redirects, version \(json["version"]?.integerValue ?? 1).")
            return PilotAnswers.redirect(to: "/dashboard")
        case .refused(let refusal): return await refused(refusal, attempted: "Deploying a worker", back: "/dashboard", session)
        case .failed(let text):
            await session.tell(text)
            return PilotAnswers.redirect(to: "/dashboard")
        case .disconnected: throw await ended(session)
        }
    }

    /// The page for a call that brought nothing to show.
    private func unsuccessful(_ answer: PilotAnswer, attempted: String, back: String, _ session: PilotSession) async throws -> Response {
        switch answer {
        case .refused(let refusal): return await refused(refusal, attempted: attempted, back: back, session)
        case .failed(let text): return answers.message(.badGateway, "\(attempted) did not work", text, offersConnection: false)
        case .disconnected: throw await ended(session)
        case .done: return PilotAnswers.redirect(to: back)
        }
    }

    private func refused(_ refusal: PilotRefusal, attempted: String, back: String, _ session: PilotSession) async -> Response {
        let canAsk = await note(refusal, session)
        return answers.page(PilotRefusalView(refusal, attempted: attempted, canAsk: canAsk, back: back), .forbidden)
    }

    /// - Returns: whether the user can be asked for what is missing.
    private func note(_ refusal: PilotRefusal, _ session: PilotSession) async -> Bool {
        await session.note(refusal)
        return refusal.authorizeURL.flatMap(server.wanted(by:)) != nil
    }
}
