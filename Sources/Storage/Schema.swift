/// The tables. A migration that was released is never changed; the next one is added behind it.
extension Migrations {
    static let all: [Migration] = [
        Migration(
            number: 1, name: "accounts, users, clients",
            sql: """
                CREATE TABLE accounts (
                    id TEXT PRIMARY KEY, reference TEXT UNIQUE, name TEXT NOT NULL CHECK (name <> ''), suspended_at BIGINT,
                    created_at BIGINT NOT NULL);
                CREATE TABLE users (
                    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE CHECK (email <> ''), name TEXT NOT NULL, password_hash TEXT NOT NULL,
                    disabled_at BIGINT, created_at BIGINT NOT NULL);
                CREATE TABLE roles (
                    id TEXT PRIMARY KEY, account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE, name TEXT NOT NULL,
                    permissions TEXT NOT NULL);
                CREATE UNIQUE INDEX roles_by_name ON roles (COALESCE(account_id, ''), name);
                CREATE TABLE members (
                    id TEXT NOT NULL UNIQUE, account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE, created_at BIGINT NOT NULL,
                    PRIMARY KEY (account_id, user_id));
                CREATE INDEX members_by_user ON members (user_id);
                CREATE TABLE member_roles (
                    account_id TEXT NOT NULL, user_id TEXT NOT NULL, role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
                    PRIMARY KEY (account_id, user_id, role_id),
                    FOREIGN KEY (account_id, user_id) REFERENCES members (account_id, user_id) ON DELETE CASCADE);
                CREATE TABLE clients (
                    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), name TEXT NOT NULL CHECK (name <> ''),
                    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'public')),
                    status TEXT NOT NULL CHECK (status IN ('active', 'suspended')), authentication_method TEXT NOT NULL,
                    grant_types TEXT NOT NULL, redirect_uris TEXT NOT NULL, post_logout_redirect_uris TEXT NOT NULL, scopes TEXT NOT NULL,
                    optional_scopes TEXT NOT NULL, client_uri TEXT, logo_uri TEXT, policy_uri TEXT, tos_uri TEXT,
                    id_token_algorithm TEXT NOT NULL, requires_pkce BIGINT NOT NULL, is_platform_owned BIGINT NOT NULL,
                    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, response_types TEXT NOT NULL,
                    allowed_cors_origins TEXT NOT NULL, purposes TEXT NOT NULL, frozen_at BIGINT, promoted_at BIGINT);
                CREATE INDEX clients_by_account ON clients (account_id);
                CREATE TABLE client_secrets (
                    id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE, hash BLOB NOT NULL UNIQUE,
                    number BIGINT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT, UNIQUE (client_id, number));
                CREATE TABLE resource_servers (
                    id TEXT PRIMARY KEY, name TEXT NOT NULL CHECK (name <> ''), audience TEXT, secret_hash BLOB NOT NULL,
                    created_at BIGINT NOT NULL);
                CREATE TABLE api_tokens (
                    id TEXT PRIMARY KEY, user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
                    account_id TEXT REFERENCES accounts (id) ON DELETE CASCADE, name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,
                    status TEXT NOT NULL CHECK (status IN ('active', 'disabled')), policies TEXT NOT NULL,
                    allowed_addresses TEXT NOT NULL, denied_addresses TEXT NOT NULL, not_before BIGINT, expires_at BIGINT,
                    created_at BIGINT NOT NULL, modified_at BIGINT NOT NULL, last_used_at BIGINT, last_used_address TEXT,
                    CHECK ((user_id IS NULL) <> (account_id IS NULL)));
                CREATE INDEX api_tokens_by_user ON api_tokens (user_id);
                CREATE INDEX api_tokens_by_account ON api_tokens (account_id);
                """),
        Migration(
            number: 2, name: "sessions, requests, codes",
            sql: """
                CREATE TABLE sessions (
                    hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                    created_at BIGINT NOT NULL, last_seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL,
                    authenticated_at BIGINT NOT NULL, address TEXT NOT NULL, user_agent TEXT NOT NULL);
                CREATE INDEX sessions_by_user ON sessions (user_id);
                CREATE INDEX sessions_by_end ON sessions (expires_at);
                CREATE TABLE sign_in_attempts (
                    id TEXT PRIMARY KEY, subject BLOB NOT NULL, address TEXT NOT NULL, at BIGINT NOT NULL,
                    state TEXT NOT NULL CHECK (state IN ('pending', 'failed')));
                CREATE INDEX sign_in_attempts_by_subject ON sign_in_attempts (subject, at);
                CREATE INDEX sign_in_attempts_by_address ON sign_in_attempts (address, at);
                CREATE TABLE authorization_requests (
                    hash BLOB PRIMARY KEY, browser_hash BLOB NOT NULL, client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
                    request TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL);
                CREATE INDEX authorization_requests_by_end ON authorization_requests (expires_at);
                CREATE TABLE authorizations (
                    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, client_id TEXT NOT NULL, scopes TEXT NOT NULL, created_at BIGINT NOT NULL,
                    expires_at BIGINT, last_used_at BIGINT, last_used_address TEXT, ended_at BIGINT);
                CREATE UNIQUE INDEX authorizations_in_force ON authorizations (user_id, client_id) WHERE ended_at IS NULL;
                CREATE INDEX authorizations_by_client ON authorizations (client_id) WHERE ended_at IS NULL;
                CREATE INDEX authorizations_by_end ON authorizations (ended_at) WHERE ended_at IS NOT NULL;
                CREATE INDEX authorizations_by_expiry ON authorizations (expires_at) WHERE expires_at IS NOT NULL;
                CREATE TABLE authorization_accounts (
                    authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE, account_id TEXT NOT NULL,
                    PRIMARY KEY (authorization_id, account_id));
                CREATE INDEX authorization_accounts_by_account ON authorization_accounts (account_id);
                CREATE TABLE consents (
                    authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE, scopes TEXT NOT NULL,
                    accounts TEXT NOT NULL, expires_at BIGINT, position BIGINT NOT NULL, PRIMARY KEY (authorization_id, position));
                CREATE TABLE authorization_codes (
                    hash BLOB PRIMARY KEY, authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
                    code TEXT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT, family_id TEXT);
                CREATE INDEX authorization_codes_by_end ON authorization_codes (expires_at);
                CREATE INDEX authorization_codes_by_authorization ON authorization_codes (authorization_id);
                """),
        Migration(
            number: 3, name: "token families, keys, catalogue, events",
            sql: """
                CREATE TABLE token_families (
                    id TEXT PRIMARY KEY, authorization_id TEXT NOT NULL REFERENCES authorizations (id) ON DELETE CASCADE,
                    installation_id TEXT NOT NULL UNIQUE, original_scopes TEXT NOT NULL, scopes TEXT NOT NULL, accounts TEXT NOT NULL,
                    generation BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, idle_expires_at BIGINT NOT NULL,
                    rotated_at BIGINT, revoked_at BIGINT, last_used_at BIGINT, last_used_address TEXT, redirect_uri TEXT NOT NULL,
                    user_agent TEXT NOT NULL, authenticated_at BIGINT NOT NULL, audience TEXT NOT NULL);
                CREATE INDEX token_families_by_authorization ON token_families (authorization_id);
                CREATE INDEX token_families_by_end ON token_families (idle_expires_at);
                CREATE INDEX token_families_by_revocation ON token_families (revoked_at) WHERE revoked_at IS NOT NULL;
                CREATE TABLE revoked_tokens (
                    family_id TEXT NOT NULL REFERENCES token_families (id) ON DELETE CASCADE, token_id BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL, PRIMARY KEY (family_id, token_id));
                CREATE INDEX revoked_tokens_by_end ON revoked_tokens (expires_at);
                CREATE TABLE keys (
                    id BIGINT PRIMARY KEY, purpose TEXT NOT NULL CHECK (purpose IN ('mac', 'sign')), algorithm TEXT NOT NULL,
                    sealed BLOB NOT NULL, active_from BIGINT NOT NULL, retired_at BIGINT, created_at BIGINT NOT NULL);
                CREATE TABLE catalogues (
                    id INTEGER PRIMARY KEY, imported_at BIGINT NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL, content TEXT NOT NULL);
                CREATE TABLE events (
                    sequence INTEGER PRIMARY KEY AUTOINCREMENT, at BIGINT NOT NULL, kind TEXT NOT NULL, actor_id TEXT,
                    actor_token_id TEXT, actor_client_id TEXT, address TEXT, user_agent TEXT, client_id TEXT, user_id TEXT,
                    account_id TEXT, authorization_id TEXT, installation_id TEXT, details TEXT);
                """,
            // `event_order` is locked by whoever writes events, so that their sequences ascend in the order of the commits.
            postgreSQL: """
                CREATE TABLE event_order ();
                CREATE FUNCTION latchkey_wake() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_notify('latchkey_events', ''); RETURN NULL; END $$;
                CREATE TRIGGER events_wake AFTER INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION latchkey_wake();
                """),
        Migration(
            number: 4, name: "proofs of hosts",
            sql: """
                CREATE TABLE client_proofs (
                    client_id TEXT PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE, host TEXT NOT NULL CHECK (host <> ''),
                    value TEXT NOT NULL, status TEXT NOT NULL CHECK (status IN ('pending', 'in_progress', 'verified', 'failed')),
                    text TEXT NOT NULL, started_at BIGINT NOT NULL, attempts BIGINT NOT NULL, checked_at BIGINT, next_check_at BIGINT,
                    claimed_until BIGINT);
                CREATE INDEX client_proofs_due ON client_proofs (next_check_at) WHERE next_check_at IS NOT NULL;
                """),
        Migration(
            number: 5, name: "invitations",
            sql: """
                CREATE TABLE invitations (
                    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                    email TEXT NOT NULL CHECK (email <> ''), role_ids TEXT NOT NULL, hash BLOB NOT NULL UNIQUE, created_at BIGINT NOT NULL,
                    expires_at BIGINT NOT NULL, UNIQUE (account_id, email));
                CREATE INDEX invitations_by_end ON invitations (expires_at);
                """),
        Migration(
            number: 6, name: "audit log",
            sql: """
                CREATE TABLE event_accounts (
                    account_id TEXT NOT NULL, at BIGINT NOT NULL, sequence BIGINT NOT NULL, shows_person BIGINT NOT NULL,
                    PRIMARY KEY (account_id, at, sequence));
                CREATE INDEX event_accounts_by_event ON event_accounts (sequence);
                CREATE INDEX events_by_time ON events (at, sequence);
                CREATE INDEX events_by_kind ON events (kind, at, sequence);
                CREATE INDEX events_by_address ON events (address, at, sequence) WHERE address IS NOT NULL;
                CREATE INDEX events_by_actor ON events (actor_id, at, sequence) WHERE actor_id IS NOT NULL;
                CREATE INDEX events_by_client ON events (client_id, at, sequence) WHERE client_id IS NOT NULL;
                CREATE INDEX events_by_user ON events (user_id, at, sequence) WHERE user_id IS NOT NULL;
                CREATE TABLE event_seals (
                    number BIGINT PRIMARY KEY, first_sequence BIGINT NOT NULL, last_sequence BIGINT NOT NULL, count BIGINT NOT NULL,
                    sealed_at BIGINT NOT NULL, key_id BIGINT NOT NULL, digests BLOB NOT NULL, previous BLOB NOT NULL,
                    hash BLOB NOT NULL, mac BLOB NOT NULL);
                """),
        Migration(
            number: 7, name: "app policies",
            sql: """
                CREATE TABLE app_policies (
                    account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
                    mode TEXT NOT NULL CHECK (mode IN ('open', 'approved', 'closed')), longest_lifetime BIGINT,
                    guarded_scopes TEXT NOT NULL, guarded_risks TEXT NOT NULL, is_audit_only BIGINT NOT NULL, updated_at BIGINT NOT NULL);
                CREATE TABLE app_policy_clients (
                    account_id TEXT NOT NULL REFERENCES app_policies (account_id) ON DELETE CASCADE,
                    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
                    rule TEXT NOT NULL CHECK (rule IN ('allow', 'block')), PRIMARY KEY (account_id, client_id));
                CREATE INDEX app_policy_clients_by_client ON app_policy_clients (client_id);
                CREATE TABLE app_requests (
                    id TEXT PRIMARY KEY, account_id TEXT NOT NULL, user_id TEXT NOT NULL,
                    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE, scopes TEXT NOT NULL, reason TEXT NOT NULL,
                    status TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'denied')), created_at BIGINT NOT NULL,
                    decided_at BIGINT, decided_by TEXT, answer TEXT,
                    FOREIGN KEY (account_id, user_id) REFERENCES members (account_id, user_id) ON DELETE CASCADE);
                CREATE UNIQUE INDEX app_requests_pending ON app_requests (account_id, user_id, client_id) WHERE status = 'pending';
                CREATE INDEX app_requests_by_account ON app_requests (account_id, status, created_at);
                CREATE INDEX app_requests_by_client ON app_requests (client_id);
                CREATE TABLE app_approvals (
                    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
                    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE, user_id TEXT, scopes TEXT,
                    approved_at BIGINT NOT NULL, approved_by TEXT,
                    FOREIGN KEY (account_id, user_id) REFERENCES members (account_id, user_id) ON DELETE CASCADE);
                CREATE UNIQUE INDEX app_approvals_by_client ON app_approvals (client_id, account_id, COALESCE(user_id, ''));
                CREATE INDEX app_approvals_by_account ON app_approvals (account_id, user_id);
                CREATE TABLE scope_risks (
                    label TEXT PRIMARY KEY, risk TEXT NOT NULL CHECK (risk IN ('read', 'write', 'destructive')));
                """),
        Migration(
            number: 8, name: "bounds of invitations and requests",
            sql: """
                CREATE TABLE invitation_mails (
                    hash BLOB PRIMARY KEY, recipient BLOB NOT NULL, inviter TEXT NOT NULL, at BIGINT NOT NULL);
                CREATE INDEX invitation_mails_by_recipient ON invitation_mails (recipient, at);
                CREATE INDEX invitation_mails_by_inviter ON invitation_mails (inviter, at);
                CREATE INDEX invitation_mails_by_time ON invitation_mails (at);
                ALTER TABLE authorization_requests ADD COLUMN origin TEXT;
                ALTER TABLE authorization_requests ADD COLUMN size BIGINT;
                CREATE INDEX authorization_requests_by_origin ON authorization_requests (origin, created_at, size);
                """),
        Migration(
            number: 9, name: "usage of clients",
            sql: """
                CREATE TABLE client_usage (
                    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE, day BIGINT NOT NULL, kind TEXT NOT NULL,
                    label TEXT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (client_id, day, kind, label));
                CREATE INDEX client_usage_by_day ON client_usage (day);
                CREATE TABLE client_usage_hours (
                    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE, hour BIGINT NOT NULL, calls BIGINT NOT NULL,
                    PRIMARY KEY (client_id, hour));
                CREATE INDEX client_usage_hours_by_hour ON client_usage_hours (hour);
                """),
        Migration(
            number: 10, name: "webhooks",
            sql: """
                CREATE TABLE webhooks (
                    id TEXT PRIMARY KEY, client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
                    url TEXT NOT NULL CHECK (url <> ''), kinds TEXT NOT NULL, secret BLOB NOT NULL, previous_secret BLOB,
                    previous_until BIGINT, since_sequence BIGINT NOT NULL, disabled_at BIGINT,
                    disabled_reason TEXT CHECK (disabled_reason IN ('owner', 'gone', 'failing')), failing_since BIGINT, tested_at BIGINT,
                    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
                CREATE INDEX webhooks_by_client ON webhooks (client_id);
                CREATE TABLE webhook_deliveries (
                    id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE, account_id TEXT NOT NULL,
                    event_sequence BIGINT, kind TEXT NOT NULL, payload TEXT NOT NULL,
                    status TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')), attempts BIGINT NOT NULL,
                    created_at BIGINT NOT NULL, last_attempt_at BIGINT, next_attempt_at BIGINT, leased_until BIGINT,
                    response_status BIGINT, response_body TEXT, problem TEXT);
                CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook_id, created_at);
                CREATE INDEX webhook_deliveries_by_time ON webhook_deliveries (created_at);
                CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
                CREATE INDEX webhook_deliveries_leased ON webhook_deliveries (leased_until) WHERE leased_until IS NOT NULL;
                CREATE TABLE webhook_cursor (id BIGINT PRIMARY KEY, sequence BIGINT NOT NULL);
                INSERT INTO webhook_cursor (id, sequence) SELECT 1, COALESCE(MAX(sequence), 0) FROM events;
                """),
        Migration(
            number: 11, name: "keys of clients",
            sql: """
                ALTER TABLE clients ADD COLUMN jwks TEXT;
                CREATE TABLE client_assertions (hash BLOB PRIMARY KEY, expires_at BIGINT NOT NULL);
                CREATE INDEX client_assertions_by_end ON client_assertions (expires_at);
                """),
        // `resources` of what was granted is `ResourceChoice.text`; what the release before writes has none and so means all.
        Migration(
            number: 12, name: "resources",
            sql: """
                CREATE TABLE resources (
                    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE, type TEXT NOT NULL CHECK (type <> ''),
                    id TEXT NOT NULL CHECK (id <> ''), name TEXT NOT NULL, folded TEXT NOT NULL, created_at BIGINT NOT NULL,
                    PRIMARY KEY (account_id, type, id));
                CREATE INDEX resources_by_name ON resources (account_id, type, name, id);
                ALTER TABLE authorization_accounts ADD COLUMN resources TEXT NOT NULL DEFAULT '';
                ALTER TABLE consents ADD COLUMN resources TEXT NOT NULL DEFAULT '';
                ALTER TABLE token_families ADD COLUMN resources TEXT NOT NULL DEFAULT '';
                """),
        // For a user's audit log. The kinds of `events_by_stop` are word for word those that the log asks for (`AuditSelection`):
        // SQLite and PostgreSQL use the index for nothing else.
        Migration(
            number: 13, name: "stops of connected apps",
            sql: """
                CREATE INDEX authorizations_by_user ON authorizations (user_id, client_id);
                CREATE INDEX events_by_stop ON events (client_id, at, sequence)
                    WHERE kind IN ('client.suspended', 'client.resumed', 'client.frozen', 'client.thawed');
                """),
        Migration(
            number: 14, name: "webhooks in turn",
            sql: """
                CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, next_attempt_at, created_at, event_sequence)
                    WHERE next_attempt_at IS NOT NULL;
                """),
        // Each receiver has a place in the outbox; what waits for it is what stands behind that.
        Migration(
            number: 15, name: "receivers of security events",
            sql: """
                CREATE TABLE event_receivers (
                    resource_server_id TEXT PRIMARY KEY REFERENCES resource_servers (id) ON DELETE CASCADE,
                    url TEXT NOT NULL CHECK (url <> ''), sequence BIGINT NOT NULL, attempts BIGINT NOT NULL,
                    next_attempt_at BIGINT NOT NULL, leased_until BIGINT NOT NULL, failing_since BIGINT, problem TEXT,
                    created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL);
                """),
        Migration(
            number: 16, name: "leases of nodes",
            sql: "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, renewals BIGINT NOT NULL);"),
        // SQLite makes a table of an index's four kinds for each event that it compares with them; almost all are now told apart before.
        Migration(
            number: 17, name: "stops of connected apps, sooner", sql: "",
            sqlite: """
                DROP INDEX events_by_stop;
                CREATE INDEX events_by_stop ON events (client_id, at, sequence)
                    WHERE substr(kind, 1, 7) = 'client.' AND kind IN ('client.suspended', 'client.resumed', 'client.frozen', 'client.thawed');
                """),
    ]
}
