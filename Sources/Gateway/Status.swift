import Bytes
import Origins
import Posix
import Settings
import TLS
import Telemetry

/// How a running instance is, at a glance.
struct StatusReport: Sendable {
    enum State: String { case starting, ready, degraded, draining }

    /// What a part's state is called: one word for programs, and for people what is the matter.
    struct Health: Sendable {
        let word: String
        let text: String
        /// What it said, or did not, the last time that it was asked.
        var problem: String?

        static let ready = Health(word: "ready", text: "ready")
    }

    struct Site: Sendable {
        let name: String
        let hosts: [String]
        var requests: Int64 = 0
        /// Those of them that ended in a status of 500 and above.
        var failed: Int64 = 0
    }

    struct Provider: Sendable {
        let name: String
        let issuer: String
        let health: Health
        let keys: Int
        /// When they were last seen at the provider, in Unix seconds; nil where they never were.
        let keysSeenAt: Int64?
    }

    struct Origin: Sendable {
        let name: String
        let place: String
        let health: Health
        /// Nil where its credentials have no end, or it needs none.
        let credentialsExpireAt: Int64?
    }

    struct Listener: Sendable {
        let name: String
        let address: String
        var connections = 0
        var certificate: Certificate?
    }

    /// The one of a listener's that ends first.
    struct Certificate: Sendable {
        let name: String
        let expiresAt: Int64
    }

    let state: State
    let now: Int64
    let startedAt: Int64
    let workers: Int
    /// Those that have answered: one that is held up does not.
    var answeringWorkers = 0
    let configuration: String
    /// When that was taken into use, in Unix seconds.
    let configuredAt: Int64
    let logLevel: String
    var sites: [Site]
    let providers: [Provider]
    let origins: [Origin]
    var listeners: [Listener]
    let connectionLimit: Int
    /// Visitors that workers have verified and remember; somebody whom two workers know counts twice.
    var visitors = 0
    /// How many sessions were ended before their time, one by one or many at once.
    let endings: Int
    let areRevocationsKept: Bool

    private var connections: Int { listeners.reduce(0) { $0 + $1.connections } }

    mutating func add(_ worker: WorkerStatus) {
        answeringWorkers += 1
        visitors += worker.visitors
        let names = worker.metrics.layout.names
        for index in sites.indices {
            guard let label = names.sites.dropFirst().firstIndex(of: sites[index].name) else { continue }
            for status in StatusClass.allCases {
                sites[index].requests += worker.metrics.value(.responses, label, status.index)
            }
            sites[index].failed += worker.metrics.value(.responses, label, StatusClass.serverError.index)
        }
        for index in listeners.indices {
            guard let found = worker.listeners[listeners[index].name] else { continue }
            listeners[index].connections += found.connections
            listeners[index].certificate = listeners[index].certificate ?? found.certificate
        }
    }

    // MARK: For a terminal

    var text: String {
        let answering = answeringWorkers < workers ? " (\(answeringWorkers) answering)" : ""
        let head =
            "postern \(Release.version) is \(state), up \(PlainText.span(now - startedAt)): "
            + "\(PlainText.count(workers, "worker"))\(answering), process \(CurrentProcess.id)\n"
            + "\(PlainText.line(configuration)), in use for \(PlainText.span(now - configuredAt)); "
            + "log level \(logLevel)\n"
        let tables = [
            [["site", "requests", "failed", "hosts"]]
                + sites.map { [$0.name, "\($0.requests)", "\($0.failed)", $0.hosts.joined(separator: ", ")] },
            [["provider", "state", "keys", "issuer"]]
                + providers.map { [$0.name, $0.health.text, keys(of: $0), $0.issuer] },
            [["origin", "state", "credentials", "place"]]
                + origins.map { [$0.name, $0.health.text, credentials(of: $0), $0.place] },
            [["listener", "open", "certificate", "address"]]
                + listeners.map { [$0.name, "\($0.connections)", certificate(of: $0), $0.address] },
            [
                ["sessions", "\(visitors) in memory"],
                ["ended early", "\(endings), \(areRevocationsKept ? "kept on disk" : "not kept on disk")"],
                ["connections", "\(connections) of \(connectionLimit)"],
            ],
        ]
        let problems =
            providers.compactMap { one in one.health.problem.map { ["provider \(one.name)", $0] } }
            + origins.compactMap { one in one.health.problem.map { ["origin \(one.name)", $0] } }
        let shown = (problems.isEmpty ? [] : [problems]) + tables.filter { $0.count > 1 }
        return head + shown.map { "\n" + PlainText.table($0) }.joined()
    }

    private func keys(of provider: Provider) -> String {
        guard let seen = provider.keysSeenAt else { return "none" }
        return "\(provider.keys), seen \(PlainText.span(now - seen)) ago"
    }

    private func credentials(of origin: Origin) -> String {
        guard let end = origin.credentialsExpireAt else { return "-" }
        return end > now ? "for \(PlainText.span(end - now))" : "over"
    }

    private func certificate(of listener: Listener) -> String {
        guard let certificate = listener.certificate else { return "-" }
        let end = certificate.expiresAt
        return "\(certificate.name), \(end > now ? "for \(PlainText.span(end - now))" : "over")"
    }

    // MARK: For programs

