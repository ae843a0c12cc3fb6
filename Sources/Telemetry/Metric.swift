/// Every metric that Postern has, each declared once: from this table come the counters' layout, the
/// text for Prometheus, and the reference page.
package enum Metric: Int, Sendable, CaseIterable {
    // Requests
    case requests
    case responses
    case responseBytes
    case requestDuration
    // Connections
    case connectionsAccepted
    case connectionsOpen
    case connectionsClosed
    case limitsReached
    case acceptPauses
    case tlsHandshakes
    case tlsHandshakesOpen
    case ocspResponses
    case ocspMissing
    // Sign-in and tokens
    case signIns
    case tokenChecks
    case keySetFetches
    case keySetAge
    case providerRequests
    case providerDuration
    case sessionRenewals
    case revocations
    case revocationOverflows
    case revocationsKept
    // Origins
    case originRequests
    case originFirstByte
    case originConnectionsOpen
    case originConnectionsReused
    case originRecoveries
    case credentialLoads
    case credentialsValid
    case credentialsExpire
    // The process
    case loopLag
    case logLinesDropped
    case reloads
    case configTime
    case ready
    case workers
    case startTime

    /// Whether anything counts it yet. What is not counted is neither rendered nor in the reference: a zero
    /// that means nothing misleads more than a gap does.
    package var isCounted: Bool {
        switch self {
        case .requests, .responses, .responseBytes, .requestDuration, .connectionsAccepted, .connectionsOpen,
            .connectionsClosed, .limitsReached, .acceptPauses, .tlsHandshakes, .tlsHandshakesOpen, .ocspResponses,
            .ocspMissing, .sessionRenewals, .revocations, .revocationOverflows, .revocationsKept, .credentialLoads,
            .credentialsValid, .credentialsExpire, .originRecoveries, .logLinesDropped, .reloads, .configTime, .ready,
            .workers, .startTime:
            true
        case .signIns, .tokenChecks, .keySetFetches,
            .keySetAge, .providerRequests, .providerDuration, .originRequests, .originFirstByte,
            .originConnectionsOpen, .originConnectionsReused, .loopLag:
            false
        }
    }

    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package struct Declaration: Sendable {
        /// With its `postern_` and its unit's suffix.
        package let name: String
        package let kind: Kind
        package let help: String
        package let labels: [MetricLabel]
    }

    package var declaration: Declaration {
        switch self {
        case .requests:
            .init("requests_total", .counter, "Requests by site and by how they ended.", .site, .outcome)
        case .responses:
            .init("responses_total", .counter, "Responses by site and by the class of their status.", .site, .class)
        case .responseBytes:
            .init("response_body_bytes_total", .counter, "Body bytes sent to clients.", .site)
        case .requestDuration:
            .init("request_duration_seconds", .histogram, "From a request's head to its answer's last byte.", .site)
        case .connectionsAccepted:
            .init("connections_accepted_total", .counter, "Client connections accepted.", .listener)
        case .connectionsOpen:
            .init("connections_open", .gauge, "Client connections open now.", .listener)
        case .connectionsClosed:
            .init("connections_closed_total", .counter, "Client connections closed, by why.", .listener, .closeReason)
        case .limitsReached:
            .init(
                "limits_reached_total", .counter,
                "How often a limit took effect, whether on a connection or on one request of it.", .listener, .limit)
        case .acceptPauses:
            .init(
                "accept_pauses_total", .counter, "How often accepting paused for want of descriptors or memory.",
                .listener)
        case .tlsHandshakes:
            .init("tls_handshakes_total", .counter, "TLS handshakes with clients.", .listener, .result)
        case .tlsHandshakesOpen:
            .init("tls_handshakes_open", .gauge, "TLS handshakes with clients that are under way now.", .listener)
        case .ocspResponses:
            .init("ocsp_responses_total", .counter, "OCSP responses fetched for certificates.", .listener, .result)
        case .ocspMissing:
            .init(
                "ocsp_missing", .gauge, "Certificates that name an OCSP responder, without a valid response of it now.",
                .listener)
        case .signIns:
            .init(
                "sign_ins_total", .counter, "Sign-ins by provider: started, ended well, failed.", .provider, .signInStep
            )
        case .tokenChecks:
            .init("token_checks_total", .counter, "ID and bearer tokens checked, by what came of it.", .tokenCheck)
        case .keySetFetches:
            .init("key_set_fetches_total", .counter, "Fetches of a provider's keys.", .provider, .result)
        case .keySetAge:
            .init("key_set_age_seconds", .gauge, "Seconds since a provider's keys were last fetched.", .provider)
        case .providerRequests:
            .init("provider_requests_total", .counter, "Requests to a provider.", .provider, .result)
        case .providerDuration:
            .init("provider_request_duration_seconds", .histogram, "Whole requests to a provider.", .provider)
        case .sessionRenewals:
            .init(
                "session_renewals_total", .counter, "Renewals of sessions by their refresh tokens, by what came of it.",
                .provider, .renewal)
        case .revocations:
            .init(
                "revocations", .gauge,
                "What is remembered of what was ended before its time, used callbacks and logout tokens included.")
        case .revocationOverflows:
            .init(
                "revocation_overflows_total", .counter,
                "Times that room had to be made by ending everything as old as the oldest that was remembered.")
        case .revocationsKept:
            .init("revocations_kept", .gauge, "1 while revocations are kept on disk, and so outlive a restart, else 0.")
        case .originRequests:
            .init("origin_requests_total", .counter, "Requests to an origin.", .origin, .originResult)
        case .originFirstByte:
            .init("origin_first_byte_seconds", .histogram, "From a request to an origin to its answer's head.", .origin)
        case .originConnectionsOpen:
            .init("origin_connections_open", .gauge, "Connections to an origin open now.", .origin)
        case .originConnectionsReused:
            .init("origin_connections_reused_total", .counter, "Requests that found an open connection.", .origin)
        case .originRecoveries:
            .init(
                "origin_recoveries_total", .counter, "What the faults of an origin were met with.", .origin,
                .originRecovery)
        case .credentialLoads:
            .init(
                "credential_loads_total", .counter,
                "How often the credentials of an origin that looks for them were loaded.", .origin, .result)
        case .credentialsValid:
            .init(
                "credentials_valid", .gauge,
                "1 while an origin that looks for its credentials has some that hold, else 0.", .origin)
        case .credentialsExpire:
            .init(
                "credentials_expire_timestamp_seconds", .gauge,
                "When an origin's credentials end, in seconds since 1970; 0 where they do not.", .origin)
        case .loopLag:
            .init("event_loop_lag_seconds", .histogram, "How long one turn of an event loop took.")
        case .logLinesDropped:
            .init("log_lines_dropped_total", .counter, "Log lines that a slow or full receiver did not take.")
        case .reloads:
            .init("reloads_total", .counter, "Reloads of the config: taken up, or refused.", .result)
        case .configTime:
            .init(
                "config_loaded_time_seconds", .gauge, "When the config in use was taken up, in seconds since 1970.")
        case .ready:
            .init("ready", .gauge, "1 when everything is loaded that requests need, else 0.")
        case .workers:
            .init("workers", .gauge, "Event-loop threads.")
        case .startTime:
            .init("start_time_seconds", .gauge, "When the process started, in seconds since 1970.")
        }
    }
}

