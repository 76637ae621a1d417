// The statements of `latchkey copy`, a table each. A migration that adds a table or a column changes them; `CopiedTablesTests` says how.

extension CopiedTable {
    /// Authorizations, tokens, events and all that belongs to them.
    static let grants: [CopiedTable] = [
        CopiedTable(
            name: "authorizations", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM authorizations",
            last: "SELECT id FROM authorizations ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address, ended_at FROM
                authorizations WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO authorizations (id, user_id, client_id, scopes, created_at, expires_at, last_used_at, last_used_address,
                ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """),
        CopiedTable(
            name: "authorization_accounts", keyColumns: [0, 1], start: [.text(""), .text("")],
            count: "SELECT COUNT(*) FROM authorization_accounts",
            last: """
                SELECT authorization_id, account_id FROM authorization_accounts ORDER BY authorization_id DESC, account_id DESC LIMIT
                1
                """,
            next: """
                SELECT authorization_id, account_id, resources FROM authorization_accounts WHERE (authorization_id, account_id) > ($1,
                $2) ORDER BY authorization_id, account_id LIMIT $3
                """,
            insert: """
                INSERT INTO authorization_accounts (authorization_id, account_id, resources) VALUES ($1, $2, $3)
                """),
        CopiedTable(
            name: "consents", keyColumns: [0, 4], start: [.text(""), .integer(.min)],
            count: "SELECT COUNT(*) FROM consents",
            last: "SELECT authorization_id, position FROM consents ORDER BY authorization_id DESC, position DESC LIMIT 1",
            next: """
                SELECT authorization_id, scopes, accounts, expires_at, position, resources FROM consents WHERE (authorization_id,
                position) > ($1, $2) ORDER BY authorization_id, position LIMIT $3
                """,
            insert: """
                INSERT INTO consents (authorization_id, scopes, accounts, expires_at, position, resources) VALUES ($1, $2, $3, $4, $5,
                $6)
                """),
        CopiedTable(
            name: "authorization_codes", keyColumns: [0], start: [.blob([])],
            count: "SELECT COUNT(*) FROM authorization_codes",
            last: "SELECT hash FROM authorization_codes ORDER BY hash DESC LIMIT 1",
            next: """
                SELECT hash, authorization_id, code, expires_at, used_at, family_id FROM authorization_codes WHERE hash > $1 ORDER BY
                hash LIMIT $2
                """,
            insert: """
                INSERT INTO authorization_codes (hash, authorization_id, code, expires_at, used_at, family_id) VALUES ($1, $2, $3, $4,
                $5, $6)
                """),
        CopiedTable(
            name: "token_families", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM token_families",
            last: "SELECT id FROM token_families ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, authorization_id, installation_id, original_scopes, scopes, accounts, generation, created_at, expires_at,
                idle_expires_at, rotated_at, revoked_at, last_used_at, last_used_address, redirect_uri, user_agent, authenticated_at,
                audience, resources FROM token_families WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO token_families (id, authorization_id, installation_id, original_scopes, scopes, accounts, generation,
                created_at, expires_at, idle_expires_at, rotated_at, revoked_at, last_used_at, last_used_address, redirect_uri,
                user_agent, authenticated_at, audience, resources) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
                $14, $15, $16, $17, $18, $19)
                """),
        CopiedTable(
            name: "revoked_tokens", keyColumns: [0, 1], start: [.text(""), .integer(.min)],
            count: "SELECT COUNT(*) FROM revoked_tokens",
            last: "SELECT family_id, token_id FROM revoked_tokens ORDER BY family_id DESC, token_id DESC LIMIT 1",
            next: """
                SELECT family_id, token_id, expires_at FROM revoked_tokens WHERE (family_id, token_id) > ($1, $2) ORDER BY family_id,
                token_id LIMIT $3
                """,
            insert: """
                INSERT INTO revoked_tokens (family_id, token_id, expires_at) VALUES ($1, $2, $3)
                """),
        CopiedTable(
            name: "keys", keyColumns: [0], start: [.integer(.min)],
            count: "SELECT COUNT(*) FROM keys",
            last: "SELECT id FROM keys ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, purpose, algorithm, sealed, active_from, retired_at, created_at FROM keys WHERE id > $1 ORDER BY id LIMIT
                $2
                """,
            insert: """
                INSERT INTO keys (id, purpose, algorithm, sealed, active_from, retired_at, created_at) VALUES ($1, $2, $3, $4, $5, $6,
                $7)
                """),
        CopiedTable(
            name: "catalogues", keyColumns: [0], start: [.integer(.min)],
            count: "SELECT COUNT(*) FROM catalogues",
            last: "SELECT id FROM catalogues ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, imported_at, source, digest, content FROM catalogues WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO catalogues (id, imported_at, source, digest, content) VALUES ($1, $2, $3, $4, $5)
                """),
        CopiedTable(
            name: "events", keyColumns: [0], start: [.integer(.min)],
            count: "SELECT COUNT(*) FROM events",
            last: "SELECT sequence FROM events ORDER BY sequence DESC LIMIT 1",
            next: """
                SELECT sequence, at, kind, actor_id, actor_token_id, actor_client_id, address, user_agent, client_id, user_id,
                account_id, authorization_id, installation_id, details FROM events WHERE sequence > $1 ORDER BY sequence LIMIT $2
                """,
            insert: """
                INSERT INTO events (sequence, at, kind, actor_id, actor_token_id, actor_client_id, address, user_agent, client_id,
                user_id, account_id, authorization_id, installation_id, details) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                $12, $13, $14)
                """),
        CopiedTable(
            name: "client_proofs", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM client_proofs",
            last: "SELECT client_id FROM client_proofs ORDER BY client_id DESC LIMIT 1",
            next: """
                SELECT client_id, host, value, status, text, started_at, attempts, checked_at, next_check_at, claimed_until FROM
                client_proofs WHERE client_id > $1 ORDER BY client_id LIMIT $2
                """,
            insert: """
                INSERT INTO client_proofs (client_id, host, value, status, text, started_at, attempts, checked_at, next_check_at,
                claimed_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """),
        CopiedTable(
            name: "invitations", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM invitations",
            last: "SELECT id FROM invitations ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, account_id, email, role_ids, hash, created_at, expires_at FROM invitations WHERE id > $1 ORDER BY id LIMIT
                $2
                """,
            insert: """
                INSERT INTO invitations (id, account_id, email, role_ids, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5,
                $6, $7)
                """),
        CopiedTable(
            name: "event_accounts", keyColumns: [0, 1, 2], start: [.text(""), .integer(.min), .integer(.min)],
            count: "SELECT COUNT(*) FROM event_accounts",
            last: "SELECT account_id, at, sequence FROM event_accounts ORDER BY account_id DESC, at DESC, sequence DESC LIMIT 1",
            next: """
                SELECT account_id, at, sequence, shows_person FROM event_accounts WHERE (account_id, at, sequence) > ($1, $2, $3)
                ORDER BY account_id, at, sequence LIMIT $4
                """,
            insert: """
                INSERT INTO event_accounts (account_id, at, sequence, shows_person) VALUES ($1, $2, $3, $4)
                """),
        CopiedTable(
            name: "event_seals", keyColumns: [0], start: [.integer(.min)],
            count: "SELECT COUNT(*) FROM event_seals",
            last: "SELECT number FROM event_seals ORDER BY number DESC LIMIT 1",
            next: """
                SELECT number, first_sequence, last_sequence, count, sealed_at, key_id, digests, previous, hash, mac FROM event_seals
                WHERE number > $1 ORDER BY number LIMIT $2
                """,
            insert: """
                INSERT INTO event_seals (number, first_sequence, last_sequence, count, sealed_at, key_id, digests, previous, hash,
                mac) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """),
        CopiedTable(
            name: "app_policies", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM app_policies",
            last: "SELECT account_id FROM app_policies ORDER BY account_id DESC LIMIT 1",
            next: """
                SELECT account_id, mode, longest_lifetime, guarded_scopes, guarded_risks, is_audit_only, updated_at FROM app_policies
                WHERE account_id > $1 ORDER BY account_id LIMIT $2
                """,
            insert: """
                INSERT INTO app_policies (account_id, mode, longest_lifetime, guarded_scopes, guarded_risks, is_audit_only,
                updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
                """),
        CopiedTable(
            name: "app_policy_clients", keyColumns: [0, 1], start: [.text(""), .text("")],
            count: "SELECT COUNT(*) FROM app_policy_clients",
            last: "SELECT account_id, client_id FROM app_policy_clients ORDER BY account_id DESC, client_id DESC LIMIT 1",
            next: """
                SELECT account_id, client_id, rule FROM app_policy_clients WHERE (account_id, client_id) > ($1, $2) ORDER BY
                account_id, client_id LIMIT $3
                """,
            insert: """
                INSERT INTO app_policy_clients (account_id, client_id, rule) VALUES ($1, $2, $3)
                """),
        CopiedTable(
            name: "app_requests", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM app_requests",
            last: "SELECT id FROM app_requests ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at, decided_by, answer FROM
                app_requests WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO app_requests (id, account_id, user_id, client_id, scopes, reason, status, created_at, decided_at,
                decided_by, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
                """),
        CopiedTable(
            name: "app_approvals", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM app_approvals",
            last: "SELECT id FROM app_approvals ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, account_id, client_id, user_id, scopes, approved_at, approved_by FROM app_approvals WHERE id > $1 ORDER BY
                id LIMIT $2
                """,
            insert: """
                INSERT INTO app_approvals (id, account_id, client_id, user_id, scopes, approved_at, approved_by) VALUES ($1, $2, $3,
                $4, $5, $6, $7)
                """),
        CopiedTable(
            name: "scope_risks", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM scope_risks",
            last: "SELECT label FROM scope_risks ORDER BY label DESC LIMIT 1",
            next: """
                SELECT label, risk FROM scope_risks WHERE label > $1 ORDER BY label LIMIT $2
                """,
            insert: """
                INSERT INTO scope_risks (label, risk) VALUES ($1, $2)
                """),
        CopiedTable(
            name: "invitation_mails", keyColumns: [0], start: [.blob([])],
            count: "SELECT COUNT(*) FROM invitation_mails",
            last: "SELECT hash FROM invitation_mails ORDER BY hash DESC LIMIT 1",
            next: """
                SELECT hash, recipient, inviter, at FROM invitation_mails WHERE hash > $1 ORDER BY hash LIMIT $2
                """,
            insert: """
                INSERT INTO invitation_mails (hash, recipient, inviter, at) VALUES ($1, $2, $3, $4)
                """),
        CopiedTable(
            name: "client_usage", keyColumns: [0, 1, 2, 3], start: [.text(""), .integer(.min), .text(""), .text("")],
            count: "SELECT COUNT(*) FROM client_usage",
            last: """
                SELECT client_id, day, kind, label FROM client_usage ORDER BY client_id DESC, day DESC, kind DESC, label DESC LIMIT 1
                """,
            next: """
                SELECT client_id, day, kind, label, count FROM client_usage WHERE (client_id, day, kind, label) > ($1, $2, $3, $4)
                ORDER BY client_id, day, kind, label LIMIT $5
                """,
            insert: """
                INSERT INTO client_usage (client_id, day, kind, label, count) VALUES ($1, $2, $3, $4, $5)
                """),
        CopiedTable(
            name: "client_usage_hours", keyColumns: [0, 1], start: [.text(""), .integer(.min)],
            count: "SELECT COUNT(*) FROM client_usage_hours",
            last: "SELECT client_id, hour FROM client_usage_hours ORDER BY client_id DESC, hour DESC LIMIT 1",
            next: """
                SELECT client_id, hour, calls FROM client_usage_hours WHERE (client_id, hour) > ($1, $2) ORDER BY client_id, hour
                LIMIT $3
                """,
            insert: """
                INSERT INTO client_usage_hours (client_id, hour, calls) VALUES ($1, $2, $3)
                """),
        CopiedTable(
            name: "webhooks", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM webhooks",
            last: "SELECT id FROM webhooks ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, client_id, url, kinds, secret, previous_secret, previous_until, since_sequence, disabled_at,
                disabled_reason, failing_since, tested_at, created_at, updated_at FROM webhooks WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO webhooks (id, client_id, url, kinds, secret, previous_secret, previous_until, since_sequence, disabled_at,
                disabled_reason, failing_since, tested_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                $11, $12, $13, $14)
                """),
        CopiedTable(
            name: "webhook_deliveries", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM webhook_deliveries",
            last: "SELECT id FROM webhook_deliveries ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, webhook_id, account_id, event_sequence, kind, payload, status, attempts, created_at, last_attempt_at,
                next_attempt_at, leased_until, response_status, response_body, problem FROM webhook_deliveries WHERE id > $1 ORDER BY
                id LIMIT $2
                """,
            insert: """
                INSERT INTO webhook_deliveries (id, webhook_id, account_id, event_sequence, kind, payload, status, attempts,
                created_at, last_attempt_at, next_attempt_at, leased_until, response_status, response_body, problem) VALUES ($1, $2,
                $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
                """),
        CopiedTable(
            name: "webhook_cursor", keyColumns: [0], start: [.integer(.min)],
            count: "SELECT COUNT(*) FROM webhook_cursor",
            last: "SELECT id FROM webhook_cursor ORDER BY id DESC LIMIT 1",
            next: """
                SELECT id, sequence FROM webhook_cursor WHERE id > $1 ORDER BY id LIMIT $2
                """,
            insert: """
                INSERT INTO webhook_cursor (id, sequence) VALUES ($1, $2)
                """),
        CopiedTable(
            name: "client_assertions", keyColumns: [0], start: [.blob([])],
            count: "SELECT COUNT(*) FROM client_assertions",
            last: "SELECT hash FROM client_assertions ORDER BY hash DESC LIMIT 1",
            next: """
                SELECT hash, expires_at FROM client_assertions WHERE hash > $1 ORDER BY hash LIMIT $2
                """,
            insert: """
                INSERT INTO client_assertions (hash, expires_at) VALUES ($1, $2)
                """),
        CopiedTable(
            name: "resources", keyColumns: [0, 1, 2], start: [.text(""), .text(""), .text("")],
            count: "SELECT COUNT(*) FROM resources",
            last: "SELECT account_id, type, id FROM resources ORDER BY account_id DESC, type DESC, id DESC LIMIT 1",
            next: """
                SELECT account_id, type, id, name, folded, created_at FROM resources WHERE (account_id, type, id) > ($1, $2, $3) ORDER
                BY account_id, type, id LIMIT $4
                """,
            insert: """
                INSERT INTO resources (account_id, type, id, name, folded, created_at) VALUES ($1, $2, $3, $4, $5, $6)
                """),
        CopiedTable(
            name: "event_receivers", keyColumns: [0], start: [.text("")],
            count: "SELECT COUNT(*) FROM event_receivers",
            last: "SELECT resource_server_id FROM event_receivers ORDER BY resource_server_id DESC LIMIT 1",
            next: """
                SELECT resource_server_id, url, sequence, attempts, next_attempt_at, leased_until, failing_since, problem, created_at,
                updated_at FROM event_receivers WHERE resource_server_id > $1 ORDER BY resource_server_id LIMIT $2
                """,
            insert: """
                INSERT INTO event_receivers (resource_server_id, url, sequence, attempts, next_attempt_at, leased_until, failing_since,
                problem, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                """),
    ]
}
