/// The tables that hold what is kept, each behind those that it refers to. `migrations` is not among them: it tells of the database,
/// not of what is in it; nor are `leases`, which tell of running processes, and `event_order`, which PostgreSQL has and which never has
/// a row.
public enum Tables {
    public static let all: [String] = [
        "accounts", "users", "roles", "members", "member_roles", "clients", "client_secrets", "resource_servers", "api_tokens", "sessions",
        "sign_in_attempts", "authorization_requests", "authorizations", "authorization_accounts", "consents", "authorization_codes",
        "token_families", "revoked_tokens", "keys", "catalogues", "events", "client_proofs", "invitations", "event_accounts", "event_seals",
        "app_policies", "app_policy_clients", "app_requests", "app_approvals", "scope_risks", "invitation_mails", "client_usage",
        "client_usage_hours", "webhooks", "webhook_deliveries", "webhook_cursor", "client_assertions", "resources", "event_receivers",
    ]
}