extension Metric.Declaration {
    fileprivate init(_ name: String, _ kind: Metric.Kind, _ help: String, _ labels: MetricLabel...) {
        self.init(name: "postern_" + name, kind: kind, help: help, labels: labels)
    }
}

/// The labels that metrics have, and the closed list of each one's values. The names of sites,
/// listeners, providers and origins come from the config; `""` stands for none of them.
package enum MetricLabel: String, Sendable, CaseIterable {
    case site, listener, provider, origin
    case outcome, result
    case `class`
    case closeReason = "reason"
    case limit
    case signInStep = "step"
    case tokenCheck = "check"
    case originResult = "answer"
    case originRecovery = "recovery"
    case renewal = "renewal"

    package func values(in names: MetricNames) -> [String] {
        switch self {
        case .site: names.sites
        case .listener: names.listeners
        case .provider: names.providers
        case .origin: names.origins
        case .outcome: Outcome.allCases.map(\.rawValue)
        case .result: MetricResult.allCases.map(\.rawValue)
        case .class: StatusClass.allCases.map(\.rawValue)
        case .closeReason: CloseReason.allCases.map(\.rawValue)
        case .limit: CloseReason.limits.map(\.rawValue)
        case .signInStep: SignInStep.allCases.map(\.rawValue)
        case .tokenCheck: TokenCheck.allCases.map(\.rawValue)
        case .originResult: OriginAnswer.allCases.map(\.rawValue)
        case .originRecovery: OriginRecovery.allCases.map(\.rawValue)
        case .renewal: RenewalOutcome.allCases.map(\.rawValue)
        }
    }
}

