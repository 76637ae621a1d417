import Hummingbird
import ResourceServer

/// Two routes: one for anybody with a token, and one that needs a scope in the account that its path names.
func addRoutes(_ router: Router<ServiceContext>) {
    router.get("/me") { _, context -> [String: String] in
        let caller = context.caller
        return ["user": caller?.user ?? "", "client": caller?.client ?? "", "scope": caller.map { "\($0.scope)" } ?? ""]
    }
    router.group("/accounts/:account_id/workers")
        .add(middleware: RequireScope("worker.read", accountParameter: "account_id"))
        .get { _, context in ["account": context.parameters.get("account_id") ?? "", "worker": "resize-images"] }
}