    var json: [UInt8] {
        var json = JSONText()
        json.object { json in
            json.member("version", Release.version)
            json.member("state", state.rawValue)
            json.member("process", CurrentProcess.id)
            json.member("started_at", PlainText.timestamp(startedAt))
            json.member("uptime_seconds", now - startedAt)
            json.member("workers", workers)
            json.member("workers_answering", answeringWorkers)
            json.member("config", configuration)
            json.member("config_used_since", PlainText.timestamp(configuredAt))
            json.member("log_level", logLevel)
            json.list("sites", sites) {
                $0.member("name", $1.name)
                $0.member("hosts", $1.hosts)
                $0.member("requests", $1.requests)
                $0.member("failed", $1.failed)
            }
            json.list("providers", providers) {
                $0.member("name", $1.name)
                $0.member("issuer", $1.issuer)
                $0.member("state", $1.health.word)
                $0.member("keys", $1.keys)
                $0.member("problem", $1.health.problem)
                $0.member("keys_seen_at", $1.keysSeenAt.map(PlainText.timestamp))
            }
            json.list("origins", origins) {
                $0.member("name", $1.name)
                $0.member("place", $1.place)
                $0.member("state", $1.health.word)
                $0.member("problem", $1.health.problem)
                $0.member("credentials_expire_at", $1.credentialsExpireAt.map(PlainText.timestamp))
            }
            json.list("listeners", listeners) {
                $0.member("name", $1.name)
                $0.member("address", $1.address)
                $0.member("connections", $1.connections)
                $0.member("certificate", $1.certificate?.name)
                $0.member("certificate_expires_at", ($1.certificate?.expiresAt).map(PlainText.timestamp))
            }
            json.key("sessions")
            json.object {
                $0.member("in_memory", visitors)
                $0.member("ended_early", endings)
                $0.member("kept_on_disk", areRevocationsKept)
            }
            json.key("connections")
            json.object {
                $0.member("open", connections)
                $0.member("limit", connectionLimit)
            }
        }
        return json.bytes
    }
}

extension JSONText {
    fileprivate mutating func list<Element>(
        _ name: String, _ elements: [Element], _ members: (inout JSONText, Element) -> Void
    ) {
        key(name)
        array { json in
            for element in elements { json.object { members(&$0, element) } }
        }
    }
}

/// What a worker knows of how it is.
struct WorkerStatus: Sendable {
    let visitors: Int
    let metrics: MetricSnapshot
    let listeners: [String: (connections: Int, certificate: StatusReport.Certificate?)]
}

extension Worker {
    var status: WorkerStatus {
        WorkerStatus(
            visitors: sessions.count, metrics: metrics,
            listeners: listeners.mapValues { sockets in
                let first = sockets.first?.tls?.certificates.min { $0.notAfter < $1.notAfter }
                return (
                    sockets.reduce(0) { $0 + $1.connectionCount },
                    first.map {
                        StatusReport.Certificate(
                            name: $0.names.first ?? "without a name", expiresAt: $0.notAfter)
                    }
                )
            })
    }
}

extension Control {
    /// Calls `done` with how the instance is, once every worker has said how it is.
    func collectStatus(_ done: @escaping (StatusReport) -> Void) {
        var report = statusWithoutWorkers
        ask({ $0.status }) { workers in
            for worker in workers { report.add(worker) }
            done(report)
        }
    }

    private var statusWithoutWorkers: StatusReport {
        let configuration = shared.configuration, readiness = readiness
        let state: StatusReport.State =
            isDraining ? .draining : openWorkers < expectedWorkers ? .starting : readiness.isReady ? .ready : .degraded
        return StatusReport(
            state: state, now: loop.wallSeconds, startedAt: startedAt, workers: liveWorkers.count,
            configuration: configuration.file, configuredAt: configuredAt,
            logLevel: shared.logs.style.level.rawValue,
            sites: configuration.sites.map { .init(name: $0.name, hosts: $0.hosts.map(\.description)) },
            providers: configuration.providers.map(status),
            origins: zip(configuration.origins, readiness.origins).map { status($0, $1.state) },
            listeners: configuration.listeners.map { .init(name: $0.name, address: "\($0.address)") },
            connectionLimit: shared.census.limit, endings: shared.revocations.assumeIsolated { $0.endings },
            areRevocationsKept: areRevocationsKept == true)
    }

    private func status(_ provider: ProviderSettings) -> StatusReport.Provider {
        let snapshot = snapshots[provider.name]?.value
        let problem = shared.providers[provider.name]?.assumeIsolated { $0.problem }
        let health: StatusReport.Health =
            if snapshot?.keys == nil {
                .init(word: "unready", text: snapshot == nil ? "being asked" : "no keys", problem: problem)
            } else if snapshot?.isUpToDate == false {
                .init(word: "degraded", text: "keys not renewed", problem: problem)
            } else {
                .ready
            }
        return StatusReport.Provider(
            name: provider.name, issuer: provider.issuer, health: health, keys: snapshot?.keys?.keys.count ?? 0,
            keysSeenAt: snapshot?.keys == nil ? nil : snapshot?.keysSeenAt)
    }

    private func status(_ origin: OriginSettings, _ state: ReadinessReport.OriginState) -> StatusReport.Origin {
        let credentials = shared.credentialKeepers[origin.name]?.assumeIsolated { $0.status }
        let health: StatusReport.Health =
            switch state {
            case .ready: .ready
            case .degraded: .init(word: "degraded", text: "credentials not renewed", problem: credentials?.problem)
            case .unready: .init(word: "unready", text: "no credentials", problem: credentials?.problem)
            }
        return StatusReport.Origin(
            name: origin.name, place: origin.place, health: health, credentialsExpireAt: credentials?.latest?.expiresAt)
    }
}

extension OriginSettings {
    /// Where it is, in a word.
    fileprivate var place: String {
        switch kind {
        case .s3(let s3): "s3://\(s3.bucket)/\(s3.prefix)"
        case .directory(let path): path
        case .http(let app): app.url.description
        }
    }
}