/// The names from the config that label values are; each list begins with `""`, for none.
package struct MetricNames: Sendable, Equatable {
    package let sites: [String]
    package let listeners: [String]
    package let providers: [String]
    package let origins: [String]
    /// How many of each are in the config; the others were.
    let currentCounts: [MetricLabel: Int]

    /// Names of each kind that have gone from the config and are remembered, the latest.
    static let mostGone = 200

    /// - Parameter old: those of the config before. A name that has gone stays behind the others, with what was counted
    ///   under it: counters that vanish, or begin anew when it comes back, would be taken for a restart.
    package init(
        sites: [String] = [], listeners: [String] = [], providers: [String] = [], origins: [String] = [],
        continuing old: MetricNames? = nil
    ) {
        func names(_ current: [String], _ before: [String]?) -> [String] {
            let known = Set(current)
            let gone = before?.dropFirst().filter { !known.contains($0) } ?? []
            return [""] + current + gone.prefix(Self.mostGone)
        }
        self.sites = names(sites, old?.sites)
        self.listeners = names(listeners, old?.listeners)
        self.providers = names(providers, old?.providers)
        self.origins = names(origins, old?.origins)
        currentCounts = [
            .site: sites.count, .listener: listeners.count, .provider: providers.count, .origin: origins.count,
        ]
    }

    /// Whether that value of the label has gone from the config.
    func isGone(_ value: String, of label: MetricLabel) -> Bool {
        guard let count = currentCounts[label] else { return false }
        return label.values(in: self).dropFirst(count + 1).contains(value)
    }
}

/// A label's closed list of values; the position of each is its raw order.
package protocol MetricLabelValue: RawRepresentable<String>, CaseIterable, Hashable, Sendable {
    var index: Int { get }
}

extension Outcome: MetricLabelValue {}

package enum MetricResult: String, MetricLabelValue {
    case ok, failed
    package var index: Int { self == .ok ? 0 : 1 }
}

package enum StatusClass: String, MetricLabelValue {
    case none
    case informational = "1xx"
    case success = "2xx"
    case redirection = "3xx"
    case clientError = "4xx"
    case serverError = "5xx"

    package var index: Int {
        switch self {
        case .none: 0
        case .informational: 1
        case .success: 2
        case .redirection: 3
        case .clientError: 4
        case .serverError: 5
        }
    }

    package init(status: Int) {
        self =
            switch status / 100 {
            case 1: .informational
            case 2: .success
            case 3: .redirection
            case 4: .clientError
            case 5: .serverError
            default: .none
            }
    }
}

