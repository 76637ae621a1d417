// The statements of `latchkey copy`, a table each. A migration that adds a table or a column changes them; `CopiedTablesTests` says how.

extension CopiedTable {
    /// Accounts, people, clients and what lives for minutes.
    static let beginnings: [CopiedTable] = [
        CopiedTable(
            name: "accounts", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM accounts",
            last: "SELECT id FROM accounts ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, reference, name, suspended_at, created_at FROM accounts WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO accounts (id, reference, name, suspended_at, created_at) VALUES ($1, $2, $3, $4, $5)
                """),
        CopiedTable(
            name: "users", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM users",
            last: "SELECT id FROM users ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, email, name, password_hash, disabled_at, created_at FROM users WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO users (id, email, name, password_hash, disabled_at, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                """),
        CopiedTable(
            name: "roles", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM roles",
            last: "SELECT id FROM roles ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, account_id, name, permissions FROM roles WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO roles (id, account_id, name, permissions) VALUES ($1, $2, $3, $4)
                """),
        CopiedTable(
            name: "members", keyColumns: [1, 2], start: [.text(""), .text("")],
            count: "SELECT COUNT(*) FROM members",
            last: "SELECT account_id, user_id FROM members ORDER BY account_id DESC, user_id DESC LIMIT 1",
            next: """
                SELECT id, account_id, user_id, created_at FROM members WHERE (account_id, user_id) > ($1, $2) ORDER BY account_id,
                user_id LIMIT $3
                """,
            insert: """
                INSERT INTO members (id, account_id, user_id, created_at) VALUES ($1, $2, $3, $4)
                """),
        CopiedTable(
            name: "member_roles", keyColumns: [0, 1, 2], start: [.text(""), .text(""), .text("")],
            count: "SELECT COUNT(*) FROM member_roles",
            last: """
                SELECT account_id, user_id, role_id FROM member_roles ORDER BY account_id DESC, user_id DESC, role_id DESC LIMIT 1
                """,
            next: """
                SELECT account_id, user_id, role_id FROM member_roles WHERE (account_id, user_id, role_id) > ($1, $2, $3) ORDER BY
                account_id, user_id, role_id LIMIT $4
                """,
            insert: """
                INSERT INTO member_roles (account_id, user_id, role_id) VALUES ($1, $2, $3)
                """),
        CopiedTable(
            name: "clients", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM clients",
            last: "SELECT id FROM clients ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                requires_pkce, is_platform_owned, created_at, updated_at, response_types, allowed_cors_origins, purposes, frozen_at,
                promoted_at, jwks FROM clients WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO clients (id, account_id, name, visibility, status, authentication_method, grant_types, redirect_uris,
                post_logout_redirect_uris, scopes, optional_scopes, client_uri, logo_uri, policy_uri, tos_uri, id_token_algorithm,
                requires_pkce, is_platform_owned, created_at, updated_at, response_types, allowed_cors_origins, purposes, frozen_at,
                promoted_at, jwks) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                $21, $22, $23, $24, $25, $26)
                """),
        CopiedTable(
            name: "client_secrets", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM client_secrets",
            last: "SELECT id FROM client_secrets ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, client_id, hash, number, created_at, last_used_at FROM client_secrets WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO client_secrets (id, client_id, hash, number, created_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6)
                """),
        CopiedTable(
            name: "resource_servers", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM resource_servers",
            last: "SELECT id FROM resource_servers ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, name, audience, secret_hash, created_at FROM resource_servers WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO resource_servers (id, name, audience, secret_hash, created_at) VALUES ($1, $2, $3, $4, $5)
                """),
        CopiedTable(
            name: "api_tokens", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM api_tokens",
            last: "SELECT id FROM api_tokens ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, user_id, account_id, name, hash, status, policies, allowed_addresses, denied_addresses, not_before,
                expires_at, created_at, modified_at, last_used_at, last_used_address FROM api_tokens WHERE id > $1 ORDER BY id LIMIT
                $2
                """,
            insert: """
                INSERT INTO api_tokens (id, user_id, account_id, name, hash, status, policies, allowed_addresses, denied_addresses,
                not_before, expires_at, created_at, modified_at, last_used_at, last_used_address) VALUES ($1, $2, $3, $4, $5, $6, $7,
                $8, $9, $10, $11, $12, $13, $14, $15)
                """),
        CopiedTable(
            name: "sessions", keyColumns: [0], start: [.blob([])],
            count: "SELECT COUNT(*) FROM sessions",
            last: "SELECT hash FROM sessions ORDER BY hash DESC LIMIT 1",
            next: """
                SELECT hash, id, user_id, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent FROM sessions
                WHERE hash > $1 ORDER BY hash LIMIT $2
                """,
            insert: """
                INSERT INTO sessions (hash, id, user_id, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """),
        CopiedTable(
            name: "sign_in_attempts", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM sign_in_attempts",
            last: "SELECT id FROM sign_in_attempts ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, subject, address, at, state FROM sign_in_attempts WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO sign_in_attempts (id, subject, address, at, state) VALUES ($1, $2, $3, $4, $5)
                """),
        CopiedTable(
            name: "authorization_requests", keyColumns: [0], start: [.blob([])],
            count: "SELECT COUNT(*) FROM authorization_requests",
            last: "SELECT hash FROM authorization_requests ORDER BY hash DESC LIMIT 1",
            next: """
                SELECT hash, browser_hash, client_id, request, created_at, expires_at, origin, size FROM authorization_requests WHERE
                hash > $1 ORDER BY hash LIMIT $2
                """,
            insert: """
                INSERT INTO authorization_requests (hash, browser_hash, client_id, request, created_at, expires_at, origin, size)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                """),
    ]
}
