import HTTPTypes
import Hummingbird
import OAuth
import Storage

/// `GET /metrics` of the internal listener. Asks nobody anything: it is answered when the database is away, too.
struct MetricsEndpoint: Sendable {
    let deployment: Deployment

    func answer(_ exchange: Exchange) async throws -> Response {
        .bytes(.ok, Array(text(now: exchange.now).utf8), type: "text/plain; version=0.0.4; charset=utf-8")
    }

    func text(now: Int64) -> String {
        var text = MetricsText()
        addRequests(to: &text)
        addTokens(to: &text)
        addMemory(to: &text)
        addDatabase(to: &text)
        addOutbox(to: &text)
        addWaiting(to: &text, now)
        addProcess(to: &text)
        return text.text
    }

    private var metrics: Metrics { deployment.metrics }

    private func addRequests(to text: inout MetricsText) {
        func each(_ add: (MetricsText.Labels, DurationHistogram) -> Void) {
            for endpoint in MeteredEndpoint.allCases {
                for outcome in MeteredOutcome.allCases {
                    add([("endpoint", endpoint.label), ("outcome", outcome.label)], metrics.durations(endpoint, outcome))
                }
            }
        }
        text.family("latchkey_requests_total", .counter, "Requests that were answered.")
        each { text.sample("latchkey_requests_total", $0, $1.total) }
        text.family(
            "latchkey_request_duration_seconds", .histogram, "From the end of a request's body to the beginning of its answer.")
        // What never happened needs no buckets.
        each { if $1.total > 0 { text.histogram("latchkey_request_duration_seconds", $0, $1) } }
        text.family("latchkey_connections_open", .gauge, "Open connections.")
        text.sample("latchkey_connections_open", [("listener", "public")], metrics.openPublicConnections.value)
        text.sample("latchkey_connections_open", [("listener", "internal")], metrics.openInternalConnections.value)
    }

    private func addTokens(to text: inout MetricsText) {
        text.family("latchkey_tokens_issued_total", .counter, "Access tokens that were issued.")
        for (grant, count) in metrics.tokensIssued {
            text.sample("latchkey_tokens_issued_total", [("grant", grant.rawValue)], count)
        }
        text.single(
            "latchkey_refresh_reuse_detected_total", .counter, "Used refresh tokens that came back and ended their installation.",
            metrics.reuseDetected.value)
        text.single(
            "latchkey_refresh_grace_replays_total", .counter, "Repeated refreshes inside the grace window, answered as before.",
            metrics.graceReplays.value)
    }

    private func addMemory(to text: inout MetricsText) {
        let caches = [("standings", deployment.standings.reading), ("clients", deployment.clients.reading)]
        text.family("latchkey_cache_lookups_total", .counter, "Times that memory was asked before the database.")
        for (name, reading) in caches {
            text.sample("latchkey_cache_lookups_total", [("cache", name), ("result", "hit")], reading.hits)
            text.sample("latchkey_cache_lookups_total", [("cache", name), ("result", "miss")], reading.misses)
        }
        text.family("latchkey_cache_entries", .gauge, "What is kept in memory.")
        for (name, reading) in caches { text.sample("latchkey_cache_entries", [("cache", name)], reading.entries) }
    }

    private func addDatabase(to text: inout MetricsText) {
        let measures = deployment.store.measures
        text.single("latchkey_write_queue_depth", .gauge, "Transactions that wait for their turn.", measures.waiting.value)
        text.family("latchkey_database_connections", .gauge, "Connections to the database, by what they are doing.")
        for (state, count) in [
            ("idle", measures.idleConnections), ("busy", measures.busyConnections), ("opening", measures.openingConnections),
        ] { text.sample("latchkey_database_connections", [("state", state)], count.value) }
        text.family("latchkey_database_wait_seconds", .histogram, "How long a transaction waited for its turn.")
        text.histogram("latchkey_database_wait_seconds", [], measures.wait)
        text.family("latchkey_database_errors_total", .counter, "Transactions that failed, by kind.")
        for (kind, count) in deployment.store.errors.reading {
            text.sample("latchkey_database_errors_total", [("kind", kind)], count)
        }
    }

    private func addOutbox(to text: inout MetricsText) {
        text.family("latchkey_feed_lag_seconds", .gauge, "Since this node last knew every change.")
        text.sample("latchkey_feed_lag_seconds", [], deployment.tail.lag)
        text.single(
            "latchkey_feed_trusted", .gauge, "1 while what is in memory is relied on, 0 while every request reads the database.",
            deployment.tail.isTrusted ? 1 : 0)
        text.single("latchkey_events_total", .counter, "Events that this node has written.", metrics.events.value)
        text.single(
            "latchkey_change_feed_subscribers", .gauge, "Resource servers that follow the change feed here.",
            deployment.feed.count)
    }

    private func addWaiting(to text: inout MetricsText, _ now: Int64) {
        text.single(
            "latchkey_sweep_backlog", .gauge, "Rows that have expired and are not removed yet, as of the last look.",
            metrics.sweepBacklog.value)
        text.single(
            "latchkey_webhook_deliveries_waiting", .gauge, "Messages to webhooks that wait, as of the last look.",
            metrics.deliveriesWaiting.value)
        if metrics.certificateExpiresAt.value > 0 {
            text.single(
                "latchkey_tls_certificate_expiry_seconds", .gauge, "Until the listener's certificate expires; below 0 afterwards.",
                metrics.certificateExpiresAt.value - Int(now))
        }
        text.family("latchkey_key_age_seconds", .gauge, "Age of the newest key in use.")
        for (purpose, activeFrom) in deployment.keys.newest(at: now).sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            text.sample("latchkey_key_age_seconds", [("purpose", purpose.rawValue)], Int(now - activeFrom))
        }
    }

    private func addProcess(to text: inout MetricsText) {
        let figures = ProcessFigures()
        if let bytes = figures.residentBytes {
            text.single("process_resident_memory_bytes", .gauge, "Resident memory.", bytes)
        }
        if let seconds = figures.cpuSeconds {
            text.family("process_cpu_seconds_total", .counter, "User and system time.")
            text.sample("process_cpu_seconds_total", [], seconds)
        }
        if let files = figures.openFiles { text.single("process_open_fds", .gauge, "Open file descriptors.", files) }
        if let time = figures.startTime {
            text.family("process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
            text.sample("process_start_time_seconds", [], time)
        }
        text.family("latchkey_build_info", .gauge, "1, with the release.")
        text.sample("latchkey_build_info", [("version", Release.version)], 1)
    }
}