/// Why a client's connection ended: the one closed list that the server, its metrics and its log share. A limit's
/// reason bears the name of the limit's option.
package enum CloseReason: String, MetricLabelValue {
    // Limits, in the options' order
    case requestLine = "request_line"
    case fieldsSize = "fields_size"
    case fieldsCount = "fields_count"
    case bodySize = "body_size"
    case connections
    case connectionsPerAddress = "connections_per_address"
    case requestsPerConnection = "requests_per_connection"
    case streamsPerConnection = "streams_per_connection"
    case http2Resets = "http2_resets"
    case http2Refusals = "http2_refusals"
    case http2IdleFrames = "http2_idle_frames"
    case http2Continuations = "http2_continuations"
    case tlsHandshakes = "tls_handshakes"
    case tlsHandshakeTimeout = "tls_handshake_timeout"
    case headTimeout = "head_timeout"
    case idleTimeout = "idle_timeout"
    case readTimeout = "read_timeout"
    case writeTimeout = "write_timeout"
    case requestTimeout = "request_timeout"
    case minReadRate = "min_read_rate"
    case minWriteRate = "min_write_rate"
    case drainTimeout = "drain_timeout"
    /// The process, or the system, has none left.
    case descriptors

    // The client
    /// It ended the connection where that does no harm: between requests, or before its first one.
    case client
    /// It ended or reset it within a request or an answer.
    case reset
    /// It sent what is no HTTP.
    case malformed
    /// It spoke no TLS, or none that is spoken here.
    case tls
    /// There was no PROXY header that holds, or nobody was trusted to send one.
    case proxy
    /// The client's certificate did not hold, or there was none.
    case certificate

    // Postern
    /// After an answer that said so.
    case finished
    /// Idle, and closed in favour of a new connection.
    case displaced
    /// The daemon goes down.
    case drain
    /// An answer's content failed, or did not keep to its length.
    case origin
    /// The handler neither answered nor went on with its answer.
    case stalled

    /// The reasons that are limits: the first of all.
    package static let limits = Array(allCases.prefix { $0 != .client })

    package var isLimit: Bool { index < Self.limits.count }

    /// Whether it tells of a client that wants more than its share, which an operator may want to know of.
    package var isExcess: Bool {
        switch self {
        case .connections, .connectionsPerAddress, .http2Resets, .http2Refusals, .http2IdleFrames,
            .http2Continuations, .tlsHandshakes, .descriptors:
            true
        default: false
        }
    }

    package var index: Int { Self.places[self]! }

    private static let places = Dictionary(uniqueKeysWithValues: zip(allCases, 0...))
}

package enum SignInStep: String, MetricLabelValue {
    case started, completed, denied, failed

    package var index: Int {
        switch self {
        case .started: 0
        case .completed: 1
        case .denied: 2
        case .failed: 3
        }
    }
}

package enum TokenCheck: String, MetricLabelValue {
    /// This worker had verified the same token against the same keys.
    case cached
    case verified
    case refused

    package var index: Int {
        switch self {
        case .cached: 0
        case .verified: 1
        case .refused: 2
        }
    }
}

package enum OriginAnswer: String, MetricLabelValue {
    case found
    case notFound = "not_found"
    case denied
    case failed
    case timeout

    package var index: Int {
        switch self {
        case .found: 0
        case .notFound: 1
        case .denied: 2
        case .failed: 3
        case .timeout: 4
        }
    }
}

/// What an origin's faults were met with.
package enum OriginRecovery: String, MetricLabelValue {
    /// A request was sent again, to the same endpoint or to another.
    case retried
    /// It was not, for `origin_retries` and `origin_retries_per_second` were used up.
    case notRetried = "not_retried"
    /// The rest of content that had broken off was asked for.
    case resumed
    /// An endpoint was set aside for a while.
    case setAside = "set_aside"
    /// Signatures were made to follow an endpoint's clock.
    case clockCorrected = "clock_corrected"

    package var index: Int {
        switch self {
        case .retried: 0
        case .notRetried: 1
        case .resumed: 2
        case .setAside: 3
        case .clockCorrected: 4
        }
    }
}

/// What came of renewing a session's tokens.
package enum RenewalOutcome: String, MetricLabelValue {
    /// The provider gave a new ID token.
    case renewed
    /// It gave no new ID token, and so the claims stay.
    case withoutToken = "without_token"
    /// A cookie from before the renewal was given what had come of it.
    case remembered
    /// The provider refused, and the session ends.
    case refused
    /// What came did not hold, and the session has ended.
    case invalid
    /// The provider could not be asked.
    case unavailable

    package var index: Int {
        switch self {
        case .renewed: 0
        case .withoutToken: 1
        case .remembered: 2
        case .refused: 3
        case .invalid: 4
        case .unavailable: 5
        }
    }
}
