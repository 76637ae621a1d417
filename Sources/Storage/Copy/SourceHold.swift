import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Keeps everybody else from writing to a database, by a transaction of its own that stays open; reading goes on. When this process
/// ends, however it does, so does the transaction.
final class SourceHold: Sendable {
    private enum State {
        case waiting, held, over
    }

    private let database: any Database
    private let state = Mutex(State.waiting)

    /// Microseconds between two looks at whether it is over.
    private static let pause: UInt32 = 50_000
    /// So many looks apart the transaction says that it lives: databases end those that are silent.
    private static let sign = 20

    init(_ database: any Database) { self.database = database }

    /// Whether it was held all the time.
    var isHeld: Bool { state.withLock { $0 == .held } }

    /// - Throws: what the work throws; `StorageError.busy` where somebody else does not stop writing.
    func whileHeld<Result: Sendable>(_ work: () async throws -> Result) async throws -> Result {
        let holding = Task { [self] in
            defer { state.withLock { $0 = .over } }
            try await database.write { [self] db in
                // A driver that begins anew after a lost connection has let others in meanwhile.
                guard state.withLock({ $0 == .waiting }) else { throw StorageError.busy }
                if database.dialect == .postgreSQL {
                    try db.run(Self.lock, [])
                } else {
                    _ = try db.rows(Self.live, [])
                }
                state.withLock { if $0 == .waiting { $0 = .held } }
                var looks = 0
                while isHeld {
                    usleep(Self.pause)
                    looks += 1
                    if looks % Self.sign == 0 { _ = try db.rows(Self.live, []) }
                }
            }
        }
        while state.withLock({ $0 == .waiting }) { try await Task.sleep(for: .milliseconds(10)) }
        guard isHeld else {
            try await holding.value
            throw StorageError.busy
        }
        do {
            let result = try await work()
            state.withLock { $0 = .over }
            try await holding.value
            return result
        } catch {
            state.withLock { $0 = .over }
            _ = try? await holding.value
            throw error
        }
    }

    private static let live: StaticString = "SELECT 1 FROM migrations LIMIT 1"
    static let lock: StaticString = """
        LOCK TABLE accounts, users, roles, members, member_roles, clients, client_secrets, resource_servers, api_tokens,
        sessions, sign_in_attempts, authorization_requests, authorizations, authorization_accounts, consents,
        authorization_codes, token_families, revoked_tokens, keys, catalogues, events, client_proofs, invitations,
        event_accounts, event_seals, app_policies, app_policy_clients, app_requests, app_approvals, scope_risks,
        invitation_mails, client_usage, client_usage_hours, webhooks, webhook_deliveries, webhook_cursor, client_assertions,
        resources, event_receivers IN SHARE MODE
        """
}
