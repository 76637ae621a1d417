import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OAuth
import ResourceServer

/// The demo's protected API: it knows nothing of tokens and leaves that to the check in front of it.
struct DemoAPI: Sendable {
    private let internalOrigin: String
    private let cloud: Cloud
    private let httpClient: HTTPClient

    /// - Parameters:
    ///   - internalOrigin: Latchkey's internal listener.
    ///   - accounts: who has things in this cloud, by the ids that Latchkey knows them by.
    init(internalOrigin: String, accounts: [(id: String, name: String)], httpClient: HTTPClient) {
        self.internalOrigin = internalOrigin
        cloud = Cloud(accounts: accounts)
        self.httpClient = httpClient
    }

    /// A service that listens on 127.0.0.1.
    /// - Parameters:
    ///   - port: 0 picks a free one.
    ///   - whenListening: gets the port.
    func application(
        port: Int, logger: Logger, whenListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        Application(
            router: router(), configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in await whenListening(channel.localAddress?.port ?? port) }, logger: logger)
    }

    private func router() -> Router<CloudContext> {
        let router = Router(context: CloudContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: CloudErrors())
        router.add(middleware: GatewayCheck(internalOrigin: internalOrigin, client: httpClient))
        router.get("/status") { _, _ in CloudAnswer.json(["status": "up"]) }
        // Without an account in the path, what was granted decides what there is to see.
        router.get("/accounts") { _, context in
            CloudAnswer.json(["accounts": cloud.accounts(among: context.caller?.accounts ?? [])])
        }
        let account = router.group("/accounts/:account_id")
        account.get { _, context in CloudAnswer.json(try cloud.account(context.account)) }
        addZoneRoutes(account)
        addRecordRoutes(account.group("/zones/:zone_id/dns_records"))
        addWorkerRoutes(account.group("/workers"))
        return router
    }

    private func addZoneRoutes(_ account: RouterGroup<CloudContext>) {
        account.get("/zones") { _, context in
            let (account, reach) = (context.account, context.caller?.resources)
            return CloudAnswer.json(["zones": try cloud.zones(account) { reach?.allows("zone", $0, in: account) ?? false }])
        }
        account.post("/zones") { request, context in
            // Whoever may touch some zones alone could not even see the new one.
            if context.caller?.resources.isNarrowed("zone", in: context.account) != false {
                throw CloudProblem.notAllowed("The user chose some zones for this app, so it adds none.")
            }
            return CloudAnswer.json(try cloud.addZone(context.account, try await CloudAnswer.body(request)), .created)
        }
        account.get("/zones/:zone_id") { _, context in
            CloudAnswer.json(try cloud.zone(context.account, try context.part("zone_id")))
        }
        account.patch("/zones/:zone_id") { request, context in
            CloudAnswer.json(
                try cloud.changeZone(context.account, try context.part("zone_id"), try await CloudAnswer.body(request)))
        }
    }

    private func addRecordRoutes(_ records: RouterGroup<CloudContext>) {
        records.get { _, context in
            CloudAnswer.json(["dns_records": try cloud.records(context.account, zone: try context.part("zone_id"))])
        }
        records.post { request, context in
            CloudAnswer.json(
                try cloud.addRecord(context.account, zone: try context.part("zone_id"), try await CloudAnswer.body(request)), .created)
        }
        records.get(":record_id") { _, context in
            CloudAnswer.json(
                try cloud.record(context.account, zone: try context.part("zone_id"), try context.part("record_id")))
        }
        records.patch(":record_id") { request, context in
            CloudAnswer.json(
                try cloud.changeRecord(
                    context.account, zone: try context.part("zone_id"), try context.part("record_id"), try await CloudAnswer.body(request)))
        }
        records.delete(":record_id") { _, context in
            CloudAnswer.json(
                try cloud.deleteRecord(context.account, zone: try context.part("zone_id"), try context.part("record_id")))
        }
    }

    private func addWorkerRoutes(_ workers: RouterGroup<CloudContext>) {
        workers.get { _, context in CloudAnswer.json(["workers": try cloud.workers(context.account)]) }
        workers.get(":worker_name") { _, context in
            CloudAnswer.json(try cloud.worker(context.account, try context.part("worker_name")))
        }
        workers.put(":worker_name") { request, context in
            CloudAnswer.json(
                try cloud.deployWorker(context.account, try context.part("worker_name"), try await CloudAnswer.body(request)))
        }
        workers.delete(":worker_name") { _, context in
            CloudAnswer.json(try cloud.deleteWorker(context.account, try context.part("worker_name")))
        }
    }
}

/// What travels with a request to the cloud.
struct CloudContext: GatewayCheckContext {
    var coreContext: CoreRequestContextStorage
    var caller: VerifiedCaller?

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
    }

    /// The account that the check decided about. Where the catalogue in force is another than this API's own, the
    /// check may have decided about none; then nothing is found.
    var account: String {
        guard let named = parameters.get("account_id"), let caller, caller.accounts == [named] else { return "" }
        return named
    }

    func part(_ name: String) throws(CloudProblem) -> String {
        guard let value = parameters.get(name) else { throw .notFound("There is nothing here.") }
        return value
    }
}

/// Everything that is thrown becomes JSON of one form.
private struct CloudErrors: RouterMiddleware {
    func handle(
        _ request: Request, context: CloudContext, next: (Request, CloudContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch CloudProblem.notFound(let text) {
            return CloudAnswer.error(.notFound, "not_found", text)
        } catch CloudProblem.notAllowed(let text) {
            return CloudAnswer.error(.forbidden, "insufficient_scope", text)
        } catch CloudProblem.invalid(let text) {
            return CloudAnswer.error(.badRequest, "invalid_request", text)
        } catch CloudProblem.full(let text) {
            return CloudAnswer.error(.conflict, "limit_reached", text)
        } catch is NIOTooManyBytesError {
            return CloudAnswer.error(.contentTooLarge, "too_large", "The body is larger than \(CloudAnswer.maximumBody) bytes.")
        } catch let error as HTTPError {
            let isMissing = error.status == .notFound
            return CloudAnswer.error(
                error.status, isMissing ? "not_found" : "invalid_request",
                isMissing ? "There is nothing here." : "The request cannot be read.")
        }
    }
}

private enum CloudAnswer {
    /// Bytes.
    static let maximumBody = 64 * 1024

    static func json(_ body: JSON, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(bytes: body.bytes)))
    }

    static func error(_ status: HTTPResponse.Status, _ code: String, _ description: String) -> Response {
        json(["error": .string(code), "error_description": .string(description)], status)
    }

    static func body(_ request: Request) async throws -> JSON {
        let buffer = try await request.body.collect(upTo: maximumBody)
        do {
            return try JSON(parsing: buffer.readableBytesView)
        } catch {
            throw CloudProblem.invalid("The body is no JSON: \(error.description).")
        }
    }
}
